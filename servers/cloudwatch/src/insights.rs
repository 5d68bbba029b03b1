//! Logs Insights: what a query would scan, and running one so that nothing of it is left behind.

use std::time::Duration;

use aws_sdk_cloudwatchlogs::{
    Client,
    operation::{
        get_query_results::GetQueryResultsOutput,
        start_query::{StartQueryError, StartQueryOutput, builders::StartQueryFluentBuilder},
    },
    types::{LogGroup as Description, QueryCompileError, QueryStatistics, QueryStatus},
};
use awsmcp_mcp::{Call, Cleanup, DAY, Error, Kind, Result, TimeRange, Waited, human_size, thousands};
use jiff::Timestamp;
use tokio::task::JoinHandle;

use crate::CloudWatch;

/// What AWS takes for a scanned gigabyte in most regions, in US dollars.
/// <https://aws.amazon.com/cloudwatch/pricing/>
const PRICE: f64 = 0.005;
const GIGABYTE: f64 = 1e9;
/// AWS itself ends a query after an hour.
const LONGEST: Duration = Duration::from_secs(3600);

/// `12.3 GiB, about $0.066`
pub(crate) fn cost(bytes: u64) -> String {
    let dollars = bytes as f64 / GIGABYTE * PRICE;
    let dollars = if dollars < 0.0001 { "under $0.0001".to_owned() } else { format!("about ${dollars:.4}") };
    format!("{}, {dollars}", human_size(bytes))
}

/// Bytes, written as people do: `500MB`, `1.5 GiB`, `1000000`.
pub(crate) fn bytes(text: &str) -> Result<u64, String> {
    let wrong = || format!("{text:?} is not a size; good ones are 500MB, 100GB, 1.5TB");
    let text = text.trim();
    let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "k" | "kb" => 1e3,
        "kib" => 1024.0,
        "m" | "mb" => 1e6,
        "mib" => 1024_f64.powi(2),
        "g" | "gb" => 1e9,
        "gib" => 1024_f64.powi(3),
        "t" | "tb" => 1e12,
        "tib" => 1024_f64.powi(4),
        _ => return Err(wrong()),
    };
    let number: f64 = number.parse().map_err(|_| wrong())?;
    let size = number * unit;
    if size.is_finite() && size >= 0.0 { Ok(size as u64) } else { Err(wrong()) }
}

/// About what a query of these groups would scan: the part of what they store that lies in the range, as if they had
/// been written evenly. AWS tells the real figure only while the query runs.
pub(crate) fn estimate(groups: &[Description], range: TimeRange) -> u64 {
    let now = Timestamp::now().as_second();
    let each = groups.iter().map(|group| {
        let stored = group.stored_bytes.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(0);
        let created = group.creation_time.map_or(0, |millis| millis / 1000);
        let kept = group.retention_in_days.map_or(i64::MAX, |days| i64::from(days) * DAY);
        let oldest = created.max(now.saturating_sub(kept)).min(now - 1);
        let age = (now - oldest).max(1);
        let part = range.end.as_second().min(now) - range.start.as_second().max(oldest);
        (stored as f64 * (part.max(0) as f64 / age as f64).min(1.0)) as u64
    });
    each.sum()
}

/// What a query has scanned so far.
pub(crate) fn scanned(statistics: Option<&QueryStatistics>) -> u64 {
    statistics.map_or(0, |statistics| statistics.bytes_scanned.max(0.0) as u64)
}

/// A query that AWS works on. When the call is dropped, it is stopped.
pub(crate) struct Running {
    client: Client,
    cleanup: Cleanup,
    state: State,
}

enum State {
    /// AWS was asked to start it, and may do so even if nobody waits for its answer any more.
    Starting(JoinHandle<Started>),
    Started(String),
    Over,
}

type Started = Result<StartQueryOutput, aws_sdk_cloudwatchlogs::error::SdkError<StartQueryError>>;

