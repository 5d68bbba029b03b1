//! The log of a job: its streams, the newest lines of all its hosts, or all lines from the first on.

use aws_sdk_cloudwatchlogs::types::OrderBy;
use awsmcp_mcp::{Call, Error, Kind as ErrorKind, Result};
use futures::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};

use super::{Found, Kind};
use crate::SageMaker;

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// Milliseconds since 1970.
    pub(crate) time: i64,
    pub(crate) host: String,
    pub(crate) message: String,
}

/// The end of a log up to some time, which is how its pages are told apart.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub(crate) struct Tail {
    /// Milliseconds since 1970; lines of this very time may still be left.
    until: i64,
    /// How many of that time were shown.
    shown: usize,
}

/// The names of the streams that belong to a job, or to one of its hosts.
///
/// # Errors
/// When CloudWatch does not answer. A group that does not exist has no streams.
pub(crate) async fn streams(
    cx: &Call<SageMaker>,
    kind: Kind,
    group: &str,
    job: &str,
    host: Option<&str>,
) -> Result<Vec<String>> {
    const MOST: usize = 100;
    let prefix = prefix(kind, job, host);
    let mut names = Vec::new();
    let mut token = None;
    loop {
        let page = cx
            .client()
            .logs
            .describe_log_streams()
            .log_group_name(group)
            .log_stream_name_prefix(&prefix)
            .order_by(OrderBy::LogStreamName)
            .set_next_token(token)
            .send()
            .await;
        let page = match page.map_err(Error::from) {
            Ok(page) => page,
            Err(error) if error.kind == ErrorKind::NotFound => return Ok(names),
            Err(error) => return Err(error),
        };
        let found =
            page.log_streams.unwrap_or_default().into_iter().filter_map(|stream| stream.log_stream_name);
        names.extend(found.filter(|stream| is_of(kind, job, host, stream)));
        token = page.next_token.filter(|token| !token.is_empty());
        if names.len() >= MOST {
            cx.note(format!(
                "the job has more than {MOST} log streams; the first {MOST} are read: name a `host`"
            ));
            names.truncate(MOST);
            return Ok(names);
        }
        if token.is_none() {
            return Ok(names);
        }
    }
}

/// How the names of a job's streams begin: what else begins so does not belong to it, see [`is_of`].
fn prefix(kind: Kind, job: &str, host: Option<&str>) -> String {
    match (kind, host) {
        // A tuning job's own jobs are called `name-001-0a1b2c3d`.
        (Kind::Tuning, _) => format!("{job}-"),
        (_, Some(host)) => format!("{job}/{host}"),
        (Kind::Training | Kind::Processing | Kind::Transform, None) => format!("{job}/"),
        (Kind::Automl | Kind::Compilation | Kind::Labeling, None) => job.to_owned(),
    }
}

/// Whether a stream is a job's own, or one of its host's: names of jobs may begin with those of others.
fn is_of(kind: Kind, job: &str, host: Option<&str>, stream: &str) -> bool {
    let Some(rest) = stream.strip_prefix(job) else { return false };
    let rest = match kind {
        Kind::Tuning => match after_child(rest) {
            Some(rest) => rest,
            None => return false,
        },
        _ => rest,
    };
    match (rest.strip_prefix('/'), host) {
        (None, host) => rest.is_empty() && host.is_none(),
        (Some(_), None) => true,
        (Some(rest), Some(host)) => {
            let behind = rest.strip_prefix(host);
            behind.is_some_and(|behind| behind.is_empty() || behind.starts_with(['-', '/']))
        }
    }
}

/// `/algo-1` of `-001-0a1b2c3d/algo-1`: what AWS puts behind the name of a tuning job for each of its training jobs.
fn after_child(rest: &str) -> Option<&str> {
    let (number, rest) = rest.strip_prefix('-')?.split_once('-')?;
    let (id, behind) = rest.split_at_checked(8)?;
    let is_number = number.len() >= 3 && number.bytes().all(|byte| byte.is_ascii_digit());
    let is_id = id.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_number && is_id && behind.starts_with('/')).then_some(behind)
}

