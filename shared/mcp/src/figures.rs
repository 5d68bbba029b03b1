//! How long CloudWatch keeps figures: the older they are, the coarser.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html>

use crate::time::{DAY, HOUR};

/// How old the oldest figures are that CloudWatch has of anything, in seconds.
pub const OLDEST_FIGURE: i64 = 455 * DAY;

/// The shortest period, in seconds, of which CloudWatch still has figures that are this old; of shorter ones it answers none.
pub fn shortest_period(age_seconds: i64) -> i64 {
    match age_seconds {
        age if age > 63 * DAY => HOUR,
        age if age > 15 * DAY => 300,
        age if age > 3 * HOUR => 60,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_older_a_figure_the_coarser_it_is() {
        let ages = [0, 3 * HOUR, 3 * HOUR + 1, 15 * DAY, 15 * DAY + 1, 63 * DAY, 63 * DAY + 1];
        assert_eq!(ages.map(shortest_period), [1, 1, 60, 60, 300, 300, HOUR]);
    }
}
