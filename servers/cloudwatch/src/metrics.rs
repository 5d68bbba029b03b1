//! Metrics: what a call names, their series, and what is said of a series in a line.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_cloudwatch::{
    primitives::DateTime,
    types::{
        Dimension, MessageData, Metric as SdkMetric, MetricDataQuery, MetricDataResult, MetricStat, ScanBy,
        Statistic, StatusCode,
    },
};
use awsmcp_mcp::{Call, DAY, Error, HOUR, Kind, Result, TimeRange, shortest_period, to_second};
use futures::future::join_all;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::CloudWatch;

/// A metric, or an expression.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Metric {
    pub(crate) namespace: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) dimensions: Option<BTreeMap<String, String>>,
    /// Average (default), Sum, Minimum, Maximum, SampleCount, p99, tm90, ...
    pub(crate) stat: Option<String>,
    /// Instead: math such as `100*m1/m2`, or `SEARCH('{AWS/Lambda,FunctionName} Errors', 'Sum')`.
    pub(crate) expression: Option<String>,
    /// For expressions; default m1, m2, ...
    pub(crate) id: Option<String>,
    pub(crate) label: Option<String>,
    /// Whose it is, where that account is linked.
    pub(crate) account: Option<String>,
}

/// The values of one metric or expression over time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Series {
    id: String,
    /// Which it is of those with the same id and label: of a search AWS gives several.
    twin: usize,
    pub(crate) label: String,
    pub(crate) unit: Option<String>,
    /// Seconds since 1970, and the value; in the order of time.
    pub(crate) points: Vec<(i64, f64)>,
}

/// Series with one period between their points.
#[derive(Debug)]
pub(crate) struct Fetched {
    pub(crate) series: Vec<Series>,
    pub(crate) range: TimeRange,
    pub(crate) period: i64,
}

impl Fetched {
    /// Takes out what is no number, which is drawn nowhere and teaches nothing; how many there were.
    pub(crate) fn only_numbers(&mut self) -> usize {
        let count = |all: &[Series]| all.iter().map(|one| one.points.len()).sum::<usize>();
        let before = count(&self.series);
        self.series.iter_mut().for_each(|one| one.points.retain(|(_, value)| value.is_finite()));
        before - count(&self.series)
    }

    /// Those of the metrics asked for that have no value, expressions left out.
    pub(crate) fn silent<'m>(&self, metrics: &'m [Metric]) -> Vec<&'m Metric> {
        let has_values = |id: &str| self.series.iter().any(|one| one.id == id && !one.points.is_empty());
        let asked = metrics.iter().enumerate().filter(|(_, metric)| metric.expression.is_none());
        let silent = asked.filter(|(at, metric)| match &metric.id {
            Some(id) => !has_values(id),
            None => !has_values(&format!("m{}", at + 1)),
        });
        silent.map(|(_, metric)| metric).collect()
    }
}

/// The most values that one answer is made of.
const MOST: usize = 500_000;
/// Metrics whose unit is looked up.
const UNITS: usize = 20;

impl Metric {
    pub(crate) fn plain(
        namespace: &str,
        name: &str,
        dimensions: BTreeMap<String, String>,
        stat: &str,
    ) -> Metric {
        Metric {
            namespace: Some(namespace.to_owned()),
            name: Some(name.to_owned()),
            dimensions: Some(dimensions),
            stat: Some(stat.to_owned()),
            ..Metric::default()
        }
    }

    pub(crate) fn expression(expression: &str) -> Metric {
        Metric { expression: Some(expression.to_owned()), ..Metric::default() }
    }

    #[must_use]
    pub(crate) fn labelled(mut self, label: Option<String>, id: Option<String>) -> Metric {
        (self.label, self.id) = (label, id);
        self
    }

