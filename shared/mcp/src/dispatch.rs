//! Tools of many operations: what a call may do is known once its arguments are.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use awsmcp_sdk::Rules;
use awsmcp_spec::{Environment, NeedEntry};
use schemars::{JsonSchema, SchemaGenerator};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{Call, Error, Output, Plan, Reply, Result, Risk, Service, Settings};

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

    /// Holds the operator's names of operations to those that there are.
    ///
    /// # Errors
    /// Names the pattern that fits none.
    fn check(settings: &Settings) -> Result<(), String>;

    /// The IAM actions of every operation that the operator named (`Settings::operations`), for the policy that it takes.
    ///
    /// # Errors
    /// When a model cannot be read.
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

/// What an operation answers: its model says it, and no schema of the tool.
pub(crate) struct Answered;

impl Output for Answered {
    fn reply(self) -> Result<Reply> {
        Err(Error::internal("it stands for a schema only"))
    }

    fn schema(_: &mut SchemaGenerator) -> Value {
        json!({
            "item": {"description": "What the operation answered."},
            "rows": {"type": "array", "items": {"description": "One of what it listed."}},
        })
    }
}

/// How long an operation that runs or thinks may say nothing.
const PATIENCE: Duration = Duration::from_secs(Deed::RUNS * 60);

impl Deed {
    /// How long an operation that runs or thinks may take, in minutes.
    pub const RUNS: u64 = 15;

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
