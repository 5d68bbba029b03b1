//! What `doctor` asks: is the clock right, and do the caller's policies allow what the tools declare?

use aws_sdk_iam::types::PolicyEvaluationDecisionType;
use aws_sdk_sts::config::Builder;

use crate::{Error, Identity, Session, Tap, Target};

/// Who calls, and by how much the local clock is off.
#[derive(Clone, Debug)]
pub struct Checkup {
    /// Who calls.
    pub identity: Identity,
    /// Seconds that the local clock is behind AWS's; negative where it is ahead.
    pub clock_skew: Option<i64>,
}

impl Session {
    /// Asks AWS who calls, past the cache.
    ///
    /// # Errors
    /// Whatever keeps the caller from being known.
    pub async fn check(&self, target: &Target) -> Result<Checkup, Error> {
        let tap = Tap::open();
        let sdk = self.sdk_config(target).await?;
        let client = aws_sdk_sts::Client::from_conf(Builder::from(&sdk).interceptor(tap.clone()).build());
        let out = client.get_caller_identity().send().await;
        let out = out.map_err(|error| self.explain(target, Error::from(error).noted(&tap)))?;
        Ok(Checkup {
            identity: Identity {
                account: out.account.unwrap_or_default(),
                arn: out.arn.unwrap_or_default(),
                user_id: out.user_id.unwrap_or_default(),
            },
            clock_skew: tap.made().iter().find_map(|made| made.clock_skew),
        })
    }

    /// Which of these actions the caller's policies do not allow on their resources, as IAM's policy simulator
    /// sees it. Needs `iam:SimulatePrincipalPolicy` on the caller itself.
    ///
    /// # Errors
    /// When IAM does not simulate for this caller.
    pub async fn missing(
        &self,
        target: &Target,
        identity: &Identity,
        pairs: Vec<(String, String)>,
    ) -> Result<Vec<String>, Error> {
        let source = principal(&identity.arn).ok_or_else(|| {
            Error::refused("IAM simulates policies only for users and roles")
                .with_next("check as a user or a role")
        })?;
        let sdk = self.sdk_config(target).await?;
        let client = aws_sdk_iam::Client::new(&sdk);
        let mut missing = Vec::new();
        // One resource at a time: the simulator crosses all actions with all resources.
        let mut resources: Vec<&String> = pairs.iter().map(|(_, resource)| resource).collect();
        resources.sort();
        resources.dedup();
        for resource in resources {
            let actions =
                pairs.iter().filter(|(_, on)| on == resource).map(|(action, _)| action.clone()).collect();
            let mut pages = client
                .simulate_principal_policy()
                .policy_source_arn(&source)
                .set_action_names(Some(actions))
                .resource_arns(resource)
                .into_paginator()
                .send();
            while let Some(page) = pages.next().await {
                let page = page.map_err(|error| self.explain(target, error.into()))?;
                for result in page.evaluation_results.unwrap_or_default() {
                    if result.eval_decision != PolicyEvaluationDecisionType::Allowed {
                        missing.push(result.eval_action_name);
                    }
                }
            }
        }
        missing.sort();
        missing.dedup();
        Ok(missing)
    }
}

/// The ARN whose policies apply: a session of a role is simulated as the role. None of what is neither user nor role.
pub fn principal(arn: &str) -> Option<String> {
    let Some((partition, rest)) = arn.split_once(":sts::") else {
        return (arn.contains(":user/") || arn.contains(":role/")).then(|| arn.to_owned());
    };
    let (account, session) = rest.split_once(":assumed-role/")?;
    let (role, _) = session.split_once('/')?;
    Some(format!("{partition}:iam::{account}:role/{role}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_session_is_simulated_as_its_role() {
        assert_eq!(principal("arn:aws:iam::1:user/a").as_deref(), Some("arn:aws:iam::1:user/a"));
        assert_eq!(principal("arn:aws:sts::1:assumed-role/r/s").as_deref(), Some("arn:aws:iam::1:role/r"));
        assert_eq!(principal("arn:aws:iam::1:root"), None);
        assert_eq!(principal("arn:aws:sts::1:federated-user/f"), None);
    }
}