    /// `p99 of AWS/Lambda Duration (FunctionName=f)`
    pub(crate) fn words(&self) -> String {
        let label = self.label.as_ref().map(|label| format!("{label}: ")).unwrap_or_default();
        match &self.expression {
            Some(expression) => format!("{label}{expression}"),
            None => {
                let pairs: Vec<String> =
                    self.dimensions.iter().flatten().map(|(name, value)| format!("{name}={value}")).collect();
                let dimensions =
                    if pairs.is_empty() { String::new() } else { format!(" ({})", pairs.join(",")) };
                let stat = self.stat.as_deref().unwrap_or("Average");
                let (namespace, name) = (self.namespace.as_deref(), self.name.as_deref());
                format!(
                    "{label}{stat} of {} {}{dimensions}",
                    namespace.unwrap_or_default(),
                    name.unwrap_or_default()
                )
            }
        }
    }

    /// Whether AWS gives a value of it only once a day.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/metrics-dimensions.html>
    pub(crate) fn is_daily(&self) -> bool {
        self.namespace.as_deref() == Some("AWS/S3")
            && matches!(self.name.as_deref(), Some("BucketSizeBytes" | "NumberOfObjects"))
    }

    /// Whether AWS lists just this one: with these dimensions and no other.
    pub(crate) fn is_listed_as(&self, known: &SdkMetric) -> bool {
        let pair = |dimension: &Dimension| Some((dimension.name.clone()?, dimension.value.clone()?));
        let dimensions: BTreeMap<String, String> = known.dimensions().iter().filter_map(pair).collect();
        (known.namespace(), known.metric_name()) == (self.namespace.as_deref(), self.name.as_deref())
            && dimensions == self.dimensions.clone().unwrap_or_default()
    }

    pub(crate) fn check(&self) -> Result<()> {
        self.account.as_deref().map_or(Ok(()), check_account)?;
        match (&self.expression, &self.namespace, &self.name) {
            (Some(_), None, None) if self.dimensions.is_none() && self.stat.is_none() => Ok(()),
            (Some(_), ..) => Err(Error::invalid(
                "a metric has an `expression`, or a `namespace`, `name`, `dimensions` and `stat`, not both",
            )),
            (None, Some(_), Some(_)) => Ok(()),
            (None, ..) => Err(Error::invalid("a metric needs `namespace` and `name`, or an `expression`")
                .with_next(r#"a good one is {"namespace": "AWS/Lambda", "name": "Errors", "dimensions": {"FunctionName": "f"}, "stat": "Sum"}"#)),
        }?;
        if let Some(id) = &self.id {
            let starts = id.starts_with(|letter: char| letter.is_ascii_lowercase());
            if !starts || !id.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_') {
                return Err(Error::invalid(format!(
                    "{id:?} is not an id: a good one starts with a small letter, such as errors or m1"
                )));
            }
        }
        Ok(())
    }

    #[must_use]
    pub(crate) fn of_account(mut self, account: Option<String>) -> Metric {
        self.account = account;
        self
    }

    fn query(&self, number: usize, period: i64) -> MetricDataQuery {
        let period = i32::try_from(period).unwrap_or(i32::MAX);
        let id = self.id.clone().unwrap_or_else(|| format!("m{number}"));
        let query = MetricDataQuery::builder()
            .id(id)
            .set_label(self.name_in_answers())
            .set_account_id(self.account.clone());
        match &self.expression {
            Some(expression) => query.expression(expression).period(period).build(),
            None => {
                let stat = MetricStat::builder()
                    .metric(self.sdk())
                    .period(period)
                    .stat(self.stat.as_deref().unwrap_or("Average"));
                query.metric_stat(stat.build()).build()
            }
        }
    }

    /// `Duration p99 orders`: AWS's own label leaves out the statistic. Of an expression AWS's is the better one.
    fn name_in_answers(&self) -> Option<String> {
        if self.label.is_some() || self.expression.is_some() {
            return self.label.clone();
        }
        let mut words = vec![self.name.as_deref()?, self.stat.as_deref().unwrap_or("Average")];
        words.extend(self.dimensions.iter().flatten().map(|(_, value)| value.as_str()));
        Some(words.join(" "))
    }

    fn sdk(&self) -> SdkMetric {
        SdkMetric::builder()
            .set_namespace(self.namespace.clone())
            .set_metric_name(self.name.clone())
            .set_dimensions(self.dimensions.as_ref().map(dimensions))
            .build()
    }
}

pub(crate) fn dimensions(given: &BTreeMap<String, String>) -> Vec<Dimension> {
    given.iter().map(|(name, value)| Dimension::builder().name(name).value(value).build()).collect()
}

/// `FunctionName=f,Resource=r`
pub(crate) fn dimension_words(dimensions: &[Dimension]) -> Option<String> {
    let words: Vec<String> = dimensions
        .iter()
        .map(|dimension| {
            format!("{}={}", dimension.name().unwrap_or_default(), dimension.value().unwrap_or_default())
        })
        .collect();
    (!words.is_empty()).then(|| words.join(","))
}

/// The period that gives about as many points as a reader can use, and that AWS still keeps for such an age.
fn automatic_period(range: TimeRange, now: i64) -> i64 {
    const POINTS: i64 = 180;
    const PERIODS: [i64; 8] = [60, 300, 900, HOUR, 6 * HOUR, DAY, 7 * DAY, 30 * DAY];
    let least = shortest_period(now - range.start.as_second()).max(60);
    let wanted = (range.seconds() / POINTS).max(least);
    PERIODS.into_iter().find(|period| *period >= wanted).unwrap_or(30 * DAY)
}

/// The first whole second that is not before this.
pub(crate) fn following_second(time: Timestamp) -> i64 {
    time.as_second() + i64::from(time.subsec_nanosecond() > 0)
}

/// How far back a call looks that does not say so, in seconds: far enough for metrics that come once a day.
pub(crate) fn usual_time(metrics: &[Metric]) -> i64 {
    if metrics.iter().any(Metric::is_daily) { 3 * DAY } else { 3 * HOUR }
}

/// # Errors
/// When this is no account's number.
pub(crate) fn check_account(account: &str) -> Result<()> {
    if account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(());
    }
    Err(Error::invalid(format!("{account:?} is not an account: a good one is 123456789012")))
}

