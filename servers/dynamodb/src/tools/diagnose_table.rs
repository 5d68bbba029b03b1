use std::collections::HashMap;

use aws_sdk_cloudwatch::{
    primitives::DateTime,
    types::{Dimension, Metric, MetricDataQuery, MetricStat},
};
use aws_sdk_dynamodb::types::TableDescription;
use awsmcp_mcp::{Call, Error, Kind, Moment, One, Result, Spec, Tool, to_second};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{DynamoDb, arns, names::TableName, table};

/// Shows how a table and its indexes are used: capacity, throttles with their cause, latency, errors, hot keys.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DiagnoseTable {
    table: TableName,
    /// -3h unless given.
    since: Option<Moment>,
    until: Option<Moment>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Diagnosis {
    /// The worst first.
    findings: Vec<String>,
    billing: String,
    from: String,
    to: String,
    usage: Vec<Usage>,
    operations: Vec<Operation>,
    hot_keys: Vec<HotKey>,
}

#[derive(Debug, Default, Serialize, JsonSchema)]
struct Usage {
    /// The table, or an index of it.
    of: String,
    read_units_per_second: Option<f64>,
    peak_read_units_per_second: Option<f64>,
    provisioned_read_units: Option<i64>,
    write_units_per_second: Option<f64>,
    peak_write_units_per_second: Option<f64>,
    provisioned_write_units: Option<i64>,
    /// By cause.
    throttles: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct Operation {
    operation: &'static str,
    requests: u64,
    average_ms: Option<f64>,
    p99_ms: Option<f64>,
    throttled: Option<u64>,
    system_errors: Option<u64>,
}

#[derive(Serialize, JsonSchema)]
struct HotKey {
    key: String,
    /// `accessed` or `throttled`.
    most: &'static str,
    count: u64,
}

impl Tool for DiagnoseTable {
    type Service = DynamoDb;
    type Output = One<Diagnosis>;
    const SPEC: Spec = Spec::read("diagnose_table", "Diagnose table")
        .on(arns::TABLE, &["dynamodb:DescribeTable", "dynamodb:DescribeContributorInsights"])
        .on(arns::INSIGHT_RULES, &["cloudwatch:GetInsightRuleReport"])
        .on("*", &["cloudwatch:GetMetricData"])
        .names_no_resource()
        .optional();

    async fn call(self, cx: &Call<DynamoDb>) -> Result<Self::Output> {
        let now = Timestamp::now();
        let to = self.until.map_or(now, |moment| moment.0).min(now);
        let from = match self.since {
            Some(since) => since.0,
            None => Timestamp::from_second(to.as_second() - 3 * 3600).unwrap_or(to),
        };
        if from >= to {
            return Err(Error::invalid(format!(
                "`since` ({from}) is not before `until` ({to}): there is nothing between them"
            ))
            .with_next("good ones are -3h, -7d, 2026-11-01T12:00:00Z"));
        }
        if let Some(account) = self.table.elsewhere(cx).await? {
            return Err(Error::invalid(format!(
                "{} is of account {account}, whose metrics are not seen here",
                self.table
            ))
            .with_next("call it with credentials of that account"));
        }
        let description = table::describe(cx, &self.table).await?;
        let span = Span::new(from.as_second(), to.as_second(), now.as_second());
        let asked = asked(&description);
        let (values, hot) =
            futures::join!(metrics(cx, self.table.short(), &asked, span), self.hot_keys(cx, span));
        let values = values?;
        let usage = usage(&description, &values, span);
        let operations = operations(&values);
        let (hot_keys, about) = hot;
        if let Some(about) = about {
            cx.note(about);
        }
        cx.note("metrics come a few minutes late; this consumed none of the table's capacity");
        Ok(One(Diagnosis {
            findings: findings(&usage, &operations, &hot_keys),
            billing: table::billing(&description),
            from: to_second(from),
            to: to_second(to),
            usage,
            operations,
            hot_keys,
        }))
    }
}

/// A time in pieces, few enough to be one page.
#[derive(Clone, Copy, Debug)]
struct Span {
    from: i64,
    to: i64,
    period: i64,
}

impl Span {
    /// CloudWatch keeps minutes for 15 days, and five minutes for 63: of older ones it answers nothing.
    ///
    /// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html>
    fn new(from: i64, to: i64, now: i64) -> Span {
        const PIECES: i64 = 180;
        const DAY: i64 = 86_400;
        // A day early: the data of its last hours may be put together already.
        let finest = match (now - from) / DAY {
            ..14 => 60,
            14..62 => 300,
            _ => 3600,
        };
        let period = ((to - from) / PIECES).max(1).div_euclid(finest) * finest;
        Span { from, to, period: period.max(finest) }
    }

