//! What Lambda itself writes about an invocation: REPORT lines, as text and as JSON.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// The figures of one invocation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Report {
    pub(crate) duration_ms: Option<f64>,
    pub(crate) billed_ms: Option<f64>,
    pub(crate) memory_mb: Option<u64>,
    pub(crate) max_memory_mb: Option<u64>,
    /// How long the start of a new environment took.
    pub(crate) cold_start_ms: Option<f64>,
    /// What Lambda says of an invocation that did not succeed.
    pub(crate) status: Option<String>,
    pub(crate) error_type: Option<String>,
    #[serde(skip)]
    pub(crate) request_id: Option<String>,
    #[serde(skip)]
    pub(crate) trace_id: Option<String>,
}

impl Report {
    /// Reads a line, if it is a report.
    pub(crate) fn read(line: &str) -> Option<Report> {
        let line = line.trim();
        if line.starts_with('{') { Report::json(line) } else { Report::text(line) }
    }

    /// The report in the tail of a log.
    pub(crate) fn last(log: &str) -> Option<Report> {
        // As text it may go on in the next line.
        let text = log.rfind("REPORT RequestId: ").and_then(|at| Report::text(log.get(at..)?));
        text.or_else(|| log.lines().rev().find_map(Report::read))
    }

    /// `REPORT RequestId: ...\tDuration: 3.00 ms\t...`
    fn text(line: &str) -> Option<Report> {
        let fields: BTreeMap<&str, &str> = line
            .strip_prefix("REPORT ")?
            .split(['\t', '\n'])
            .filter_map(|field| field.trim().split_once(": "))
            .map(|(name, value)| (name.trim(), value.trim()))
            .collect();
        let word = |name: &str| fields.get(name).map(|value| (*value).to_owned());
        let number = |name: &str| fields.get(name)?.split(' ').next()?.parse::<f64>().ok();
        let whole = |name: &str| fields.get(name)?.split(' ').next()?.parse::<u64>().ok();
        Some(Report {
            duration_ms: number("Duration"),
            billed_ms: number("Billed Duration"),
            memory_mb: whole("Memory Size"),
            max_memory_mb: whole("Max Memory Used"),
            cold_start_ms: number("Init Duration").or_else(|| number("Restore Duration")),
            status: word("Status"),
            error_type: word("Error Type"),
            request_id: word("RequestId"),
            trace_id: word("XRAY TraceId"),
        })
    }

    /// `{"type": "platform.report", "record": {...}}`
    fn json(line: &str) -> Option<Report> {
        let line: Value = serde_json::from_str(line).ok()?;
        if line.get("type")?.as_str()? != "platform.report" {
            return None;
        }
        let record = line.get("record")?;
        let number = |name: &str| record.pointer(&format!("/metrics/{name}"))?.as_f64();
        let whole = |name: &str| record.pointer(&format!("/metrics/{name}"))?.as_u64();
        let word = |name: &str| record.get(name)?.as_str().map(str::to_owned);
        Some(Report {
            duration_ms: number("durationMs"),
            billed_ms: number("billedDurationMs"),
            memory_mb: whole("memorySizeMB"),
            max_memory_mb: whole("maxMemoryUsedMB"),
            cold_start_ms: number("initDurationMs").or_else(|| number("restoreDurationMs")),
            status: word("status").filter(|status| status != "success"),
            error_type: word("errorType"),
            request_id: word("requestId"),
            trace_id: record.pointer("/tracing/value").and_then(Value::as_str).map(str::to_owned),
        })
    }

    /// What went wrong, as far as the figures tell. `timeout_seconds` is what the function may take.
    pub(crate) fn trouble(&self, timeout_seconds: Option<i32>) -> Option<&'static str> {
        let status = self.status.as_deref().unwrap_or_default();
        let kind = self.error_type.as_deref().unwrap_or_default();
        let limit = timeout_seconds.map(|seconds| f64::from(seconds) * 1000.0);
        // Older reports say nothing but the duration, which is then the whole time.
        let out_of_time = limit.zip(self.duration_ms).is_some_and(|(limit, took)| took >= limit);
        let full = self.memory_mb.zip(self.max_memory_mb).is_some_and(|(size, used)| used >= size);
        if kind.contains("OutOfMemory") || (full && !status.is_empty() && status != "timeout") {
            Some("out of memory")
        } else if status == "timeout" || kind.contains("Timedout") || out_of_time {
            Some("timeout")
        } else if !status.is_empty() || !kind.is_empty() {
            Some("error")
        } else if full {
            Some("memory is full")
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ID: &str = "4f40e3d6-1234-4e0a-b2ad-0123456789ab";

    #[test]
    fn a_report_is_read_from_text() {
        let line = format!(
            "REPORT RequestId: {ID}\tDuration: 123.45 ms\tBilled Duration: 124 ms\tMemory Size: 128 MB\t\
             Max Memory Used: 35 MB\tInit Duration: 110.79 ms\t\nXRAY TraceId: 1-5e-1\tSegmentId: x\tSampled: true\t"
        );
        let report = Report::read(&line).unwrap();
        assert_eq!((report.duration_ms, report.billed_ms), (Some(123.45), Some(124.0)));
        assert_eq!((report.memory_mb, report.max_memory_mb), (Some(128), Some(35)));
        assert_eq!(report.cold_start_ms, Some(110.79));
        assert_eq!(report.request_id.as_deref(), Some(ID));
        assert_eq!(report.trace_id.as_deref(), Some("1-5e-1"));
        assert_eq!(report.trouble(Some(3)), None);
    }

    #[test]
    fn a_report_is_read_from_json() {
        let line = format!(
            r#"{{"time":"2026-11-22T10:00:00.000Z","type":"platform.report","record":{{"requestId":"{ID}","metrics":{{"durationMs":3000.0,"billedDurationMs":3000,"memorySizeMB":128,"maxMemoryUsedMB":128,"initDurationMs":12.5}},"status":"timeout"}}}}"#
        );
        let report = Report::read(&line).unwrap();
        assert_eq!(report.cold_start_ms, Some(12.5));
        assert_eq!(report.request_id.as_deref(), Some(ID));
        assert_eq!(report.trouble(None), Some("timeout"));
        assert_eq!(Report::read(r#"{"type":"platform.start","record":{}}"#), None);
        assert_eq!(Report::read("[ERROR] ValueError"), None);
    }

    #[test]
    fn trouble_is_told_by_its_signs() {
        let with = |more: &str| {
            let line = format!(
                "REPORT RequestId: {ID}\tDuration: 900 ms\tMemory Size: 128 MB\tMax Memory Used: 128 MB\t{more}"
            );
            Report::read(&line).unwrap().trouble(Some(3))
        };
        assert_eq!(with(""), Some("memory is full"));
        assert_eq!(with("Status: error\tError Type: Runtime.OutOfMemory"), Some("out of memory"));
        assert_eq!(with("Status: error\tError Type: Runtime.ExitError"), Some("out of memory"));
        assert_eq!(with("Status: timeout"), Some("timeout"));
        let slow = Report { duration_ms: Some(3000.0), ..Report::default() };
        assert_eq!(slow.trouble(Some(3)), Some("timeout"));
        let failed = Report { status: Some("error".to_owned()), ..Report::default() };
        assert_eq!(failed.trouble(Some(3)), Some("error"));
    }

    proptest! {
        #[test]
        fn no_line_makes_reading_panic(line in ".{0,200}") {
            let _ = Report::read(&line);
            let _ = Report::read(&format!("REPORT {line}"));
        }
    }
}