/// Reads the series, over all of AWS's pages.
///
/// IAM knows no resource of GetMetricData: whoever may read one metric may read all, and math and SEARCH(..) name nothing
/// that a list of ARNs could hold. The operator holds such tools back as a whole (`--exclude-tools`).
pub(crate) async fn fetch(
    cx: &Call<CloudWatch>,
    metrics: &[Metric],
    range: TimeRange,
    period: Option<u32>,
) -> Result<Fetched> {
    for metric in metrics {
        metric.check()?;
    }
    let now = Timestamp::now().as_second();
    let period = match period.map(|period| i64::from(period).max(1)) {
        None => automatic_period(range, now),
        Some(asked) => {
            // AWS answers a shorter one with nothing at all. A minute over does not matter: the start is rounded.
            let kept = shortest_period(now - range.start.as_second() - 60);
            if asked < kept {
                let days = (now - range.start.as_second()) / DAY;
                cx.note(format!("AWS keeps no values of {asked} s for {days} days: {kept} s used"));
            }
            asked.max(kept)
        }
    };
    let queries: Vec<MetricDataQuery> =
        metrics.iter().enumerate().map(|(at, metric)| metric.query(at + 1, period)).collect();
    // Whole periods: AWS answers faster and the first point is not of a fraction.
    let start = range.start.as_second().div_euclid(period) * period;
    let mut series: Vec<Series> = Vec::new();
    let mut token = None;
    let mut count = 0;
    loop {
        let page = cx
            .client()
            .metrics
            .get_metric_data()
            .set_metric_data_queries(Some(queries.clone()))
            .start_time(DateTime::from_secs(start))
            // The end itself is not asked for, so that a part of a second must not cut off the second before.
            .end_time(DateTime::from_secs(following_second(range.end)))
            .scan_by(ScanBy::TimestampAscending)
            .set_next_token(token)
            .send()
            .await?;
        for message in page.messages.unwrap_or_default() {
            cx.note(said(&message));
        }
        let mut twins: HashMap<(String, String), usize> = HashMap::new();
        for result in page.metric_data_results.unwrap_or_default() {
            count += result.values().len();
            let name = (result.id.clone().unwrap_or_default(), result.label.clone().unwrap_or_default());
            let twin = twins.entry(name).or_default();
            add(cx, &mut series, result, *twin);
            *twin += 1;
        }
        token = page.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            break;
        }
        if count > MOST {
            cx.note(format!("stopped after {count} values: a longer period or fewer metrics shows all"));
            break;
        }
    }
    for one in &mut series {
        // Not every endpoint gives the label back.
        if one.label.is_empty() || one.label == one.id {
            let asked = queries.iter().find(|query| query.id() == Some(one.id.as_str()));
            one.label = asked.and_then(|query| query.label.clone()).unwrap_or_else(|| one.id.clone());
        }
        one.points.sort_by_key(|(time, _)| *time);
    }
    let start = Timestamp::from_second(start).unwrap_or(range.start);
    Ok(Fetched { series, range: TimeRange { start, end: range.end }, period })
}

