//! From a call's arguments to its answer.
//!
//! [`Run`] is one call on its way. Its steps stand in rooms of their own: [`run`] has the way of every call, [`look`] asks
//! AWS for what is looked at, [`change`] plans, asks and does, [`answer`] renders, [`outcome`] tells failures and writes
//! the audit line.

mod account;
mod admission;
mod answer;
mod caller;
mod change;
mod ended;
mod look;
mod outcome;
mod reached;
mod run;

use std::sync::Arc;

use awsmcp_sdk::Session;
use awsmcp_spec::{NeedEntry, Risk, Spec};
use rmcp::model::JsonObject;

use self::{account::Found, admission::Admission, run::Run};
pub use self::{
    caller::{Caller, Consent},
    ended::Answer,
};
use crate::{
    Cleanup, Error, Server, Service, Settings,
    confirm::Confirmations,
    gate::{self, Gate},
    schema,
    text::nearest,
    tool::Entry,
};

/// A server's tools together with what the operator fixed.
pub struct Engine<S: Service> {
    pub(crate) server: Server<S>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) gate: Gate,
    session: Session,
    confirmations: Confirmations,
    cleanup: Cleanup,
    /// Long answers that their cursors read on in.
    kept: crate::kept::Kept,
    admission: Admission,
    found: tokio::sync::Mutex<Found>,
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
            kept: crate::kept::Kept::default(),
            admission: Admission::new(&settings),
            found: tokio::sync::Mutex::default(),
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
        self.admission.idle().await;
        self.settled().await;
    }

    /// The session behind the calls.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The names of the tools that are on, in order.
    pub fn tools(&self) -> impl Iterator<Item = &Spec> {
        let on = |index: &usize| self.gate.is_on(*index);
        self.server
            .entries
            .iter()
            .enumerate()
            .filter(move |(index, _)| on(index))
            .map(|(_, entry)| &entry.spec)
    }

    /// The tools whose permissions are needed: those that are on, and those behind tools that only the account knows.
    pub fn needed(&self) -> impl Iterator<Item = &Spec> {
        let behind = self.server.derived.filter(|_| self.derives().is_some());
        let names: Vec<&str> = behind.into_iter().flat_map(|derived| [derived.list, derived.call]).collect();
        let entries = self.server.entries.iter().enumerate();
        entries
            .filter(move |(index, entry)| self.gate.is_on(*index) || names.contains(&entry.spec.name))
            .map(|(_, entry)| &entry.spec)
    }

    /// What the operations need that the operator named, where a tool that takes their names is on.
    ///
    /// # Errors
    /// When a model of the operations cannot be read.
    pub fn operation_needs(&self) -> Result<Vec<NeedEntry>, Error> {
        let on: Vec<&str> = self.tools().map(|spec| spec.name).collect();
        let dispatched = self.server.dispatched.iter().filter(|it| on.contains(&it.tool));
        Ok(dispatched.map(|it| (it.needs)(&self.settings)).collect::<Result<Vec<_>, _>>()?.concat())
    }

    /// Every tool, on or off, in order.
    pub fn every(&self) -> impl Iterator<Item = &Spec> {
        self.server.entries.iter().map(|entry| &entry.spec)
    }

    /// The table of every tool, in order. It makes the schema of each, which a start has no time for.
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

    /// The patterns of the allow-list that fit nothing which this server can touch.
    #[must_use]
    pub fn unmatched_arns(&self) -> Vec<String> {
        let unmatched = gate::unmatched(&self.server, &self.gate, &self.settings);
        unmatched.into_iter().map(|pattern| pattern.as_str().to_owned()).collect()
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
                let derived = Box::pin(self.derived()).await;
                let made = derived.into_iter().find(|made| made.name == name).ok_or(unknown)?;
                let (index, entry) = self.find(self.server.derived.map_or("", |derived| derived.call))?;
                (index, entry, Some(made))
            }
        };
        let mut run = Run::new(self, entry, name, caller);
        // Boxed: the futures of a whole call are large and deep, for the stack and for the compiler.
        let answer = match Box::pin(run.go(index, made.as_deref(), arguments)).await {
            Ok(answer) => answer,
            Err(error) => Box::pin(run.failed(error)).await,
        };
        run.audit(&answer);
        Ok(answer)
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
}

/// A line of the table of tools.
#[derive(Debug)]
pub struct Overview<'a> {
    /// The tool's name.
    pub name: &'a str,
    /// What a call may do.
    pub risk: Risk,
    /// Its group.
    pub toolset: &'a str,
    /// The first sentence of its description.
    pub summary: &'a str,
    /// Why it is off, if it is.
    pub off: Option<&'a str>,
}

#[cfg(test)]
mod tests;