    fn seconds(self) -> f64 {
        (self.to - self.from).max(1) as f64
    }
}

/// A metric to ask for: of what, which, how.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Asked {
    /// An index, or an operation, or the table itself.
    of: Of,
    metric: &'static str,
    stat: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Of {
    Table,
    Index(String),
    Operation(&'static str),
}

/// What causes a throttle, by metric.
const CAUSES: [(&str, &str); 10] = [
    ("ReadKeyRangeThroughputThrottleEvents", "reads: a hot partition key"),
    ("WriteKeyRangeThroughputThrottleEvents", "writes: a hot partition key"),
    ("ReadProvisionedThroughputThrottleEvents", "reads: over the provisioned units"),
    ("WriteProvisionedThroughputThrottleEvents", "writes: over the provisioned units"),
    ("ReadMaxOnDemandThroughputThrottleEvents", "reads: over the table's on-demand maximum"),
    ("WriteMaxOnDemandThroughputThrottleEvents", "writes: over the table's on-demand maximum"),
    ("ReadAccountLimitThrottleEvents", "reads: over the account's quota"),
    ("WriteAccountLimitThrottleEvents", "writes: over the account's quota"),
    ("ReadThrottleEvents", "reads"),
    ("WriteThrottleEvents", "writes"),
];

const OPERATIONS: [&str; 11] = [
    "GetItem",
    "BatchGetItem",
    "Query",
    "Scan",
    "PutItem",
    "UpdateItem",
    "DeleteItem",
    "BatchWriteItem",
    "TransactGetItems",
    "TransactWriteItems",
    "ExecuteStatement",
];

fn asked(table: &TableDescription) -> Vec<Asked> {
    let indexes =
        table.global_secondary_indexes().iter().filter_map(|index| index.index_name.clone()).map(Of::Index);
    let mut asked = Vec::new();
    for of in std::iter::once(Of::Table).chain(indexes) {
        let metrics = ["ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits"];
        let metrics = metrics.into_iter().chain(CAUSES.map(|(metric, _)| metric));
        asked.extend(metrics.map(|metric| Asked { of: of.clone(), metric, stat: "Sum" }));
    }
    for operation in OPERATIONS {
        let of = Of::Operation(operation);
        for (metric, stat) in [
            ("SuccessfulRequestLatency", "SampleCount"),
            ("SuccessfulRequestLatency", "Average"),
            ("SuccessfulRequestLatency", "p99"),
            ("ThrottledRequests", "Sum"),
            ("SystemErrors", "Sum"),
        ] {
            asked.push(Asked { of: of.clone(), metric, stat });
        }
    }
    asked
}

type Values = HashMap<Asked, Vec<f64>>;

async fn metrics(cx: &Call<DynamoDb>, name: &str, asked: &[Asked], span: Span) -> Result<Values> {
    // https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
    const MOST: usize = 500;
    let client = &cx.client().metrics;
    let mut values = Values::new();
    for (chunk, some) in asked.chunks(MOST).enumerate() {
        let queries: Vec<MetricDataQuery> = some
            .iter()
            .enumerate()
            .map(|(at, one)| {
                let dimension =
                    |name: &str, value: &str| Dimension::builder().name(name).value(value).build();
                let metric = Metric::builder()
                    .namespace("AWS/DynamoDB")
                    .metric_name(one.metric)
                    .dimensions(dimension("TableName", name));
                let metric = match &one.of {
                    Of::Table => metric,
                    Of::Index(index) => metric.dimensions(dimension("GlobalSecondaryIndexName", index)),
                    Of::Operation(operation) => metric.dimensions(dimension("Operation", operation)),
                };
                let period = i32::try_from(span.period).unwrap_or(i32::MAX);
                let stat = MetricStat::builder().metric(metric.build()).period(period).stat(one.stat).build();
                MetricDataQuery::builder()
                    .id(format!("m{}", chunk * MOST + at))
                    .metric_stat(stat)
                    .return_data(true)
                    .build()
            })
            .collect();
        let mut next = None;
        loop {
            let out = client
                .get_metric_data()
                .set_metric_data_queries(Some(queries.clone()))
                .start_time(DateTime::from_secs(span.from))
                .end_time(DateTime::from_secs(span.to))
                .set_next_token(next)
                .send()
                .await?;
            for result in out.metric_data_results.unwrap_or_default() {
                let at = result.id.as_deref().and_then(|id| id.strip_prefix('m')?.parse::<usize>().ok());
                if let Some(one) = at.and_then(|at| asked.get(at)) {
                    values.entry(one.clone()).or_default().extend(result.values.unwrap_or_default());
                }
            }
            next = out.next_token;
            if next.is_none() {
                break;
            }
        }
    }
    Ok(values)
}

fn sum(values: &Values, of: &Of, metric: &'static str) -> f64 {
    let asked = Asked { of: of.clone(), metric, stat: "Sum" };
    values.get(&asked).map(|values| values.iter().sum()).unwrap_or(0.0)
}

fn usage(table: &TableDescription, values: &Values, span: Span) -> Vec<Usage> {
    let units = |units: Option<&aws_sdk_dynamodb::types::ProvisionedThroughputDescription>| {
        let positive = |units: Option<i64>| units.filter(|units| *units > 0);
        (
            positive(units.and_then(|units| units.read_capacity_units)),
            positive(units.and_then(|units| units.write_capacity_units)),
        )
    };
    let indexes = table.global_secondary_indexes().iter().map(|index| {
        let name = index.index_name.clone().unwrap_or_default();
        (format!("index {name}"), Of::Index(name), units(index.provisioned_throughput()))
    });
    let own = ("table".to_owned(), Of::Table, units(table.provisioned_throughput()));
    std::iter::once(own)
        .chain(indexes)
        .map(|(name, of, (read, write))| {
            let peak = |metric: &'static str| {
                let asked = Asked { of: of.clone(), metric, stat: "Sum" };
                let most = values.get(&asked).into_iter().flatten().copied().fold(0.0, f64::max);
                some(most / span.period as f64)
            };
            let mean = |metric: &'static str| some(sum(values, &of, metric) / span.seconds());
            Usage {
                of: name,
                read_units_per_second: mean("ConsumedReadCapacityUnits"),
                peak_read_units_per_second: peak("ConsumedReadCapacityUnits"),
                provisioned_read_units: read,
                write_units_per_second: mean("ConsumedWriteCapacityUnits"),
                peak_write_units_per_second: peak("ConsumedWriteCapacityUnits"),
                provisioned_write_units: write,
                throttles: throttles(values, &of),
            }
        })
        .collect()
}

/// The causes, or where AWS tells none the plain counts.
fn throttles(values: &Values, of: &Of) -> Vec<String> {
    let named = |range: std::ops::Range<usize>| -> Vec<String> {
        let causes = CAUSES.get(range).unwrap_or_default().iter();
        let counts = causes.map(|(metric, cause)| (sum(values, of, metric), cause));
        counts.filter(|(count, _)| *count > 0.0).map(|(count, cause)| format!("{count} {cause}")).collect()
    };
    let causes = named(0..8);
    if causes.is_empty() { named(8..10) } else { causes }
}

fn operations(values: &Values) -> Vec<Operation> {
    let rows = OPERATIONS.into_iter().map(|operation| {
        let of = Of::Operation(operation);
        let all = |stat: &'static str| {
            let asked = Asked { of: of.clone(), metric: "SuccessfulRequestLatency", stat };
            values.get(&asked).cloned().unwrap_or_default()
        };
        let (counts, means) = (all("SampleCount"), all("Average"));
        let requests: f64 = counts.iter().sum();
        let total: f64 = counts.iter().zip(&means).map(|(count, mean)| count * mean).sum();
        let positive = |count: f64| (count > 0.0).then_some(count as u64);
        Operation {
            operation,
            requests: requests as u64,
            average_ms: (requests > 0.0).then(|| tenths(total / requests)),
            p99_ms: all("p99").into_iter().reduce(f64::max).map(tenths),
            throttled: positive(sum(values, &of, "ThrottledRequests")),
            system_errors: positive(sum(values, &of, "SystemErrors")),
        }
    });
    rows.filter(|row| row.requests > 0 || row.throttled.is_some() || row.system_errors.is_some()).collect()
}

