//! Tools of many operations: what a call may do is known once its arguments are.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use awsmcp_aws::Rules;
use awsmcp_spec::{Environment, NeedEntry};
use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};

use crate::{Call, Plan, Reply, Result, Risk, Service, Settings};

/// A tool whose arguments name the operation that a call does.
///
/// What other tools declare in their [`Spec`](crate::Spec), each call of this one declares in a [`Deed`], before anything
/// is asked of AWS. From there on it goes the way of every call: gate, scopes, list of resources, tap, plan, confirmation.
pub trait Dispatch: DeserializeOwned + JsonSchema + Send + Sync + 'static {
    /// The service it belongs to.
    type Service: Service;
    /// What a change is made of.
    type Items: Serialize + Send + 'static;
    /// What it is called; made by [`Spec::dispatch`](crate::Spec::dispatch).
    const SPEC: crate::Spec;

    /// What this call may do, and what it touches.
    ///
    /// # Errors
    /// When the arguments name no operation, or are none of it.
    fn deed(&self, settings: &Settings) -> Result<Deed>;

    /// Does what looks, reveals or runs.
    fn look(self, cx: &Call<Self::Service>) -> impl Future<Output = Result<Reply>> + Send;

    /// Finds out what a change would do. Must change nothing.
    fn plan(&self, cx: &Call<Self::Service>) -> impl Future<Output = Result<Plan<Self::Items>>> + Send;

    /// Does what was planned.
    fn apply(
        self,
        items: Self::Items,
        cx: &Call<Self::Service>,
    ) -> impl Future<Output = Result<Reply>> + Send;

    /// The IAM actions of every operation that the operator named (`Settings::operations`), for the policy that it takes.
    ///
    /// # Errors
    /// When a name that the operator gave fits no operation.
    fn needs(settings: &Settings) -> Result<Vec<NeedEntry>>;
}

/// What one call may do and touches.
#[derive(Clone)]
pub struct Deed {
    /// The operation as a person would write it, such as `sqs DeleteQueue`.
    pub what: String,
    /// What it may do.
    pub risk: Risk,
    /// The operations that may be sent: the SDK's id of the service, and the name.
    pub operations: Vec<(String, String)>,
    /// Whether sending it twice does no more than sending it once.
    pub repeatable: bool,
    /// The longest that it may take, in minutes, where that is more than an ordinary call's deadline.
    pub minutes: Option<u64>,
    /// The IAM actions that it takes, each with the ARN of what it is used on.
    pub touches: Touches,
    /// Whether these ARNs name the account of the call.
    pub by_account: bool,
}

/// The IAM actions of a call to somewhere, and the ARNs that they are used on.
pub type Touches = Arc<dyn Fn(Environment<'_>) -> Vec<(Cow<'static, str>, String)> + Send + Sync>;

impl std::fmt::Debug for Deed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Deed").field("what", &self.what).field("risk", &self.risk).finish_non_exhaustive()
    }
}

/// Operations by name, as an operator writes them: `sqs:List*`, `*:Describe*`, `s3:GetObject`. `*` stands for any letters,
/// and case makes no difference, as in IAM's actions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationPattern {
    service: String,
    operation: String,
}

impl OperationPattern {
    /// Whether an operation is meant: by the name of its service or by one of its IAM actions.
    pub fn fits<'a>(
        &self,
        service: &str,
        operation: &str,
        actions: impl IntoIterator<Item = &'a str>,
    ) -> bool {
        let fits = |service: &str, operation: &str| {
            like(&self.service, &service.to_lowercase()) && like(&self.operation, &operation.to_lowercase())
        };
        fits(service, operation)
            || actions
                .into_iter()
                .filter_map(|it| it.split_once(':'))
                .any(|(prefix, name)| fits(prefix, name))
    }
}

impl std::str::FromStr for OperationPattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "{text:?} names no operation; a good one has a service and an operation, such as sqs:ListQueues, sqs:List* \
                 or *:Describe*"
            )
        };
        let (service, operation) = text.split_once(':').ok_or_else(wrong)?;
        let plain = |part: &str| {
            !part.is_empty() && part.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_*".contains(&it))
        };
        if !plain(service) || !plain(operation) {
            return Err(wrong());
        }
        Ok(OperationPattern { service: service.to_lowercase(), operation: operation.to_lowercase() })
    }
}

impl std::fmt::Display for OperationPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.service, self.operation)
    }
}

/// Whether a name is such as a pattern with stars says.
fn like(pattern: &str, name: &str) -> bool {
    let Some((before, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut left) = name.strip_prefix(before) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = left.find(part) else { return false };
        left = left.get(at + part.len()..).unwrap_or_default();
    }
    left.ends_with(last)
}

/// How long an operation that runs or thinks may say nothing.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

impl Deed {
    /// What its requests are held to: these operations and no others.
    pub(crate) fn rules(&self, tool: &'static str) -> Rules {
        let (operations, repeatable, runs) =
            (self.operations.clone(), self.repeatable, self.risk == Risk::Invoke);
        let permit = move |service: &str, operation: &str| {
            let is_this = |(id, name): &(String, String)| id == service && name == operation;
            match operations.iter().any(is_this) {
                true => Ok(()),
                false => Err(format!("{tool} was not called for {operation}, so it was not sent")),
            }
        };
        Rules::new(permit).repeatable(move |_, _| repeatable).patience(move |_, _| runs.then_some(PATIENCE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_named_as_in_policies() {
        let fits = |pattern: &str, service: &str, operation: &str, actions: &[&str]| {
            pattern.parse::<OperationPattern>().unwrap().fits(service, operation, actions.iter().copied())
        };
        assert!(fits("sqs:ListQueues", "sqs", "ListQueues", &[]));
        assert!(fits("SQS:listqueues", "sqs", "ListQueues", &[]));
        assert!(fits("sqs:List*", "sqs", "ListQueues", &[]));
        assert!(fits("*:*Queue*s", "sqs", "ListQueues", &[]));
        assert!(fits("s3:ListBucket", "s3", "ListObjectsV2", &["s3:ListBucket"]));
        assert!(!fits("sqs:List", "sqs", "ListQueues", &[]));
        assert!(!fits("sqs:*Tags", "sqs", "ListQueues", &[]));
        assert!(!fits("sns:*", "sqs", "ListQueues", &["sqs:ListQueues"]));
        assert!(!fits("sqs:List*Queues*s", "sqs", "ListQueues", &[]));
        for wrong in ["", "sqs", "sqs:", ":List", "sqs:List Queues", "a:b:c", "sqs:Li?t"] {
            assert!(wrong.parse::<OperationPattern>().unwrap_err().contains("sqs:ListQueues"), "{wrong}");
        }
    }
}
