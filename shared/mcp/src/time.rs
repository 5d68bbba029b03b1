//! Points in time as people write them.

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp, ToSpan, civil::Date, tz::TimeZone};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

use crate::{Error, Result};

/// A point in time: `-1h`, `-30m`, `-7d`, `now`, `2026-11-01`, or RFC 3339. A date alone is its start in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub Timestamp);

impl Moment {
    /// Reads `text`, relative to `now`.
    ///
    /// # Errors
    /// Shows what a good one looks like.
    pub fn parse(text: &str, now: Timestamp) -> std::result::Result<Moment, String> {
        let wrong = || {
            format!(
                "{text:?} is not a time; good ones are -1h, -30m, -7d, now, 2026-11-01, 2026-11-01T12:00:00Z"
            )
        };
        let text = text.trim();
        if text == "now" {
            return Ok(Moment(now));
        }
        if let Some(back) = text.strip_prefix('-') {
            let unit = back.chars().last().ok_or_else(wrong)?;
            let count: i64 = back.strip_suffix(unit).unwrap_or_default().parse().map_err(|_| wrong())?;
            let seconds = match unit {
                's' => 1,
                'm' => 60,
                'h' => 3600,
                'd' => 86_400,
                'w' => 604_800,
                _ => return Err(wrong()),
            };
            let span = count.checked_mul(seconds).and_then(|seconds| 0.seconds().try_seconds(seconds).ok());
            return span.and_then(|span| now.checked_sub(span).ok()).map(Moment).ok_or_else(wrong);
        }
        if let Ok(moment) = text.parse::<Timestamp>() {
            return Ok(Moment(moment));
        }
        let date: Date = text.parse().map_err(|_| wrong())?;
        date.to_zoned(TimeZone::UTC).map(|zoned| Moment(zoned.timestamp())).map_err(|_| wrong())
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        Moment::parse(&text, Timestamp::now()).map_err(de::Error::custom)
    }
}

impl JsonSchema for Moment {
    fn schema_name() -> Cow<'static, str> {
        "Moment".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string"})
    }
}

/// The seconds of an hour.
pub const HOUR: i64 = 3600;
/// The seconds of a day.
pub const DAY: i64 = 24 * HOUR;

/// A stretch of time that has begun already; its end is not after now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeRange {
    /// Its first moment.
    pub start: Timestamp,
    /// The moment after its last.
    pub end: Timestamp,
}

impl TimeRange {
    /// What `start` and `end` say; without a start, the last `usual` seconds before the end.
    ///
    /// # Errors
    /// When it is the wrong way round or has not begun.
    pub fn new(start: Option<Moment>, end: Option<Moment>, usual: i64) -> Result<TimeRange> {
        TimeRange::at(start, end, usual, Timestamp::now())
    }

    fn at(start: Option<Moment>, end: Option<Moment>, usual: i64, now: Timestamp) -> Result<TimeRange> {
        // A client's clock may be a little ahead.
        let latest = now.saturating_add(SignedDuration::from_secs(60)).unwrap_or(now);
        if let Some(Moment(start)) = start
            && start > latest
        {
            return Err(Error::invalid(format!(
                "`start` {} is in the future; it is now {}",
                to_second(start),
                to_second(now)
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
                to_second(start),
                to_second(end)
            ))
            .with_next("swap them, or leave `end` out for now"));
        }
        Ok(TimeRange { start, end })
    }

    /// A range that was checked before, as a cursor keeps it.
    ///
    /// # Errors
    /// When a number is no time.
    pub fn of_millis(start: i64, end: i64) -> Result<TimeRange> {
        let time = |millis| {
            Timestamp::from_millisecond(millis)
                .map_err(|_| Error::invalid("`cursor` names a time that is none"))
        };
        Ok(TimeRange { start: time(start)?, end: time(end)? })
    }

    /// How long it is.
    #[must_use]
    pub fn seconds(&self) -> i64 {
        self.end.as_second() - self.start.as_second()
    }
}

impl std::fmt::Display for TimeRange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} to {}", to_second(self.start), to_second(self.end))
    }
}

/// A time to the second: `2026-11-22T10:00:00Z`.
#[must_use]
pub fn to_second(time: Timestamp) -> String {
    Timestamp::from_second(time.as_second()).unwrap_or(time).to_string()
}

/// Milliseconds since 1970 as a time.
#[must_use]
pub fn to_millisecond(millis: i64) -> String {
    Timestamp::from_millisecond(millis).map_or_else(|_| millis.to_string(), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        let now: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        let read = |text: &str| Moment::parse(text, now).map(|moment| moment.0.to_string());
        assert_eq!(read("now").unwrap(), "2026-11-22T10:00:00Z");
        assert_eq!(read("-1h").unwrap(), "2026-11-22T09:00:00Z");
        assert_eq!(read("-7d").unwrap(), "2026-11-15T10:00:00Z");
        assert_eq!(read("2026-11-01").unwrap(), "2026-11-01T00:00:00Z");
        assert_eq!(read("2026-11-01T01:00:00+01:00").unwrap(), "2026-11-01T00:00:00Z");
        for wrong in ["", "-", "-h", "-1y", "yesterday", "-99999999999999999d", "2026-13-01"] {
            assert!(read(wrong).unwrap_err().contains("-1h"), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_reading_panic(text in ".*") {
            let _ = Moment::parse(&text, Timestamp::UNIX_EPOCH);
        }
    }

    #[test]
    fn a_range_has_begun_and_runs_forwards() {
        let now: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        let moment = |text: &str| Some(Moment::parse(text, now).unwrap());
        let range = |start, end| {
            TimeRange::at(start, end, 3600, now)
                .map(|range| range.to_string())
                .map_err(|error| error.to_string())
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
