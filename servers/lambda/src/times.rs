//! Times as AWS writes them here, and ranges of time as callers give them.

use aws_smithy_types::DateTime;
use awsmcp_mcp::{Error, Moment, Result};
use jiff::Timestamp;

/// To the second, in UTC: `2026-11-22T10:00:00Z`.
pub(crate) fn second(time: &DateTime) -> String {
    Timestamp::from_second(time.secs()).map_or_else(|_| time.secs().to_string(), |at| at.to_string())
}

/// To the millisecond, in UTC, from milliseconds since 1970.
pub(crate) fn millisecond(time: i64) -> String {
    Timestamp::from_millisecond(time).map_or_else(|_| time.to_string(), |at| at.to_string())
}

/// Lambda's own way (`2026-11-22T10:00:00.123+0000`) as RFC 3339, to the second.
pub(crate) fn modified(text: &str) -> String {
    let (whole, zone) = text.split_at_checked(19).unwrap_or((text, ""));
    let zone = zone.trim_start_matches(|letter: char| letter == '.' || letter.is_ascii_digit());
    if matches!(zone, "+0000" | "+00:00" | "Z") { format!("{whole}Z") } else { text.to_owned() }
}

/// From when to when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Range {
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
}

impl Range {
    /// # Errors
    /// When it is the wrong way round or has not begun.
    pub(crate) fn new(start: Option<Moment>, end: Option<Moment>, usual: i64) -> Result<Range> {
        let now = Timestamp::now();
        let end = end.map_or(now, |end| end.0);
        let usual = end.as_second().saturating_sub(usual);
        let start = start.map_or_else(|| Timestamp::from_second(usual).unwrap_or(end), |start| start.0);
        if start > now {
            return Err(Error::invalid(format!("`start` is {start}, in the future"))
                .with_next("good ones are -1h, -7d and 2026-11-01T12:00:00Z; times without a zone are UTC"));
        }
        if start >= end {
            return Err(Error::invalid(format!("`start` ({start}) is not before `end` ({end})"))
                .with_next("swap them, or leave `end` out for now"));
        }
        Ok(Range { start, end })
    }

    pub(crate) fn seconds(self) -> i64 {
        self.end.as_second().saturating_sub(self.start.as_second()).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lambdas_times_are_read() {
        assert_eq!(modified("2026-11-22T10:00:00.123+0000"), "2026-11-22T10:00:00Z");
        assert_eq!(modified("2026-11-22T10:00:00+00:00"), "2026-11-22T10:00:00Z");
        assert_eq!(modified("yesterday"), "yesterday");
    }

    #[test]
    fn a_range_runs_forwards_and_has_begun() {
        let at = |text: &str| Some(Moment(text.parse().unwrap()));
        let (early, late) = (at("2026-01-01T00:00:00Z"), at("2026-01-02T00:00:00Z"));
        assert_eq!(Range::new(early, late, 60).unwrap().seconds(), 86_400);
        assert_eq!(Range::new(None, late, 60).unwrap().seconds(), 60);
        assert!(Range::new(late, early, 60).unwrap_err().message.contains("not before"));
        assert!(Range::new(at("2999-01-01T00:00:00Z"), None, 60).unwrap_err().message.contains("future"));
    }
}
