use std::collections::BTreeSet;

use aws_sdk_cloudwatchlogs::types::FilteredLogEvent;
use aws_sdk_lambda::{
    primitives::DateTime,
    types::{ExecutionStatus, FunctionConfiguration},
};
use awsmcp_mcp::{Call, Moment, One, Result, Spec, TimeRange, Tool, to_millisecond, to_second};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    function_health::Health,
    function_logs::{Log, Search},
};
use crate::{Lambda, arns, durable::Brief, lists, names::LoggedFunction, report::Report, times::modified};

/// Says in one call why a function fails: figures, the last invocations that failed with their lines, and what changed since
/// its last published version. Default: the last 24 hours.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExplainFailures {
    function: LoggedFunction,
    start: Option<Moment>,
    end: Option<Moment>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Why {
    function: String,
    from: String,
    to: String,
    findings: Vec<String>,
    invocations: u64,
    errors: u64,
    throttles: u64,
    /// The last of them first.
    failed: Vec<Failed>,
    /// Of a durable function: those that run, and that failed or were timed out since `from`, the newest first.
    executions: Vec<Brief>,
    /// When the code or the configuration that is called without a version last changed.
    modified: Option<String>,
    last_version: Option<String>,
    /// How it differs from that version; of variables only the names.
    changed_since: Vec<String>,
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
struct Failed {
    time: String,
    request_id: Option<String>,
    trouble: Option<&'static str>,
    /// What it wrote last.
    lines: Vec<String>,
}

impl Tool for ExplainFailures {
    type Service = Lambda;
    type Output = One<Why>;
    const SPEC: Spec = Spec::read("explain_failures", "Explain failures")
        .on(
            arns::FUNCTION,
            &[
                "lambda:GetFunctionConfiguration",
                "lambda:ListVersionsByFunction",
                "lambda:ListDurableExecutionsByFunction",
            ],
        )
        .on(arns::FUNCTION_LOGS, &["logs:FilterLogEvents"])
        // AWS grants figures of everything or of nothing; what is asked for is held to the function.
        .on("*", &["cloudwatch:GetMetricData"])
        .rows(arns::FUNCTION)
        .quotes()
        .optional();

    async fn call(self, cx: &Call<Lambda>) -> Result<Self::Output> {
        const DAY: i64 = 86_400;
        let function = self.function.name();
        let range = TimeRange::new(self.start, self.end, DAY)?;
        let log = Log::of(cx, function).await?;
        let (health, versions, executions) = futures::join!(
            Health::of(cx, function, None, range, log.timeout_seconds),
            versions(cx, function),
            executions(cx, &log, function, range),
        );
        let executions = cx.part("durable executions (lambda:ListDurableExecutionsByFunction)", executions);
        let health = cx.part("figures (cloudwatch:GetMetricData)", health).unwrap_or_default();
        let (latest, last) =
            cx.part("versions (lambda:ListVersionsByFunction)", versions).unwrap_or_default();
        // Where figures say when it failed last, nothing before that is read.
        let from = health.trouble.last().and_then(|part| part.from.parse::<Timestamp>().ok());
        let looked = TimeRange { start: from.unwrap_or(range.start).max(range.start), end: range.end };
        let failed =
            cx.part("the log (logs:FilterLogEvents)", failures(cx, &log, looked).await).unwrap_or_default();
        if failed.is_empty() {
            cx.note(format!("no failed invocation was found in {} from {} on", log.group, looked.start));
        }
        let changed_since = latest.as_ref().zip(last.as_ref()).map(|(latest, last)| changes(last, latest));
        Ok(One(Why {
            function: function.to_owned(),
            from: to_second(range.start),
            to: to_second(range.end),
            findings: health.findings,
            invocations: health.invocations,
            errors: health.errors,
            throttles: health.throttles,
            failed,
            executions: executions.unwrap_or_default(),
            modified: latest.and_then(|latest| latest.last_modified).as_deref().map(modified),
            last_version: last.and_then(|last| last.version),
            changed_since: changed_since.unwrap_or_default(),
        }))
    }
}

/// The executions of a durable function that have not ended, whenever they began, and those that failed in this time.
async fn executions(cx: &Call<Lambda>, log: &Log, function: &str, range: TimeRange) -> Result<Vec<Brief>> {
    const SHOWN: i32 = 5;
    if !log.is_durable {
        return Ok(Vec::new());
    }
    let asked = || {
        let asked = cx.client().lambda.list_durable_executions_by_function();
        asked.function_name(function).max_items(SHOWN)
    };
    let since = DateTime::from_millis(range.start.as_millisecond());
    let (running, failed) = futures::join!(
        asked().statuses(ExecutionStatus::Running).send(),
        asked()
            .statuses(ExecutionStatus::Failed)
            .statuses(ExecutionStatus::TimedOut)
            .started_after(since)
            .send(),
    );
    let (running, failed) = (running?, failed?);
    if running.next_marker.is_some() || failed.next_marker.is_some() {
        cx.note("there are more executions: list_executions shows them");
    }
    let running: Vec<Brief> =
        running.durable_executions.unwrap_or_default().into_iter().map(Brief::new).collect();
    if !running.is_empty() {
        cx.note("what an execution waits for, get_execution shows");
    }
    let failed = failed.durable_executions.unwrap_or_default().into_iter().map(Brief::new);
    Ok(running.into_iter().chain(failed).collect())
}

/// What is called without a version, and the last version.
async fn versions(
    cx: &Call<Lambda>,
    function: &str,
) -> Result<(Option<FunctionConfiguration>, Option<FunctionConfiguration>)> {
    let number = |it: &FunctionConfiguration| it.version().and_then(|text| text.parse::<u64>().ok());
    let all = lists::versions(cx, function).await?;
    let (latest, published): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|version| version.version() == Some("$LATEST"));
    Ok((latest.into_iter().next(), published.into_iter().max_by_key(number)))
}

