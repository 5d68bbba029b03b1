//! From a call's arguments to its answer.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use awsmcp_aws::{Session, Tap, Target};
use futures::{FutureExt, StreamExt, future::BoxFuture, stream};
use jiff::Timestamp;
use rmcp::model::JsonObject;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::{
    Body, Call, Cleanup, Error, Kind, OutputMode, Part, Plan, Principal, Reply, Result, Server, Service,
    Settings, View,
    audit::Line,
    call::Progress,
    confirm::{Bound, Confirmations, Refusal},
    cursor::{Binding, Cursor, Place},
    derived::Made,
    explain::{self, Failure},
    gate::{self, Gate},
    input::{self, Input},
    query, render, schema, service,
    text::{nearest, neutral},
    tool::Entry,
};

/// Who calls, and what it can be asked while the call runs.
#[derive(Clone, Default)]
pub struct Caller {
    /// Who it is, where the transport knows.
    pub principal: Option<Principal>,
    /// Cancelled when the caller loses interest.
    pub cancel: CancellationToken,
    /// Told how far a long call has come.
    pub progress: Option<Progress>,
    /// How the caller confirms a plan.
    pub consent: Consent,
}

impl Caller {
    fn name(&self) -> Option<&str> {
        self.principal.as_ref().map(|principal| principal.name.as_str())
    }

    fn permit(&self, what: &str, risk: awsmcp_spec::Risk) -> Result<()> {
        self.principal.as_ref().map_or(Ok(()), |principal| principal.permit(what, risk))
    }
}

/// How a caller confirms a plan.
#[derive(Clone, Default)]
pub enum Consent {
    /// By repeating the call with the plan's token.
    #[default]
    Token,
    /// In some other way, which this says: no token outlives the process of one call.
    Told(&'static str),
    /// By answering the input that a result asks for: `state` comes back with the answer.
    Round {
        /// What the caller answered, on the second round.
        answer: Option<bool>,
        /// What the first round sealed.
        state: Option<String>,
    },
    /// By answering a question while the call waits; `None` where it cannot be asked.
    Ask(Arc<dyn Fn(String) -> BoxFuture<'static, Option<bool>> + Send + Sync>),
}

/// How a call ended.
#[derive(Debug)]
pub enum Answer {
    /// An answer: text, further blocks, and its structured form where that is wanted.
    Done {
        /// The text.
        text: String,
        /// Images and bytes that follow it.
        parts: Vec<Part>,
        /// The structured form.
        structured: Option<Value>,
    },
    /// A plan that waits for its confirmation; nothing was done.
    Planned {
        /// The plan, and how to confirm it.
        text: String,
    },
    /// A plan that the caller must be asked about; nothing was done.
    Ask {
        /// The question.
        question: String,
        /// To be given back with the answer.
        state: String,
    },
    /// A failure, with what to do next.
    Failed {
        /// The text.
        text: String,
        /// What kind of failure it was.
        kind: Kind,
    },
}

/// A server's tools together with what the operator fixed.
pub struct Engine<S: Service> {
    pub(crate) server: Server<S>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) gate: Gate,
    session: Session,
    confirmations: Confirmations,
    cleanup: Cleanup,
    running: Semaphore,
    waiting: AtomicUsize,
    made: tokio::sync::Mutex<Kept>,
}

/// The derived tools as they were found last, and when.
#[derive(Default)]
struct Kept {
    at: Option<Instant>,
    tools: Vec<Arc<Made>>,
}

/// What is learned about a call on its way, for the audit line and for its error.
struct Trace {
    /// The caller's own.
    session: Session,
    targets: Vec<Target>,
    /// The accounts of the targets, where an allow-list tells accounts apart.
    accounts: BTreeMap<Target, String>,
    resources: Vec<String>,
    taps: Vec<Tap>,
    arguments: JsonObject,
}

impl<S: Service> Engine<S> {
    /// Puts a server under the operator's settings.
    ///
    /// # Errors
    /// When a setting names what does not exist; the text names what does.
    pub fn new(server: Server<S>, session: Session, settings: Settings) -> Result<Self, String> {
        Ok(Engine {
            gate: Gate::new(&server, &settings)?,
            session,
            confirmations: Confirmations::new(
                settings.confirm_within,
                settings.seal_key.as_ref(),
                settings.clock.clone(),
            ),
            cleanup: Cleanup::default(),
            running: Semaphore::new(settings.max_calls.max(1)),
            waiting: AtomicUsize::new(0),
            made: tokio::sync::Mutex::default(),
            settings: Arc::new(settings),
            server,
        })
    }

    /// Waits until what cancelled calls left behind is cleaned up. Call it before the process ends.
    pub async fn settled(&self) {
        self.cleanup.settled().await;
    }

    /// Waits until no call runs, and what cancelled ones left behind is cleaned up.
    pub async fn idle(&self) {
        let all = self.settings.max_calls.max(1).try_into().unwrap_or(u32::MAX);
        // The places are never closed.
        let _places = self.running.acquire_many(all).await;
        self.settled().await;
    }

    /// The session behind the calls.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The names of the tools that are on, in order.
    pub fn tools(&self) -> impl Iterator<Item = &awsmcp_spec::Spec> {
        let on = |index: &usize| self.gate.is_on(*index);
        self.server
            .entries
            .iter()
            .enumerate()
            .filter(move |(index, _)| on(index))
            .map(|(_, entry)| &entry.spec)
    }

