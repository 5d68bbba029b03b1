//! How a call ended: its answer or its error, and the audit line.

use std::time::Duration;

use awsmcp_sdk::Tap;
use jiff::Timestamp;

use crate::{
    Error, Kind, Result, Service,
    audit::Line,
    engine::{ended::Answer, reached::Reached, run::Run},
    explain::{self, Failure},
    service,
};

impl<S: Service> Run<'_, S> {
    /// The answer of a call that failed: what went wrong, where, and what to do next.
    pub(crate) async fn failed(&self, error: Error) -> Answer {
        let mut error = Box::pin(self.with_nearest_name(explain::in_short(error))).await;
        let target = self.trace.targets.first();
        for tap in self.trace.taps.iter().rev() {
            error = error.noted(tap);
        }
        if let Some(target) = target {
            error = self.trace.session.explain(target, error);
        }
        error = Reached::of(&self.trace.taps, self.risk()).tell(error, &self.entry.spec, self.risk());
        let identity = match (error.kind, target) {
            // Who was refused is half of the answer; but an error must not wait long for it.
            (Kind::AccessDenied | Kind::NotFound, Some(target)) if error.status.is_some() => {
                let known =
                    tokio::time::timeout(Duration::from_secs(2), self.trace.session.identity(target)).await;
                known.ok().and_then(Result::ok)
            }
            _ => None,
        };
        let made = self.trace.taps.iter().flat_map(Tap::made);
        let failed = made.filter(|made| error.operation.as_ref().is_none_or(|name| *name == made.operation));
        let mut actions: Vec<String> = failed
            .flat_map(|made| service::actions::<S>(&made.service, &made.operation))
            .map(std::borrow::Cow::into_owned)
            .collect();
        actions.dedup();
        let failure = Failure {
            tool: self.name,
            spec: Some(&self.entry.spec),
            deed: self.deed.as_ref(),
            input: &self.input,
            target,
            identity: identity.as_ref(),
            explained_by: self.explained_by(),
            actions: &actions,
        };
        let mut text = explain::text::<S>(&error, &failure);
        let hint = text.rsplit_once("\nnext: ").map_or("", |(_, hint)| hint);
        for off in self.engine.gate.off_among(hint, &self.engine.server, self.name) {
            text.push_str("\nnote: ");
            text.push_str(&off);
        }
        Answer::Failed { text, kind: error.kind }
    }

    /// The tool that tells why the caller may not, where it is on.
    fn explained_by(&self) -> Option<&'static str> {
        let mut on = self.engine.tools().map(|spec| spec.name);
        on.find(|name| *name == explain::EXPLAINS_ACCESS && *name != self.name)
    }

    /// Writes the call's line into the audit log.
    pub(crate) fn audit(&self, answer: &Answer) {
        let Some(audit) = &self.engine.settings.audit else { return };
        let made: Vec<_> = self.trace.taps.iter().flat_map(Tap::made).collect();
        let (outcome, error) = match answer {
            Answer::Done { .. } => ("ok", None),
            Answer::Planned { .. } => ("planned", None),
            Answer::Ask { .. } => ("asked", None),
            Answer::Failed { kind, .. } => (
                Reached::of(&self.trace.taps, self.risk()).outcome().unwrap_or(match kind {
                    Kind::Refused | Kind::Invalid => "refused",
                    Kind::Cancelled => "cancelled",
                    Kind::Timeout => "timeout",
                    _ => "failed",
                }),
                Some(format!("{kind:?}")),
            ),
        };
        let first = self.trace.targets.first();
        audit.write(&Line {
            time: Timestamp::now().to_string(),
            server: S::ID,
            tool: self.name,
            risk: self.risk().name(),
            principal: self.caller.name(),
            profile: first.and_then(|target| target.profile.clone()),
            role: first.and_then(|target| target.role.clone()),
            regions: self.trace.targets.iter().map(|target| target.region.clone()).collect(),
            resources: self.trace.resources.clone(),
            needs: &self.trace.needs,
            operations: made.iter().map(|made| made.operation.clone()).collect(),
            outcome,
            error,
            request_ids: made.iter().filter_map(|made| made.request_id.clone()).collect(),
            attempts: made.iter().map(|made| made.attempts).sum(),
            throttled: made.iter().map(|made| made.throttled).sum(),
            duration_ms: self.began.elapsed().as_millis().try_into().unwrap_or(u64::MAX),
        });
    }
}
