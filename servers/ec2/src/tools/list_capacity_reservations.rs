use awsmcp_mcp::{Call, Page, Result, Spec, Tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Ec2, arns,
    paging::Paging,
    tags::{Filters, name},
    times::rfc3339,
};

/// Lists capacity reservations with how many of their instances are free: what is free costs as if it ran.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListCapacityReservations {
    /// `m7g.large`
    instance_type: Option<String>,
    zone: Option<String>,
    /// `active`, `expired`, `cancelled`; without it all.
    state: Option<String>,
    tag: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    id: String,
    name: Option<String>,
    state: Option<String>,
    r#type: Option<String>,
    platform: Option<String>,
    zone: Option<String>,
    total: Option<i32>,
    free: Option<i32>,
    /// `open` takes every fitting instance, `targeted` only those that name it.
    match_criteria: Option<String>,
    /// The account, which may be another that shares it.
    owner: Option<String>,
    start: Option<String>,
    /// None until it is cancelled.
    end: Option<String>,
}

impl Tool for ListCapacityReservations {
    type Service = Ec2;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("list_capacity_reservations", "List capacity reservations")
        .on("*", &["ec2:DescribeCapacityReservations"])
        .rows(arns::EACH_CAPACITY_RESERVATION)
        .regional()
        .optional();

    async fn call(self, cx: &Call<Ec2>) -> Result<Self::Output> {
        let paging = Paging::new(cx);
        let filters = Filters::default()
            .any("instance-type", self.instance_type)
            .any("availability-zone", self.zone)
            .any("state", self.state)
            .tag(self.tag.as_deref());
        let request = cx.client().ec2.describe_capacity_reservations().set_filters(filters.build());
        let out = request.max_results(paging.size(1000)).set_next_token(paging.token()).send().await?;
        let rows = out.capacity_reservations.unwrap_or_default().into_iter().map(|one| Row {
            id: one.capacity_reservation_id.unwrap_or_default(),
            name: name(one.tags.as_ref()),
            state: one.state.map(|state| state.to_string()),
            r#type: one.instance_type,
            platform: one.instance_platform.map(|platform| platform.to_string()),
            zone: one.availability_zone,
            total: one.total_instance_count,
            free: one.available_instance_count,
            match_criteria: one.instance_match_criteria.map(|criteria| criteria.to_string()),
            owner: one.owner_id,
            start: one.start_date.as_ref().and_then(rfc3339),
            end: one.end_date.as_ref().and_then(rfc3339),
        });
        Ok(paging.page(cx, rows.collect(), out.next_token))
    }
}
