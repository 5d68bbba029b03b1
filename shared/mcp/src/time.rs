//! Points in time as people write them.

use std::borrow::Cow;

use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

/// A point in time: `-1h`, `-30m`, `-7d`, `now`, `2026-11-01`, or RFC 3339. A date alone is its start in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub Timestamp);

impl Moment {
    /// Reads `text`, relative to `now`.
    ///
    /// # Errors
    /// Shows what a good one looks like.
    pub fn parse(text: &str, now: Timestamp) -> Result<Moment, String> {
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
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
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
}
