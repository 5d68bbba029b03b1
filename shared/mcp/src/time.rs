//! Points in time as people write them.

use std::{borrow::Cow, cell::Cell};

use jiff::{
    SignedDuration, Timestamp, ToSpan,
    civil::{Date, DateTime, Time},
    tz::TimeZone,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

use crate::{Error, Result};

/// A point in time: `-1h`, `-30m`, `-7d`, `now`, `2026-11-01`, `2026-11-01T12:00`, or RFC 3339. A date alone is its start
/// in UTC; a time without a zone is UTC, and the answer says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub Timestamp);

/// What an answer says where a time had no zone.
const ASSUMED_UTC: &str = "times without a zone were read as UTC";

thread_local! {
    /// Whether a time without a zone was read since somebody last wanted to know. Arguments are read in one go, without
    /// waiting, so what is seen here belongs to them.
    static HAS_ASSUMED_UTC: Cell<bool> = const { Cell::new(false) };
}

/// Reads something that may hold times, and says what was assumed about them.
pub(crate) fn noticing<T>(read: impl FnOnce() -> T) -> (T, Option<&'static str>) {
    let before = HAS_ASSUMED_UTC.replace(false);
    let found = read();
    (found, HAS_ASSUMED_UTC.replace(before).then_some(ASSUMED_UTC))
}

impl Moment {
    /// Reads `text`, relative to `now`.
    ///
    /// # Errors
    /// Shows what a good one looks like.
    pub fn parse(text: &str, now: Timestamp) -> std::result::Result<Moment, String> {
        let wrong = || {
            format!(
                "{text:?} is not a time; good ones are -1h, -30m, -7d, now, 2026-11-01, 2026-11-01T12:00:00Z, \
                 2026-11-01T13:00:00+01:00"
            )
        };
        let text = text.trim();
        if text == "now" {
            return Ok(Moment(now));
        }
        if let Some(back) = text.strip_prefix('-') {
            return before(back, now).map(Moment).ok_or_else(wrong);
        }
        // The name of a zone beside its offset is neither needed nor known here, and must not be dropped unseen.
        if text.contains('[') {
            return Err(format!(
                "{text:?} names a zone; write its offset instead: 2026-11-01T13:00:00+01:00"
            ));
        }
        if !has_plain_date(text) || offset_hours(text).is_some_and(|hours| hours > FARTHEST_OFFSET) {
            return Err(wrong());
        }
        // jiff reads any 60th second as the 59th.
        if is_leap_second(text) {
            return Err(format!(
                "{text:?} is a leap second, which AWS's clocks do not have; write its neighbour, such as \
                 2026-12-31T23:59:59Z"
            ));
        }
        if let Ok(moment) = text.parse::<Timestamp>() {
            return Ok(Moment(moment));
        }
        civil(text).map(Moment).ok_or_else(wrong)
    }
}

/// So long before `now`: `1h`, `30m`, `7d`.
fn before(back: &str, now: Timestamp) -> Option<Timestamp> {
    let unit = back.chars().last()?;
    let count = back.strip_suffix(unit)?;
    // A number of Rust's may have a sign of its own, which would turn the way around.
    if !count.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let count: i64 = count.parse().ok()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return None,
    };
    let span = 0.seconds().try_seconds(count.checked_mul(seconds)?).ok()?;
    now.checked_sub(span).ok()
}

/// The hours by which a zone can be off: none of today's is by more than 14.
const FARTHEST_OFFSET: u32 = 18;

/// The time of day and the zone behind a date.
fn behind_date(text: &str) -> &str {
    text.split_once(['T', 't', ' ']).map_or("", |(_, time)| time)
}

/// Whether a text begins with a date of year, month and day: no week, no day of the year, no year of five digits.
fn has_plain_date(text: &str) -> bool {
    let date = text.split(['T', 't', ' ']).next().unwrap_or_default();
    let shape: String =
        date.chars().map(|letter| if letter.is_ascii_digit() { '0' } else { letter }).collect();
    ["0000-00-00", "00000000"].contains(&shape.as_str())
}

/// The hours of an offset, which jiff takes up to 25 of.
fn offset_hours(text: &str) -> Option<u32> {
    let (_, offset) = behind_date(text).rsplit_once(['+', '-'])?;
    offset.get(..2).and_then(|hours| hours.parse().ok())
}

