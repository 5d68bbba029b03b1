//! From when to when.

use awsmcp_mcp::{Error, Moment, Result};
use jiff::{SignedDuration, Timestamp};

/// A stretch of time that has begun already; its end is not after now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
}

pub(crate) const HOUR: i64 = 3600;
pub(crate) const DAY: i64 = 24 * HOUR;

impl Range {
    /// What `start` and `end` say; without a start, the last `usual` seconds before the end.
    pub(crate) fn new(start: Option<Moment>, end: Option<Moment>, usual: i64) -> Result<Range> {
        Range::at(start, end, usual, Timestamp::now())
    }

    fn at(start: Option<Moment>, end: Option<Moment>, usual: i64, now: Timestamp) -> Result<Range> {
        // A client's clock may be a little ahead.
        let latest = now.saturating_add(SignedDuration::from_secs(60)).unwrap_or(now);
        if let Some(Moment(start)) = start
            && start > latest
        {
            return Err(Error::invalid(format!(
                "`start` {} is in the future; it is now {}",
                second(start),
                second(now)
            ))
            .with_next("times are UTC; -1h is an hour ago"));
        }
        let end = end.map_or(now, |Moment(end)| end).min(latest);
        let start = match start {
            Some(Moment(start)) => start,
            None => end.saturating_sub(SignedDuration::from_secs(usual)).unwrap_or(end),
        };
        if start >= end {
            return Err(Error::invalid(format!(
                "`start` {} is not before `end` {}",
                second(start),
                second(end)
            ))
            .with_next("swap them, or leave `end` out for now"));
        }
        Ok(Range { start, end })
    }

    /// A range that was checked before, as a cursor keeps it.
    pub(crate) fn of_millis(start: i64, end: i64) -> Result<Range> {
        let time = |millis| {
            Timestamp::from_millisecond(millis)
                .map_err(|_| Error::invalid("`cursor` names a time that is none"))
        };
        Ok(Range { start: time(start)?, end: time(end)? })
    }

    pub(crate) fn seconds(&self) -> i64 {
        self.end.as_second() - self.start.as_second()
    }
}

impl std::fmt::Display for Range {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} to {}", second(self.start), second(self.end))
    }
}

/// A time to the second: `2026-11-22T10:00:00Z`.
pub(crate) fn second(time: Timestamp) -> String {
    Timestamp::from_second(time.as_second()).unwrap_or(time).to_string()
}

/// Milliseconds since 1970, as CloudWatch Logs counts, as a time.
pub(crate) fn from_millis(millis: i64) -> String {
    Timestamp::from_millisecond(millis).map_or_else(|_| millis.to_string(), |time| time.to_string())
}

/// The day of such milliseconds.
pub(crate) fn day(millis: i64) -> String {
    from_millis(millis).split('T').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_has_begun_and_runs_forwards() {
        let now: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        let moment = |text: &str| Some(Moment::parse(text, now).unwrap());
        let range = |start, end| {
            Range::at(start, end, HOUR, now).map(|range| range.to_string()).map_err(|error| error.to_string())
        };
        assert_eq!(range(None, None).unwrap(), "2026-11-22T09:00:00Z to 2026-11-22T10:00:00Z");
        assert_eq!(range(None, moment("-2h")).unwrap(), "2026-11-22T07:00:00Z to 2026-11-22T08:00:00Z");
        // What is still to come is left out.
        assert_eq!(
            range(moment("-1m"), moment("2027-01-01")).unwrap(),
            "2026-11-22T09:59:00Z to 2026-11-22T10:01:00Z"
        );
        let error = range(moment("2026-12-24"), None).unwrap_err();
        assert!(error.contains("is in the future; it is now 2026-11-22T10:00:00Z"), "{error}");
        let error = range(moment("-1h"), moment("-2h")).unwrap_err();
        assert!(error.contains("is not before `end`"), "{error}");
    }
}
