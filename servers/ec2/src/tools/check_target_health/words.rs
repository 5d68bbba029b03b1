//! What the state of a target means, and what to look at next.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::json;

use super::groups::Described;

/// A target and its health as AWS describes them.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Health {
    pub(super) target: Of,
    /// The port that is checked.
    pub(super) health_check_port: Option<String>,
    pub(super) target_health: State,
    administrative_override: Option<State>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Of {
    pub(super) id: String,
    pub(super) port: Option<i64>,
    pub(super) availability_zone: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct State {
    pub(super) state: String,
    reason: Option<String>,
    description: Option<String>,
}

impl State {
    /// `Target.Timeout: Request timed out`
    fn said(&self) -> Option<String> {
        let parts = [&self.reason, &self.description].into_iter().flatten();
        let parts: Vec<&str> = parts.map(String::as_str).filter(|part| !part.is_empty()).collect();
        (!parts.is_empty()).then(|| parts.join(": "))
    }
}

impl Health {
    pub(super) fn is_healthy(&self) -> bool {
        self.target_health.state == "healthy"
    }

    fn reason(&self) -> &str {
        self.target_health.reason.as_deref().unwrap_or_default()
    }

    /// What holds whatever the checks say.
    pub(super) fn overridden(&self) -> Option<String> {
        let state = self.administrative_override.as_ref().filter(|it| it.state != "no_override")?;
        Some([Some(state.state.clone()), state.said()].into_iter().flatten().collect::<Vec<_>>().join(": "))
    }
}

/// AWS's reason and words.
pub(super) fn why(health: &Health) -> Option<String> {
    health.target_health.said()
}

/// What to look at next, once for each reason that there is.
pub(super) fn next(group: &Described, found: &[Health]) -> Vec<String> {
    let mut lines = Vec::new();
    let bad = || found.iter().filter(|one| one.target_health.state == "unhealthy");
    if bad().count() > 0 && !found.iter().any(Health::is_healthy) {
        lines.push(
            "no target is healthy: unless told otherwise, a load balancer then sends to all of them all the same".to_owned(),
        );
    }
    let mut told = BTreeSet::new();
    for one in found.iter().filter(|one| !one.is_healthy()) {
        if told.insert(one.reason()) {
            lines.extend(line(group, one));
        }
    }
    lines
}

fn line(group: &Described, one: &Health) -> Option<String> {
    let id = one.target.id.as_str();
    Some(match one.reason() {
        "Target.Timeout" | "Target.FailedHealthChecks" => unanswered(group, one)?,
        "Target.ResponseCodeMismatch" => format!(
            "{id} answers, but not with {}{}: what its application logs of that request tells why",
            group.codes().unwrap_or_else(|| "the code that is wanted".to_owned()),
            group.health_check_path.as_ref().map(|path| format!(" on {path}")).unwrap_or_default()
        ),
        "Target.NotInUse" if group.balancers().is_empty() => {
            "no listener or rule of a load balancer sends to this group, so it is not checked".to_owned()
        }
        "Target.NotInUse" => format!(
            "{id} gets nothing: the load balancer is not enabled in its zone, or no listener or rule uses the group"
        ),
        "Target.InvalidState" => format!("{id} does not run: describe_instance shows its state"),
        "Target.IpUnusable" => format!("{id} is the address of a load balancer itself: register another"),
        "Target.HealthCheckDisabled" => {
            "health checks are off, so it is not known whether it answers".to_owned()
        }
        "Target.DeregistrationInProgress" => {
            format!("{id} is being taken out: it ends what it has and gets nothing new")
        }
        "Target.NotRegistered" => format!("{id} is not registered here"),
        "Elb.RegistrationInProgress" | "Elb.InitialHealthChecking" => {
            "the first checks go on: look again in a moment".to_owned()
        }
        "Elb.InternalError" => "the fault is on AWS's side".to_owned(),
        _ => return None,
    })
}

/// The way from the load balancer to the port that is checked.
fn unanswered(group: &Described, one: &Health) -> Option<String> {
    let id = one.target.id.as_str();
    if !matches!(group.target_type.as_str(), "instance" | "ip") {
        return Some(format!("{id} gives no good answer to the check: its own log tells why"));
    }
    let balancer = group.balancers().into_iter().next()?;
    let port = one.health_check_port.as_deref().and_then(|port| port.parse::<u16>().ok());
    let port = port.or_else(|| u16::try_from(one.target.port?).ok())?;
    let call = json!({"from": balancer, "to": id, "port": port});
    Some(format!(
        "check_reachability {call} tells whether security groups, network ACLs and routes let the check through; where they \
         do, nothing on {id} answers on port {port} in time"
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{super::groups::tests::described, *};

    fn health(id: &str, state: &str, reason: &str) -> Health {
        let mut of = json!({"State": state});
        if !reason.is_empty() {
            of["Reason"] = json!(reason);
            of["Description"] = json!("as AWS says");
        }
        serde_json::from_value::<Health>(
            json!({"Target": {"Id": id, "Port": 80}, "HealthCheckPort": "8080", "TargetHealth": of}),
        )
        .unwrap()
    }

    #[test]
    fn a_timeout_leads_to_the_way_and_each_reason_is_told_once() {
        let found = [
            health("i-1", "unhealthy", "Target.Timeout"),
            health("i-2", "unhealthy", "Target.Timeout"),
            health("i-3", "unhealthy", "Target.ResponseCodeMismatch"),
        ];
        let group = described(json!({"HealthCheckPath": "/health", "Matcher": {"HttpCode": "200"}}));
        let told = next(&group, &found);
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(told[0].starts_with("no target is healthy"));
        assert!(
            told[1].contains(r#"check_reachability {"from":"front","to":"i-1","port":8080}"#),
            "{told:?}"
        );
        assert!(told[2].starts_with("i-3 answers, but not with HTTP 200 on /health"), "{told:?}");
        assert_eq!(why(&found[0]).as_deref(), Some("Target.Timeout: as AWS says"));
    }

    #[test]
    fn every_reason_of_aws_says_what_to_do() {
        let group = described(json!({}));
        for reason in [
            "Elb.RegistrationInProgress",
            "Elb.InitialHealthChecking",
            "Target.ResponseCodeMismatch",
            "Target.Timeout",
            "Target.FailedHealthChecks",
            "Target.NotRegistered",
            "Target.NotInUse",
            "Target.DeregistrationInProgress",
            "Target.InvalidState",
            "Target.IpUnusable",
            "Target.HealthCheckDisabled",
            "Elb.InternalError",
        ] {
            assert_eq!(next(&group, &[health("i-1", "unused", reason)]).len(), 1, "{reason}");
        }
        assert!(next(&group, &[health("i-1", "healthy", "")]).is_empty());
        let function = described(json!({"TargetType": "lambda"}));
        let told = next(&function, &[health("arn:aws:lambda:x", "unhealthy", "Target.Timeout")]);
        assert!(told[1].contains("its own log"), "{told:?}");
    }

    #[test]
    fn an_override_is_told_and_none_is_not() {
        let with = |state: Value| {
            let whole = json!({"Target": {"Id": "i-1"}, "TargetHealth": {"State": "healthy"},
                "AdministrativeOverride": state});
            serde_json::from_value::<Health>(whole).unwrap().overridden()
        };
        assert_eq!(with(json!({"State": "no_override"})), None);
        let shifted =
            json!({"State": "zonal_shift_active", "Reason": "AdministrativeOverride.ZonalShiftActive"});
        assert_eq!(
            with(shifted).as_deref(),
            Some("zonal_shift_active: AdministrativeOverride.ZonalShiftActive")
        );
    }
}
