//! The target groups that are meant.

use awsmcp_api::ELBV2;
use awsmcp_mcp::{Call, Error, ResourceArgument, Result};
use serde::Deserialize;
use serde_json::json;

use super::HEALTH;
use crate::{
    Ec2, arns,
    asked::{List, Listed, all, ask},
    instances::find,
    names::{Instance, LoadBalancer, TargetGroup, by_arn_or_name},
};

/// A target group as AWS describes it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Described {
    #[serde(rename = "TargetGroupArn")]
    pub(super) arn: String,
    #[serde(rename = "TargetGroupName", default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) target_type: String,
    protocol: Option<String>,
    protocol_version: Option<String>,
    port: Option<i64>,
    vpc_id: Option<String>,
    #[serde(rename = "LoadBalancerArns", default)]
    balancers: Vec<String>,
    health_check_enabled: Option<bool>,
    pub(super) health_check_protocol: Option<String>,
    health_check_port: Option<String>,
    pub(super) health_check_path: Option<String>,
    health_check_interval_seconds: Option<i64>,
    health_check_timeout_seconds: Option<i64>,
    healthy_threshold_count: Option<i64>,
    unhealthy_threshold_count: Option<i64>,
    matcher: Option<Matcher>,
}

/// The codes of a good answer.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Matcher {
    http_code: Option<String>,
    grpc_code: Option<String>,
}

impl Described {
    /// The names of the load balancers that send to it.
    pub(super) fn balancers(&self) -> Vec<String> {
        let name = |arn: &String| arn.split('/').nth(2).unwrap_or(arn).to_owned();
        self.balancers.iter().map(name).collect()
    }

    /// `HTTP :80`
    pub(super) fn serves(&self) -> String {
        let version = self.protocol_version.as_deref().filter(|version| *version != "HTTP1");
        let protocol =
            [self.protocol.as_deref(), version].into_iter().flatten().collect::<Vec<_>>().join(" ");
        match self.port {
            Some(port) => format!("{protocol} :{port}").trim_start().to_owned(),
            None => protocol,
        }
    }

    /// The codes that a good answer has.
    pub(super) fn codes(&self) -> Option<String> {
        let matcher = self.matcher.as_ref()?;
        let http = matcher.http_code.as_ref().map(|codes| format!("HTTP {codes}"));
        http.or_else(|| matcher.grpc_code.as_ref().map(|codes| format!("gRPC {codes}")))
    }

    /// `HTTP on the port of each target, /health, wants HTTP 200, every 30 s, answer within 5 s; healthy after 5, unhealthy
    /// after 2`
    pub(super) fn check(&self) -> String {
        if self.health_check_enabled == Some(false) {
            return "off: nothing is known of the targets".to_owned();
        }
        let port = match self.health_check_port.as_deref() {
            None => None,
            Some("traffic-port") => Some("on the port of each target".to_owned()),
            Some(port) => Some(format!("on port {port}")),
        };
        let begin =
            [self.health_check_protocol.clone(), port].into_iter().flatten().collect::<Vec<_>>().join(" ");
        let seconds = |word: &str, seconds: Option<i64>| seconds.map(|seconds| format!("{word} {seconds} s"));
        let parts = [
            Some(begin).filter(|text| !text.is_empty()),
            self.health_check_path.clone(),
            self.codes().map(|codes| format!("wants {codes}")),
            seconds("every", self.health_check_interval_seconds),
            seconds("answer within", self.health_check_timeout_seconds),
        ];
        let counts = self.healthy_threshold_count.zip(self.unhealthy_threshold_count);
        let counts = counts.map(|(good, bad)| format!("; healthy after {good}, unhealthy after {bad}"));
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ") + &counts.unwrap_or_default()
    }
}

/// What is to be looked at.
pub(super) struct Wanted {
    pub(super) groups: Vec<Described>,
    /// Only targets of these ids: an instance, and its addresses.
    pub(super) only: Option<Vec<String>>,
    /// What to say where there is nothing.
    pub(super) none: String,
}

const GROUPS: List =
    List { operation: "DescribeTargetGroups", rows: "TargetGroups", token: "Marker", next: "NextMarker" };