/// Adds a page's part of a series to what the pages before had of it. Series of the same id and label follow each other in the
/// same order on every page.
fn add(cx: &Call<CloudWatch>, series: &mut Vec<Series>, result: MetricDataResult, twin: usize) {
    let (id, label) = (result.id.unwrap_or_default(), result.label.unwrap_or_default());
    for message in result.messages.unwrap_or_default() {
        cx.note(format!("{label}: {}", said(&message)));
    }
    if let Some(status @ (StatusCode::Forbidden | StatusCode::InternalError)) = &result.status_code {
        cx.note(format!("{label}: AWS answered {}", status.as_str()));
    }
    let times = result.timestamps.unwrap_or_default().into_iter().map(|time| time.secs());
    let points = times.zip(result.values.unwrap_or_default());
    match series.iter_mut().find(|one| one.id == id && one.label == label && one.twin == twin) {
        Some(known) => known.points.extend(points),
        None => series.push(Series { id, twin, label, unit: None, points: points.collect() }),
    }
}

fn said(message: &MessageData) -> String {
    format!("{}: {}", message.code().unwrap_or_default(), message.value().unwrap_or_default())
}

/// Adds the units of what are plain metrics, which AWS tells only for one metric at a time.
pub(crate) async fn add_units(cx: &Call<CloudWatch>, metrics: &[Metric], fetched: &mut Fetched) {
    let TimeRange { start, end } = fetched.range;
    // A day is a period that AWS takes for ranges of any age.
    let period = i32::try_from(DAY).unwrap_or(i32::MAX);
    let asked = metrics
        .iter()
        .enumerate()
        .filter(|(_, metric)| metric.expression.is_none() && metric.account.is_none())
        .take(UNITS);
    let asked = asked.map(|(at, metric)| async move {
        let id = metric.id.clone().unwrap_or_else(|| format!("m{}", at + 1));
        let request = cx
            .client()
            .metrics
            .get_metric_statistics()
            .set_namespace(metric.namespace.clone())
            .set_metric_name(metric.name.clone())
            .set_dimensions(metric.dimensions.as_ref().map(dimensions))
            .start_time(DateTime::from_secs(start.as_second()))
            .end_time(DateTime::from_secs(end.as_second()))
            .period(period)
            .statistics(Statistic::SampleCount);
        (id, request.send().await.map_err(Error::from))
    });
    for (id, answer) in join_all(asked).await {
        match answer {
            Ok(answer) => {
                let point = answer.datapoints.unwrap_or_default().into_iter().next();
                let unit = point.and_then(|point| point.unit).map(|unit| unit.as_str().to_owned());
                let unit = unit.filter(|unit| unit != "None");
                fetched
                    .series
                    .iter_mut()
                    .filter(|one| one.id == id)
                    .for_each(|one| one.unit.clone_from(&unit));
            }
            Err(error) => {
                let need = match error.kind {
                    Kind::AccessDenied => " (AccessDenied: it needs cloudwatch:GetMetricStatistics)",
                    _ => "",
                };
                cx.note(format!("units are not known{need}"));
                return;
            }
        }
    }
}

