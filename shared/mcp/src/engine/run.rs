//! One call on its way.

use std::{borrow::Cow, collections::BTreeMap, sync::Mutex, time::Duration};

use awsmcp_sdk::{RequestView, Rules, Session, Tap, Target};
use awsmcp_spec::{Environment, Need, ResourceRef, Risk};
use futures::FutureExt;
use rmcp::model::JsonObject;
use serde_json::Value;
use tokio::time::Instant;

use crate::{
    Call, Deed, Error, Result, Service,
    cursor::{Binding, Bounds, Cursor, Place},
    derived::Made,
    engine::{Answer, Caller, Engine},
    gate::{self, Gate},
    input::{self, Input},
    schema, second_look, service,
    tool::{Entry, Work},
};

/// One call on its way: what was asked, by whom, and what was learned so far.
pub(crate) struct Run<'a, S: Service> {
    pub(crate) engine: &'a Engine<S>,
    pub(crate) entry: &'a Entry<S>,
    /// The name that the caller used: the tool's, or that of a tool that stands for it.
    pub(crate) name: &'a str,
    pub(crate) caller: &'a Caller,
    /// The arguments, once they are read.
    pub(crate) input: Input,
    /// What this very call may do, where its arguments decide it.
    pub(crate) deed: Option<Deed>,
    /// When the call began, and when it must have ended.
    pub(crate) began: Instant,
    pub(crate) ends: Instant,
    pub(crate) trace: Trace,
}

/// What is learned about a call on its way, for its answer, its error and its audit line.
pub(crate) struct Trace {
    /// The caller's own.
    pub(crate) session: Session,
    pub(crate) targets: Vec<Target>,
    /// The accounts of the targets, where an allow-list tells accounts apart.
    pub(crate) accounts: BTreeMap<Target, String>,
    pub(crate) resources: Vec<String>,
    /// The IAM actions that it takes, each with what it is used on, where somebody asks.
    pub(crate) needs: Vec<(Cow<'static, str>, String)>,
    pub(crate) taps: Vec<Tap>,
}

impl<'a, S: Service> Run<'a, S> {
    pub(crate) fn new(engine: &'a Engine<S>, entry: &'a Entry<S>, name: &'a str, caller: &'a Caller) -> Self {
        let session = match caller.name() {
            Some(name) => engine.session.on_behalf_of(name),
            None => engine.session.clone(),
        };
        let trace = Trace {
            session,
            targets: Vec::new(),
            accounts: BTreeMap::new(),
            resources: Vec::new(),
            needs: Vec::new(),
            taps: Vec::new(),
        };
        let mut run = Run {
            engine,
            entry,
            name,
            caller,
            input: Input::default(),
            deed: None,
            began: Instant::now(),
            ends: Instant::now(),
            trace,
        };
        run.ends += run.patience();
        run
    }

    /// The way of every call, in order.
    pub(crate) async fn go(
        &mut self,
        index: usize,
        made: Option<&Made>,
        arguments: JsonObject,
    ) -> Result<Answer> {
        let arguments = self.admit(index, made, arguments)?;
        self.input = input::read(self.entry, arguments, &self.engine.settings)?;
        self.judge()?;
        if let Some(cursor) = self.input.cursor.as_deref().filter(|_| self.is_kept()) {
            return self.read_on(cursor);
        }
        let _place = self.engine.admission.enter(self.caller, self.ends).await?;
        Box::pin(self.aim()).await?;
        Box::pin(self.hold_to_resources()).await?;
        // What only looks shows its request, where a caller wants to see it first.
        if self.risk().changes() || self.input.dry_run {
            return Box::pin(self.change()).await;
        }
        let cursor = self.cursor()?;
        let mut pages = Box::pin(self.look(&cursor)).await?;
        // A place inside a page means the same rows only at the size that it was counted in.
        if let (Some(_), Some(asked), Some(first)) =
            (&self.input.cursor, self.input.limit.filter(|asked| *asked != cursor.limit), pages.first_mut())
        {
            first.notes.push(format!(
                "`limit` {asked} was not used: with `cursor` it stays {}, as in the call that gave it",
                cursor.limit
            ));
        }
        self.answer(&cursor, pages)
    }

    /// Lets the call in, if the operator and the caller's scopes allow it; gives the arguments of the tool itself.
    fn admit(&self, index: usize, made: Option<&Made>, arguments: JsonObject) -> Result<JsonObject> {
        let arguments = match (made, self.engine.server.derived) {
            (Some(made), Some(derived)) => {
                Gate::permit_risk(self.entry.spec.risk, self.name, &self.engine.settings)?;
                made.arguments(derived.into, arguments)?
            }
            _ => {
                self.engine.gate.permit(index, self.entry.spec.name)?;
                arguments
            }
        };
        self.caller.permit(self.name, self.entry.spec.risk)?;
        Ok(arguments)
    }