fn findings(usage: &[Usage], operations: &[Operation], hot: &[HotKey]) -> Vec<String> {
    let mut found = Vec::new();
    for one in usage {
        found.extend(one.throttles.iter().map(|throttle| format!("high: {} throttled {throttle}", one.of)));
    }
    for one in usage {
        for (kind, peak, units) in [
            ("read", one.peak_read_units_per_second, one.provisioned_read_units),
            ("write", one.peak_write_units_per_second, one.provisioned_write_units),
        ] {
            let Some(units) = units.map(|units| units as f64).filter(|units| *units > 0.0) else { continue };
            let share = (peak.unwrap_or(0.0) / units * 100.0).round();
            if share >= 80.0 {
                found.push(format!(
                    "medium: {} peaks at {share} % of its {units} provisioned {kind} units",
                    one.of
                ));
            } else if share < 10.0 && units > 5.0 {
                found.push(format!("low: {} peaks at {share} % of its {units} provisioned {kind} units: it pays for more than it uses", one.of));
            }
        }
    }
    if let Some(errors) =
        operations.iter().filter_map(|row| row.system_errors).reduce(|left, right| left + right)
    {
        found.push(format!("medium: {errors} requests failed in AWS (HTTP 500); retries should cover them"));
    }
    let scans = operations.iter().filter(|row| row.operation == "Scan").map(|row| row.requests).sum::<u64>();
    if scans > 0 {
        found.push(format!("low: {scans} scans, which read all they pass; a query or an index may do"));
    }
    if let Some(top) = hot.iter().find(|key| key.most == "throttled") {
        found.push(format!("high: the key {} was throttled most, {} times", top.key, top.count));
    }
    if found.is_empty() {
        let used = usage
            .iter()
            .any(|one| one.peak_read_units_per_second.or(one.peak_write_units_per_second).is_some());
        let used = used || !operations.is_empty();
        found.push(if used {
            "nothing stands out: no throttles, no errors".to_owned()
        } else {
            "no use in this time".to_owned()
        });
    }
    found
        .sort_by_key(|finding| ["high", "medium", "low"].iter().position(|level| finding.starts_with(level)));
    found
}