    /// The tools whose permissions are needed: those that are on, and those behind tools that only the account knows.
    pub fn needed(&self) -> impl Iterator<Item = &awsmcp_spec::Spec> {
        let behind = self.server.derived.filter(|_| self.derives().is_some());
        let names: Vec<&str> = behind.into_iter().flat_map(|derived| [derived.list, derived.call]).collect();
        let entries = self.server.entries.iter().enumerate();
        entries
            .filter(move |(index, entry)| self.gate.is_on(*index) || names.contains(&entry.spec.name))
            .map(|(_, entry)| &entry.spec)
    }

    /// Every tool, on or off, in order.
    pub fn overview(&self) -> impl Iterator<Item = Overview<'_>> {
        self.server.entries.iter().enumerate().map(|(index, entry)| Overview {
            name: entry.spec.name,
            risk: entry.spec.risk,
            toolset: entry.toolset,
            summary: entry.input().description.split_inclusive(". ").next().unwrap_or_default().trim(),
            off: self.gate.why_off(index),
        })
    }

    /// What the operator fixed.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The common parameters that can do something in this session.
    pub(crate) fn common(&self) -> schema::Common {
        schema::Common { region: self.session.several_regions(), profile: self.session.several_profiles() }
    }

    /// Runs one call.
    ///
    /// # Errors
    /// When no tool has that name; the text names the nearest one. All else is an [`Answer`].
    pub async fn call(&self, name: &str, arguments: JsonObject, caller: &Caller) -> Result<Answer, String> {
        let (index, entry, made) = match self.find(name) {
            Ok((index, entry)) => (index, entry, None),
            Err(unknown) => {
                let made = Box::pin(self.derived())
                    .await
                    .into_iter()
                    .find(|made| made.name == name)
                    .ok_or(unknown)?;
                let (index, entry) = self.find(self.server.derived.map_or("", |derived| derived.call))?;
                (index, entry, Some(made))
            }
        };
        let started = Instant::now();
        let mut trace = self.trace(caller);
        // Boxed: the futures of a whole call are large and deep, for the stack and for the compiler.
        let answer =
            match Box::pin(self.run(index, entry, made.as_deref(), arguments, caller, &mut trace)).await {
                Ok(answer) => answer,
                Err(error) => {
                    let error = Box::pin(self.with_nearest_name(error, &trace, caller)).await;
                    Box::pin(self.failed(name, entry, error, &trace)).await
                }
            };
        self.audit(name, entry, caller, &trace, &answer, started.elapsed());
        Ok(answer)
    }

    /// Whether the operator wants tools that only the account knows, and how long they are kept.
    pub(crate) fn derives(&self) -> Option<Duration> {
        self.server.derived.and_then(|derived| (derived.wanted)(&self.settings))
    }

    /// The tools that only the account knows: those found last, or found anew where that is too long ago.
    ///
    /// A client waits for its list, so AWS has little time; what does not come in time comes with a later list.
    pub(crate) async fn derived(&self) -> Vec<Arc<Made>> {
        const PATIENCE: Duration = Duration::from_secs(3);
        let (Some(fresh), Some(derived)) = (self.derives(), self.server.derived) else { return Vec::new() };
        let mut kept = self.made.lock().await;
        if kept.at.is_none_or(|at| at.elapsed() >= fresh) {
            let caller = Caller::default();
            let rows = self.listed(derived.list, JsonObject::new(), &caller, false);
            match tokio::time::timeout(PATIENCE, rows).await {
                Ok(Ok(rows)) => {
                    let taken: Vec<&str> = self.server.entries.iter().map(|entry| entry.spec.name).collect();
                    let rows: Vec<Value> = rows.into_iter().map(|(_, row)| row).collect();
                    kept.tools = Made::all(&rows, &taken);
                }
                Ok(Err(error)) => tracing::warn!(error = %error.message, "{} failed", derived.list),
                Err(_) => tracing::warn!("{} took too long", derived.list),
            }
            kept.at = Some(Instant::now());
        }
        kept.tools.clone()
    }

    /// The risk of the tool that derived tools stand for.
    pub(crate) fn derived_risk(&self) -> awsmcp_spec::Risk {
        let found = self.server.derived.and_then(|derived| self.find(derived.call).ok());
        found.map_or(awsmcp_spec::Risk::Destroy, |(_, entry)| entry.spec.risk)
    }

    /// The values of one column of a list tool's first page; none where the call fails.
    pub(crate) async fn column(
        &self,
        tool: &str,
        arguments: JsonObject,
        column: &str,
        caller: &Caller,
    ) -> Vec<String> {
        let rows = self.listed(tool, arguments, caller, true).await.unwrap_or_default();
        rows.into_iter()
            .filter_map(|(_, row)| row.get(column).and_then(Value::as_str).map(str::to_owned))
            .collect()
    }

    /// The rows of a list tool's first page that may be shown.
    async fn listed(
        &self,
        tool: &str,
        arguments: JsonObject,
        caller: &Caller,
        gated: bool,
    ) -> Result<Vec<(Target, Value)>> {
        let (index, entry) = self.find(tool).map_err(Error::internal)?;
        let mut trace = self.trace(caller);
        if gated {
            self.gate.permit(index, entry.spec.name)?;
        } else {
            Gate::permit_risk(&entry.spec, entry.spec.name, &self.settings)?;
        }
        caller.permit(entry.spec.name, entry.spec.risk)?;
        let input = input::read(entry, arguments, &self.settings)?;
        let _place = self.place(caller).await?;
        trace.targets = targets(&trace.session, &input).await?;
        self.scope(entry, &input, &mut trace).await?;
        let cursor = self.first(entry, &input, &trace.targets);
        let pages = Box::pin(self.pages(entry, &input, &cursor, caller, &mut trace)).await?;
        Ok(pages
            .into_iter()
            .flat_map(|page| match page.reply.view {
                View::Rows(rows) => rows.into_iter().map(|row| (page.target.clone(), row)).collect(),
                _ => Vec::new(),
            })
            .filter(|(target, row)| self.row_allowed(entry, row, target, &trace))
            .collect())
    }

