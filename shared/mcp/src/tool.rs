//! The two kinds of tool, and their type-erased form.

use std::sync::{Arc, OnceLock};

use awsmcp_spec::Spec;
use futures::future::BoxFuture;
use rmcp::model::JsonObject;
use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    Call, Deed, Dispatch, Error, Output, Plan, Reply, Result, Service, Settings, dispatch::Answered, schema,
    time,
};

/// A tool that looks at something: `list`, `read`, `reveal` or `invoke`.
///
/// The input struct is the tool; its doc comment is what the model reads.
pub trait Tool: DeserializeOwned + JsonSchema + Send + Sync + 'static {
    /// The service it belongs to.
    type Service: Service;
    /// What it answers.
    type Output: Output;
    /// What it is called, may do and needs.
    const SPEC: Spec;

    /// Does it.
    fn call(self, cx: &Call<Self::Service>) -> impl Future<Output = Result<Self::Output>> + Send;
}

/// A tool that changes something: `write` or `destroy`.
///
/// `plan` says what would change, changing nothing; `dry_run` answers it, and a confirmation binds to it and to its items,
/// which `apply` is given.
pub trait Change: DeserializeOwned + JsonSchema + Send + Sync + 'static {
    /// The service it belongs to.
    type Service: Service;
    /// What it answers.
    type Output: Output;
    /// What the change is made of: what `plan` found and `apply` gets. `()` where the arguments say it all.
    type Items: Serialize + Send + 'static;
    /// What it is called, may do and needs.
    const SPEC: Spec;

    /// Finds out what would change, and the items that it is made of. Must change nothing.
    fn plan(&self, cx: &Call<Self::Service>) -> impl Future<Output = Result<Plan<Self::Items>>> + Send;

    /// Changes exactly those items; looks for nothing anew.
    fn apply(
        self,
        items: Self::Items,
        cx: &Call<Self::Service>,
    ) -> impl Future<Output = Result<Self::Output>> + Send;
}

/// What a tool does, without its type.
pub(crate) enum Work<S: Service> {
    /// Looks, or runs something that needs no plan.
    Look(Looking<S>),
    /// Plans a change.
    Change(Planning<S>),
    /// Does what its arguments name.
    Dispatch(Dispatching<S>),
}

/// What a tool does whose arguments name it.
pub(crate) struct Dispatching<S: Service> {
    pub(crate) deed: Judging,
    look: Looking<S>,
    plan: Planning<S>,
}

impl<S: Service> Work<S> {
    /// How it looks, where it does.
    pub(crate) fn looking(&self) -> Option<&Looking<S>> {
        match self {
            Work::Look(look) | Work::Dispatch(Dispatching { look, .. }) => Some(look),
            Work::Change(_) => None,
        }
    }

    /// How it plans a change, where it does.
    pub(crate) fn planning(&self) -> Option<&Planning<S>> {
        match self {
            Work::Change(plan) | Work::Dispatch(Dispatching { plan, .. }) => Some(plan),
            Work::Look(_) => None,
        }
    }
}

type Judging = Box<dyn Fn(Value, &Settings) -> Result<Deed> + Send + Sync>;
type Looking<S> = Box<dyn Fn(Value, Arc<Call<S>>) -> BoxFuture<'static, Result<Reply>> + Send + Sync>;
type Planning<S> = Box<dyn Fn(Value, Arc<Call<S>>) -> BoxFuture<'static, Result<Planned<S>>> + Send + Sync>;

/// A plan, and the change that it is of.
pub(crate) struct Planned<S: Service> {
    pub(crate) plan: Plan,
    pub(crate) apply: Apply<S>,
}

type Apply<S> = Box<dyn FnOnce(Arc<Call<S>>) -> BoxFuture<'static, Result<Reply>> + Send>;

/// A tool without its type: one row of the table of contents.
pub(crate) struct Entry<S: Service> {
    pub(crate) spec: Spec,
    pub(crate) toolset: &'static str,
    pub(crate) work: Work<S>,
    make_schema: fn() -> schema::Input,
    make_output: fn() -> JsonObject,
    input: OnceLock<schema::Input>,
}

impl<S: Service> Entry<S> {
    pub(crate) fn tool<T: Tool<Service = S>>(toolset: &'static str) -> Self {
        const { assert!(!T::SPEC.risk.changes(), "a tool that writes or destroys implements Change") };
        Entry {
            spec: T::SPEC,
            toolset,
            work: Work::Look(Box::new(|input, cx| {
                Box::pin(async move { read::<T, S>(input, &cx)?.call(&cx).await?.reply() })
            })),
            make_schema: schema::input::<T>,
            make_output: schema::output::<T::Output>,
            input: OnceLock::new(),
        }
    }