/// The last `most` lines of all streams together, oldest first, and where those before them are.
///
/// # Errors
/// When CloudWatch does not answer.
pub(crate) async fn tail(
    cx: &Call<SageMaker>,
    group: &str,
    job: &str,
    streams: Vec<String>,
    most: usize,
    from: Option<Tail>,
) -> Result<(Vec<Line>, Option<Tail>)> {
    const AT_ONCE: usize = 4;
    // One more tells whether there is more.
    let ask = most + from.map_or(0, |tail| tail.shown) + 1;
    let limit = i32::try_from(ask.min(10_000)).unwrap_or(10_000);
    let lines: Vec<Line> = stream::iter(streams.into_iter().map(|name| async move {
        let host = host(job, &name);
        let mut found: Vec<Line> = Vec::new();
        let mut token: Option<String> = None;
        // A page of AWS's may be empty although lines lie before it.
        for _ in 0..5 {
            let page = cx
                .client()
                .logs
                .get_log_events()
                .log_group_name(group)
                .log_stream_name(&name)
                .start_from_head(false)
                .set_end_time(from.map(|tail| tail.until.saturating_add(1)))
                .limit(limit)
                .set_next_token(token.clone())
                .send()
                .await?;
            let events = page.events.unwrap_or_default();
            let mut read: Vec<Line> = events
                .into_iter()
                .filter_map(|event| {
                    let message = event.message?.trim_end().to_owned();
                    Some(Line { time: event.timestamp.unwrap_or_default(), host: host.clone(), message })
                })
                .collect();
            read.extend(found);
            found = read;
            let next = page.next_backward_token;
            if found.len() >= ask || next == token || next.is_none() {
                break;
            }
            token = next;
        }
        Ok::<_, Error>(found)
    }))
    .buffered(AT_ONCE)
    .try_fold(Vec::new(), |mut all: Vec<Line>, found| async move {
        all.extend(found);
        all.sort_by_key(|line| line.time);
        // Of many hosts no more is kept than can be shown.
        all.drain(..all.len().saturating_sub(ask));
        Ok(all)
    })
    .await?;
    Ok(last(lines, most, from))
}

/// The page of the newest lines that were not shown yet.
fn last(mut lines: Vec<Line>, most: usize, from: Option<Tail>) -> (Vec<Line>, Option<Tail>) {
    if let Some(tail) = from {
        let same = lines.iter().rev().take_while(|line| line.time == tail.until).count();
        lines.truncate(lines.len() - same.min(tail.shown));
    }
    let more = lines.len() > most;
    let page = lines.split_off(lines.len().saturating_sub(most));
    let next = page.first().filter(|_| more).map(|first| {
        let here = page.iter().filter(|line| line.time == first.time).count();
        let before = from.filter(|tail| tail.until == first.time).map_or(0, |tail| tail.shown);
        Tail { until: first.time, shown: here + before }
    });
    (page, next)
}

/// One page of lines that fit, oldest first, with AWS's token for the next.
///
/// # Errors
/// When CloudWatch does not answer.
pub(crate) async fn walk(
    cx: &Call<SageMaker>,
    found: &Found,
    group: &str,
    of: Option<&str>,
    filter: Option<&str>,
    mut token: Option<String>,
) -> Result<(Vec<Line>, Option<String>)> {
    const MOST_PAGES: u64 = 50;
    let (kind, job) = (found.kind, found.name.as_str());
    let prefix = prefix(kind, job, of);
    let limit = cx.limit() as usize;
    let mut lines = Vec::new();
    for page in 0..MOST_PAGES {
        let left = limit.saturating_sub(lines.len()).clamp(1, 10_000);
        let out = cx
            .client()
            .logs
            .filter_log_events()
            .log_group_name(group)
            .log_stream_name_prefix(&prefix)
            .set_filter_pattern(filter.map(str::to_owned))
            .limit(i32::try_from(left).unwrap_or(10_000))
            .set_next_token(token)
            .send()
            .await?;
        lines.extend(out.events.unwrap_or_default().into_iter().filter_map(|event| {
            let stream = event.log_stream_name.as_deref().unwrap_or_default();
            if !is_of(kind, job, of, stream) {
                return None;
            }
            let host = host(job, stream);
            let message = event.message?.trim_end().to_owned();
            Some(Line { time: event.timestamp.unwrap_or_default(), host, message })
        }));
        token = out.next_token.filter(|token| !token.is_empty());
        if token.is_none() || lines.len() >= limit {
            break;
        }
        cx.progress(page + 1, None, format!("{} lines so far", lines.len()));
    }
    Ok((lines, token))
}