    fn find(&self, name: &str) -> Result<(usize, &Entry<S>), String> {
        let found = self.server.entries.iter().enumerate().find(|(_, entry)| entry.spec.name == name);
        found.ok_or_else(|| {
            let names: Vec<&str> = self.tools().map(|spec| spec.name).collect();
            let meant = nearest(name, names.iter().copied());
            let meant = meant.map(|meant| format!(" (did you mean {meant}?)")).unwrap_or_default();
            format!("unknown tool {}{meant}; the tools are: {}", crate::quoted(name), names.join(", "))
        })
    }

    /// The way of every call, in order.
    async fn run(
        &self,
        index: usize,
        entry: &Entry<S>,
        made: Option<&Made>,
        arguments: JsonObject,
        caller: &Caller,
        trace: &mut Trace,
    ) -> Result<Answer> {
        let arguments = match (made, self.server.derived) {
            (Some(made), Some(derived)) => {
                Gate::permit_risk(&entry.spec, &made.name, &self.settings)?;
                made.arguments(derived.into, arguments)?
            }
            _ => {
                self.gate.permit(index, entry.spec.name)?;
                arguments
            }
        };
        caller.permit(made.map_or(entry.spec.name, |made| &made.name), entry.spec.risk)?;
        let input = input::read(entry, arguments, &self.settings)?;
        trace.arguments = input.own.clone();
        let _place = self.place(caller).await?;
        trace.targets = self.bounded(entry, caller, targets(&trace.session, &input)).await?;
        self.bounded(entry, caller, self.scope(entry, &input, trace)).await?;
        if entry.spec.risk.changes() {
            return Box::pin(self.change(entry, &input, caller, trace)).await;
        }
        let binding = Binding::new(entry.spec.name, &input.own, &trace.targets, caller.name());
        let cursor = match &input.cursor {
            Some(text) => Cursor::open(text, &binding)?,
            None => self.first(entry, &input, &trace.targets),
        };
        let pages = Box::pin(self.pages(entry, &input, &cursor, caller, trace)).await?;
        self.answer(entry, &input, &binding, &cursor, pages, trace)
    }

