//! One operation, called.

use std::borrow::Cow;
use std::marker::PhantomData;
use std::sync::Arc;

use awsmcp_api::{Client, Kind, touched};
use awsmcp_mcp::{Call, Deed, Dispatch, Error, Plan, Reply, Result, Risk, Settings, Spec, View};
use awsmcp_spec::NeedEntry;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::known::{self, Known};
use crate::masked::mask;
use crate::pages::{At, Rows};
use crate::readable::{brief, readable};
use crate::waiter::{Seen, Waiter};
use crate::{Operations, chosen, files, pages};

/// Calls one AWS operation with its input, as describe_operation shows it. What changes is planned (`dry_run`) and, where it
/// destroys, confirmed. Lists take `limit` and `cursor` instead of AWS's own tokens.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, bound = "")]
#[schemars(bound = "S: Operations")]
pub(crate) struct CallOperation<S> {
    /// As the AWS CLI names it, such as `sqs`.
    service: String,
    /// Such as `ListQueues`.
    operation: String,
    /// By AWS's names: `{"QueueNamePrefix": "a"}`. Times are RFC 3339; bytes Base64, or `{"$file": "path"}`.
    #[serde(default)]
    input: Map<String, Value>,
    /// What looks: repeats it until this is so, such as `instance-running`.
    wait: Option<String>,
    /// What answers with a body: a new file for it.
    save_to: Option<String>,
    #[serde(skip)]
    #[schemars(skip)]
    server: PhantomData<fn() -> S>,
}

impl<S: Operations> CallOperation<S> {
    fn known(&self) -> Result<Known> {
        Known::find::<S>(&self.service, &self.operation)
    }

    async fn send(
        &self,
        cx: &Call<S>,
        known: &Known,
        input: Map<String, Value>,
    ) -> Result<Map<String, Value>> {
        let client = Client::new(cx.sdk(), cx.tap().clone());
        let client = if self.save_to.is_some() { client.most_bytes(files::MOST) } else { client };
        client.call(known.service, &known.name, input).await
    }

    /// Asks again and again until it is so.
    async fn awaited(&self, cx: &Call<S>, known: &Known, waiter: &Waiter<'_>) -> Result<Map<String, Value>> {
        let operation = known.operation()?;
        for tried in 1..=waiter.tries() {
            let answer = self.send(cx, known, self.input.clone()).await;
            match waiter.judge(&answer)? {
                Seen::Reached => {
                    cx.note(format!("{}: so it is, at look {tried}", waiter.name));
                    // What is waited for may be that the thing is gone.
                    return Ok(answer.unwrap_or_default());
                }
                Seen::Failed => {
                    let why = answer.map_or_else(
                        |error| error.message.clone(),
                        |answer| Value::Object(readable(cx, &known.model, operation, answer)).to_string(),
                    );
                    return Err(Error::conflict(format!(
                        "{} cannot be reached any more: {why}",
                        waiter.name
                    )));
                }
                Seen::NotYet => {}
            }
            cx.progress(tried, Some(waiter.tries()), format!("{}: not yet", waiter.name));
            tokio::time::sleep(waiter.delay()).await;
        }
        Err(Error::timeout(format!("{} was not so within {} looks", waiter.name, waiter.tries())))
    }

    fn page_reply(&self, cx: &Call<S>, rows: Rows, next: Option<At>) -> Result<Reply> {
        if !rows.beside.is_empty() {
            cx.note(format!("beside the rows: {}", Value::Object(rows.beside)));
        }
        let page = cx.page_from(rows.rows, next)?;
        Ok(Reply { view: View::Rows(page.rows), next: page.next, total: None })
    }

    /// The input without its secrets.
    fn shown(&self, known: &Known) -> Result<Value> {
        let mut shown = Value::Object(self.input.clone());
        if let Some(input) = known.operation()?.input.as_deref() {
            mask(&known.model, input, &mut shown);
        }
        Ok(shown)
    }

    /// The answer as it is shown, its body saved where that is wanted.
    async fn shown_answer(
        &self,
        cx: &Call<S>,
        known: &Known,
        mut answer: Map<String, Value>,
    ) -> Result<Map<String, Value>> {
        let operation = known.operation()?;
        if let Some(path) = &self.save_to {
            files::saved(cx, &known.model, operation, &mut answer, path).await?;
        }
        Ok(readable(cx, &known.model, operation, answer))
    }

    /// Asks AWS whether it would let the call pass, where the operation can be asked that.
    async fn rehearse(&self, cx: &Call<S>, known: &Known, input: &Map<String, Value>) -> Result<bool> {
        const PASSES: &str = "DryRunOperation";
        let shape = known.operation()?.input.as_deref().and_then(|input| known.model.shape(input));
        let rehearses = shape.and_then(|shape| shape.members.get("DryRun"));
        let is_flag =
            rehearses.and_then(|it| known.model.shape(&it.shape)).is_some_and(|it| it.kind == Kind::Boolean);
        if !is_flag {
            return Ok(false);
        }
        let mut input = input.clone();
        input.insert("DryRun".to_owned(), json!(true));
        match self.send(cx, known, input).await {
            // Some services answer as if it had been done.
            Ok(_) => Ok(true),
            Err(error) if error.code.as_deref() == Some(PASSES) => Ok(true),
            Err(error) => Err(error),
        }
    }
}

impl<S: Operations> Dispatch for CallOperation<S> {
    type Service = S;
    type Items = Map<String, Value>;
    const SPEC: Spec = chosen::<S>(Spec::dispatch("call_operation", "Call operation").regional());