    pub(crate) fn change<T: Change<Service = S>>(toolset: &'static str) -> Self {
        const { assert!(T::SPEC.risk.changes(), "only a tool that writes or destroys implements Change") };
        Entry {
            spec: T::SPEC,
            toolset,
            work: Work::Change(Box::new(|input, cx| Box::pin(planned::<T>(input, cx)))),
            make_schema: schema::input::<T>,
            make_output: schema::output::<T::Output>,
            input: OnceLock::new(),
        }
    }

    pub(crate) fn dispatch<T: Dispatch<Service = S>>(toolset: &'static str) -> Self {
        const { assert!(T::SPEC.dispatches, "a tool of many operations is declared with Spec::dispatch") };
        Entry {
            spec: T::SPEC,
            toolset,
            work: Work::Dispatch(Dispatching {
                deed: Box::new(|input, settings| parse::<T>(input)?.deed(settings)),
                look: Box::new(|input, cx| {
                    Box::pin(async move { read::<T, S>(input, &cx)?.look(&cx).await })
                }),
                plan: Box::new(|input, cx| Box::pin(dispatched::<T>(input, cx))),
            }),
            make_schema: schema::input::<T>,
            make_output: schema::output::<Answered>,
            input: OnceLock::new(),
        }
    }

    /// A tool that the shared code itself brings.
    pub(crate) fn builtin<I, O, F>(spec: Spec, toolset: &'static str, run: F) -> Self
    where
        I: DeserializeOwned + JsonSchema + Send + 'static,
        O: Output,
        F: Fn(I, Arc<Call<S>>) -> BoxFuture<'static, Result<O>> + Send + Sync + Clone + 'static,
    {
        Entry {
            spec,
            toolset,
            work: Work::Look(Box::new(move |input, cx| {
                let run = run.clone();
                Box::pin(async move { run(read::<I, S>(input, &cx)?, cx).await?.reply() })
            })),
            make_schema: schema::input::<I>,
            make_output: schema::output::<O>,
            input: OnceLock::new(),
        }
    }

    /// The tool's own input schema and description, made on first use: a start pays for no tool.
    pub(crate) fn input(&self) -> &schema::Input {
        self.input.get_or_init(self.make_schema)
    }

    pub(crate) fn output(&self) -> JsonObject {
        (self.make_output)()
    }
}

/// Plans a change; what is applied is the tool and the items of this very plan.
async fn planned<T: Change>(input: Value, cx: Arc<Call<T::Service>>) -> Result<Planned<T::Service>> {
    let tool = read::<T, T::Service>(input, &cx)?;
    let (plan, items) = tool.plan(&cx).await?.apart();
    let apply = move |cx: Arc<Call<T::Service>>| -> BoxFuture<'static, Result<Reply>> {
        Box::pin(async move { tool.apply(items, &cx).await?.reply() })
    };
    Ok(Planned { plan, apply: Box::new(apply) })
}

/// The same of an operation that the arguments name.
async fn dispatched<T: Dispatch>(input: Value, cx: Arc<Call<T::Service>>) -> Result<Planned<T::Service>> {
    let tool = read::<T, T::Service>(input, &cx)?;
    let (plan, items) = tool.plan(&cx).await?.apart();
    let apply = move |cx: Arc<Call<T::Service>>| -> BoxFuture<'static, Result<Reply>> {
        Box::pin(async move { tool.apply(items, &cx).await })
    };
    Ok(Planned { plan, apply: Box::new(apply) })
}

/// The typed arguments; what was assumed to understand them is noted behind the answer.
fn read<T: DeserializeOwned, S: Service>(input: Value, cx: &Call<S>) -> Result<T> {
    let (parsed, assumed) = time::noticing(|| parse(input));
    if let Some(assumed) = assumed {
        cx.note(assumed);
    }
    parsed
}

fn parse<T: DeserializeOwned>(input: Value) -> Result<T> {
    // A decimal comes out of a `Value` as a float, which may be written otherwise again; out of text it is exact.
    if has_decimal(&input)
        && let Ok(parsed) = serde_json::from_str(&input.to_string())
    {
        return Ok(parsed);
    }
    serde_json::from_value(input).map_err(|error| Error::invalid(error.to_string()))
}

fn has_decimal(value: &Value) -> bool {
    match value {
        Value::Number(number) => !number.is_i64() && !number.is_u64(),
        Value::Array(items) => items.iter().any(has_decimal),
        Value::Object(fields) => fields.values().any(has_decimal),
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_arguments_are_exact() {
        for text in
            ["100000000000000.63", "100000000000000.62", "12345678901234567890123456789012345678", "7"]
        {
            let input: Value = serde_json::from_str(&format!("{{\"n\":[{text}]}}")).unwrap();
            let parsed: Value = parse(input).unwrap();
            assert_eq!(parsed.to_string(), format!("{{\"n\":[{text}]}}"));
        }
        let error = parse::<Vec<u8>>(serde_json::json!([0.5])).unwrap_err();
        assert!(!error.message.contains("column"), "{error}");
    }
}