    /// A place among the calls in flight: a client that floods gets an error, not a crash.
    async fn place(&self, caller: &Caller) -> Result<tokio::sync::SemaphorePermit<'_>> {
        if let Ok(place) = self.running.try_acquire() {
            return Ok(place);
        }
        let waiting = Waiting::enter(&self.waiting);
        if waiting.ahead >= self.settings.max_waiting {
            return Err(Error::refused(format!(
                "too many calls at once: {} are running and {} are waiting",
                self.settings.max_calls, self.settings.max_waiting
            ))
            .with_next("wait for answers before calling again"));
        }
        tokio::select! {
            place = self.running.acquire() => place.map_err(|_| Error::internal("the server is stopping")),
            () = caller.cancel.cancelled() => Err(Error::cancelled("the caller cancelled the call")),
        }
    }

    fn trace(&self, caller: &Caller) -> Trace {
        let session = match caller.name() {
            Some(name) => self.session.on_behalf_of(name),
            None => self.session.clone(),
        };
        Trace {
            session,
            targets: Vec::new(),
            accounts: BTreeMap::new(),
            resources: Vec::new(),
            taps: Vec::new(),
            arguments: JsonObject::new(),
        }
    }

    async fn scope(&self, entry: &Entry<S>, input: &Input, trace: &mut Trace) -> Result<()> {
        for target in &trace.targets {
            // The account is asked for only where an allow-list could tell accounts apart.
            let mut arns = entry
                .spec
                .declared()
                .filter(|need| need.applies(&input.own))
                .map(|need| need.arn)
                .chain(entry.spec.row_arn);
            let held = !self.settings.allow_arns.is_empty() && arns.any(|arn| arn.contains("{account}"));
            if held {
                let account = trace.session.identity(target).await?.account;
                trace.accounts.insert(target.clone(), account);
            }
            let account = trace.accounts.get(target).map(String::as_str);
            let environment = awsmcp_aws::environment(target, account);
            // Before the refusal: the audit line of a refused call names what it was for.
            let touched = gate::touched(entry, &input.own, environment);
            trace.resources.extend(touched.into_iter().map(|(_, arn)| arn));
            trace.resources.sort();
            trace.resources.dedup();
            gate::scope(entry, &input.own, environment, &self.settings)?;
        }
        Ok(())
    }

    fn first(&self, entry: &Entry<S>, input: &Input, targets: &[Target]) -> Cursor {
        let limit = if entry.spec.list { input.limit.unwrap_or(self.settings.page_size) } else { 0 };
        Cursor { limit, places: targets.iter().map(|_| Some(Place::default())).collect() }
    }

    fn deadline(&self, entry: &Entry<S>) -> Duration {
        let own = entry.spec.minutes.map_or(Duration::ZERO, |minutes| Duration::from_secs(minutes * 60));
        own.max(self.settings.timeout)
    }

    fn budget(&self, input: &Input) -> usize {
        input.max_chars.unwrap_or(self.settings.max_chars)
    }

    /// The context of one call to one region.
    async fn context(
        &self,
        entry: &Entry<S>,
        target: &Target,
        caller: &Caller,
        trace: &mut Trace,
    ) -> Result<Call<S>> {
        let needs: Vec<&'static str> = entry.spec.declared().map(|need| need.action).collect();
        let tool = entry.spec.name;
        let tap = Tap::for_target(target, move |sdk_service, operation| {
            let actions = service::actions::<S>(sdk_service, operation);
            if actions.iter().any(|action| needs.iter().any(|need| need == action)) {
                Ok(())
            } else {
                Err(format!("{tool} does not declare {operation}, so it was not sent"))
            }
        });
        trace.taps.push(tap.clone());
        let sdk = trace.session.sdk_config(target).await?;
        Ok(Call {
            client: S::client(&sdk, tap.clone()),
            session: trace.session.clone(),
            principal: caller.principal.clone(),
            settings: self.settings.clone(),
            target: target.clone(),
            sdk,
            tap,
            limit: 0,
            token: None,
            budget: self.settings.max_chars,
            notes: Mutex::default(),
            progress: caller.progress.clone(),
            cancel: caller.cancel.child_token(),
            cleanup: self.cleanup.clone(),
        })
    }

    /// Runs `work` until it is done, the caller loses interest, or the time is over. Dropping it drops its HTTP
    /// requests.
    async fn bounded<T>(
        &self,
        entry: &Entry<S>,
        caller: &Caller,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let deadline = self.deadline(entry);
        // A tool that panics fails its own call and nothing else.
        let work = std::panic::AssertUnwindSafe(work).catch_unwind();
        tokio::select! {
            done = tokio::time::timeout(deadline, work) => match done {
                Ok(Ok(done)) => done,
                Ok(Err(_)) => Err(Error::internal(format!("{} has a fault and stopped", entry.spec.name))),
                Err(_) => Err(Error::timeout(format!("no answer within {} s", deadline.as_secs()))
                    .with_next("ask for less (a smaller limit, a narrower prefix or time range), or have the operator raise --timeout")),
            },
            () = caller.cancel.cancelled() => Err(Error::cancelled("the caller cancelled the call")),
        }
    }

    /// Asks every target, each for its page.
    async fn pages(
        &self,
        entry: &Entry<S>,
        input: &Input,
        cursor: &Cursor,
        caller: &Caller,
        trace: &mut Trace,
    ) -> Result<Vec<Fetched>> {
        const AT_ONCE: usize = 8;
        let mut calls = Vec::new();
        for (slot, (target, place)) in trace.targets.clone().into_iter().zip(&cursor.places).enumerate() {
            let Some(place) = place.clone() else { continue };
            match self.context(entry, &target, caller, trace).await {
                Ok(mut call) => {
                    call.limit = cursor.limit;
                    call.token = place.token.clone();
                    call.budget = self.budget(input);
                    calls.push((slot, target, place, Ok(call)));
                }
                Err(error) => calls.push((slot, target, place, Err(error))),
            }
        }
        let several = calls.len() > 1;
        let pages = stream::iter(calls.into_iter().map(|(slot, target, place, call)| async move {
            let result = match call {
                Ok(call) => self.page(entry, input, call, caller).await,
                Err(error) => Err(error),
            };
            (slot, target, place, result)
        }))
        .buffered(AT_ONCE)
        .collect::<Vec<_>>()
        .await;
        let mut fetched = Vec::new();
        let mut errors = Vec::new();
        for (slot, target, place, result) in pages {
            match result {
                Ok((reply, notes, tap)) => {
                    trace.taps.extend(tap);
                    fetched.push(Fetched { slot, target, place, reply, notes });
                }
                Err(error) if several => errors.push((target, error)),
                Err(error) => return Err(error),
            }
        }
        if fetched.is_empty()
            && let Some((_, error)) = errors.pop()
        {
            return Err(error);
        }
        if let Some(first) = fetched.first_mut() {
            for (target, error) in errors {
                first.notes.push(format!("{} failed: {}", target.region, error.message));
            }
        }
        Ok(fetched)
    }

    /// One page from one target; asked again in the right region where AWS names another that is allowed.
    async fn page(
        &self,
        entry: &Entry<S>,
        input: &Input,
        call: Call<S>,
        caller: &Caller,
    ) -> Result<(Reply, Vec<String>, Option<Tap>)> {
        let call = Arc::new(call);
        let own = Value::Object(input.own.clone());
        let first = self.bounded(entry, caller, (entry.run)(own.clone(), call.clone())).await;
        match first {
            Err(error) if error.kind == Kind::WrongRegion => {
                let mut trace = self.trace(caller);
                let (moved, region) = self.moved(entry, &call, caller, error, &mut trace).await?;
                let moved = Arc::new(moved);
                moved.note(format!("it is in {region}; asked there"));
                let reply = self.bounded(entry, caller, (entry.run)(own, moved.clone())).await?;
                Ok((reply, notes(&moved), trace.taps.pop()))
            }
            reply => Ok((reply?, notes(&call), None)),
        }
    }

    /// The same call in the region that AWS named.
    async fn moved(
        &self,
        entry: &Entry<S>,
        call: &Call<S>,
        caller: &Caller,
        error: Error,
        trace: &mut Trace,
    ) -> Result<(Call<S>, String)> {
        let Some(region) = error.region.clone().filter(|region| *region != call.target.region) else {
            return Err(error);
        };
        let target = match trace.session.target(call.target.profile.as_deref(), Some(&region)).await {
            Ok(target) => target,
            Err(refused) => {
                let mut error = error;
                error.message = format!("it is in {region}, which the operator did not allow");
                error.next = refused.next.clone();
                return Err(error);
            }
        };
        let mut moved = self.context(entry, &target, caller, trace).await?;
        moved.limit = call.limit;
        moved.token = call.token.clone();
        moved.budget = call.budget;
        Ok((moved, region))
    }

    /// A change: plan, ask, do.
    async fn change(
        &self,
        entry: &Entry<S>,
        input: &Input,
        caller: &Caller,
        trace: &mut Trace,
    ) -> Result<Answer> {
        let Some(planning) = &entry.plan else {
            return Err(Error::internal("a change has no plan"));
        };
        let target =
            trace.targets.first().cloned().ok_or_else(|| Error::internal("a change has no target"))?;
        let own = Value::Object(input.own.clone());
        let mut call = Arc::new(self.context(entry, &target, caller, trace).await?);
        let asks = entry.spec.risk == awsmcp_spec::Risk::Destroy;
        let first = self.bounded(entry, caller, planning(own.clone(), call.clone())).await;
        let mut plan = match first {
            Err(error) if error.kind == Kind::WrongRegion => {
                let (moved, region) = self.moved(entry, &call, caller, error, trace).await?;
                call = Arc::new(moved);
                call.note(format!("it is in {region}; done there"));
                self.bounded(entry, caller, planning(own.clone(), call.clone())).await?
            }
            plan => plan?,
        };
        let budget = self.budget(input);
        if input.dry_run {
            let text =
                format!("dry run, nothing was changed. {} would {}", entry.spec.name, plan.text(budget));
            return Ok(done(text));
        }
        if asks || plan.asks() {
            let bound = Bound {
                tool: entry.spec.name,
                arguments: &input.own,
                target: &target,
                principal: caller.name(),
            };
            loop {
                match self.consent(&bound, &plan, input, caller, budget).await? {
                    Agreed::Yes => break,
                    Agreed::Answer(answer) => return Ok(answer),
                    // A person took their time: what they agreed to must still be what would happen.
                    Agreed::YesTo(seen) => {
                        plan = self.bounded(entry, caller, planning(own.clone(), call.clone())).await?;
                        match self.confirmations.redeem(&seen, &bound, &plan) {
                            Ok(()) => break,
                            Err(Refusal::Moved) => {}
                            Err(refusal) => return Err(Error::refused(refusal.why())),
                        }
                    }
                }
            }
        }
        let reply = self.bounded(entry, caller, (entry.run)(own, call.clone())).await?;
        let fetched = Fetched { slot: 0, target, place: Place::default(), reply, notes: notes(&call) };
        let binding = Binding::new(entry.spec.name, &input.own, &trace.targets, caller.name());
        self.answer(entry, input, &binding, &Cursor::default(), vec![fetched], trace)
    }

    async fn consent(
        &self,
        bound: &Bound<'_>,
        plan: &Plan,
        input: &Input,
        caller: &Caller,
        budget: usize,
    ) -> Result<Agreed> {
        let declined = || {
            Error::refused("the user did not agree; nothing was done")
                .with_next("ask the user what they want instead")
        };
        let mut why = "";
        if let Some(token) = &input.confirm {
            match self.confirmations.redeem(token, bound, plan) {
                Ok(()) => return Ok(Agreed::Yes),
                Err(refusal) => why = refusal.why(),
            }
        }
        let question = format!("{}: {}", bound.tool, plan.text(budget.min(2000)));
        match &caller.consent {
            Consent::Round { answer: Some(false), .. } => return Err(declined()),
            Consent::Round { answer: Some(true), state: Some(state) } => {
                match self.confirmations.redeem(state, bound, plan) {
                    Ok(()) => return Ok(Agreed::Yes),
                    Err(refusal) => why = refusal.why(),
                }
            }
            _ => {}
        }
        let token = self.confirmations.issue(bound, plan);
        let again = if why.is_empty() { String::new() } else { format!("{why}. ") };
        match &caller.consent {
            Consent::Round { .. } => {
                return Ok(Agreed::Answer(Answer::Ask {
                    question: format!("{again}{question}"),
                    state: token,
                }));
            }
            Consent::Ask(ask) => {
                let asked = tokio::select! {
                    asked = tokio::time::timeout(self.confirmations.within(), ask(question)) => asked.ok().flatten(),
                    () = caller.cancel.cancelled() => return Err(Error::cancelled("the caller cancelled the call")),
                };
                match asked {
                    Some(true) => return Ok(Agreed::YesTo(token)),
                    Some(false) => return Err(declined()),
                    // The caller cannot be asked after all: fall back to the token.
                    None => {}
                }
            }
            Consent::Told(how) => {
                let text =
                    format!("{again}nothing was done yet. {} would {}\n{how}", bound.tool, plan.text(budget));
                return Ok(Agreed::Answer(Answer::Planned { text }));
            }
            Consent::Token => {}
        }
        let minutes = self.confirmations.within().as_secs().div_ceil(60);
        Ok(Agreed::Answer(Answer::Planned {
            text: format!(
                "{again}nothing was done yet. {} would {}\nto do it, repeat the same call with \"confirm\":\"{token}\" \
                 (once, within {minutes} min), if the user wants it",
                bound.tool,
                plan.text(budget)
            ),
        }))
    }

    /// Puts the pages together, applies `query`, and renders within the budget.
    fn answer(
        &self,
        entry: &Entry<S>,
        input: &Input,
        binding: &Binding,
        cursor: &Cursor,
        fetched: Vec<Fetched>,
        trace: &Trace,
    ) -> Result<Answer> {
        let budget = self.budget(input);
        let mut notes: Vec<String> = fetched.iter().flat_map(|page| page.notes.clone()).collect();
        let throttled: u32 = trace.taps.iter().flat_map(Tap::made).map(|made| made.throttled).sum();
        if throttled > 0 {
            notes.push(format!("AWS throttled {throttled} request(s), which were retried"));
        }
        let several = trace.targets.len() > 1;
        if let [Fetched { reply: Reply { view: View::Rows(_), .. }, .. }, ..] = fetched.as_slice() {
            return self.rows(entry, input, binding, cursor, fetched, notes, trace);
        }
        // One thing per region becomes one row per region.
        if several {
            let fetched = fetched.into_iter().map(Fetched::into_row).collect();
            return self.rows(entry, input, binding, cursor, fetched, notes, trace);
        }
        let Some(page) = fetched.into_iter().next() else {
            return Err(Error::internal("a call has no answer"));
        };
        match page.reply.view {
            View::Body(body) if input.query.is_some() => {
                let value = body.json().ok_or_else(|| {
                    Error::invalid(
                        "`query` is for a body that is JSON and fits as a whole; this one is not or does not",
                    )
                    .with_next("leave `query` out, or raise max_chars")
                })?;
                self.one(&value, input, budget, notes, true)
            }
            View::Body(body) => Ok(self.body(body, budget, &notes)),
            View::One(value) => self.one(&value, input, budget, notes, entry.spec.quotes),
            View::Rows(_) => Err(Error::internal("rows are rendered as rows")),
        }
    }

    fn one(
        &self,
        value: &Value,
        input: &Input,
        budget: usize,
        mut notes: Vec<String>,
        quotes: bool,
    ) -> Result<Answer> {
        let selected =
            input.query.as_deref().map(|expression| query::apply(expression, value)).transpose()?;
        if let Some(Value::Array(rows)) = &selected {
            let table = render::table(rows, budget);
            if table.shown < rows.len() || table.left_out {
                notes.push(CUT.to_owned());
            }
            let footer = render::footer(table.shown, Some(rows.len() as u64), None);
            let text = match quotes {
                true => format!("{}\n{footer}", render::marked(&table.text)),
                false => format!("{}{footer}", table.text),
            };
            let structured = json!({"result": rows.get(..table.shown)});
            return Ok(self.done(text, Vec::new(), structured, &notes));
        }
        if selected == Some(Value::Null) {
            notes.push(nothing(value));
        }
        let shown = selected.as_ref().unwrap_or(value);
        let (text, left_out) = render::one(shown, budget);
        if left_out {
            notes.push(CUT.to_owned());
        }
        let item = if left_out { Value::String(text.clone()) } else { shown.clone() };
        let structured =
            if selected.is_some() || left_out { json!({"result": item}) } else { json!({"item": item}) };
        let text = if quotes { render::marked(&text) } else { text };
        Ok(self.done(text, Vec::new(), structured, &notes))
    }

    fn body(&self, body: Body, budget: usize, notes: &[String]) -> Answer {
        let text = render::body(&body, budget);
        let texts = body.parts.iter().filter_map(|part| match part {
            Part::Text(text) => Some(text.as_str()),
            _ => None,
        });
        let shown: String = texts.collect::<String>().chars().take(budget).collect();
        let structured = json!({"label": body.label, "text": shown, "rest": body.rest});
        let parts = body.parts.into_iter().filter(|part| !matches!(part, Part::Text(_))).collect();
        self.done(text, parts, structured, notes)
    }

    #[expect(clippy::too_many_arguments, reason = "the pieces of one answer, each from another step")]
    fn rows(
        &self,
        entry: &Entry<S>,
        input: &Input,
        binding: &Binding,
        cursor: &Cursor,
        fetched: Vec<Fetched>,
        mut notes: Vec<String>,
        trace: &Trace,
    ) -> Result<Answer> {
        let (budget, several) = (self.budget(input), trace.targets.len() > 1);
        let mut all = Vec::new();
        // For each page: its rows that may be shown, and for each row where it stood in AWS's page.
        let mut pages = Vec::new();
        let mut total = None;
        for page in fetched {
            let Reply { view, next, total: counted } = page.reply;
            let View::Rows(rows) = view else { continue };
            if let Some(counted) = counted {
                total = Some(total.unwrap_or(0) + counted);
            }
            let first = all.len();
            let mut positions = Vec::new();
            for (at, row) in rows.into_iter().enumerate().skip(page.place.skip) {
                if self.row_allowed(entry, &row, &page.target, trace) {
                    all.push(if several { with_region(row, &page.target.region) } else { row });
                    positions.push(at);
                }
            }
            pages.push(Paged { slot: page.slot, place: page.place, next, first, positions });
        }
        if several || !self.settings.allow_arns.is_empty() && entry.spec.row_arn.is_some() {
            total = None;
        }
        let selected = input
            .query
            .as_deref()
            .map(|expression| query::apply(expression, &Value::Array(all.clone())))
            .transpose()?;
        let found_nothing = match &selected {
            Some(Value::Array(rows)) => rows.is_empty() && !all.is_empty(),
            Some(value) => value.is_null(),
            None => false,
        };
        if found_nothing {
            notes.push(nothing(&Value::Array(all.clone())));
        }
        if let Some(value) = selected.as_ref().filter(|value| !value.is_array()) {
            let (text, left_out) = render::one(value, budget);
            if left_out {
                notes.push(CUT.to_owned());
            }
            let next = self.goes_on(binding, cursor, &pages, all.len());
            let text = if entry.spec.quotes { render::marked(&text) } else { text };
            let text = match &next {
                Some(next) => format!("{text}\nthis page only, next: {next}"),
                None => text,
            };
            return Ok(self.done(text, Vec::new(), json!({"result": value, "next": next}), &notes));
        }
        let queried = selected.is_some();
        let shown_rows = match selected {
            Some(Value::Array(rows)) => rows,
            _ => all,
        };
        let table = render::table(&shown_rows, budget);
        if table.left_out {
            notes.push(CUT.to_owned());
        }
        let consumed = if queried {
            if table.shown < shown_rows.len() {
                notes.push(format!(
                    "{} selected rows did not fit: narrow `query`, or use a smaller `limit`",
                    shown_rows.len() - table.shown
                ));
            }
            usize::MAX
        } else {
            table.shown
        };
        let next = self.goes_on(binding, cursor, &pages, consumed);
        let mut text = table.text;
        if entry.spec.quotes && !text.is_empty() {
            text = format!("{}\n", render::marked(&text));
        }
        if shown_rows.is_empty() && next.is_some() {
            notes.push("this page has no match, but there are more pages".to_owned());
        }
        let counted = if queried { None } else { total };
        text.push_str(&render::footer(table.shown, counted, next.as_deref()));
        let key = if queried { "result" } else { "rows" };
        let mut structured = json!({"next": next});
        if let Some(fields) = structured.as_object_mut() {
            fields.insert(key.to_owned(), Value::Array(shown_rows.into_iter().take(table.shown).collect()));
        }
        Ok(self.done(text, Vec::new(), structured, &notes))
    }

    fn row_allowed(&self, entry: &Entry<S>, row: &Value, target: &Target, trace: &Trace) -> bool {
        match entry.spec.row_arn {
            Some(template) if !self.settings.allow_arns.is_empty() => {
                let account = trace.accounts.get(target).map(String::as_str);
                let environment = awsmcp_aws::environment(target, account);
                gate::row_allowed::<S>(template, row, environment, &self.settings)
            }
            _ => true,
        }
    }

    /// The cursor behind the first `consumed` rows, if anything is behind them.
    fn goes_on(
        &self,
        binding: &Binding,
        cursor: &Cursor,
        pages: &[Paged],
        consumed: usize,
    ) -> Option<String> {
        let mut places: Vec<Option<Place>> = cursor.places.iter().map(|_| None).collect();
        for page in pages {
            let shown = consumed.saturating_sub(page.first).min(page.positions.len());
            let place = match page.positions.get(shown) {
                // Some of its rows did not fit: the same page again, from there.
                Some(at) => Some(Place { token: page.place.token.clone(), skip: *at }),
                None => page.next.clone().map(|token| Place { token: Some(token), skip: 0 }),
            };
            if let Some(slot) = places.get_mut(page.slot) {
                *slot = place;
            }
        }
        places.iter().any(Option::is_some).then(|| Cursor { limit: cursor.limit, places }.seal(binding))
    }

    fn done(&self, mut text: String, parts: Vec<Part>, mut structured: Value, notes: &[String]) -> Answer {
        for note in notes {
            text.push_str("\nnote: ");
            text.push_str(&neutral(note));
        }
        let structured = (self.settings.output == OutputMode::Structured).then(|| {
            if let Some(fields) = structured.as_object_mut() {
                fields.values_mut().for_each(without_nulls);
                fields.retain(|_, value| !value.is_null());
                if !notes.is_empty() {
                    fields.insert("notes".to_owned(), json!(notes));
                }
            }
            structured
        });
        Answer::Done { text, parts, structured }
    }

    /// Offers the nearest name for one that AWS does not know, as far as the caller may list them.
    async fn with_nearest_name(&self, mut error: Error, trace: &Trace, caller: &Caller) -> Error {
        const MOST: u32 = 1000;
        const PATIENCE: Duration = Duration::from_secs(3);
        if error.kind != Kind::NotFound || error.status.is_none() {
            return error;
        }
        for named in S::NAMES {
            let Some(given) = trace.arguments.get(named.argument).and_then(Value::as_str) else { continue };
            let mut arguments = JsonObject::from_iter([("limit".to_owned(), json!(MOST))]);
            if let Some(target) = trace.targets.first() {
                arguments.insert("region".to_owned(), json!(target.region));
                arguments.insert("profile".to_owned(), json!(target.profile));
            }
            let listed = self.column(named.tool, arguments, named.column, caller);
            let known = tokio::time::timeout(PATIENCE, listed).await.unwrap_or_default();
            if known.iter().any(|name| name == given) {
                continue;
            }
            if let Some(meant) = nearest(given, known.iter().map(String::as_str)) {
                let message = error.message.trim_end_matches('.');
                error.message = format!("{message}; did you mean {meant}?");
                return error;
            }
        }
        error
    }

    async fn failed(&self, name: &str, entry: &Entry<S>, mut error: Error, trace: &Trace) -> Answer {
        let target = trace.targets.first();
        for tap in trace.taps.iter().rev() {
            error = error.noted(tap);
        }
        if let Some(target) = target {
            error = trace.session.explain(target, error);
        }
        let identity = match (error.kind, target) {
            // Who was refused is half of the answer; but an error must not wait long for it.
            (Kind::AccessDenied | Kind::NotFound, Some(target)) if error.status.is_some() => {
                let known =
                    tokio::time::timeout(Duration::from_secs(2), trace.session.identity(target)).await;
                known.ok().and_then(Result::ok)
            }
            _ => None,
        };
        let made = trace.taps.iter().flat_map(Tap::made);
        let failed = made.filter(|made| error.operation.as_ref().is_none_or(|name| *name == made.operation));
        let mut actions: Vec<String> = failed
            .flat_map(|made| service::actions::<S>(&made.service, &made.operation))
            .map(std::borrow::Cow::into_owned)
            .collect();
        actions.dedup();
        let failure = Failure {
            tool: name,
            spec: Some(&entry.spec),
            arguments: &trace.arguments,
            target,
            identity: identity.as_ref(),
            actions: &actions,
        };
        Answer::Failed { text: explain::text::<S>(&error, &failure), kind: error.kind }
    }

    fn audit(
        &self,
        name: &str,
        entry: &Entry<S>,
        caller: &Caller,
        trace: &Trace,
        answer: &Answer,
        took: Duration,
    ) {
        let Some(audit) = &self.settings.audit else { return };
        let made: Vec<_> = trace.taps.iter().flat_map(Tap::made).collect();
        let (outcome, error) = match answer {
            Answer::Done { .. } => ("ok", None),
            Answer::Planned { .. } => ("planned", None),
            Answer::Ask { .. } => ("asked", None),
            Answer::Failed { kind, .. } => (
                match kind {
                    Kind::Refused | Kind::Invalid => "refused",
                    Kind::Cancelled => "cancelled",
                    Kind::Timeout => "timeout",
                    _ => "failed",
                },
                Some(format!("{kind:?}")),
            ),
        };
        let first = trace.targets.first();
        audit.write(&Line {
            time: Timestamp::now().to_string(),
            server: S::ID,
            tool: name,
            risk: entry.spec.risk.name(),
            principal: caller.name(),
            profile: first.and_then(|target| target.profile.clone()),
            role: first.and_then(|target| target.role.clone()),
            regions: trace.targets.iter().map(|target| target.region.clone()).collect(),
            resources: trace.resources.clone(),
            operations: made.iter().map(|made| made.operation.clone()).collect(),
            outcome,
            error,
            request_ids: made.iter().filter_map(|made| made.request_id.clone()).collect(),
            attempts: made.iter().map(|made| made.attempts).sum(),
            throttled: made.iter().map(|made| made.throttled).sum(),
            duration_ms: took.as_millis().try_into().unwrap_or(u64::MAX),
        });
    }
}

