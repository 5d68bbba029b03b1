use std::collections::HashMap;

use aws_sdk_lambda::types::EventSourceMappingConfiguration;
use awsmcp_mcp::{Call, Kind, Page, Result, Spec, TimeRange, Tool};
use awsmcp_sdk::utc_second;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Lambda, arns, lists,
    metrics::{Points, Series, ask, most},
    names::{FunctionName, arn_function, arn_qualifier, last_part},
};

/// Lists event source mappings (queues, streams, Kafka, ...) with their state, settings and how far they lag.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListEventSources {
    /// Only those of this one.
    function: Option<FunctionName>,
    /// Only those of this source.
    source_arn: Option<String>,
}

#[derive(Default, Serialize, JsonSchema)]
pub(crate) struct Row {
    uuid: String,
    function: String,
    qualifier: Option<String>,
    source: String,
    state: Option<String>,
    reason: Option<String>,
    last_result: Option<String>,
    batch_size: Option<i32>,
    batch_window_seconds: Option<i32>,
    max_concurrency: Option<i32>,
    filters: Vec<String>,
    on_failure: Option<String>,
    modified: Option<String>,
    /// Messages or records that wait.
    waiting: Option<u64>,
    /// How old the oldest one that waits, or the last one read, was at most in the last 15 minutes.
    lag_seconds: Option<u64>,
}

impl Tool for ListEventSources {
    type Service = Lambda;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("list_event_sources", "List event sources")
        .on("*", &["lambda:ListEventSourceMappings", "cloudwatch:GetMetricData"])
        .when("function")
        .on(arns::FUNCTION, &["lambda:ListAliases", "lambda:ListVersionsByFunction"])
        .rows(arns::FUNCTION)
        .regional();

    async fn call(self, cx: &Call<Lambda>) -> Result<Self::Output> {
        if let Some(function) = self.function.as_ref().filter(|function| function.unqualified().is_ok()) {
            return self.of_function(cx, &function.base()).await;
        }
        let function = self.function.as_ref().map(FunctionName::with_qualifier);
        let out = cx
            .client()
            .lambda
            .list_event_source_mappings()
            .set_function_name(function)
            .set_event_source_arn(self.source_arn)
            .set_marker(cx.token())
            .max_items(cx.page_size().min(100))
            .send()
            .await?;
        let mut rows: Vec<Row> =
            out.event_source_mappings.unwrap_or_default().into_iter().map(Row::new).collect();
        if rows.is_empty() && self.function.is_some() && cx.token().is_none() {
            cx.note(NONE);
        }
        add_lag(cx, &mut rows).await;
        Ok(cx.page(rows, out.next_marker))
    }
}

const NONE: &str = "no event source mapping; what calls it otherwise (S3, SNS, EventBridge, ...) stands in the policy that get_function shows";

impl ListEventSources {
    /// The mappings of a function as a whole: a source may feed one of its aliases or versions only.
    async fn of_function(&self, cx: &Call<Lambda>, function: &str) -> Result<Page<Row>> {
        let (aliases, versions) = tokio::join!(lists::aliases(cx, function), lists::versions(cx, function));
        // A function that does not exist has no mappings either.
        let versions = match versions {
            Err(error) if error.kind == Kind::NotFound => return Err(error),
            versions => cx.part("versions (lambda:ListVersionsByFunction)", versions),
        };
        let aliases = cx.part("aliases (lambda:ListAliases)", aliases);
        let is_whole = aliases.is_some() && versions.is_some();
        let mut qualifiers = lists::names(&aliases.unwrap_or_default());
        qualifiers.extend(lists::numbers(&versions.unwrap_or_default()));
        let mut found = lists::mappings(cx, function, qualifiers).await?;
        if let Some(source) = &self.source_arn {
            found.retain(|mapping| mapping.event_source_arn.as_ref() == Some(source));
        }
        let mut rows: Vec<Row> = found.into_iter().map(Row::new).collect();
        if rows.is_empty() && is_whole {
            cx.note(NONE);
        }
        add_lag(cx, &mut rows).await;
        Ok(cx.page(rows, None))
    }
}

