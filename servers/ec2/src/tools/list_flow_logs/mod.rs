use aws_sdk_ec2::types::{FlowLog, LogDestinationType, NetworkInterface};
use awsmcp_mcp::{Call, Error, Page, Result, Spec, Tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Ec2, arns,
    names::{ResourceId, kind_of},
    paging::Paging,
    tags::{Filters, name},
    times::rfc3339,
};

mod statement;

/// Lists flow logs: what they record, where it goes, and whether its delivery fails.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListFlowLogs {
    /// VPC, subnet, interface or instance: those of what it is in, too.
    resource: Option<ResourceId>,
    /// Only those whose delivery fails.
    #[serde(default)]
    failing: bool,
    tag: Option<String>,
    /// Adds how to look up what was rejected to this port.
    #[schemars(range(min = 1, max = 65535))]
    rejected_port: Option<u16>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    id: String,
    name: Option<String>,
    resource: Option<String>,
    traffic: Option<String>,
    /// `cloud-watch-logs`, `s3` or `kinesis-data-firehose`.
    destination: Option<String>,
    to: Option<String>,
    /// `SUCCESS`, or why it fails; nothing where there was nothing to deliver yet.
    delivery: Option<String>,
    interval_seconds: Option<i32>,
    /// Where it is not AWS's default.
    format: Option<String>,
    created: Option<String>,
}

impl Tool for ListFlowLogs {
    type Service = Ec2;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("list_flow_logs", "List flow logs")
        .on("*", &["ec2:DescribeFlowLogs"])
        .when("resource")
        .on("*", &["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"])
        .always()
        .rows(arns::EACH_FLOW_LOG)
        .regional()
        .optional();

    async fn call(self, cx: &Call<Ec2>) -> Result<Self::Output> {
        let paging = Paging::new(cx);
        let around = match &self.resource {
            Some(resource) => around(cx, resource.as_str()).await?,
            None => Vec::new(),
        };
        let filters = Filters::default()
            .any("resource-id", &around)
            .any("deliver-log-status", self.failing.then_some("FAILED"))
            .tag(self.tag.as_deref());
        let request = cx.client().ec2.describe_flow_logs().set_filter(filters.build());
        let out = request.max_results(paging.size(1000)).set_next_token(paging.token()).send().await?;
        let logs = out.flow_logs.unwrap_or_default();
        let is_all = paging.token().is_none() && out.next_token.as_deref().unwrap_or_default().is_empty();
        if logs.is_empty() && is_all && !around.is_empty() && !self.failing && self.tag.is_none() {
            cx.note(format!(
                "no flow log records {}: what is rejected there is kept nowhere",
                around.join(", ")
            ));
        }
        if let Some(port) = self.rejected_port {
            let interfaces: Vec<&str> =
                around.iter().map(String::as_str).filter(|id| id.starts_with("eni-")).collect();
            logs.iter().for_each(|log| cx.note(statement::how(log, port, &interfaces)));
        }
        Ok(paging.page(cx, logs.into_iter().map(Row::new).collect(), out.next_token))
    }
}

/// A thing with what it is in: a flow log of a VPC records all of its interfaces.
async fn around(cx: &Call<Ec2>, id: &str) -> Result<Vec<String>> {
    let ec2 = &cx.client().ec2;
    let mut found = vec![id.to_owned()];
    let by = match kind_of(id) {
        Some("vpc" | "transit-gateway") => return Ok(found),
        Some("subnet") => {
            let filters = Filters::default().any("subnet-id", [id]).build();
            let out = ec2.describe_subnets().set_filters(filters).send().await?;
            let subnets = out.subnets.unwrap_or_default();
            found.extend(subnets.into_iter().filter_map(|subnet| subnet.vpc_id));
            return Ok(found);
        }
        Some("network-interface") => "network-interface-id",
        Some("instance") => {
            found.clear();
            "attachment.instance-id"
        }
        _ => {
            return Err(Error::invalid(format!("{id} is nothing that flow logs are of"))
                .with_next("give a VPC, a subnet, a network interface or an instance"));
        }
    };
    let filters = Filters::default().any(by, [id]).build();
    let request = ec2.describe_network_interfaces().set_filters(filters);
    let interfaces: Vec<NetworkInterface> = request.into_paginator().items().send().try_collect().await?;
    for one in interfaces {
        for id in [one.network_interface_id, one.subnet_id, one.vpc_id].into_iter().flatten() {
            if !found.contains(&id) {
                found.push(id);
            }
        }
    }
    if found.is_empty() {
        return Err(Error::not_found(format!("{id} has no network interface in {}", cx.region())));
    }
    Ok(found)
}

impl Row {
    fn new(log: FlowLog) -> Row {
        let group = log.log_group_name.filter(|group| !group.is_empty());
        let failure = log.deliver_logs_error_message.filter(|why| !why.is_empty());
        let status = log.deliver_logs_status.filter(|status| !status.is_empty());
        let by_group = group.is_some().then_some(LogDestinationType::CloudWatchLogs);
        Row {
            name: name(log.tags.as_ref()),
            id: log.flow_log_id.unwrap_or_default(),
            resource: log.resource_id,
            traffic: log.traffic_type.map(|traffic| traffic.to_string()),
            destination: log.log_destination_type.or(by_group).map(|kind| kind.to_string()),
            to: group.or(log.log_destination),
            delivery: match (failure, status) {
                (Some(why), status) => Some(format!("{}: {why}", status.as_deref().unwrap_or("FAILED"))),
                (None, status) => status,
            },
            interval_seconds: log.max_aggregation_interval,
            format: log.log_format.filter(|format| format != statement::DEFAULT),
            created: log.creation_time.as_ref().and_then(rfc3339),
        }
    }
}