    /// What this very call may do, where its arguments decide it: it is let in as a tool of that risk would be.
    fn judge(&mut self) -> Result<()> {
        let Work::Dispatch(work) = &self.entry.work else { return Ok(()) };
        let settings = &self.engine.settings;
        let deed = (work.deed)(Value::Object(self.input.own.clone()), settings)?;
        Gate::permit_risk(deed.risk, &deed.what, settings)?;
        self.caller.permit(&deed.what, deed.risk)?;
        self.deed = Some(deed);
        self.ends = self.began + self.patience();
        self.fits()
    }

    /// # Errors
    /// When a common parameter does nothing in what this very call does.
    fn fits(&self) -> Result<()> {
        let Some(deed) = &self.deed else { return Ok(()) };
        let (input, what) = (&self.input, &deed.what);
        let changes = deed.risk.changes();
        let idle = if changes && !input.regions.is_empty() {
            "regions"
        } else if !changes && input.confirm.is_some() {
            "confirm"
        } else {
            return Ok(());
        };
        Err(Error::invalid(format!("`{idle}` does nothing in {what}, which is of the risk {}", deed.risk)))
    }

    /// What this call may do.
    pub(crate) fn risk(&self) -> Risk {
        self.deed.as_ref().map_or(self.entry.spec.risk, |deed| deed.risk)
    }

    /// Whether a long answer of this call is kept, for its cursor to read on in.
    pub(crate) fn is_kept(&self) -> bool {
        match &self.deed {
            Some(deed) => !matches!(deed.risk, Risk::Read | Risk::Reveal),
            None => schema::is_kept(&self.entry.spec),
        }
    }

    /// Finds out where the call goes: profile and regions, each from its allow-list.
    pub(crate) async fn aim(&mut self) -> Result<()> {
        let (session, profile) = (&self.trace.session, self.input.profile.as_deref());
        let targets = async {
            if !self.input.regions.is_empty() {
                return session.targets(profile, &self.input.regions).await;
            }
            let own = session.target(profile, self.input.region.as_deref()).await?;
            match self.region_of_arns(&own)? {
                None => Ok(vec![own]),
                Some(region) => {
                    Ok(vec![session.target(profile, Some(&region)).await.map_err(|mut refused| {
                        refused.message = format!("it is in {region}, which the operator did not allow");
                        refused
                    })?])
                }
            }
        };
        self.trace.targets = self.bounded(targets).await?;
        for region in self.regions_named() {
            self.bounded(self.trace.session.target(profile, Some(&region))).await?;
        }
        Ok(())
    }

    /// The region that an ARN among the arguments moves the call to: what it names is there and nowhere else.
    ///
    /// # Errors
    /// When ARNs are of several regions, or of another one than the call was given.
    fn region_of_arns(&self, own: &Target) -> Result<Option<String>> {
        let arns = self.input.named.values().flatten().filter_map(|reference| match reference {
            ResourceRef::Own { arn, .. } | ResourceRef::Arn { arn, .. } => Some(arn),
            ResourceRef::Name(_) | ResourceRef::Whole(_) => None,
        });
        let mut regions: Vec<&str> =
            arns.map(|arn| arn.region.as_str()).filter(|region| !region.is_empty()).collect();
        regions.sort_unstable();
        regions.dedup();
        match regions.as_slice() {
            [] => Ok(None),
            [region] if *region == own.region => Ok(None),
            [region] if self.input.region.is_none() => Ok(Some((*region).to_owned())),
            several => Err(Error::invalid(format!(
                "the call goes to {}, but its ARNs name {}",
                own.region,
                several.join(" and ")
            ))
            .with_next(
                "name things of one region in a call, and give that region as `region` or leave it out",
            )),
        }
    }

    /// The regions that the tool's own arguments name.
    fn regions_named(&self) -> Vec<String> {
        let readers = self.entry.input().readers.iter().filter(|(_, reader)| reader.is_region);
        let named = readers.flat_map(|(path, _)| self.input.named.get(path).into_iter().flatten());
        named
            .filter_map(|reference| match reference {
                ResourceRef::Name(region) => Some(region.clone()),
                _ => None,
            })
            .collect()
    }

    /// Refuses what is outside the operator's list of resources, before any request.
    pub(crate) async fn hold_to_resources(&mut self) -> Result<()> {
        for target in self.trace.targets.clone() {
            let account = self.account(&target).await?;
            let environment = awsmcp_sdk::environment(&target, account.as_deref());
            let touched = self.touched(environment);
            // Before the refusal: the audit line of a refused call names what it was for.
            self.trace.resources.extend(touched.iter().map(|(_, arn)| arn.clone()));
            self.trace.resources.sort();
            self.trace.resources.dedup();
            let held = self.hold_touched(&touched, environment);
            self.trace.needs.extend(touched);
            held?;
            self.trace.accounts.extend(account.map(|account| (target, account)));
        }
        Ok(())
    }