impl Running {
    pub(crate) async fn start(
        cx: &Call<CloudWatch>,
        request: StartQueryFluentBuilder,
    ) -> Result<(Running, String), StartError> {
        let mut running = Running {
            client: cx.client().logs.clone(),
            cleanup: cx.cleanup(),
            state: State::Starting(tokio::spawn(request.send())),
        };
        let started = match &mut running.state {
            State::Starting(starting) => starting.await,
            _ => return Err(StartError::Other(Error::internal("a query starts once"))),
        };
        running.state = State::Over;
        let started = started.map_err(|error| StartError::Other(Error::internal(error.to_string())))?;
        let id = match started {
            Ok(started) => started.query_id.unwrap_or_default(),
            Err(error) => {
                let compile = error.as_service_error().and_then(|error| match error {
                    StartQueryError::MalformedQueryException(error) => {
                        Some(error.query_compile_error.clone())
                    }
                    _ => None,
                });
                return Err(match compile {
                    Some(compile) => StartError::Malformed(error.into(), compile),
                    None => StartError::Other(error.into()),
                });
            }
        };
        running.state = State::Started(id.clone());
        Ok((running, id))
    }

    /// Waits for its end, telling how far it is; stops it where it has scanned more than `most`.
    pub(crate) async fn finish(
        mut self,
        cx: &Call<CloudWatch>,
        id: &str,
        most: u64,
    ) -> Result<GetQueryResultsOutput> {
        let look = || async move {
            let results = cx.client().logs.get_query_results().query_id(id).send().await?;
            let statistics = results.statistics.as_ref();
            let so_far = scanned(statistics);
            let runs = matches!(
                results.status.as_ref(),
                Some(QueryStatus::Running | QueryStatus::Scheduled | QueryStatus::UnknownValue) | None
            );
            if so_far > most || !runs {
                return Ok(Waited::Ready(results));
            }
            let matched = statistics.map_or(0, |statistics| statistics.records_matched.max(0.0) as u64);
            Ok(Waited::Still(format!("scanned {}, {} records match", human_size(so_far), thousands(matched))))
        };
        let results = match cx.until(LONGEST, look).await? {
            Waited::Ready(results) => results,
            Waited::Still(how) => {
                self.stop().await;
                let error = Error::timeout(format!("the query took too long and was stopped: {how}"));
                return Err(error.with_next("ask for a shorter time range or fewer log groups"));
            }
        };
        let so_far = scanned(results.statistics.as_ref());
        if so_far > most {
            self.stop().await;
            return Err(too_much(
                format!("the query was stopped after it had scanned {}", cost(so_far)),
                most,
            ));
        }
        self.state = State::Over;
        match results.status.as_ref() {
            Some(QueryStatus::Complete) | None => Ok(results),
            Some(status) => Err(ended(status, so_far)),
        }
    }

