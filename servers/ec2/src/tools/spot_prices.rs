use aws_sdk_ec2::types::InstanceType;
use awsmcp_mcp::{Call, Moment, Page, Result, Spec, Tool};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Ec2,
    paging::Paging,
    times::{for_aws, rfc3339},
};

/// Shows spot prices of instance types by zone: today's, or with `since` each change from then on.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SpotPrices {
    #[schemars(length(min = 1, max = 20))]
    types: Vec<String>,
    zone: Option<String>,
    #[serde(default)]
    system: System,
    since: Option<Moment>,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum System {
    #[default]
    Linux,
    Windows,
    RedHat,
    Suse,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    r#type: String,
    zone: Option<String>,
    usd_per_hour: Option<f64>,
    since: Option<String>,
}

impl Tool for SpotPrices {
    type Service = Ec2;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("spot_prices", "Spot prices")
        .on("*", &["ec2:DescribeSpotPriceHistory"])
        .names_no_resource()
        .regional()
        .optional();

    async fn call(self, cx: &Call<Ec2>) -> Result<Self::Output> {
        let paging = Paging::new(cx);
        let types = self.types.iter().map(|kind| InstanceType::from(kind.as_str())).collect();
        let system = match self.system {
            System::Linux => "Linux/UNIX",
            System::Windows => "Windows",
            System::RedHat => "Red Hat Enterprise Linux",
            System::Suse => "SUSE Linux",
        };
        let out = cx
            .client()
            .ec2
            .describe_spot_price_history()
            .set_instance_types(Some(types))
            .product_descriptions(system)
            .set_availability_zone(self.zone)
            // From now on there is but the present price of each.
            .start_time(for_aws(self.since.map_or_else(Timestamp::now, |since| since.0)))
            .max_results(paging.size(1000))
            .set_next_token(paging.token())
            .send()
            .await?;
        let rows = out.spot_price_history.unwrap_or_default().into_iter().map(|price| Row {
            r#type: price.instance_type.map(|kind| kind.to_string()).unwrap_or_default(),
            zone: price.availability_zone,
            usd_per_hour: price.spot_price.and_then(|price| price.parse().ok()),
            since: price.timestamp.as_ref().and_then(rfc3339),
        });
        Ok(paging.page(cx, rows.collect(), out.next_token))
    }
}
