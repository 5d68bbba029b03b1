use std::collections::BTreeMap;

use aws_sdk_cloudwatchlogs::types::FilteredLogEvent;
use aws_sdk_lambda::types::LogFormat;
use awsmcp_mcp::{Call, Error, Kind, Moment, Page, Result, Spec, TimeRange, Tool, counted, to_millisecond};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Lambda, arns, configuration::current, names::LoggedFunction, report::Report};

/// Reads a function's log, oldest first: its lines without START and END, or a row per invocation.
///
/// Rows tell duration, memory, cold start, timeout and lack of memory. Default: the last hour.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FunctionLogs {
    function: LoggedFunction,
    start: Option<Moment>,
    end: Option<Moment>,
    /// A CloudWatch filter pattern, such as `ERROR` or `"Task timed out"`.
    filter: Option<String>,
    /// All lines of one invocation.
    request_id: Option<String>,
    #[serde(default)]
    show: Show,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Show {
    #[default]
    Lines,
    Invocations,
}

#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Row {
    Line {
        time: String,
        message: String,
    },
    Invocation {
        time: String,
        request_id: Option<String>,
        duration_ms: Option<f64>,
        billed_ms: Option<f64>,
        max_memory_mb: Option<u64>,
        cold_start_ms: Option<f64>,
        trouble: Option<&'static str>,
    },
}

/// Where a function logs to, and what is known of its limits.
pub(crate) struct Log {
    pub(crate) group: String,
    pub(crate) is_json: bool,
    pub(crate) timeout_seconds: Option<i32>,
    /// Whether its invocations may go on for days, in one execution.
    pub(crate) is_durable: bool,
}

impl Tool for FunctionLogs {
    type Service = Lambda;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("function_logs", "Function logs")
        .on(arns::FUNCTION, &["lambda:GetFunctionConfiguration"])
        .on(arns::FUNCTION_LOGS, &["logs:FilterLogEvents"])
        .quotes();

    async fn call(self, cx: &Call<Lambda>) -> Result<Self::Output> {
        const HOUR: i64 = 3600;
        let range = TimeRange::new(self.start, self.end, HOUR)?;
        let log = Log::of(cx, self.function.name()).await?;
        match (self.show, &self.request_id) {
            (Show::Invocations, _) => self.invocations(cx, &log, range).await,
            (Show::Lines, Some(id)) => self.one_invocation(cx, &log, range, id).await,
            (Show::Lines, None) => self.lines(cx, &log, range).await,
        }
    }
}

impl Log {
    /// # Errors
    /// When there is no such function, or its log is outside the operator's list.
    pub(crate) async fn of(cx: &Call<Lambda>, function: &str) -> Result<Log> {
        let config = current(cx, function, None).await?;
        let usual = format!("/aws/lambda/{function}");
        let logging = config.logging_config;
        let group = logging.as_ref().and_then(|logging| logging.log_group.clone());
        let group = group.unwrap_or_else(|| usual.clone());
        if group != usual {
            may_read(cx, &group).await?;
        }
        let format = logging.and_then(|logging| logging.log_format);
        Ok(Log {
            group,
            is_json: format == Some(LogFormat::Json),
            timeout_seconds: config.timeout,
            is_durable: config.durable_config.is_some(),
        })
    }
}

impl Log {
    /// The pattern of what Lambda reports of invocations.
    fn reports(&self) -> &'static str {
        if self.is_json { "{ $.type = \"platform.report\" }" } else { "\"REPORT RequestId\"" }
    }
}

/// What Lambda's own reports tell of trouble, of which a filter may have found nothing.
async fn troubles(cx: &Call<Lambda>, log: &Log, range: TimeRange) -> Option<String> {
    const MOST_PAGES: usize = 10;
    let mut search = Search::new(log, range, Some(log.reports().to_owned()));
    let (mut counts, mut is_whole) = (BTreeMap::new(), false);
    for _ in 0..MOST_PAGES {
        // The lines were asked for, and there are none: this is more than that.
        let (events, more) = search.next(cx, 10_000).await.ok()?;
        let reports = events.iter().filter_map(|event| Report::read(event.message.as_deref()?));
        for trouble in reports.filter_map(|report| report.trouble(log.timeout_seconds)) {
            *counts.entry(trouble).or_insert(0_usize) += 1;
        }
        is_whole = !more;
        if is_whole {
            break;
        }
    }
    let words: Vec<String> = counts.iter().map(|(trouble, count)| format!("{count} x {trouble}")).collect();
    let least = if is_whole { "" } else { "at least " };
    (!words.is_empty())
        .then(|| format!("invocations of that time had trouble all the same: {least}{}", words.join(", ")))
}

