//! Points in time as answers show them.

use aws_smithy_types::{DateTime, date_time::Format};
use jiff::Timestamp;

/// RFC 3339, UTC.
pub(crate) fn rfc3339(time: &DateTime) -> Option<String> {
    time.fmt(Format::DateTime).ok()
}

/// How long ago it was; nothing is younger than now.
pub(crate) fn age_seconds(time: &DateTime) -> i64 {
    Timestamp::now().as_second().saturating_sub(time.secs()).max(0)
}

/// How many whole days ago it was.
pub(crate) fn age_days(time: &DateTime) -> i64 {
    age_seconds(time) / 86_400
}

/// As AWS's inputs take it.
pub(crate) fn for_aws(time: Timestamp) -> DateTime {
    DateTime::from_secs(time.as_second())
}

/// When an instance left its last state: `User initiated (2026-11-22 10:00:00 GMT)`.
pub(crate) fn transition(reason: &str) -> Option<Timestamp> {
    let (_, rest) = reason.rsplit_once('(')?;
    let text = rest.trim_end_matches(')').trim_end_matches(" GMT").replacen(' ', "T", 1);
    format!("{text}Z").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_of_a_stop_tells_when_it_was() {
        let at = |reason| transition(reason).map(|time| time.to_string());
        assert_eq!(at("User initiated (2026-11-22 10:00:00 GMT)").as_deref(), Some("2026-11-22T10:00:00Z"));
        for none in ["", "User initiated", "Server.SpotInstanceTermination", "x (never)"] {
            assert_eq!(at(none), None, "{none}");
        }
    }
}
