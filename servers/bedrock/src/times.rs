//! Times as AWS gives them.

use aws_smithy_types::DateTime;
use jiff::Timestamp;

/// To the second, in UTC: `2026-11-22T10:00:00Z`.
pub(crate) fn second(time: &DateTime) -> String {
    Timestamp::from_second(time.secs()).map_or_else(|_| time.secs().to_string(), |at| at.to_string())
}