    fn deed(&self, settings: &Settings) -> Result<Deed> {
        let known = self.known()?;
        known.permit(settings)?;
        let operation = known.operation()?;
        if self.save_to.is_some() {
            files::body(&known.model, operation)?;
        }
        let waiter =
            self.wait.as_deref().map(|wait| Waiter::find(&known.model, &known.name, wait)).transpose()?;
        if waiter.is_some() && operation.risk != Risk::Read {
            return Err(Error::invalid("`wait` is for operations that only look"));
        }
        let runs = (operation.risk == Risk::Invoke).then_some(Deed::RUNS);
        let minutes = waiter.map(|waiter| waiter.minutes()).or(runs);
        let by_account = operation
            .needs
            .iter()
            .flat_map(|need| need.on.iter().chain(&need.also))
            .any(|arn| arn.contains("{account}"));
        let (model, name, input) = (Arc::clone(&known.model), known.name.clone(), self.input.clone());
        let prefix = known.service.name;
        Ok(Deed {
            what: known.words(),
            risk: operation.risk,
            operations: vec![(model.id.clone(), name.clone())],
            repeatable: matches!(operation.risk, Risk::Read | Risk::Reveal),
            minutes,
            touches: Arc::new(move |environment| {
                let Some(operation) = model.operations.get(&name) else { return Vec::new() };
                let touched = touched(operation, &input, environment);
                let mut touched: Vec<(Cow<'static, str>, String)> =
                    touched.into_iter().map(|(action, arn)| (Cow::Owned(action), arn)).collect();
                if touched.is_empty() {
                    // What nothing is known of may be about anything.
                    touched.push((Cow::Owned(format!("{prefix}:{name}")), "*".to_owned()));
                }
                touched
            }),
            by_account,
        })
    }

    async fn look(self, cx: &Call<S>) -> Result<Reply> {
        let known = self.known()?;
        let operation = known.operation()?;
        let model = &known.model;
        if let Some(wait) = &self.wait {
            let waiter = Waiter::find(model, &known.name, wait)?;
            let answer = self.awaited(cx, &known, &waiter).await?;
            return Ok(one(readable(cx, model, operation, answer)));
        }
        let pages = model.pages(&known.name).filter(|_| operation.risk != Risk::Invoke);
        let Some(pages) = pages else {
            let input = files::filled(cx, model, operation, &self.input).await?;
            let answer = self.send(cx, &known, input).await?;
            let mut answer = self.shown_answer(cx, &known, answer).await?;
            let rows = match operation.risk {
                // It ran: its answer is kept as a whole, to be read on in.
                Risk::Invoke => None,
                _ => pages::only_list(model, operation, &mut answer),
            };
            return rows.map_or_else(|| Ok(one(answer)), |rows| self.page_reply(cx, rows, None));
        };
        let at = cx.place::<At>()?.with_limit(cx.given_limit());
        let mut input = self.input.clone();
        at.put(model, operation, pages, &mut input);
        let answer = self.send(cx, &known, input).await?;
        let (next, answer) = at.next(pages, answer)?;
        let rows = pages::rows(pages, readable(cx, model, operation, answer))?;
        self.page_reply(cx, rows, next)
    }

    async fn plan(&self, cx: &Call<S>) -> Result<Plan<Map<String, Value>>> {
        let known = self.known()?;
        let operation = known.operation()?;
        let input = files::filled(cx, &known.model, operation, &self.input).await?;
        known.model.check(operation, &input)?;
        let passes = operation.risk.changes() && self.rehearse(cx, &known, &input).await?;
        let plan = Plan::new(format!(
            "call {} ({}) in {} with {}{}",
            known.words(),
            operation.risk,
            cx.region(),
            self.shown(&known)?,
            if passes { "; AWS's own dry run says that it would pass" } else { "" }
        ));
        Ok(plan.items(input))
    }

    async fn apply(self, input: Map<String, Value>, cx: &Call<S>) -> Result<Reply> {
        let known = self.known()?;
        let answer = self.send(cx, &known, input).await?;
        let answer = self.shown_answer(cx, &known, answer).await?;
        if answer.is_empty() {
            return Ok(Reply { view: plain(json!(format!("{}: done", known.words()))), ..Reply::default() });
        }
        Ok(one(answer))
    }

    fn check(settings: &Settings) -> Result<(), String> {
        known::check::<S>(settings)
    }

    fn needs(settings: &Settings) -> Result<Vec<NeedEntry>> {
        let mut needs = Vec::new();
        if settings.operations.is_empty() {
            return Ok(needs);
        }
        for service in S::services() {
            if !known::may_mean(&settings.operations, service)? {
                continue;
            }
            let model = known::opened(service)?;
            for (name, operation) in &model.operations {
                let actions = || operation.needs.iter().map(|need| need.action.as_str());
                if !settings.allows(operation.risk)
                    || known::left_out(service.name, name, actions, settings).is_some()
                {
                    continue;
                }
                for need in &operation.needs {
                    let mut on: Vec<&String> = need.on.iter().chain(&need.also).collect();
                    let everything = "*".to_owned();
                    if on.is_empty() {
                        on.push(&everything);
                    }
                    needs.extend(on.into_iter().map(|arn| NeedEntry {
                        action: need.action.clone(),
                        arn: arn.clone(),
                        when: None,
                    }));
                }
            }
        }
        Ok(needs)
    }
}

/// One thing, without its empty parts.
fn plain(whole: Value) -> View {
    View::One { brief: brief(&whole), whole }
}

fn one(answer: Map<String, Value>) -> Reply {
    Reply { view: plain(Value::Object(answer)), ..Reply::default() }
}
