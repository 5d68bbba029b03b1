//! Times as AWS sends them.

use std::borrow::Borrow;

use aws_smithy_types::DateTime;
use jiff::Timestamp;

/// To the second, in UTC: `2026-11-22T10:00:00Z`.
pub fn utc_second(time: impl Borrow<DateTime>) -> String {
    let seconds = time.borrow().secs();
    Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |at| at.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_to_the_second() {
        assert_eq!(utc_second(DateTime::from_secs_f64(1_795_341_600.7)), "2026-11-22T10:00:00Z");
        assert_eq!(utc_second(DateTime::from_secs(i64::MAX)), i64::MAX.to_string());
    }
}
