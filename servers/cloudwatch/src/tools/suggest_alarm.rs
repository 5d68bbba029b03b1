use std::collections::BTreeMap;

use awsmcp_mcp::{Call, DAY, Error, Page, Result, Spec, TimeRange, Tool, counted};
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    CloudWatch,
    absent::why_none,
    figures::Figure,
    metrics::{Metric, fetch},
};

/// Suggests alarms for a metric from its own past: thresholds, and how often each would have fired.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SuggestAlarm {
    /// As in `get_metrics`.
    metric: Metric,
    /// Of the past to look at; default 14.
    #[schemars(range(min = 1, max = 60))]
    days: Option<i64>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    comparison: &'static str,
    threshold: Option<Figure>,
    /// Instead of a threshold.
    band: Option<u8>,
    period_seconds: i64,
    periods: usize,
    missing_data: &'static str,
    would_have_fired: Option<usize>,
    hours_in_alarm: Option<Figure>,
    why: String,
}

impl Tool for SuggestAlarm {
    type Service = CloudWatch;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::read("suggest_alarm", "Suggest alarm")
        .on("*", &["cloudwatch:GetMetricData", "cloudwatch:ListMetrics"])
        .names_no_resource()
        .optional();

    async fn call(self, cx: &Call<CloudWatch>) -> Result<Self::Output> {
        let days = self.days.unwrap_or(14);
        let end = Timestamp::now();
        let start = end.saturating_sub(SignedDuration::from_secs(days * DAY)).unwrap_or(end);
        let mut fetched =
            fetch(cx, std::slice::from_ref(&self.metric), TimeRange { start, end }, Some(PERIOD)).await?;
        let strange = fetched.only_numbers();
        if strange > 0 {
            cx.note(format!("{} that are no numbers were left out", counted(strange, "value")));
        }
        let series = fetched.series.into_iter().next().unwrap_or_default();
        if series.points.len() < FEWEST {
            let next = match series.points.is_empty() {
                true => why_none(cx, std::slice::from_ref(&self.metric)).await,
                false => "it comes rarely: give more `days`".to_owned(),
            };
            return Err(Error::not_found(format!(
                "{} values in {days} days are too few to learn from",
                series.points.len()
            ))
            .with_next(next));
        }
        let past = Past::new(&series.points);
        cx.note(format!(
            "{}: {} values in {days} days, median {}, 99% up to {}, highest {}",
            series.label,
            series.points.len(),
            Figure(past.at(0.5)),
            Figure(past.at(0.99)),
            Figure(past.at(1.0)),
        ));
        cx.note("put_alarm makes one: what must be caught is for a person to say, the past only tells what is usual");
        Ok(cx.page(past.suggestions(), None))
    }
}

/// Long enough to look back two weeks and more, short enough to see an hour.
const PERIOD: u32 = 300;
const FEWEST: usize = 50;

/// What was measured.
struct Past<'a> {
    points: &'a [(i64, f64)],
    sorted: Vec<f64>,
}

impl<'a> Past<'a> {
    fn new(points: &'a [(i64, f64)]) -> Self {
        let mut sorted: Vec<f64> = points.iter().map(|(_, value)| *value).collect();
        sorted.sort_by(f64::total_cmp);
        Past { points, sorted }
    }

    /// The value that this part of all does not pass.
    fn at(&self, part: f64) -> f64 {
        let last = self.sorted.len().saturating_sub(1);
        let at = ((last as f64) * part).round() as usize;
        self.sorted.get(at.min(last)).copied().unwrap_or(0.0)
    }

    fn suggestions(&self) -> Vec<Row> {
        let period_seconds = i64::from(PERIOD);
        let zeros = self.sorted.iter().filter(|value| **value == 0.0).count();
        let is_rare = zeros * 10 >= self.sorted.len() * 9;
        // What is sent only when something happens says nothing by its absence.
        let missing_data = if is_rare { "not_breaching" } else { "missing" };
        let row = |side: Side, threshold: f64, periods: usize, why: &str| {
            let fired = self.fired(side, threshold, periods);
            Row {
                comparison: side.word(),
                threshold: Some(Figure(threshold)),
                band: None,
                period_seconds,
                periods,
                missing_data,
                would_have_fired: Some(fired.times),
                hours_in_alarm: Some(Figure((fired.points * period_seconds as usize) as f64 / 3600.0)),
                why: why.to_owned(),
            }
        };
        let mut rows = Vec::new();
        if is_rare {
            rows.push(row(Side::Above, 0.0, 1, "it is nearly always 0: any at all"));
        }
        let highest = self.at(1.0);
        for (part, periods, why) in [
            (0.99, 3, "more than 99% of the past, for a quarter of an hour"),
            (0.999, 2, "more than 99.9% of the past, twice in a row"),
        ] {
            let threshold = Figure(self.at(part)).0;
            if threshold > 0.0 && threshold < highest {
                rows.push(row(Side::Above, threshold, periods, why));
            }
        }
        if highest > 0.0 {
            rows.push(row(Side::Above, highest, 1, "more than ever in that time"));
        }
        // What can run out, such as free space, healthy hosts or a hit rate, is watched from below. What is often nothing cannot.
        let lowest = self.at(0.0);
        let rare = Figure(self.at(0.01)).0;
        if lowest > 0.0 && lowest < highest {
            if rare > lowest {
                let why = "where less is worse: less than 99% of the past, for a quarter of an hour";
                rows.push(row(Side::Below, rare, 3, why));
            }
            rows.push(row(Side::Below, lowest, 1, "where less is worse: less than ever in that time"));
        }
        if self.daily().is_some_and(|likeness| likeness > 0.6) {
            rows.push(Row {
                comparison: "outside",
                threshold: None,
                band: Some(2),
                period_seconds,
                periods: 3,
                missing_data,
                would_have_fired: None,
                hours_in_alarm: None,
                why: "one day is like another: a band follows the hours, a threshold does not".to_owned(),
            });
        }
        rows
    }