async fn targets(session: &Session, input: &Input) -> Result<Vec<Target>> {
    let profile = input.profile.as_deref();
    if input.regions.is_empty() {
        return Ok(vec![session.target(profile, input.region.as_deref()).await?]);
    }
    session.targets(profile, &input.regions).await
}

/// What a `query` that selected nothing could have named.
fn nothing(data: &Value) -> String {
    match (data.as_array().map(Vec::len), query::fields(data)) {
        (None, fields) => format!("`query` selected nothing; the fields are: {fields}"),
        (Some(0), _) => "`query` had no row to select from".to_owned(),
        (Some(count), fields) => {
            format!("`query` selected nothing of {count} row(s); their fields are: {fields}")
        }
    }
}

const CUT: &str =
    "large values were left out to stay within max_chars; select them with `query` or raise max_chars";

enum Agreed {
    Yes,
    YesTo(String),
    Answer(Answer),
}

/// What one target answered.
struct Fetched {
    slot: usize,
    target: Target,
    place: Place,
    reply: Reply,
    notes: Vec<String>,
}

impl Fetched {
    fn into_row(self) -> Fetched {
        let row = match self.reply.view {
            View::One(value) => value,
            View::Body(body) => json!({"label": body.label}),
            View::Rows(rows) => Value::Array(rows),
        };
        Fetched { reply: Reply { view: View::Rows(vec![row]), next: None, total: None }, ..self }
    }
}