/// What is said of a series.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Summary {
    pub(crate) min: f64,
    pub(crate) avg: f64,
    pub(crate) max: f64,
    pub(crate) last: f64,
    /// When it was highest for the first time, in seconds since 1970.
    pub(crate) max_at: i64,
}

impl Summary {
    /// `14:07Z`; with its day where the range is longer than one.
    pub(crate) fn peak(&self, range: TimeRange) -> String {
        let whole = Timestamp::from_second(self.max_at).map(to_second).unwrap_or_default();
        let (day, time) = whole.split_once('T').unwrap_or(("", whole.as_str()));
        let minute = time.trim_end_matches(":00Z").trim_end_matches('Z');
        if range.seconds() > DAY { format!("{day}T{minute}Z") } else { format!("{minute}Z") }
    }
}

impl Series {
    /// Whether it is the same series, of another time.
    pub(crate) fn is_of(&self, other: &Series) -> bool {
        (&self.id, &self.label, self.twin) == (&other.id, &other.label, other.twin)
    }

    pub(crate) fn summary(&self) -> Option<Summary> {
        let (_, last) = *self.points.last()?;
        let values = || self.points.iter().map(|(_, value)| *value);
        let (max_at, max) = self.points.iter().copied().reduce(|highest, point| {
            // What is not a number is not the highest.
            if point.1 > highest.1 || highest.1.is_nan() { point } else { highest }
        })?;
        let lowest = values().reduce(f64::min)?;
        let count = self.points.len() as f64;
        let sum = values().sum::<f64>();
        Some(Summary {
            max_at,
            min: lowest,
            // The sum of what is very great is more than a number holds, while its average is not.
            avg: if sum.is_infinite() { values().map(|value| value / count).sum() } else { sum / count },
            max,
            last,
        })
    }