    async fn stop(&mut self) {
        if let State::Started(id) = std::mem::replace(&mut self.state, State::Over) {
            stop(&self.client, id).await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let client = self.client.clone();
        match std::mem::replace(&mut self.state, State::Over) {
            State::Over => {}
            State::Started(id) => self.cleanup.start(async move { stop(&client, id).await }),
            State::Starting(starting) => self.cleanup.start(async move {
                if let Ok(Ok(started)) = starting.await {
                    stop(&client, started.query_id.unwrap_or_default()).await;
                }
            }),
        }
    }
}

async fn stop(client: &Client, id: String) {
    if let Err(error) = client.stop_query().query_id(id).send().await {
        tracing::warn!(%error, "a query that nobody waits for could not be stopped");
    }
}

/// Why a query did not start.
pub(crate) enum StartError {
    /// AWS does not understand it.
    Malformed(Error, Option<QueryCompileError>),
    Other(Error),
}

pub(crate) fn too_much(what: String, most: u64) -> Error {
    Error::refused(format!("{what}; --max-scan is {}", human_size(most)))
        .with_next("ask for a shorter time or fewer log groups, or have the operator raise --max-scan")
}

fn ended(status: &QueryStatus, scanned: u64) -> Error {
    let error = Error::new(
        Kind::Service,
        format!("the query ended with the status {} after it had scanned {}", status.as_str(), cost(scanned)),
    );
    error.with_next("a shorter time range or fewer log groups make it lighter")
}

/// AWS's words about a query that it does not understand, the line that they are about, and a caret below the place.
pub(crate) fn pointed(mut error: Error, compile: Option<&QueryCompileError>, query: &str) -> Error {
    let Some(compile) = compile else { return error };
    if let Some(message) = compile.message().filter(|message| !error.message.contains(message)) {
        error.message = format!("{}: {message}", error.message.trim_end_matches('.'));
    }
    let at = |offset: Option<i32>| offset.and_then(|offset| usize::try_from(offset).ok());
    let place = compile.location().and_then(|location| {
        let start = at(location.start_char_offset)?;
        Some(caret(query, start, at(location.end_char_offset)))
    });
    if let Some(place) = place {
        error.message.push('\n');
        error.message.push_str(&place);
    }
    error
}

/// The line of the query that holds the place, and below it a mark; offsets are in characters.
fn caret(query: &str, start: usize, end: Option<usize>) -> String {
    let mut before = 0;
    let mut lines = query.lines().enumerate().peekable();
    while let Some((number, line)) = lines.next() {
        let length = line.chars().count();
        let is_last = lines.peek().is_none();
        if start <= before + length || is_last {
            let column = start.saturating_sub(before).min(length);
            let width = end.map_or(1, |end| end.saturating_sub(start) + 1).clamp(1, (length - column).max(1));
            // Tabs would put the mark elsewhere.
            let line = line.replace('\t', " ");
            let mark = format!("{}{}", " ".repeat(column), "^".repeat(width));
            return format!("{line}\n{mark} line {}, column {}", number + 1, column + 1);
        }
        before += length + 1;
    }
    format!("at character {start}")
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudwatchlogs::types::QueryCompileErrorLocation;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_place_of_a_mistake_is_marked() {
        assert_eq!(
            caret("fields @message\n| filtre x = 1", 18, Some(23)),
            "| filtre x = 1\n  ^^^^^^ line 2, column 3"
        );
        assert_eq!(caret("stats", 99, None), "stats\n     ^ line 1, column 6");
        let compile = QueryCompileError::builder()
            .message("unexpected symbol found filtre")
            .location(QueryCompileErrorLocation::builder().start_char_offset(2).end_char_offset(7).build())
            .build();
        let error = pointed(Error::invalid("Malformed."), Some(&compile), "| filtre");
        assert_eq!(
            error.message,
            "Malformed: unexpected symbol found filtre\n| filtre\n  ^^^^^^ line 1, column 3"
        );
    }

    #[test]
    fn sizes_are_read_as_people_write_them() {
        assert_eq!(bytes("100GB"), Ok(100_000_000_000));
        assert_eq!(bytes("1.5 MiB"), Ok(1_572_864));
        assert_eq!(bytes("7"), Ok(7));
        for wrong in ["", "GB", "1 parsec", "-1", "1..2GB"] {
            assert!(bytes(wrong).unwrap_err().contains("100GB"), "{wrong}");
        }
    }

    #[test]
    fn only_the_part_of_a_group_in_the_range_is_estimated() {
        let now = Timestamp::now().as_second();
        let group = |days: i64, retention: Option<i32>, stored: i64| {
            Description::builder()
                .creation_time((now - days * DAY) * 1000)
                .set_retention_in_days(retention)
                .stored_bytes(stored)
                .build()
        };
        let range = TimeRange {
            start: Timestamp::from_second(now - DAY).unwrap(),
            end: Timestamp::from_second(now).unwrap(),
        };
        assert_eq!(estimate(&[group(10, None, 1000)], range), 100);
        assert_eq!(estimate(&[group(400, Some(5), 1000), group(10, None, 1000)], range), 300);
        assert_eq!(estimate(&[group(0, None, 1000)], range), 1000);
        let before = TimeRange {
            start: Timestamp::from_second(now - 100 * DAY).unwrap(),
            end: Timestamp::from_second(now - 50 * DAY).unwrap(),
        };
        assert_eq!(estimate(&[group(10, None, 1000)], before), 0);
    }

    proptest! {
        #[test]
        fn no_place_makes_it_panic(query in ".{0,80}", start in 0usize..200, end in proptest::option::of(0usize..200)) {
            prop_assert!(!caret(&query, start, end).is_empty());
        }
    }
}