struct Paged {
    slot: usize,
    place: Place,
    next: Option<String>,
    first: usize,
    positions: Vec<usize>,
}

/// One more waiting, until dropped.
struct Waiting<'a> {
    count: &'a AtomicUsize,
    ahead: usize,
}

impl<'a> Waiting<'a> {
    fn enter(count: &'a AtomicUsize) -> Self {
        Waiting { count, ahead: count.fetch_add(1, Ordering::Relaxed) }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
    }
}

fn notes<S: Service>(call: &Call<S>) -> Vec<String> {
    std::mem::take(&mut *call.notes.lock().unwrap_or_else(PoisonError::into_inner))
}

fn done(text: String) -> Answer {
    Answer::Done { text, parts: Vec::new(), structured: None }
}

/// What is absent is left out: the output schemas know no `null`.
fn without_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| !value.is_null());
            fields.values_mut().for_each(without_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(without_nulls),
        _ => {}
    }
}

fn with_region(row: Value, region: &str) -> Value {
    match row {
        Value::Object(fields) => {
            let mut row = JsonObject::from_iter([("region".to_owned(), json!(region))]);
            row.extend(fields);
            Value::Object(row)
        }
        other => json!({"region": region, "value": other}),
    }
}

/// A line of the table of tools.
#[derive(Debug)]
pub struct Overview<'a> {
    /// The tool's name.
    pub name: &'a str,
    /// What a call may do.
    pub risk: awsmcp_spec::Risk,
    /// Its group.
    pub toolset: &'a str,
    /// The first sentence of its description.
    pub summary: &'a str,
    /// Why it is off, if it is.
    pub off: Option<&'a str>,
}

#[cfg(test)]
mod tests;