/// Nothing, where nothing was used.
fn some(value: f64) -> Option<f64> {
    (value > 0.0).then(|| (value * 1000.0).round() / 1000.0)
}

fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

impl DiagnoseTable {
    /// The keys that are used most, where contributor insights are on; else what to do for them.
    async fn hot_keys(&self, cx: &Call<DynamoDb>, span: Span) -> (Vec<HotKey>, Option<String>) {
        const EACH: i32 = 5;
        let insights = cx
            .client()
            .db
            .describe_contributor_insights()
            .table_name(self.table.as_str())
            .send()
            .await
            .map_err(Error::from);
        let out = match insights {
            Ok(out) => out,
            Err(error) => {
                let about = "hot keys could not be looked up with dynamodb:DescribeContributorInsights";
                return (Vec::new(), Some(format!("{about}: {}", said(&error))));
            }
        };
        let is_on =
            out.contributor_insights_status.is_some_and(|status| status.as_str().starts_with("ENABL"));
        if !is_on {
            let about =
                "contributor insights are off, so hot keys are not known; set_table_option turns them on";
            return (Vec::new(), Some(about.to_owned()));
        }
        let client = &cx.client().metrics;
        let mut keys = Vec::new();
        for rule in out.contributor_insights_rule_list.unwrap_or_default() {
            let most =
                if rule.contains("-PKT-") || rule.contains("-SKT-") { "throttled" } else { "accessed" };
            let report = client
                .get_insight_rule_report()
                .rule_name(&rule)
                .start_time(DateTime::from_secs(span.from))
                .end_time(DateTime::from_secs(span.to))
                .period(i32::try_from(span.period).unwrap_or(i32::MAX))
                .max_contributor_count(EACH)
                .send()
                .await
                .map_err(Error::from);
            match report {
                Ok(report) => {
                    let contributors = report.contributors.unwrap_or_default().into_iter();
                    keys.extend(contributors.map(|one| HotKey {
                        key: one.keys.unwrap_or_default().join(", "),
                        most,
                        count: one.approximate_aggregate_value.unwrap_or(0.0) as u64,
                    }));
                }
                Err(error) if error.kind == Kind::NotFound => {}
                Err(error) => {
                    let about = "hot keys could not be read with cloudwatch:GetInsightRuleReport";
                    return (keys, Some(format!("{about}: {}", said(&error))));
                }
            }
        }
        let none = keys
            .is_empty()
            .then(|| "contributor insights are on, and counted nothing in this time".to_owned());
        (keys, none)
    }
}

