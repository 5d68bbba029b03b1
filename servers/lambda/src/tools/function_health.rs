use std::collections::HashMap;

use awsmcp_mcp::{
    Call, Moment, OLDEST_FIGURE, One, Result, Spec, TimeRange, Tool, shortest_period, to_second,
};
use awsmcp_sdk::utc_second;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Lambda, arns,
    configuration::current,
    metrics::{Points, Series, ask, most, rounded, sum},
    names::{MeasuredFunction, Qualifier},
};

/// Shows a function's invocations, errors, throttles, duration percentiles and concurrency over a time (24 h).
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FunctionHealth {
    function: MeasuredFunction,
    qualifier: Option<Qualifier>,
    start: Option<Moment>,
    end: Option<Moment>,
}

#[derive(Default, Serialize, JsonSchema)]
pub(crate) struct Health {
    function: String,
    from: String,
    to: String,
    pub(crate) findings: Vec<String>,
    pub(crate) invocations: u64,
    pub(crate) errors: u64,
    error_percent: Option<f64>,
    pub(crate) throttles: u64,
    p50_ms: Option<f64>,
    p95_ms: Option<f64>,
    p99_ms: Option<f64>,
    max_ms: Option<f64>,
    timeout_seconds: Option<i32>,
    concurrent_max: Option<u64>,
    /// How old records of a stream were when they were read.
    iterator_age_max_ms: Option<f64>,
    /// How old asynchronous events were when they were tried.
    async_age_max_ms: Option<f64>,
    async_dropped: Option<u64>,
    dead_letter_errors: Option<u64>,
    /// The parts of that time in which calls failed or were throttled.
    pub(crate) trouble: Vec<Part>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Part {
    pub(crate) from: String,
    invocations: u64,
    errors: u64,
    throttles: u64,
}

impl Tool for FunctionHealth {
    type Service = Lambda;
    type Output = One<Health>;
    const SPEC: Spec = Spec::read("function_health", "Function health")
        .when("not qualifier")
        .on(arns::FUNCTION, &["lambda:GetFunctionConfiguration"])
        .when("qualifier")
        .on(arns::QUALIFIED_FUNCTION, &["lambda:GetFunctionConfiguration"])
        .always()
        // AWS grants figures of everything or of nothing; what is asked for is held to the function.
        .on("*", &["cloudwatch:GetMetricData"])
        .rows(arns::FUNCTION)
        .regional();

    async fn call(self, cx: &Call<Lambda>) -> Result<Self::Output> {
        const DAY: i64 = 86_400;
        let function = self.function.name();
        let qualifier = self.function.qualifier(self.qualifier.as_ref())?;
        let range = TimeRange::new(self.start, self.end, DAY)?;
        // A function that does not exist has no figures, and would look healthy.
        let config = current(cx, function, qualifier.as_deref()).await?;
        Ok(One(Health::of(cx, function, qualifier.as_deref(), range, config.timeout).await?))
    }
}

/// All that is asked for: sums by interval, and percentiles over as much of the time as a period can span.
fn wanted(function: &str, qualifier: Option<&str>, range: TimeRange) -> Vec<Series> {
    let mut dimensions = vec![("FunctionName", function.to_owned())];
    if let Some(qualifier) = qualifier {
        dimensions.push(("Resource", format!("{function}:{qualifier}")));
    }
    let (interval, whole) = periods(range.seconds(), age(range.start));
    let series = |id: &str, metric, stat, period| Series {
        id: id.to_owned(),
        namespace: "AWS/Lambda",
        metric,
        dimensions: dimensions.clone(),
        stat,
        period,
    };
    vec![
        series("invocations", "Invocations", "Sum", interval),
        series("errors", "Errors", "Sum", interval),
        series("throttles", "Throttles", "Sum", interval),
        series("concurrent", "ConcurrentExecutions", "Maximum", interval),
        series("iterator_age", "IteratorAge", "Maximum", interval),
        series("async_age", "AsyncEventAge", "Maximum", interval),
        series("dropped", "AsyncEventsDropped", "Sum", interval),
        series("dead_letter", "DeadLetterErrors", "Sum", interval),
        series("longest", "Duration", "Maximum", interval),
        series("p50", "Duration", "p50", whole),
        series("p95", "Duration", "p95", whole),
        series("p99", "Duration", "p99", whole),
    ]
}

/// How many seconds ago that was.
fn age(time: Timestamp) -> i64 {
    Timestamp::now().as_second().saturating_sub(time.as_second())
}

/// The period of intervals, at most about 24 of them, and the one that spans the whole time or a day of it, for values of
/// which the oldest are so old.
fn periods(seconds: i64, age: i64) -> (i32, i32) {
    const STEPS: [i32; 8] = [60, 300, 900, 3600, 10_800, 21_600, 43_200, 86_400];
    // The function's own figures are of a minute.
    let least = shortest_period(age).max(60);
    let fits = |step: &i32| i64::from(*step) >= least && seconds <= i64::from(*step) * 24;
    let step = STEPS.into_iter().find(fits).unwrap_or(86_400);
    let whole = (seconds.div_euclid(least) + 1).saturating_mul(least).clamp(least, 86_400);
    (step, whole.try_into().unwrap_or(86_400))
}

impl Health {
    /// A function's figures over a time.
    ///
    /// # Errors
    /// When they may not be read.
    pub(crate) async fn of(
        cx: &Call<Lambda>,
        function: &str,
        qualifier: Option<&str>,
        range: TimeRange,
        timeout_seconds: Option<i32>,
    ) -> Result<Health> {
        let found = ask(cx.client(), range, wanted(function, qualifier, range)).await?;
        let mut health = Health::new(&found);
        health.function = function.to_owned();
        health.timeout_seconds = timeout_seconds;
        health.from = to_second(range.start);
        health.to = to_second(range.end);
        health.findings = health.findings();
        if age(range.end) > OLDEST_FIGURE {
            health.findings =
                vec!["CloudWatch keeps no figures of so long ago: what it did then is not known".to_owned()];
        } else if age(range.start) > OLDEST_FIGURE {
            cx.note("CloudWatch keeps figures for 455 days: of what is before that there are none");
        }
        if found.get("p99").is_some_and(|points| points.len() > 1) {
            cx.note("percentiles are those of the worst day of that time");
        }
        Ok(health)
    }