/// Whether a time of day names a 60th second.
fn is_leap_second(text: &str) -> bool {
    let time = behind_date(text);
    let clock: String = time
        .chars()
        .take_while(|letter| letter.is_ascii_digit() || *letter == ':')
        .filter(|letter| *letter != ':')
        .collect();
    clock.len() == 6 && clock.ends_with("60")
}

/// A date, or a date and a time of day, without a zone. Nothing but their own characters may stand in them: jiff's own
/// reading would pass over an offset, and a date's over the whole time of day.
fn civil(text: &str) -> Option<Timestamp> {
    let (date, time) = match text.split_once(['T', 't', ' ']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let is_time = |time: &str| time.chars().all(|letter| letter.is_ascii_digit() || ":.,".contains(letter));
    let local = match time {
        Some(time) if is_time(time) => format!("{date}T{time}").parse::<DateTime>().ok()?,
        Some(_) => return None,
        None => date.parse::<Date>().ok()?.to_datetime(Time::midnight()),
    };
    let moment = local.to_zoned(TimeZone::UTC).ok()?.timestamp();
    if time.is_some() {
        HAS_ASSUMED_UTC.set(true);
    }
    Some(moment)
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
                "`start` {start} is in the future; it is now {}",
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
            return Err(Error::invalid(format!("`start` {start} is not before `end` {end}"))
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

/// A time to the second that it lies in: `2026-11-22T10:00:00Z`.
#[must_use]
pub fn to_second(time: Timestamp) -> String {
    // A time before 1970 lies in the second that begins before it, as any other.
    let second = time.as_nanosecond().div_euclid(1_000_000_000);
    let whole = i64::try_from(second).ok().and_then(|second| Timestamp::from_second(second).ok());
    whole.unwrap_or(time).to_string()
}

/// Milliseconds since 1970 as a time; one that no calendar here reaches says what it is.
#[must_use]
pub fn to_millisecond(millis: i64) -> String {
    Timestamp::from_millisecond(millis)
        .map_or_else(|_| format!("{millis} ms since 1970"), |time| time.to_string())
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
        for wrong in [
            "",
            "-",
            "-h",
            "-1y",
            "yesterday",
            "-99999999999999999d",
            "2026-13-01",
            "2026-11-01+01:00",
            "2026-11-01Z",
            "2026-11-01T",
            "2026-11-01Tnoon",
            "2026-11-01T25:00",
            "2026-11-01T10:00 CET",
            "2026-11-01T10:00:00-",
            "+12026-11-01T10:00:00",
            "2026-W48-1",
            "1795341600",
            "-é",
            // A second sign, which would turn it into the future.
            "--5h",
            "-+5h",
            "-٣h",
            "- 5h",
            "2026-11-01T24:00:00Z",
            "2026-11-01T10:00:00+25:00",
            "2026-11-01T10:00-1900",
            "2026-11-01T10:00:00 +01:00Z",
            "2026-11-01T10:00:00Z+01:00",
            "2026-305",
            "2026-W48-1T10:00:00Z",
            "10000-01-01",
            "2026-02-29",
            "1e9",
        ] {
            assert!(read(wrong).unwrap_err().contains("-1h"), "{wrong}");
        }
        for zone in ["2026-11-01T10:00[Europe/Berlin]", "2026-11-01T10:00:00+01:00[Europe/Berlin]"] {
            assert!(read(zone).unwrap_err().contains("write its offset instead"), "{zone}");
        }
    }

    #[test]
    fn a_leap_second_is_not_taken_for_the_second_before_it() {
        for leap in [
            "2026-12-31T23:59:60Z",
            "2026-12-31T23:59:60.5Z",
            "2026-12-31t23:59:60+00:00",
            "2026-12-31 12:34:60",
            "20261231T235960Z",
            "20261231T235960",
        ] {
            let error = Moment::parse(leap, Timestamp::UNIX_EPOCH).unwrap_err();
            assert!(error.contains("leap second"), "{leap}: {error}");
        }
        // An offset may have no colon, and seconds of its own.
        for (text, wanted) in [
            ("2026-11-01T10:00:00+0130", "2026-11-01T08:30:00Z"),
            ("2026-11-01T10:00:00-18:00", "2026-11-02T04:00:00Z"),
            ("9999-12-30T21:59:59.999999999Z", "9999-12-30T21:59:59.999999999Z"),
            ("0001-01-01", "0001-01-01T00:00:00Z"),
        ] {
            let read = Moment::parse(text, Timestamp::UNIX_EPOCH).map(|moment| moment.0.to_string());
            assert_eq!(read.as_deref(), Ok(wanted), "{text}");
        }
        for plain in ["2026-12-31T23:59:06Z", "2026-12-31T23:59:59.60Z", "2026-12-31T00:60Z"] {
            let read = Moment::parse(plain, Timestamp::UNIX_EPOCH);
            assert!(read.is_ok() != plain.contains("00:60"), "{plain}: {read:?}");
        }
    }

    #[test]
    fn a_time_without_a_zone_is_utc_and_is_noticed() {
        let now = Timestamp::UNIX_EPOCH;
        let read = |text: &str| {
            let (moment, noticed) = noticing(|| Moment::parse(text, now));
            (moment.unwrap().0.to_string(), noticed.is_some())
        };
        for text in [
            "2026-11-30T23:00:00",
            "2026-11-30 23:00",
            "2026-11-30t23:00",
            "20261130T230000",
            "2026-11-30T23",
        ] {
            assert_eq!(read(text), ("2026-11-30T23:00:00Z".to_owned(), true), "{text}");
        }
        for text in [
            "2026-11-30T23:00:00Z",
            "2026-11-30t23:00:00z",
            "20261130T230000Z",
            "2026-12-01 00:00+01:00",
            "2026-11-30T18:00-05",
            "2026-11-30T23:00:00.000Z",
        ] {
            assert_eq!(read(text), ("2026-11-30T23:00:00Z".to_owned(), false), "{text}");
        }
        assert_eq!(read("2026-11-30T23:00:00.25"), ("2026-11-30T23:00:00.25Z".to_owned(), true));
        assert_eq!(read("2026-11-30"), ("2026-11-30T00:00:00Z".to_owned(), false));
        assert!(noticing(|| ()).1.is_none(), "what was noticed is forgotten");
    }

    proptest! {
        #[test]
        fn no_text_makes_reading_panic(text in ".*") {
            let _ = Moment::parse(&text, Timestamp::UNIX_EPOCH);
        }

        /// However a moment is written, it is read as it is: nothing of it is dropped.
        #[test]
        fn nothing_of_a_time_is_dropped(
            seconds in 0i64..250_000_000_000,
            millis in 0i32..1000,
            minutes in -900i32..900,
            form in 0usize..4,
            zoned in any::<bool>(),
        ) {
            let moment = Timestamp::new(seconds, millis * 1_000_000).unwrap();
            let offset = jiff::tz::Offset::from_seconds(if zoned { minutes * 60 } else { 0 }).unwrap();
            let local = offset.to_datetime(moment);
            let format = ["%Y-%m-%dT%H:%M:%S%.3f", "%Y-%m-%d %H:%M:%S%.3f", "%Y%m%dT%H%M%S%.3f", "%Y-%m-%dt%H:%M:%S%.3f"];
            let mut text = local.strftime(format[form]).to_string();
            if zoned {
                let sign = if minutes < 0 { '-' } else { '+' };
                text.push_str(&format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60));
            }
            let (read, noticed) = noticing(|| Moment::parse(&text, Timestamp::UNIX_EPOCH));
            prop_assert_eq!(read.map(|read| read.0), Ok(moment), "{}", text);
            prop_assert_eq!(noticed.is_some(), !zoned);
        }
    }

    #[test]
    fn times_that_are_shown_are_in_their_second_and_say_their_unit() {
        assert_eq!(to_second(Timestamp::new(-1, -500_000_000).unwrap()), "1969-12-31T23:59:58Z");
        assert_eq!(to_second(Timestamp::new(1, 999_999_999).unwrap()), "1970-01-01T00:00:01Z");
        assert_eq!(to_millisecond(1_500), "1970-01-01T00:00:01.5Z");
        assert_eq!(to_millisecond(i64::MAX), "9223372036854775807 ms since 1970");
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
