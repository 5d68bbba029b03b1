use std::collections::BTreeMap;

use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat};
use aws_sdk_ec2::types::{
    Instance as Described, InstanceAttributeName, InstanceStatus, SummaryStatus, Volume,
};
use aws_sdk_ssm::types::InstanceInformationStringFilter;
use awsmcp_mcp::{Call, Error, One, Result, Spec, Tool};
use jiff::{Timestamp, ToSpan};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::join;

use crate::{
    Ec2, arns,
    instances::{find, state},
    names::Instance,
    tags::{self, Filters, manager},
    times::{age_seconds, for_aws, rfc3339},
};

/// Shows one instance: state, status checks, volumes, groups, network, role, SSM agent, CPU of the last hour, and what is
/// odd about it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DescribeInstance {
    /// Id, ARN or name.
    instance: Instance,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Card {
    id: String,
    name: Option<String>,
    state: String,
    state_reason: Option<String>,
    r#type: Option<String>,
    architecture: Option<String>,
    platform: Option<String>,
    image: Option<String>,
    launched: Option<String>,
    age_seconds: Option<i64>,
    /// Spot or capacity block, where it is not on demand.
    lifecycle: Option<String>,
    key_pair: Option<String>,
    role: Option<String>,
    termination_protection: Option<bool>,
    imds: Option<String>,
    managed_by: Option<String>,
    checks: Option<Checks>,
    network: Net,
    security_groups: Vec<String>,
    volumes: Vec<Disk>,
    ssm: Option<Agent>,
    cpu_last_hour: Option<Cpu>,
    tags: BTreeMap<String, String>,
    findings: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct Checks {
    system: String,
    instance: String,
    volumes: Option<String>,
    events: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct Net {
    vpc: Option<String>,
    subnet: Option<String>,
    zone: Option<String>,
    private_ip: Option<String>,
    public_ip: Option<String>,
    ipv6: Option<String>,
    public_dns: Option<String>,
    interfaces: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct Disk {
    id: String,
    device: Option<String>,
    size_gib: Option<i32>,
    r#type: Option<String>,
    encrypted: Option<bool>,
    goes_with_instance: Option<bool>,
}

#[derive(Serialize, JsonSchema)]
struct Agent {
    status: String,
    agent: Option<String>,
    os: Option<String>,
    last_ping: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Cpu {
    average_percent: f64,
    highest_percent: f64,
}

impl Tool for DescribeInstance {
    type Service = Ec2;
    type Output = One<Card>;
    const SPEC: Spec = Spec::read("describe_instance", "Describe instance")
        .on(
            "*",
            &[
                "ec2:DescribeInstances",
                "ec2:DescribeInstanceStatus",
                "ec2:DescribeVolumes",
                "ssm:DescribeInstanceInformation",
                "cloudwatch:GetMetricData",
            ],
        )
        .on(arns::INSTANCE, &["ec2:DescribeInstanceAttribute"])
        .names_no_resource();

    async fn call(self, cx: &Call<Ec2>) -> Result<Self::Output> {
        let instance = find(cx, &self.instance).await?;
        let id = instance.instance_id.clone().unwrap_or_default();
        let client = cx.client();
        let attached = Filters::default().any("attachment.instance-id", [&id]).build();
        let agent = InstanceInformationStringFilter::builder().key("InstanceIds").values(&id).build();
        let (status, protection, volumes, agent, cpu) = join!(
            client.ec2.describe_instance_status().instance_ids(&id).include_all_instances(true).send(),
            client
                .ec2
                .describe_instance_attribute()
                .instance_id(&id)
                .attribute(InstanceAttributeName::DisableApiTermination)
                .send(),
            client.ec2.describe_volumes().set_filters(attached).send(),
            async {
                let agent = agent.map_err(|error| Error::internal(error.to_string()))?;
                Result::<_>::Ok(client.ssm.describe_instance_information().filters(agent).send().await?)
            },
            cpu(cx, &id),
        );
        let mut card = Card::new(instance);
        if let Some(found) = cx.part("status checks", status) {
            card.checks = found.instance_statuses.unwrap_or_default().pop().map(Checks::new);
        }
        if let Some(found) = cx.part("termination protection", protection) {
            card.termination_protection = found.disable_api_termination.and_then(|flag| flag.value);
        }
        if let Some(found) = cx.part("volumes", volumes) {
            card.volumes =
                found.volumes.unwrap_or_default().into_iter().map(|volume| Disk::new(volume, &id)).collect();
        }
        if let Some(found) = cx.part("the SSM agent", agent) {
            let agent = found.instance_information_list.unwrap_or_default().pop().map(|agent| Agent {
                status: agent.ping_status.map_or_else(|| "unknown".to_owned(), |status| status.to_string()),
                agent: agent.agent_version,
                os: agent.platform_name.map(|name| {
                    format!("{name} {}", agent.platform_version.unwrap_or_default()).trim_end().to_owned()
                }),
                last_ping: agent.last_ping_date_time.as_ref().and_then(rfc3339),
            });
            let none =
                || Agent { status: "does not report".to_owned(), agent: None, os: None, last_ping: None };
            card.ssm = Some(agent.unwrap_or_else(none));
        }
        card.cpu_last_hour = cx.part("CPU", cpu).flatten();
        card.findings = card.findings();
        Ok(One(card))
    }
}

/// The processor's use over the last hour; none where nothing was measured.
async fn cpu(cx: &Call<Ec2>, id: &str) -> Result<Option<Cpu>> {
    let now = Timestamp::now();
    let start = now.checked_sub(1.hour()).map_err(|error| Error::internal(error.to_string()))?;
    let metric = Metric::builder()
        .namespace("AWS/EC2")
        .metric_name("CPUUtilization")
        .dimensions(Dimension::builder().name("InstanceId").value(id).build())
        .build();
    let query = |name: &str, stat: &str| {
        MetricDataQuery::builder()
            .id(name)
            .metric_stat(MetricStat::builder().metric(metric.clone()).period(3600).stat(stat).build())
            .build()
    };
    let out = cx
        .client()
        .metrics
        .get_metric_data()
        .start_time(for_aws(start))
        .end_time(for_aws(now))
        .metric_data_queries(query("average", "Average"))
        .metric_data_queries(query("highest", "Maximum"))
        .send()
        .await?;
    let results = out.metric_data_results.unwrap_or_default();
    // An hour may begin in the middle of two periods.
    let values = |name: &str| -> Vec<f64> {
        results
            .iter()
            .filter(|it| it.id.as_deref() == Some(name))
            .flat_map(|it| it.values.clone().unwrap_or_default())
            .collect()
    };
    let (averages, highest) = (values("average"), values("highest"));
    if averages.is_empty() {
        return Ok(None);
    }
    let round = |value: f64| (value * 10.0).round() / 10.0;
    Ok(Some(Cpu {
        average_percent: round(averages.iter().sum::<f64>() / averages.len() as f64),
        highest_percent: round(highest.into_iter().fold(0.0, f64::max)),
    }))
}

impl Card {
    fn new(instance: Described) -> Card {
        let reason = instance
            .state_transition_reason
            .clone()
            .filter(|text| !text.is_empty())
            .or_else(|| instance.state_reason.as_ref().and_then(|reason| reason.message.clone()));
        let metadata = instance.metadata_options.as_ref();
        let imds = metadata.map(|options| {
            match (
                options.http_endpoint.as_ref().map(|it| it.as_str()),
                options.http_tokens.as_ref().map(|it| it.as_str()),
            ) {
                (Some("disabled"), _) => "off",
                (_, Some("required")) => "v2 only",
                _ => "v1 and v2",
            }
            .to_owned()
        });
        let interfaces: Vec<String> = instance
            .network_interfaces
            .iter()
            .flatten()
            .filter_map(|interface| {
                Some(format!(
                    "{} {}",
                    interface.network_interface_id.as_deref()?,
                    interface.private_ip_address.as_deref().unwrap_or_default()
                ))
            })
            .collect();
        Card {
            name: tags::name(instance.tags.as_ref()),
            state: state(&instance).to_owned(),
            state_reason: reason,
            managed_by: manager(instance.tags.as_ref()),
            r#type: instance.instance_type.map(|kind| kind.to_string()),
            architecture: instance.architecture.map(|kind| kind.to_string()),
            platform: instance.platform_details,
            image: instance.image_id,
            launched: instance.launch_time.as_ref().and_then(rfc3339),
            age_seconds: instance.launch_time.as_ref().map(age_seconds),
            lifecycle: instance.instance_lifecycle.map(|kind| kind.to_string()),
            key_pair: instance.key_name,
            role: instance.iam_instance_profile.and_then(|profile| profile.arn),
            termination_protection: None,
            imds,
            checks: None,
            network: Net {
                vpc: instance.vpc_id,
                subnet: instance.subnet_id,
                zone: instance.placement.and_then(|placement| placement.availability_zone),
                private_ip: instance.private_ip_address,
                public_ip: instance.public_ip_address,
                ipv6: instance.ipv6_address,
                public_dns: instance.public_dns_name,
                interfaces,
            },
            security_groups: instance
                .security_groups
                .unwrap_or_default()
                .into_iter()
                .filter_map(|group| {
                    Some(format!("{} {}", group.group_id?, group.group_name.unwrap_or_default()))
                })
                .collect(),
            volumes: Vec::new(),
            ssm: None,
            cpu_last_hour: None,
            tags: tags::map(instance.tags),
            id: instance.instance_id.unwrap_or_default(),
            findings: Vec::new(),
        }
    }

    /// What a person should know first, the worst first.
    fn findings(&self) -> Vec<String> {
        let mut found = Vec::new();
        let running = self.state == "running";
        if let Some(checks) = &self.checks {
            let failed = |what: &str| what == SummaryStatus::Impaired.as_str();
            if failed(&checks.system) {
                found.push(
                    "high: AWS's machine under it is impaired: stop and start moves it to another".to_owned(),
                );
            }
            if failed(&checks.instance) {
                found.push(
                    "high: the system on it does not answer: console_output shows how it starts".to_owned(),
                );
            }
            found.extend(checks.events.iter().map(|event| format!("high: AWS plans: {event}")));
        }
        if running && self.ssm.as_ref().is_some_and(|agent| agent.status == "ConnectionLost") {
            found.push("medium: its SSM agent was there but does not report any more".to_owned());
        }
        if self.imds.as_deref() == Some("v1 and v2") {
            found.push(
                "medium: IMDSv1 is on: whoever makes it fetch a URL gets its role's keys; modify_instance imdsv2_only"
                    .to_owned(),
            );
        }
        let open = self.volumes.iter().filter(|volume| volume.encrypted == Some(false)).count();
        if open > 0 {
            found.push(format!("low: {open} of its {} volumes are not encrypted", self.volumes.len()));
        }
        if running && self.cpu_last_hour.as_ref().is_some_and(|cpu| cpu.average_percent >= 90.0) {
            found.push("medium: its processor was busy nearly all of the last hour".to_owned());
        }
        found
    }
}

/// Whether an event is done, or was called off.
fn is_over(event: &str) -> bool {
    ["[Completed]", "[Canceled]"].iter().any(|mark| event.contains(mark))
}

impl Checks {
    fn new(status: InstanceStatus) -> Checks {
        let word = |status: Option<SummaryStatus>| {
            status.map_or_else(|| "unknown".to_owned(), |status| status.to_string())
        };
        let events = status.events.unwrap_or_default().into_iter().map(|event| {
            let code = event.code.map(|code| code.to_string()).unwrap_or_default();
            let when = event.not_before.as_ref().and_then(rfc3339).unwrap_or_default();
            format!("{code} {when} {}", event.description.unwrap_or_default()).trim_end().to_owned()
        });
        Checks {
            system: word(status.system_status.and_then(|it| it.status)),
            instance: word(status.instance_status.and_then(|it| it.status)),
            volumes: status.attached_ebs_status.and_then(|it| it.status).map(|status| status.to_string()),
            // AWS keeps what is over for a while.
            events: events.filter(|event| !is_over(event)).collect(),
        }
    }
}

impl Disk {
    fn new(volume: Volume, instance: &str) -> Disk {
        let attachment = volume
            .attachments
            .unwrap_or_default()
            .into_iter()
            .find(|attachment| attachment.instance_id.as_deref() == Some(instance));
        Disk {
            id: volume.volume_id.unwrap_or_default(),
            size_gib: volume.size,
            r#type: volume.volume_type.map(|kind| kind.to_string()),
            encrypted: volume.encrypted,
            goes_with_instance: attachment.as_ref().and_then(|it| it.delete_on_termination),
            device: attachment.and_then(|it| it.device),
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::InstanceStatusEvent;

    use super::*;

    #[test]
    fn an_event_that_is_over_is_no_news() {
        let event = |about: &str| InstanceStatusEvent::builder().description(about).build();
        let all = ["[Completed] moved", "[Canceled] it stays", "it will be retired"].map(event).to_vec();
        let checks = Checks::new(InstanceStatus::builder().set_events(Some(all)).build());
        assert_eq!(checks.events.len(), 1, "{:?}", checks.events);
        assert!(checks.events[0].ends_with("it will be retired"));
    }

    #[test]
    fn findings_name_what_is_wrong_and_the_tool_that_helps() {
        let mut card = Card::new(Described::builder().instance_id("i-1").build());
        assert!(card.findings().is_empty());
        card.state = "running".to_owned();
        card.imds = Some("v1 and v2".to_owned());
        card.checks = Some(Checks {
            system: "impaired".to_owned(),
            instance: "ok".to_owned(),
            volumes: None,
            events: vec!["instance-retirement".to_owned()],
        });
        card.ssm =
            Some(Agent { status: "ConnectionLost".to_owned(), agent: None, os: None, last_ping: None });
        card.cpu_last_hour = Some(Cpu { average_percent: 97.0, highest_percent: 100.0 });
        let text = card.findings().join("\n");
        for part in
            ["stop and start moves it", "AWS plans: instance-retirement", "SSM agent", "IMDSv1", "processor"]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