    fn new(found: &HashMap<String, Points>) -> Health {
        let total = |id: &str| sum(found.get(id)) as u64;
        let highest = |id: &str| most(found.get(id)).map(rounded);
        let counted = |id: &str| Some(total(id)).filter(|count| *count > 0);
        let (invocations, errors) = (total("invocations"), total("errors"));
        Health {
            invocations,
            errors,
            error_percent: (invocations > 0).then(|| rounded(100.0 * errors as f64 / invocations as f64)),
            throttles: total("throttles"),
            p50_ms: highest("p50"),
            p95_ms: highest("p95"),
            p99_ms: highest("p99"),
            max_ms: highest("longest"),
            concurrent_max: highest("concurrent").map(|most| most as u64),
            iterator_age_max_ms: highest("iterator_age"),
            async_age_max_ms: highest("async_age"),
            async_dropped: counted("dropped"),
            dead_letter_errors: counted("dead_letter"),
            trouble: trouble(found),
            ..Health::default()
        }
    }

    fn findings(&self) -> Vec<String> {
        let mut found = Vec::new();
        if self.invocations == 0 && self.throttles == 0 {
            found.push("it was not called in this time".to_owned());
        }
        if let Some(percent) = self.error_percent.filter(|percent| *percent > 0.0) {
            let level = if percent >= 5.0 { "high" } else { "medium" };
            found.push(format!(
                "{level}: {percent} % of calls failed; function_logs tells why: with show=invocations of time-outs and lack of \
                 memory, with filter \"?ERROR ?Error ?Exception\" of what its code raised"
            ));
        }
        if self.throttles > 0 {
            found.push(format!("high: {} calls were throttled: too little concurrency", self.throttles));
        }
        let limit = self.timeout_seconds.map(|seconds| f64::from(seconds) * 1000.0);
        if let (Some(limit), Some(longest)) = (limit, self.max_ms) {
            if longest >= limit {
                found.push("high: calls ran into the timeout".to_owned());
            } else if self.p99_ms.is_some_and(|p99| p99 > limit * 0.8) {
                found.push("medium: 1 % of calls takes over 80 % of the timeout".to_owned());
            }
        }
        if self.iterator_age_max_ms.is_some_and(|age| age > 60_000.0) {
            found.push("medium: it reads its stream more than a minute late".to_owned());
        }
        if let Some(dropped) = self.async_dropped {
            found.push(format!("high: {dropped} asynchronous events were dropped"));
        }
        if let Some(failed) = self.dead_letter_errors {
            found.push(format!("high: {failed} failed events could not be sent to the dead-letter queue"));
        }
        found
    }
}

fn trouble(found: &HashMap<String, Points>) -> Vec<Part> {
    let at = |id: &str, time: i64| {
        let points = found.get(id).into_iter().flatten();
        points.filter(|(when, _)| *when == time).map(|(_, value)| *value).sum::<f64>() as u64
    };
    let mut times: Vec<i64> = ["errors", "throttles"]
        .into_iter()
        .filter_map(|id| found.get(id))
        .flatten()
        .filter(|(_, value)| *value > 0.0)
        .map(|(time, _)| *time)
        .collect();
    times.sort_unstable();
    times.dedup();
    times
        .into_iter()
        .map(|time| Part {
            from: utc_second(aws_smithy_types::DateTime::from_secs(time)),
            invocations: at("invocations", time),
            errors: at("errors", time),
            throttles: at("throttles", time),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_fits_the_time() {
        assert_eq!(periods(3600, 3600), (300, 3660));
        assert_eq!(periods(86_400, 86_400), (3600, 86_400));
        assert_eq!(periods(7 * 86_400, 7 * 86_400), (43_200, 86_400));
        assert_eq!(periods(1, 1), (60, 60));
        assert_eq!(periods(400 * 86_400, 400 * 86_400), (86_400, 86_400));
        // An hour of long ago has no values by the minute.
        assert_eq!(periods(3600, 20 * 86_400), (300, 3900));
        assert_eq!(periods(1200, 20 * 86_400), (300, 1500));
        assert_eq!(periods(3600, 100 * 86_400), (3600, 7200));
    }

    #[test]
    fn figures_become_findings() {
        let found = HashMap::from([
            ("invocations".to_owned(), vec![(0, 90.0), (3600, 10.0)]),
            ("errors".to_owned(), vec![(0, 0.0), (3600, 6.0)]),
            ("longest".to_owned(), vec![(0, 3000.0)]),
        ]);
        let mut health = Health { timeout_seconds: Some(3), ..Health::new(&found) };
        assert_eq!((health.errors, health.error_percent), (6, Some(6.0)));
        assert_eq!(health.trouble.len(), 1);
        assert_eq!(
            (health.trouble[0].from.as_str(), health.trouble[0].invocations),
            ("1970-01-01T01:00:00Z", 10)
        );
        health.throttles = 2;
        let text = health.findings().join("\n");
        assert!(
            text.contains("high: 6 % of calls failed") && text.contains("2 calls were throttled"),
            "{text}"
        );
        assert!(text.contains("ran into the timeout"), "{text}");
        assert_eq!(Health::default().findings(), ["it was not called in this time"]);
    }
}