fn said(error: &Error) -> String {
    let code = error.code.as_deref().unwrap_or(error.kind.name());
    format!("{code}: {}", error.message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(all: &[(Of, &'static str, &'static str, &[f64])]) -> Values {
        let one = |(of, metric, stat, values): &(Of, &'static str, &'static str, &[f64])| {
            (Asked { of: of.clone(), metric, stat }, values.to_vec())
        };
        all.iter().map(one).collect()
    }

    #[test]
    fn throttles_are_told_by_their_cause_and_the_worst_comes_first() {
        use aws_sdk_dynamodb::types::ProvisionedThroughputDescription;
        let units = ProvisionedThroughputDescription::builder()
            .read_capacity_units(10)
            .write_capacity_units(100)
            .build();
        let table = TableDescription::builder().table_name("t").provisioned_throughput(units).build();
        let all = values(&[
            (Of::Table, "ConsumedReadCapacityUnits", "Sum", &[60.0, 540.0]),
            (Of::Table, "ReadThrottleEvents", "Sum", &[7.0]),
            (Of::Table, "ReadKeyRangeThroughputThrottleEvents", "Sum", &[4.0, 3.0]),
            (Of::Operation("Scan"), "SuccessfulRequestLatency", "SampleCount", &[1.0, 3.0]),
            (Of::Operation("Scan"), "SuccessfulRequestLatency", "Average", &[10.0, 20.0]),
            (Of::Operation("Scan"), "SuccessfulRequestLatency", "p99", &[12.0, 30.04]),
        ]);
        let usage = usage(&table, &all, Span { from: 0, to: 120, period: 60 });
        assert_eq!(
            (usage[0].read_units_per_second, usage[0].peak_read_units_per_second),
            (Some(5.0), Some(9.0))
        );
        let operations = operations(&all);
        assert_eq!(
            (operations[0].requests, operations[0].average_ms, operations[0].p99_ms),
            (4, Some(17.5), Some(30.0))
        );
        assert_eq!(
            findings(&usage, &operations, &[]),
            [
                "high: table throttled 7 reads: a hot partition key",
                "medium: table peaks at 90 % of its 10 provisioned read units",
                "low: table peaks at 0 % of its 100 provisioned write units: it pays for more than it uses",
                "low: 4 scans, which read all they pass; a query or an index may do",
            ]
        );
    }

    #[test]
    fn a_span_has_few_pieces() {
        let period = |from: i64, to: i64, now: i64| Span::new(from, to, now).period;
        assert_eq!(period(0, 3 * 3600, 3 * 3600), 60);
        assert_eq!(period(0, 7 * 86_400, 7 * 86_400), 3360);
        assert_eq!(period(0, 1, 1), 60);
        // An hour of a month or a season ago.
        assert_eq!(period(0, 3600, 30 * 86_400), 300);
        assert_eq!(period(0, 3600, 90 * 86_400), 3600);
        assert_eq!(period(0, 30 * 86_400, 30 * 86_400), 14_400);
    }

    #[test]
    fn an_idle_table_is_said_to_be_idle() {
        let table = TableDescription::builder().table_name("t").build();
        let usage = usage(&table, &Values::new(), Span::new(0, 3600, 3600));
        assert_eq!(findings(&usage, &[], &[]), ["no use in this time"]);
    }
}