impl Row {
    fn new(mapping: EventSourceMappingConfiguration) -> Row {
        let arn = mapping.function_arn.unwrap_or_default();
        let filters = mapping.filter_criteria.and_then(|criteria| criteria.filters).unwrap_or_default();
        let source = mapping.event_source_arn.or_else(|| {
            // A Kafka cluster of one's own has addresses instead of an ARN.
            let endpoints = mapping.self_managed_event_source?.endpoints?;
            Some(endpoints.into_values().flatten().collect::<Vec<_>>().join(","))
        });
        Row {
            uuid: mapping.uuid.unwrap_or_default(),
            function: arn_function(&arn).to_owned(),
            qualifier: arn_qualifier(&arn).map(str::to_owned),
            source: source.unwrap_or_default(),
            state: mapping.state,
            reason: mapping
                .state_transition_reason
                .filter(|reason| reason != "User action" && reason != "USER_INITIATED"),
            last_result: mapping.last_processing_result,
            batch_size: mapping.batch_size,
            batch_window_seconds: mapping.maximum_batching_window_in_seconds.filter(|seconds| *seconds > 0),
            max_concurrency: mapping.scaling_config.and_then(|scaling| scaling.maximum_concurrency),
            filters: filters.into_iter().filter_map(|filter| filter.pattern).collect(),
            on_failure: mapping.destination_config.and_then(|to| to.on_failure?.destination),
            modified: mapping.last_modified.as_ref().map(utc_second),
            waiting: None,
            lag_seconds: None,
        }
    }

    /// The series that tell how far it lags; nothing for what CloudWatch has no such figure of.
    fn series(&self, at: usize) -> Vec<Series> {
        const PERIOD: i32 = 300;
        let series = |kind: &str, namespace, metric, name, value: &str| Series {
            id: format!("{kind}{at}"),
            namespace,
            metric,
            dimensions: vec![(name, value.to_owned())],
            stat: "Maximum",
            period: PERIOD,
        };
        match self.source.split(':').nth(2).unwrap_or_default() {
            "sqs" => {
                let queue = last_part(&self.source);
                vec![
                    series("waiting", "AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue),
                    series("seconds", "AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", queue),
                ]
            }
            "kinesis" | "dynamodb" => {
                vec![series("millis", "AWS/Lambda", "IteratorAge", "FunctionName", &self.function)]
            }
            "kafka" => vec![series("waiting", "AWS/Lambda", "OffsetLag", "FunctionName", &self.function)],
            _ => Vec::new(),
        }
    }

    fn read(&mut self, at: usize, found: &HashMap<String, Points>) {
        let figure = |kind: &str| most(found.get(&format!("{kind}{at}")));
        self.waiting = figure("waiting").map(|count| count as u64);
        self.lag_seconds = figure("seconds")
            .or_else(|| figure("millis").map(|age| age / 1000.0))
            .map(|age| age.round() as u64);
    }
}

/// Without its lag a mapping is still worth a row.
async fn add_lag(cx: &Call<Lambda>, rows: &mut [Row]) {
    const MOST_SERIES: usize = 500;
    let mut series: Vec<Series> = rows.iter().enumerate().flat_map(|(at, row)| row.series(at)).collect();
    series.truncate(MOST_SERIES);
    if series.is_empty() {
        return;
    }
    let end = Timestamp::now();
    let start = end.checked_sub(SignedDuration::from_mins(15)).unwrap_or(end);
    match ask(cx.client(), TimeRange { start, end }, series).await {
        Ok(found) => rows.iter_mut().enumerate().for_each(|(at, row)| row.read(at, &found)),
        Err(error) => cx.note(format!("the lag could not be read: {}", error.message)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lag_is_told_in_seconds_whatever_the_source() {
        let row =
            |source: &str| Row { source: source.to_owned(), function: "f".to_owned(), ..Row::default() };
        let mut queue = row("arn:aws:sqs:us-east-1:123456789012:jobs");
        assert_eq!(queue.series(0)[0].dimensions, [("QueueName", "jobs".to_owned())]);
        queue.read(
            0,
            &HashMap::from([
                ("seconds0".to_owned(), vec![(0, 90.0)]),
                ("waiting0".to_owned(), vec![(0, 7.0)]),
            ]),
        );
        assert_eq!((queue.lag_seconds, queue.waiting), (Some(90), Some(7)));
        let mut stream = row("arn:aws:kinesis:us-east-1:123456789012:stream/s");
        assert_eq!(stream.series(1)[0].metric, "IteratorAge");
        stream.read(1, &HashMap::from([("millis1".to_owned(), vec![(0, 4600.0)])]));
        assert_eq!(stream.lag_seconds, Some(5));
        assert!(row("arn:aws:mq:us-east-1:123456789012:broker:b").series(0).is_empty());
    }
}