/// The settings of a function, but its code and its variables, in words.
fn settings(of: &FunctionConfiguration) -> Vec<(&'static str, String)> {
    fn named<T: ToString>(value: Option<T>) -> String {
        let text = value.map(|value| value.to_string()).filter(|text| !text.is_empty());
        text.unwrap_or_else(|| "none".to_owned())
    }
    let listed = |parts: Vec<&str>| named(Some(parts.join(" ")));
    let (vpc, logging) = (of.vpc_config(), of.logging_config());
    let image = of.image_config_response().and_then(|image| image.image_config());
    let command = image.map(|image| [image.entry_point(), image.command()].concat().join(" "));
    vec![
        ("runtime", named(of.runtime())),
        ("handler", named(of.handler())),
        ("memory_mb", named(of.memory_size())),
        ("timeout_seconds", named(of.timeout())),
        ("role", named(of.role())),
        ("layers", listed(of.layers().iter().filter_map(|layer| layer.arn()).collect())),
        ("subnets", named(vpc.map(|vpc| vpc.subnet_ids().join(" ")))),
        ("security_groups", named(vpc.map(|vpc| vpc.security_group_ids().join(" ")))),
        ("architectures", listed(of.architectures().iter().map(|cpu| cpu.as_str()).collect())),
        ("ephemeral_mb", named(of.ephemeral_storage().map(|storage| storage.size))),
        ("kms_key", named(of.kms_key_arn())),
        ("file_systems", listed(of.file_system_configs().iter().map(|system| system.arn()).collect())),
        ("image_command", named(command)),
        ("snap_start", named(of.snap_start().and_then(|snap| snap.apply_on()))),
        ("dead_letter", named(of.dead_letter_config().and_then(|queue| queue.target_arn()))),
        ("log_group", named(logging.and_then(|logging| logging.log_group()))),
    ]
}

/// In what the one differs from the other, in words.
fn changes(before: &FunctionConfiguration, now: &FunctionConfiguration) -> Vec<String> {
    let variables = |of: &FunctionConfiguration| {
        of.environment().and_then(|environment| environment.variables().cloned()).unwrap_or_default()
    };
    let mut changed = Vec::new();
    if before.code_sha256 != now.code_sha256 {
        changed.push(format!("code: {} bytes became {}, another package", before.code_size, now.code_size));
    }
    for ((name, before), (_, now)) in settings(before).into_iter().zip(settings(now)) {
        if before != now {
            changed.push(format!("{name}: {before} became {now}"));
        }
    }
    if let Some(why) = [before, now].into_iter().find_map(|of| of.environment()?.error()?.message()) {
        changed.push(format!("whether variables differ is not known: {why}"));
        return changed;
    }
    let (old, new) = (variables(before), variables(now));
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    changed.extend(names.into_iter().filter_map(|name| match (old.get(name), new.get(name)) {
        (Some(_), None) => Some(format!("variable {name} is gone")),
        (None, Some(_)) => Some(format!("variable {name} is new")),
        (old, new) => (old != new).then(|| format!("variable {name} has another value")),
    }));
    changed
}