    /// The series in up to 40 letters: higher is more; a dot is where nothing was measured.
    pub(crate) fn sparkline(&self, range: TimeRange, period: i64) -> Option<String> {
        const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
        const WIDTH: i64 = 40;
        let summary = self.summary()?;
        let start = range.start.as_second();
        let period = period.max(1);
        let slots = ((range.end.as_second() - start).max(1) + period - 1) / period;
        let width = slots.min(WIDTH);
        let mut highest = vec![None::<f64>; usize::try_from(width).unwrap_or(1)];
        for (time, value) in &self.points {
            let at = ((time - start) / period * width / slots).clamp(0, width - 1);
            if let Some(slot) = usize::try_from(at).ok().and_then(|at| highest.get_mut(at)) {
                *slot = Some(slot.map_or(*value, |known| known.max(*value)));
            }
        }
        let height = summary.max - summary.min;
        let bar = |value: f64| {
            // A line that never moves stands in the middle, unless it is nothing at all.
            let part = match height > 0.0 {
                true => (value - summary.min) / height * 7.0,
                false if value == 0.0 => 0.0,
                false => 3.0,
            };
            BARS.get(part.round() as usize).copied().unwrap_or('█')
        };
        Some(highest.into_iter().map(|value| value.map_or('·', bar)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(start: i64, end: i64) -> TimeRange {
        TimeRange { start: Timestamp::from_second(start).unwrap(), end: Timestamp::from_second(end).unwrap() }
    }

    #[test]
    fn the_period_fits_the_range_and_its_age() {
        let now = 1_800_000_000;
        let period = |back: i64, length: i64| automatic_period(range(now - back, now - back + length), now);
        assert_eq!(period(HOUR, HOUR), 60);
        assert_eq!(period(3 * HOUR, 3 * HOUR), 60);
        assert_eq!(period(DAY, DAY), 900);
        assert_eq!(period(7 * DAY, 7 * DAY), HOUR);
        assert_eq!(period(20 * DAY, HOUR), 300);
        assert_eq!(period(100 * DAY, HOUR), HOUR);
        assert_eq!(period(400 * DAY, 400 * DAY), 7 * DAY);
    }

    #[test]
    fn a_series_in_a_line() {
        let series = Series { points: vec![(0, 1.0), (60, 2.0), (180, 8.0)], ..Series::default() };
        let summary = series.summary().unwrap();
        assert_eq!((summary.min, summary.max, summary.last), (1.0, 8.0, 8.0));
        assert_eq!(summary.peak(range(0, 300)), "00:03Z");
        assert_eq!(summary.peak(range(0, 3 * DAY)), "1970-01-01T00:03Z");
        assert_eq!(series.sparkline(range(0, 300), 60).unwrap(), "▁▂·█·");
        let long = Series { points: (0..1000).map(|n| (n * 60, n as f64)).collect(), ..Series::default() };
        let line = long.sparkline(range(0, 60_000), 60).unwrap();
        assert_eq!(line.chars().count(), 40);
        assert!(line.starts_with('▁') && line.ends_with('█'), "{line}");
        assert!(Series::default().sparkline(range(0, 300), 60).is_none());
    }

    #[test]
    fn what_is_no_number_and_what_is_very_great_is_summed_up_as_it_is() {
        let of = |values: &[f64]| {
            let points = values.iter().enumerate().map(|(at, value)| (at as i64, *value)).collect();
            Series { points, ..Series::default() }.summary().unwrap()
        };
        let none = of(&[f64::NAN, f64::NAN]);
        assert!(none.min.is_nan() && none.max.is_nan() && none.avg.is_nan());
        let one = of(&[f64::NAN, 3.0, 1.0]);
        assert_eq!((one.min, one.max), (1.0, 3.0));
        let great = of(&[1.5e308, 1.5e308, 0.0]);
        assert!((great.avg / 1e308 - 1.0).abs() < 1e-9, "{}", great.avg);
        assert_eq!(of(&[f64::INFINITY, 1.0]).avg, f64::INFINITY);
    }

    #[test]
    fn of_several_metrics_those_without_a_value_are_known() {
        let metrics = [Metric::plain("N", "A", BTreeMap::new(), "Sum"), Metric::expression("m1*2")];
        let mut more = metrics.to_vec();
        more.push(Metric::plain("N", "B", BTreeMap::new(), "Sum").labelled(None, Some("own".to_owned())));
        let series = |id: &str, points: &[(i64, f64)]| Series {
            id: id.to_owned(),
            points: points.to_vec(),
            ..Series::default()
        };
        let fetched = |series| Fetched { series, range: range(0, 60), period: 60 };
        let found = fetched(vec![series("m1", &[(0, 1.0)]), series("m2", &[]), series("own", &[])]);
        let silent: Vec<_> = found.silent(&more).iter().map(|metric| metric.words()).collect();
        assert_eq!(silent, ["Sum of N B"]);
    }

    #[test]
    fn a_time_within_a_second_keeps_the_whole_second() {
        let second = |text: &str| following_second(text.parse().unwrap());
        let whole = second("2026-11-22T10:00:00Z");
        assert_eq!(second("2026-11-22T10:00:00.000000001Z"), whole + 1);
        assert_eq!(second("2026-11-22T09:59:59.999Z"), whole);
        assert_eq!(second("1969-12-31T23:59:59.5Z"), 0);
    }

    #[test]
    fn a_metric_is_one_thing_or_the_other() {
        let read = |text: &str| serde_json::from_str::<Metric>(text).unwrap().check();
        assert!(read(r#"{"namespace": "N", "name": "M"}"#).is_ok());
        assert!(read(r#"{"expression": "m1*2", "id": "double"}"#).is_ok());
        assert!(read(r#"{"name": "M"}"#).unwrap_err().to_string().contains("AWS/Lambda"));
        assert!(
            read(r#"{"expression": "m1", "namespace": "N"}"#).unwrap_err().to_string().contains("not both")
        );
        assert!(
            read(r#"{"expression": "m1", "id": "M1"}"#).unwrap_err().to_string().contains("small letter")
        );
    }
}