/// The usual group was judged before the call; of another one only the configuration tells.
async fn may_read(cx: &Call<Lambda>, group: &str) -> Result<()> {
    let asked = cx.may("logs:FilterLogEvents", arns::LOG_GROUP, &[("log_group", group)]).await;
    asked.map_err(|mut error| {
        if error.kind == Kind::Refused {
            error.message = format!("the function logs to {group}: {}", error.message);
        }
        error
    })
}

impl FunctionLogs {
    async fn lines(&self, cx: &Call<Lambda>, log: &Log, range: TimeRange) -> Result<Page<Row>> {
        let mut search = Search::new(log, range, self.filter.clone());
        let rows = search.rows(cx, line).await?;
        if rows.is_empty() && search.token.is_none() {
            let what = self.filter.as_deref().map(|filter| format!(" fits {filter}"));
            cx.note(format!(
                "no line{} in {} from {} to {}",
                what.unwrap_or_default(),
                log.group,
                range.start,
                range.end
            ));
            if self.filter.is_some() {
                cx.note("a time-out and a lack of memory have lines of their own words: show=invocations tells them");
                if let Some(troubles) = troubles(cx, log, range).await {
                    cx.note(troubles);
                }
            }
        }
        Ok(cx.page(rows, search.token))
    }

    /// The lines between START and END: only they name the request, but an environment runs one request at a time.
    async fn one_invocation(
        &self,
        cx: &Call<Lambda>,
        log: &Log,
        range: TimeRange,
        id: &str,
    ) -> Result<Page<Row>> {
        const MOST_NAMED: usize = 1000;
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Err(Error::invalid(format!("{id:?} is not a request id"))
                .with_next("invoke_function and function_logs with show=invocations tell them"));
        }
        let mut named = Search::new(log, range, Some(format!("\"{id}\"")));
        let mut found: Vec<FilteredLogEvent> = Vec::new();
        while found.len() < MOST_NAMED {
            let (events, more) = named.next(cx, 1000).await?;
            found.extend(events);
            // REPORT is the last line of an invocation.
            let is_over =
                found.iter().any(|event| event.message().is_some_and(|text| Report::read(text).is_some()));
            if is_over || !more {
                break;
            }
        }
        let times = || found.iter().filter_map(|event| event.timestamp);
        let stream = found.first().and_then(|event| event.log_stream_name.clone());
        let (Some(first), Some(last), Some(stream)) = (times().min(), times().max(), stream) else {
            cx.note(format!(
                "no line names {id} from {} to {}; look at a longer time",
                range.start, range.end
            ));
            return Ok(cx.page([], None));
        };
        let mut search = Search::new(log, range, self.filter.clone());
        search.streams = vec![stream];
        (search.start, search.end) = (first, last.saturating_add(1));
        let rows = search.rows(cx, line).await?;
        Ok(cx.page(rows, search.token))
    }

    async fn invocations(&self, cx: &Call<Lambda>, log: &Log, range: TimeRange) -> Result<Page<Row>> {
        let pattern = match &self.request_id {
            Some(id) => format!("\"{id}\""),
            None => log.reports().to_owned(),
        };
        let mut search = Search::new(log, range, Some(pattern));
        let mut reports = Vec::new();
        let rows = search
            .rows(cx, |event| {
                let report = Report::read(event.message.as_deref()?)?;
                let row = Row::Invocation {
                    time: to_millisecond(event.timestamp.unwrap_or_default()),
                    request_id: report.request_id.clone(),
                    duration_ms: report.duration_ms,
                    billed_ms: report.billed_ms,
                    max_memory_mb: report.max_memory_mb,
                    cold_start_ms: report.cold_start_ms,
                    trouble: report.trouble(log.timeout_seconds),
                };
                reports.push(report);
                Some(row)
            })
            .await?;
        if reports.is_empty() && search.token.is_none() {
            cx.note(format!("no invocation in {} from {} to {}", log.group, range.start, range.end));
        } else {
            cx.note(summary(&reports, log.timeout_seconds));
        }
        Ok(cx.page(rows, search.token))
    }
}

/// A line worth reading: START and END say nothing that REPORT does not.
fn line(event: FilteredLogEvent) -> Option<Row> {
    let message = event.message?;
    let message = message.trim_end();
    if message.starts_with("START RequestId: ") || message.starts_with("END RequestId: ") {
        return None;
    }
    // Lambda's own lines have tabs between their fields, which a cell would have to write out.
    let is_own = ["REPORT RequestId: ", "INIT_", "RESTORE_"].iter().any(|start| message.starts_with(start));
    let message = if is_own { message.replace(['\t', '\n'], "  ") } else { message.to_owned() };
    Some(Row::Line { time: to_millisecond(event.timestamp.unwrap_or_default()), message })
}