/// The last invocations whose lines tell of a failure, the last first.
async fn failures(cx: &Call<Lambda>, log: &Log, range: TimeRange) -> Result<Vec<Failed>> {
    const SHOWN: usize = 3;
    const MOST_PAGES: usize = 50;
    // As runtimes and Lambda itself write it: a time-out and a lack of memory have words of their own.
    const TEXT: &str = "?ERROR ?Error ?Exception ?Traceback ?\"Task timed out\" ?\"signal: killed\" ?\"Status: error\" ?\"Status: timeout\"";
    const JSON: &str = "{ $.level = \"ERROR\" || $.level = \"FATAL\" || $.record.status = \"error\" || $.record.status = \"timeout\" || \
                        $.record.status = \"failure\" }";
    let pattern = if log.is_json { JSON } else { TEXT };
    let mut search = Search::new(log, range, Some(pattern.to_owned()));
    let mut signs: Vec<FilteredLogEvent> = Vec::new();
    for page in 0..MOST_PAGES {
        let (events, more) = search.next(cx, 1000).await?;
        signs.extend(events);
        if !more {
            break;
        }
        if page + 1 == MOST_PAGES {
            cx.note("the log is longer than was read: a later `start` shows what failed after this");
        }
        cx.progress(page as u64 + 1, None, format!("{} lines tell of failures so far", signs.len()));
    }
    signs.sort_by_key(|sign| sign.timestamp);
    let mut failed: Vec<Failed> = Vec::new();
    // Several lines may tell of one failure: look at more of them than are shown.
    for sign in signs.iter().rev().take(20) {
        let around = around(cx, log, sign).await?;
        let found = invocation(&around, sign, log.timeout_seconds);
        let is_known = failed.iter().any(|other| match (&other.request_id, &found.request_id) {
            (Some(one), Some(other)) => one == other,
            _ => other.lines == found.lines,
        });
        if !is_known {
            failed.push(found);
        }
        if failed.len() == SHOWN {
            break;
        }
    }
    Ok(failed)
}

/// The lines of the same environment about that time: it runs one invocation after the other.
async fn around(cx: &Call<Lambda>, log: &Log, sign: &FilteredLogEvent) -> Result<Vec<FilteredLogEvent>> {
    const MOST_PAGES: usize = 5;
    let span = i64::from(log.timeout_seconds.unwrap_or(900)).saturating_mul(1000).saturating_add(2000);
    let time = sign.timestamp.unwrap_or_default();
    let mut search =
        Search::new(log, TimeRange::of_millis(time.saturating_sub(span), time.saturating_add(span))?, None);
    search.streams = sign.log_stream_name.clone().into_iter().collect();
    let mut lines = Vec::new();
    for _ in 0..MOST_PAGES {
        let (events, more) = search.next(cx, 10_000).await?;
        lines.extend(events);
        if !more {
            break;
        }
    }
    Ok(lines)
}

