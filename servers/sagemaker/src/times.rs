//! Times as AWS gives them.

use aws_smithy_types::DateTime;
use awsmcp_sdk::utc_second;
use jiff::Timestamp;
use serde_json::Value;

/// Seconds since 1970, in UTC.
pub(crate) fn written(seconds: i64) -> String {
    utc_second(DateTime::from_secs(seconds))
}

/// As AWS's requests take it.
pub(crate) fn sdk(time: Timestamp) -> DateTime {
    DateTime::from_millis(time.as_millisecond())
}

pub(crate) fn millis(time: &DateTime) -> i64 {
    time.to_millis().unwrap_or_default()
}

/// Seconds since 1970 of a time in JSON.
pub(crate) fn seconds(value: Option<&Value>) -> Option<i64> {
    value?.as_f64().map(|seconds| seconds as i64)
}

pub(crate) fn now() -> i64 {
    Timestamp::now().as_second()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn times_are_written_in_utc() {
        assert_eq!(written(1_700_000_000), "2023-11-14T22:13:20Z");
        assert_eq!(seconds(Some(&json!(1_700_000_000.9))), Some(1_700_000_000));
    }
}
