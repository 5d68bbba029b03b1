use std::collections::BTreeMap;

use aws_sdk_cloudwatch::{
    primitives::DateTime,
    types::{MetricDatum, StandardUnit},
};
use awsmcp_mcp::{Call, Change, DAY, Error, Moment, One, Plan, Result, Spec};
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{CloudWatch, metrics::dimensions};

/// Sends values to metrics of your own. A metric that is new is made by its first value, and billed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PutMetrics {
    /// Not one of AWS's, such as `Shop/Orders`.
    namespace: String,
    #[schemars(length(min = 1, max = 1000))]
    values: Vec<Datum>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Datum {
    name: String,
    value: f64,
    /// Count, Milliseconds, Bytes, Percent, ...
    unit: Option<String>,
    dimensions: Option<BTreeMap<String, String>>,
    /// Default now; AWS keeps it to the second.
    time: Option<Moment>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Done {
    namespace: String,
    sent: usize,
}

impl Change for PutMetrics {
    type Service = CloudWatch;
    type Output = One<Done>;
    // Values are added to what there is, whatever that is: the arguments say it all.
    type Items = ();
    const SPEC: Spec = Spec::write("put_metrics", "Put metrics")
        .shown_by("get_metrics")
        .on("*", &["cloudwatch:PutMetricData"])
        .names_no_resource()
        .optional();

    async fn plan(&self, _: &Call<CloudWatch>) -> Result<Plan> {
        self.data()?;
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for datum in &self.values {
            let pairs: Vec<String> =
                datum.dimensions.iter().flatten().map(|(name, value)| format!("{name}={value}")).collect();
            *counts
                .entry(format!("{} {}", datum.name, pairs.join(",")).trim_end().to_owned())
                .or_default() += 1;
        }
        let plan = Plan::new(format!(
            "send {} values to {} metrics of {}",
            self.values.len(),
            counts.len(),
            self.namespace
        ));
        Ok(counts
            .into_iter()
            .fold(plan, |plan, (metric, values)| plan.row(json!({"metric": metric, "values": values}))))
    }

    async fn apply(self, (): (), cx: &Call<CloudWatch>) -> Result<Self::Output> {
        let data = self.data()?;
        let sent = data.len();
        let request = cx.client().metrics.put_metric_data().namespace(&self.namespace);
        request.set_metric_data(Some(data)).send().await?;
        cx.note("values show in get_metrics after up to two minutes");
        Ok(One(Done { namespace: self.namespace, sent }))
    }
}

impl PutMetrics {
    fn data(&self) -> Result<Vec<MetricDatum>> {
        if self.namespace.is_empty() || self.namespace.starts_with("AWS/") {
            return Err(Error::invalid(format!(
                "{:?} is not a namespace of your own: a good one looks like Shop/Orders",
                self.namespace
            )));
        }
        self.values.iter().map(Datum::sdk).collect()
    }
}

impl Datum {
    fn sdk(&self) -> Result<MetricDatum> {
        // <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html>
        let size = self.value.abs();
        if self.value != 0.0 && !(8.515_920e-109..=1.174_271e108).contains(&size) {
            return Err(Error::invalid(format!(
                "{}: {} is out of range: 1e-108 to 1e108 in size",
                self.name, self.value
            )));
        }
        let unit = self.unit.as_deref().map(|unit| {
            StandardUnit::try_parse(unit).map_err(|_| {
                Error::invalid(format!(
                    "{unit:?} is not a unit; good ones are {}",
                    StandardUnit::values().join(", ")
                ))
            })
        });
        let time = self.time.map_or_else(Timestamp::now, |Moment(time)| time);
        let now = Timestamp::now();
        let near = |time: Timestamp| {
            time >= now.saturating_sub(SignedDuration::from_secs(14 * DAY)).unwrap_or(now)
                && time <= now.saturating_add(SignedDuration::from_secs(2 * 3600)).unwrap_or(now)
        };
        if !near(time) {
            return Err(Error::invalid(format!(
                "{}: {time} is not within the last two weeks and the next two hours",
                self.name
            )));
        }
        Ok(MetricDatum::builder()
            .metric_name(&self.name)
            .value(self.value)
            .set_unit(unit.transpose()?)
            .set_dimensions(self.dimensions.as_ref().map(dimensions))
            .timestamp(DateTime::from_secs(time.as_second()))
            .build())
    }
}