    /// # Errors
    /// When the call would touch something in `target` that is outside the operator's list of resources, or an ARN among
    /// its arguments is of another region, or of another account than the one whose things the call can name.
    pub(crate) async fn hold(&self, target: &Target) -> Result<()> {
        let account = self.account(target).await?;
        let environment = awsmcp_sdk::environment(target, account.as_deref());
        self.hold_touched(&self.touched(environment), environment)
    }

    /// What the call would touch, where somebody asks: the operator's list, or the audit log.
    fn touched(&self, environment: Environment<'_>) -> Vec<(Cow<'static, str>, String)> {
        let settings = &self.engine.settings;
        if settings.allow_arns.is_empty() && settings.audit.is_none() {
            return Vec::new();
        }
        match &self.deed {
            Some(deed) => (deed.touches)(environment),
            None => gate::touched(self.entry, &self.input, environment),
        }
    }

    fn hold_touched(&self, touched: &[(Cow<'_, str>, String)], environment: Environment<'_>) -> Result<()> {
        for reference in self.input.named.values().flatten() {
            in_reach(reference, environment)?;
        }
        gate::scope::<S>(&self.entry.spec, touched, &self.engine.settings)
    }

    /// The account of a target, where it decides something: an allow-list could tell accounts apart, or an argument is an
    /// ARN whose request will carry its name alone. Only then is it asked for.
    pub(crate) async fn account(&self, target: &Target) -> Result<Option<String>> {
        let needed = self.entry.spec.declared().filter(|need| need.applies(&self.input.own));
        let mut arns = needed.map(|need| need.arn).chain(self.entry.spec.row_arn);
        let by_account = self.deed.as_ref().is_some_and(|deed| deed.by_account)
            || arns.any(|arn| arn.contains("{account}"));
        let listed = !self.engine.settings.allow_arns.is_empty() && by_account;
        let named =
            self.input.named.values().flatten().any(
                |reference| matches!(reference, ResourceRef::Own { arn, .. } if !arn.account.is_empty()),
            );
        if !listed && !named {
            return Ok(None);
        }
        Ok(Some(self.bounded(self.trace.session.identity(target)).await?.account))
    }

    pub(crate) fn binding(&self) -> Binding {
        Binding::new(self.entry.spec.name, &self.input.own, &self.trace.targets, self.caller.name())
    }

    /// Where the caller goes on, or the first page of every target.
    pub(crate) fn cursor(&self) -> Result<Cursor> {
        if let Some(text) = &self.input.cursor {
            let limit = if self.entry.spec.list { (1, 1000) } else { (0, 0) };
            return Cursor::open(text, &self.binding(), Bounds { limit, places: self.trace.targets.len() });
        }
        let settings = &self.engine.settings;
        let limit = if self.entry.spec.list { self.input.limit.unwrap_or(settings.page_size) } else { 0 };
        Ok(Cursor { limit, places: self.trace.targets.iter().map(|_| Some(Place::default())).collect() })
    }

    /// The most characters of the answer.
    pub(crate) fn budget(&self) -> usize {
        self.input.max_chars.unwrap_or(self.engine.settings.max_chars)
    }

    /// How long the call may take.
    pub(crate) fn patience(&self) -> Duration {
        let minutes = self.deed.as_ref().map_or(self.entry.spec.minutes, |deed| deed.minutes);
        let own = minutes.map_or(Duration::ZERO, |minutes| Duration::from_secs(minutes * 60));
        own.max(self.engine.settings.timeout)
    }

    /// What the tool's code gets for one page of one target.
    pub(crate) async fn context(&self, target: &Target, page: Page) -> Result<Call<S>> {
        let mut rules = match &self.deed {
            Some(deed) => deed.rules(self.entry.spec.name),
            None => self.rules(),
        };
        if let Some(second_look) = self.second_look(target).await? {
            rules = rules.look(second_look);
        }
        let tap = Tap::with_rules(target, rules);
        let sdk = self.trace.session.sdk_config(target).await?;
        Ok(Call {
            client: S::client_with(&sdk, tap.clone(), &self.engine.settings),
            session: self.trace.session.clone(),
            principal: self.caller.principal.clone(),
            settings: self.engine.settings.clone(),
            target: target.clone(),
            sdk,
            tap,
            began: self.began,
            ends: Mutex::new(self.ends),
            limit: page.limit,
            given_limit: self.input.limit,
            token: page.token,
            budget: self.budget(),
            notes: Mutex::default(),
            progress: self.caller.progress.clone(),
            cancel: self.caller.cancel.child_token(),
            cleanup: self.engine.cleanup.clone(),
        })
    }

    /// What a tool's requests are held to, by its declaration and by what its service knows of its operations.
    fn rules(&self) -> Rules {
        let needs: Vec<&'static str> = self.entry.spec.declared().map(|need| need.action).collect();
        let tool = self.entry.spec.name;
        let permit = move |sdk_service: &str, operation: &str| {
            let actions = service::actions::<S>(sdk_service, operation);
            if actions.iter().any(|action| needs.iter().any(|need| need == action)) {
                Ok(())
            } else {
                Err(format!("{tool} does not declare {operation}, so it was not sent"))
            }
        };
        let idempotent = self.entry.spec.idempotent;
        Rules::new(permit)
            .repeatable(move |_, operation| {
                idempotent || awsmcp_spec::reads(operation) || S::REPEATABLE.contains(&operation)
            })
            .required(|_, operation| {
                S::ALWAYS.iter().find(|(name, _)| *name == operation).map_or(&[], |(_, members)| *members)
            })
            .patience(|_, operation| {
                let found = S::PATIENCE.iter().find(|(name, _)| *name == operation);
                found.map(|(_, minutes)| Duration::from_secs(minutes * 60))
            })
    }

    /// What each request is held to once more, right before it is signed: the operator's list, by what the request itself
    /// names. None where there is no list.
    async fn second_look(
        &self,
        target: &Target,
    ) -> Result<Option<impl Fn(&RequestView) -> Result<(), String> + Send + Sync + 'static + use<S>>> {
        let settings = self.engine.settings.clone();
        if settings.allow_arns.is_empty() || !settings.looks.second || S::LOOKS.is_empty() {
            return Ok(None);
        }
        // A request may name what no argument did, so every need counts here, whatever it depends on.
        let account = match self.entry.spec.declared().any(|need| need.arn.contains("{account}")) {
            true => Some(self.bounded(self.trace.session.identity(target)).await?.account),
            false => None,
        };
        let target = target.clone();
        let needs: Vec<Need> = self.entry.spec.declared().collect();
        Ok(Some(move |request: &RequestView| {
            let environment = awsmcp_sdk::environment(&target, account.as_deref());
            second_look::hold::<S>(request, &needs, environment, &settings)
        }))
    }

    /// Runs `work` until it is done, the caller loses interest, or the call's time is over. Dropping it drops its HTTP
    /// requests.
    pub(crate) async fn bounded<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        // A tool that panics fails its own call and nothing else.
        let work = std::panic::AssertUnwindSafe(work).catch_unwind();
        tokio::select! {
            done = tokio::time::timeout_at(self.ends, work) => match done {
                Ok(Ok(done)) => done,
                Ok(Err(_)) => Err(Error::internal(format!("{} has a fault and stopped", self.entry.spec.name))),
                Err(_) => Err(Error::timeout(format!("no answer within {} s", self.patience().as_secs()))
                    .with_next("ask for less (a smaller limit, a narrower prefix or time range), or have the operator raise --timeout")),
            },
            () = self.caller.cancel.cancelled() => Err(Error::cancelled("the caller cancelled the call")),
        }
    }
}

/// # Errors
/// When an argument is an ARN that a call to `environment` does not reach: the request would be about something else that
/// bears the same name there.
fn in_reach(reference: &ResourceRef, environment: Environment<'_>) -> Result<()> {
    let Some(arn) = reference.arn() else { return Ok(()) };
    if arn.partition != environment.partition {
        return Err(Error::invalid(format!(
            "{arn} is not of {}, where the call goes",
            environment.partition
        )));
    }
    // What stands for itself, such as a key or a role, may be elsewhere.
    if matches!(reference, ResourceRef::Whole(_)) {
        return Ok(());
    }
    if !arn.region.is_empty() && arn.region != environment.region {
        return Err(Error::invalid(format!("{arn} is not in {}, where the call goes", environment.region))
            .with_next(format!("call it with region {}, or leave the region out", arn.region)));
    }
    let elsewhere = !arn.account.is_empty() && arn.account != environment.account;
    if matches!(reference, ResourceRef::Own { .. }) && elsewhere {
        return Err(Error::refused(format!(
            "{arn} is of account {}, and calls reach things of {} only",
            arn.account, environment.account
        )));
    }
    Ok(())
}

/// Which page of a list is asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Page {
    /// Its rows.
    pub(crate) limit: u32,
    /// AWS's token of it; none for the first.
    pub(crate) token: Option<String>,
}