/// `algo-1` of `my-job/algo-1-1700000000`.
fn host(job: &str, stream: &str) -> String {
    let rest = stream.strip_prefix(job).map_or(stream, |rest| rest.trim_start_matches('/'));
    match rest.rsplit_once('-') {
        Some((host, start)) if host.contains("algo-") && start.bytes().all(|byte| byte.is_ascii_digit()) => {
            host.trim_start_matches('-').to_owned()
        }
        _ => rest.trim_start_matches('-').to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(time: i64, message: &str) -> Line {
        Line { time, host: String::new(), message: message.to_owned() }
    }

    #[test]
    fn a_host_is_told_by_its_stream() {
        assert_eq!(host("job", "job/algo-1-1700000000"), "algo-1");
        assert_eq!(host("job", "job/i-0abc"), "i-0abc");
        assert_eq!(host("tune", "tune-001-ab12/algo-2-1700000000"), "001-ab12/algo-2");
        assert_eq!(host("job", "job"), "");
    }

    #[test]
    fn a_stream_belongs_to_one_job_and_one_host() {
        for (kind, host, own, others) in [
            (
                Kind::Training,
                Some("algo-1"),
                "j/algo-1-1700000000",
                &["j/algo-10-1700000000", "j-2/algo-1-1"][..],
            ),
            (Kind::Training, None, "j/algo-1-1700000000", &["j-2/algo-1-1", "ji/algo-1-1"]),
            (Kind::Transform, Some("i-0a"), "j/i-0a-1700000000/data-log", &["j/i-0ab", "j/i-0"]),
            (
                Kind::Tuning,
                None,
                "j-001-0a1b2c3d/algo-1-1",
                &[
                    "j-b-001-0a1b2c3d/algo-1-1",
                    "j-prod-eval/algo-1-1",
                    "j-001-0a1b2c3d-001-0a1b2c3d/algo-1-1",
                    "j/algo-1-1",
                    "j-001-0a1b2c3d",
                    "j-01-0a1b2c3d/algo-1-1",
                ],
            ),
            (Kind::Tuning, Some("algo-2"), "j-017-0a1b2c3d/algo-2-1", &["j-017-0a1b2c3d/algo-1-1"]),
            (Kind::Compilation, None, "j", &["j-2", "ji"]),
            (Kind::Labeling, None, "j/task", &["j-2/task"]),
        ] {
            assert!(is_of(kind, "j", host, own), "{kind} {own}");
            // It is found at all, too.
            assert!(own.starts_with(&prefix(kind, "j", host)), "{kind} {own}");
            for other in others {
                assert!(!is_of(kind, "j", host, other), "{kind} {other}");
            }
        }
    }

    #[test]
    fn pages_backwards_lose_no_line_of_the_same_time() {
        let all = [line(1, "a"), line(2, "b"), line(2, "c"), line(2, "d"), line(3, "e")];
        let until = |until: i64| all.iter().filter(|line| line.time <= until).cloned().collect::<Vec<_>>();
        let words = |lines: &[Line]| lines.iter().map(|line| line.message.clone()).collect::<String>();
        let (page, next) = last(all.to_vec(), 2, None);
        assert_eq!(words(&page), "de");
        let next = next.unwrap();
        assert_eq!(next, Tail { until: 2, shown: 1 });
        let (page, next) = last(until(next.until), 1, Some(next));
        assert_eq!(words(&page), "c");
        let next = next.unwrap();
        assert_eq!(next, Tail { until: 2, shown: 2 });
        let (page, next) = last(until(next.until), 9, Some(next));
        assert_eq!((words(&page).as_str(), next), ("ab", None));
    }
}