fn summary(reports: &[Report], timeout_seconds: Option<i32>) -> String {
    let count =
        |what: &str| reports.iter().filter(|report| report.trouble(timeout_seconds) == Some(what)).count();
    let mut durations: Vec<f64> = reports.iter().filter_map(|report| report.duration_ms).collect();
    durations.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let index = (durations.len() as f64 * share).ceil() as usize;
        durations.get(index.saturating_sub(1)).copied().unwrap_or_default()
    };
    let cold: Vec<f64> = reports.iter().filter_map(|report| report.cold_start_ms).collect();
    let longest = cold.iter().copied().fold(0.0, f64::max);
    let used = reports.iter().filter_map(|report| report.max_memory_mb).max().unwrap_or_default();
    let size = reports.iter().filter_map(|report| report.memory_mb).max().unwrap_or_default();
    let colds = if cold.is_empty() { String::new() } else { format!(" (up to {longest} ms)") };
    format!(
        "{} here: duration p50 {} ms, p95 {} ms, max {} ms; {}{colds}; {}, {} out of memory, {}; at most {used} of {size} MB \
         used",
        counted(reports.len(), "invocation"),
        at(0.5),
        at(0.95),
        at(1.0),
        counted(cold.len(), "cold start"),
        counted(count("timeout"), "timeout"),
        count("out of memory"),
        counted(count("error"), "other error"),
    )
}

/// A walk over the pages of `FilterLogEvents`.
pub(crate) struct Search {
    group: String,
    pub(crate) streams: Vec<String>,
    start: i64,
    end: i64,
    pattern: Option<String>,
    token: Option<String>,
}

impl Search {
    pub(crate) fn new(log: &Log, range: TimeRange, pattern: Option<String>) -> Search {
        Search {
            group: log.group.clone(),
            streams: Vec::new(),
            start: range.start.as_millisecond(),
            end: range.end.as_millisecond(),
            pattern,
            token: None,
        }
    }

    /// One page of AWS's, and whether there are more.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub(crate) async fn next(
        &mut self,
        cx: &Call<Lambda>,
        most: usize,
    ) -> Result<(Vec<FilteredLogEvent>, bool)> {
        let streams = Some(self.streams.clone()).filter(|streams| !streams.is_empty());
        let out = cx
            .client()
            .logs
            .filter_log_events()
            .log_group_name(&self.group)
            .set_log_stream_names(streams)
            .start_time(self.start)
            .end_time(self.end)
            .set_filter_pattern(self.pattern.clone())
            .limit(most.clamp(1, 10_000).try_into().unwrap_or(10_000))
            .set_next_token(self.token.take())
            .send()
            .await?;
        self.token = out.next_token.filter(|token| !token.is_empty());
        Ok((out.events.unwrap_or_default(), self.token.is_some()))
    }

    /// The rows of one page of ours. AWS's pages may be empty although more follow.
    async fn rows(
        &mut self,
        cx: &Call<Lambda>,
        mut row: impl FnMut(FilteredLogEvent) -> Option<Row>,
    ) -> Result<Vec<Row>> {
        const MOST_PAGES: usize = 50;
        let limit = cx.limit() as usize;
        let mut rows = Vec::new();
        self.token = cx.token();
        for page in 0..MOST_PAGES {
            let (events, more) = self.next(cx, limit.saturating_sub(rows.len())).await?;
            rows.extend(events.into_iter().filter_map(&mut row));
            if !more || rows.len() >= limit {
                break;
            }
            cx.progress(page as u64 + 1, None, format!("{} rows so far", rows.len()));
        }
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invocations_are_summed_up() {
        let report = |duration: f64, cold: Option<f64>, status: Option<&str>| Report {
            duration_ms: Some(duration),
            cold_start_ms: cold,
            status: status.map(str::to_owned),
            max_memory_mb: Some(40),
            memory_mb: Some(128),
            ..Report::default()
        };
        let reports = [
            report(10.0, Some(200.0), None),
            report(20.0, None, None),
            report(3000.0, None, Some("timeout")),
        ];
        assert_eq!(
            summary(&reports, Some(3)),
            "3 invocations here: duration p50 20 ms, p95 3000 ms, max 3000 ms; 1 cold start (up to 200 ms); 1 timeout, \
             0 out of memory, 0 other errors; at most 40 of 128 MB used"
        );
    }

    #[test]
    fn start_and_end_are_left_out() {
        let event = |message: &str| FilteredLogEvent::builder().message(message).timestamp(0).build();
        assert!(line(event("START RequestId: x Version: 1\n")).is_none());
        assert!(line(event("END RequestId: x")).is_none());
        assert!(matches!(line(event("hello\n")), Some(Row::Line { message, .. }) if message == "hello"));
        let report = event("REPORT RequestId: x\tDuration: 3.00 ms\t\nXRAY TraceId: 1\t");
        let wanted = "REPORT RequestId: x  Duration: 3.00 ms    XRAY TraceId: 1";
        assert!(matches!(line(report), Some(Row::Line { message, .. }) if message == wanted));
        assert!(matches!(line(event("a\tb")), Some(Row::Line { message, .. }) if message == "a\tb"));
    }
}