/// The invocation among the lines that the sign belongs to: from START to REPORT.
fn invocation(lines: &[FilteredLogEvent], sign: &FilteredLogEvent, timeout_seconds: Option<i32>) -> Failed {
    const LAST: usize = 12;
    const LONGEST: usize = 500;
    let is_start = |line: &FilteredLogEvent| {
        let text = line.message().unwrap_or_default();
        text.starts_with("START RequestId: ") || text.contains("\"type\":\"platform.start\"")
    };
    let report = |line: &FilteredLogEvent| line.message().and_then(Report::read);
    let at = lines.iter().position(|line| line.event_id == sign.event_id && line.message == sign.message);
    let at = at.unwrap_or_default();
    let before = lines.get(..at).unwrap_or_default();
    let first = before.iter().rposition(|line| is_start(line) || report(line).is_some());
    let first = first
        .map_or(0, |found| found + usize::from(lines.get(found).is_some_and(|line| report(line).is_some())));
    let behind = lines.get(at..).unwrap_or_default();
    // A report may be followed by the line that says why: `Task timed out`.
    let end =
        behind.iter().position(|line| report(line).is_some()).map_or(lines.len(), |found| at + found + 1);
    let next = behind.iter().skip(1).position(is_start).map_or(lines.len(), |found| at + 1 + found);
    let own = lines.get(first..end.min(next)).unwrap_or_default();
    let reported = own.iter().rev().find_map(report);
    let started = own.iter().find_map(|line| {
        let id = line.message()?.strip_prefix("START RequestId: ")?.split_whitespace().next()?;
        Some(id.to_owned())
    });
    let shown = own.iter().filter_map(|line| line.message()).map(str::trim_end).filter(|text| {
        !["START RequestId: ", "END RequestId: ", "REPORT RequestId: ", "INIT_START "]
            .iter()
            .any(|own| text.starts_with(own))
    });
    let mut lines: Vec<String> = shown.map(|text| text.chars().take(LONGEST).collect()).collect();
    lines.drain(..lines.len().saturating_sub(LAST));
    Failed {
        time: to_millisecond(sign.timestamp.unwrap_or_default()),
        request_id: reported.as_ref().and_then(|report| report.request_id.clone()).or(started),
        trouble: reported.and_then(|report| report.trouble(timeout_seconds)),
        lines,
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_lambda::types::{EnvironmentError, EnvironmentResponse, Runtime, VpcConfigResponse};

    use super::*;

    fn line(id: u32, text: &str) -> FilteredLogEvent {
        FilteredLogEvent::builder().event_id(id.to_string()).message(text).timestamp(i64::from(id)).build()
    }

    #[test]
    fn an_invocation_is_what_stands_between_its_start_and_its_report() {
        let report = |id: &str| {
            format!(
                "REPORT RequestId: {id}\tDuration: 5.00 ms\tMemory Size: 128 MB\tMax Memory Used: 30 MB\t"
            )
        };
        let lines = [
            line(1, "START RequestId: a Version: 1\n"),
            line(2, "fine"),
            line(3, "END RequestId: a"),
            line(4, &report("a")),
            line(5, "START RequestId: b Version: 1"),
            line(6, "about to fail\n"),
            line(7, "[ERROR] ValueError: no such order"),
            line(8, "END RequestId: b"),
            line(9, &report("b")),
            line(10, "START RequestId: c Version: 1"),
            line(11, "2026-11-30T04:00:00.000Z c Task timed out after 3.00 seconds"),
        ];
        let found = invocation(&lines, &lines[6], Some(3));
        assert_eq!(found.request_id.as_deref(), Some("b"));
        assert_eq!(found.lines, ["about to fail", "[ERROR] ValueError: no such order"]);
        let cut = invocation(&lines, &lines[10], Some(3));
        assert_eq!((cut.request_id.as_deref(), cut.lines.len()), (Some("c"), 1));
    }

    #[test]
    fn what_changed_is_told_without_the_values_of_variables() {
        let config = |sha: &str, memory: i32, variables: &[(&str, &str)]| {
            let variables =
                variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            FunctionConfiguration::builder()
                .code_sha256(sha)
                .code_size(10)
                .memory_size(memory)
                .runtime(Runtime::Python312)
                .environment(EnvironmentResponse::builder().set_variables(Some(variables)).build())
                .build()
        };
        let before = config("x", 128, &[("A", "1"), ("B", "hunter2")]);
        assert_eq!(changes(&before, &before), [""; 0]);
        assert_eq!(
            changes(&before, &config("y", 256, &[("B", "hunter3"), ("C", "3")])),
            [
                "code: 10 bytes became 10, another package",
                "memory_mb: 128 became 256",
                "variable A is gone",
                "variable B has another value",
                "variable C is new"
            ]
        );
        let moved = |group: &str, error: Option<&str>| {
            let vpc = VpcConfigResponse::builder().subnet_ids("subnet-1").security_group_ids(group).build();
            let error = error.map(|why| EnvironmentError::builder().message(why).build());
            let environment = EnvironmentResponse::builder().set_error(error).build();
            FunctionConfiguration::builder().vpc_config(vpc).environment(environment).build()
        };
        assert_eq!(
            changes(&moved("sg-1", None), &moved("sg-2", Some("no key"))),
            ["security_groups: sg-1 became sg-2", "whether variables differ is not known: no key"]
        );
    }
}