/// A load balancer has up to 100 target groups, an account some thousands.
const PAGES: usize = 10;
/// The most groups that are looked through for an instance: each is a request.
const MOST: usize = 200;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Balancers {
    #[serde(default)]
    load_balancers: Vec<Balancer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Balancer {
    load_balancer_arn: String,
}

impl Wanted {
    pub(super) async fn of_balancer(cx: &Call<Ec2>, balancer: &LoadBalancer) -> Result<Wanted> {
        let reference = by_arn_or_name(&balancer.resource());
        let input = match &reference {
            Ok(arn) => json!({"LoadBalancerArns": [arn]}),
            Err(name) => json!({"Names": [name]}),
        };
        let found: Balancers = ask(cx, &ELBV2, "DescribeLoadBalancers", input).await?;
        let called = reference.unwrap_or_else(|name| name);
        let arn = found.load_balancers.into_iter().next().map(|balancer| balancer.load_balancer_arn);
        let arn = arn.ok_or_else(|| {
            Error::not_found(format!("there is no load balancer {called} in {}", cx.region()))
                .with_next("a classic one has no target groups; check_reachability takes its name")
        })?;
        cx.may_on("elasticloadbalancing:DescribeLoadBalancers", &arn)?;
        let found = all(cx, &ELBV2, GROUPS, json!({"LoadBalancerArn": arn}), PAGES).await?;
        let none =
            format!("{called} sends to no target group: its listeners answer or redirect by themselves");
        Ok(Wanted { groups: allowed(cx, found), only: None, none })
    }

    pub(super) async fn of_group(cx: &Call<Ec2>, group: &TargetGroup) -> Result<Wanted> {
        let input = match by_arn_or_name(&group.resource()) {
            Ok(arn) => json!({"TargetGroupArns": [arn]}),
            Err(name) => json!({"Names": [name]}),
        };
        let found = all::<Described>(cx, &ELBV2, GROUPS, input, 1).await?;
        for group in &found.rows {
            cx.may_on(HEALTH, &group.arn)?;
        }
        let none = format!("there is no such target group in {}", cx.region());
        Ok(Wanted { groups: found.rows, only: None, none })
    }

    pub(super) async fn of_instance(cx: &Call<Ec2>, instance: &Instance) -> Result<Wanted> {
        let machine = find(cx, instance).await?;
        let id = machine.instance_id.clone().unwrap_or_default();
        cx.may("ec2:DescribeInstances", arns::INSTANCE, &[("instance", &id)]).await?;
        let mut found = all::<Described>(cx, &ELBV2, GROUPS, json!({}), PAGES).await?;
        // Instances are targets in their own network only, their addresses in others that reach it too.
        found.rows.retain(|group| match group.target_type.as_str() {
            "instance" => group.vpc_id == machine.vpc_id,
            kind => kind == "ip",
        });
        // Its own network's first, so that what is left out is what is less likely.
        found.rows.sort_by_key(|group| group.vpc_id != machine.vpc_id);
        let mut groups = allowed(cx, found);
        if groups.len() > MOST {
            cx.note(format!("{} target groups could have it; the first {MOST} were looked at", groups.len()));
            groups.truncate(MOST);
        }
        let interfaces = machine.network_interfaces.unwrap_or_default();
        let addresses = interfaces.iter().flat_map(|interface| {
            let four = interface.private_ip_addresses.iter().flatten();
            let six = interface.ipv6_addresses.iter().flatten();
            four.filter_map(|it| it.private_ip_address.clone())
                .chain(six.filter_map(|it| it.ipv6_address.clone()))
        });
        let own = [Some(id.clone()), machine.private_ip_address, machine.ipv6_address];
        let only = own.into_iter().flatten().chain(addresses).collect();
        let none = format!("no target group that was looked at has {id}");
        Ok(Wanted { groups, only: Some(only), none })
    }
}

/// Those within the operator's list; a note says how many are not, and whether there are more than were read.
fn allowed(cx: &Call<Ec2>, found: Listed<Described>) -> Vec<Described> {
    if found.has_more {
        cx.note("there are more target groups than were read; the others were not looked at");
    }
    let (within, outside): (Vec<_>, Vec<_>) =
        found.rows.into_iter().partition(|group| cx.may_on(HEALTH, &group.arn).is_ok());
    if !outside.is_empty() {
        cx.note(format!("{} more are outside what the operator allowed", outside.len()));
    }
    within
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::Value;

    use super::*;

    pub(in super::super) fn described(more: Value) -> Described {
        let mut whole = json!({"TargetGroupArn": "arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/web/1",
            "TargetGroupName": "web", "TargetType": "instance", "Protocol": "HTTP", "Port": 80,
            "LoadBalancerArns": ["arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/app/front/2"]});
        whole.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        serde_json::from_value(whole).unwrap()
    }

    #[test]
    fn a_check_is_told_in_words_with_its_codes() {
        let http = described(json!({"HealthCheckEnabled": true, "HealthCheckProtocol": "HTTP",
            "HealthCheckPort": "traffic-port", "HealthCheckPath": "/health", "Matcher": {"HttpCode": "200-299"},
            "HealthCheckIntervalSeconds": 30, "HealthCheckTimeoutSeconds": 5, "HealthyThresholdCount": 5,
            "UnhealthyThresholdCount": 2}));
        assert_eq!(
            http.check(),
            "HTTP on the port of each target, /health, wants HTTP 200-299, every 30 s, answer within 5 s; healthy after 5, \
             unhealthy after 2"
        );
        assert_eq!((http.serves().as_str(), http.balancers()), ("HTTP :80", vec!["front".to_owned()]));
        let tcp = described(json!({"HealthCheckProtocol": "TCP", "HealthCheckPort": "8443"}));
        assert_eq!(tcp.check(), "TCP on port 8443");
        let grpc = described(json!({"ProtocolVersion": "GRPC", "Matcher": {"GrpcCode": "0-99"}}));
        assert_eq!((grpc.serves().as_str(), grpc.codes().as_deref()), ("HTTP GRPC :80", Some("gRPC 0-99")));
        assert!(described(json!({"HealthCheckEnabled": false})).check().starts_with("off"));
    }
}
