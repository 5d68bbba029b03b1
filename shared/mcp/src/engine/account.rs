//! What only the account knows: tools made of its rows, names that a caller may have meant.

use std::{sync::Arc, time::Duration};

use rmcp::model::JsonObject;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{
    Error, Kind, Result, Risk, Service, Target, View,
    derived::Made,
    engine::{Caller, Engine, run::Run},
    gate::Gate,
    text::nearest,
};

/// The derived tools as they were found last, and when.
#[derive(Default)]
pub(crate) struct Found {
    at: Option<Instant>,
    tools: Vec<Arc<Made>>,
}

/// How long a caller's list of tools, or its error, waits for AWS.
const PATIENCE: Duration = Duration::from_secs(3);

impl<S: Service> Engine<S> {
    /// Whether the operator wants tools that only the account knows, and how long they are kept.
    pub(crate) fn derives(&self) -> Option<Duration> {
        self.server.derived.and_then(|derived| (derived.wanted)(&self.settings))
    }

    /// The tools that only the account knows: those found last, or found anew where that is too long ago.
    ///
    /// A client waits for its list, so AWS has little time; what does not come in time comes with a later list.
    pub(crate) async fn derived(&self) -> Vec<Arc<Made>> {
        let (Some(fresh), Some(derived)) = (self.derives(), self.server.derived) else { return Vec::new() };
        let mut found = self.found.lock().await;
        if found.at.is_none_or(|at| at.elapsed() >= fresh) {
            let caller = Caller::default();
            let rows = Box::pin(self.listed(derived.list, JsonObject::new(), &caller, false));
            match tokio::time::timeout(PATIENCE, rows).await {
                Ok(Ok(rows)) => {
                    let taken: Vec<&str> = self.server.entries.iter().map(|entry| entry.spec.name).collect();
                    let rows: Vec<Value> = rows.into_iter().map(|(_, row)| row).collect();
                    found.tools = Made::all(&rows, &taken);
                }
                Ok(Err(error)) => tracing::warn!(error = %error.message, "{} failed", derived.list),
                Err(_) => tracing::warn!("{} took too long", derived.list),
            }
            found.at = Some(Instant::now());
        }
        found.tools.clone()
    }

    /// The risk of the tool that derived tools stand for.
    pub(crate) fn derived_risk(&self) -> Risk {
        let found = self.server.derived.and_then(|derived| self.find(derived.call).ok());
        found.map_or(Risk::Destroy, |(_, entry)| entry.spec.risk)
    }

    /// The values of one column of a list tool's first page; none where the call fails.
    pub(crate) async fn column(
        &self,
        tool: &str,
        arguments: JsonObject,
        column: &str,
        caller: &Caller,
    ) -> Vec<String> {
        let rows = Box::pin(self.listed(tool, arguments, caller, true)).await.unwrap_or_default();
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
        if gated {
            self.gate.permit(index, entry.spec.name)?;
        } else {
            Gate::permit_risk(entry.spec.risk, entry.spec.name, &self.settings)?;
        }
        caller.permit(entry.spec.name, entry.spec.risk)?;
        let mut run = Run::new(self, entry, entry.spec.name, caller);
        run.input = crate::input::read(entry, arguments, &self.settings)?;
        let _place = self.admission.enter(caller, run.ends).await?;
        Box::pin(run.aim()).await?;
        Box::pin(run.hold_to_resources()).await?;
        let cursor = run.cursor()?;
        let pages = Box::pin(run.look(&cursor)).await?;
        Ok(pages
            .into_iter()
            .flat_map(|page| match page.reply.view {
                View::Rows(rows) => rows.into_iter().map(|row| (page.target.clone(), row)).collect(),
                _ => Vec::new(),
            })
            .filter(|(target, row)| run.row_allowed(row, target))
            .collect())
    }
}

impl<S: Service> Run<'_, S> {
    /// Offers the nearest name for one that AWS does not know, as far as the caller may list them.
    pub(crate) async fn with_nearest_name(&self, mut error: Error) -> Error {
        const MOST: u32 = 1000;
        if error.kind != Kind::NotFound || error.status.is_none() {
            return error;
        }
        for named in S::NAMES {
            let Some(given) = self.input.own.get(named.argument).and_then(Value::as_str) else { continue };
            let mut arguments = JsonObject::from_iter([("limit".to_owned(), json!(MOST))]);
            if let Some(target) = self.trace.targets.first() {
                arguments.insert("region".to_owned(), json!(target.region));
                arguments.insert("profile".to_owned(), json!(target.profile));
            }
            let listed = self.engine.column(named.tool, arguments, named.column, self.caller);
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
}