    /// How often so many values in a row were on that side of it.
    fn fired(&self, side: Side, threshold: f64, periods: usize) -> Fired {
        let (mut fired, mut run) = (Fired::default(), 0);
        let mut last = None;
        for (time, value) in self.points {
            let follows = last.is_some_and(|last| time - last <= i64::from(PERIOD));
            let is_on = match side {
                Side::Above => *value > threshold,
                Side::Below => *value < threshold,
            };
            run = match is_on {
                true if follows => run + 1,
                true => 1,
                false => 0,
            };
            fired.times += usize::from(run == periods);
            fired.points += usize::from(run >= periods);
            last = Some(*time);
        }
        fired
    }

    /// How much a value is like that of a day before: 1 where days are the same.
    fn daily(&self) -> Option<f64> {
        const FEWEST: usize = 288;
        let known: BTreeMap<i64, f64> = self.points.iter().copied().collect();
        let pairs: Vec<(f64, f64)> = self
            .points
            .iter()
            .filter_map(|(time, value)| Some((*value, *known.get(&(time - DAY))?)))
            .collect();
        if pairs.len() < FEWEST {
            return None;
        }
        let count = pairs.len() as f64;
        let mean = |read: fn(&(f64, f64)) -> f64| pairs.iter().map(read).sum::<f64>() / count;
        let (left, right) = (mean(|pair| pair.0), mean(|pair| pair.1));
        let (mut both, mut first, mut second) = (0.0, 0.0, 0.0);
        for (a, b) in &pairs {
            both += (a - left) * (b - right);
            first += (a - left).powi(2);
            second += (b - right).powi(2);
        }
        (first > 0.0 && second > 0.0).then(|| both / (first * second).sqrt())
    }
}

/// On which side of a threshold an alarm goes off.
#[derive(Clone, Copy)]
enum Side {
    Above,
    Below,
}

impl Side {
    fn word(self) -> &'static str {
        match self {
            Side::Above => "greater",
            Side::Below => "less",
        }
    }
}

#[derive(Default)]
struct Fired {
    times: usize,
    /// Values while it was on.
    points: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(values: impl IntoIterator<Item = f64>) -> Vec<(i64, f64)> {
        values.into_iter().enumerate().map(|(at, value)| (at as i64 * 300, value)).collect()
    }

    #[test]
    fn a_run_above_the_threshold_fires_once() {
        let points = points([1.0, 9.0, 9.0, 9.0, 1.0, 9.0, 1.0, 9.0, 9.0]);
        let past = Past::new(&points);
        let fired = |periods| {
            let fired = past.fired(Side::Above, 5.0, periods);
            (fired.times, fired.points)
        };
        assert_eq!(fired(1), (3, 6));
        assert_eq!(fired(2), (2, 3));
        assert_eq!(fired(3), (1, 1));
    }

    #[test]
    fn what_is_nearly_always_nothing_is_watched_for_any() {
        let points = points((0..1000).map(|n| if n % 200 == 7 { 3.0 } else { 0.0 }));
        let rows = Past::new(&points).suggestions();
        assert_eq!((rows[0].threshold, rows[0].missing_data), (Some(Figure(0.0)), "not_breaching"));
        assert_eq!(rows[0].would_have_fired, Some(5));
        assert_eq!(rows.last().unwrap().would_have_fired, Some(0));
    }

    #[test]
    fn what_can_run_out_is_watched_from_below() {
        let points = points((0..1000).map(|n| if n % 250 < 4 { 5.0 } else { 90.0 + f64::from(n % 7) }));
        let rows = Past::new(&points).suggestions();
        let below: Vec<_> = rows.iter().filter(|row| row.comparison == "less").collect();
        assert_eq!(
            below.first().map(|row| (row.threshold, row.would_have_fired)),
            Some((Some(Figure(5.0)), Some(0)))
        );
        // Now and then a dip of two that is deeper than usual.
        let points =
            super::tests::points((0..1000).map(|n| if n == 500 { 3.0 } else { 50.0 + f64::from(n % 50) }));
        let rows = Past::new(&points).suggestions();
        let below: Vec<_> = rows.iter().filter(|row| row.comparison == "less").collect();
        assert_eq!(below.len(), 2);
        assert!(
            below[0].threshold.is_some_and(|Figure(value)| (50.0..52.0).contains(&value)),
            "{:?}",
            below[0].threshold
        );
    }

    #[test]
    fn days_that_are_alike_are_watched_by_a_band() {
        let wave =
            points((0..288 * 5).map(|n| 100.0 + 50.0 * (f64::from(n) / 288.0 * std::f64::consts::TAU).sin()));
        assert_eq!(Past::new(&wave).suggestions().last().unwrap().band, Some(2));
        let flat = points((0..288 * 5).map(|n| f64::from((n * 7919) % 101)));
        assert!(Past::new(&flat).suggestions().iter().all(|row| row.band.is_none()));
    }
}
