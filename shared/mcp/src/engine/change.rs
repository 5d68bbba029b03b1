//! A change: plan, ask, do.

use std::sync::Arc;

use serde_json::Value;
use tokio::time::Instant;

use crate::{
    Confirm, Error, Kind, Plan, Result, Risk, Service,
    confirm::{Bound, Refusal},
    cursor::{Cursor, Place},
    engine::{
        Answer, Consent,
        look::{Fetched, notes},
        run::{Page, Run},
    },
};

/// What a caller says to a plan.
enum Agreed {
    Yes,
    /// A person agreed to the plan that this token was made for.
    YesTo(String),
    /// The call ends with this: the caller has yet to be asked.
    NotYet(Answer),
}

impl<S: Service> Run<'_, S> {
    /// Plans, asks where the risk or the plan wants it, and does what was planned.
    pub(crate) async fn change(&mut self) -> Result<Answer> {
        let planning = self.entry.work.planning().ok_or_else(|| Error::internal("a change has no plan"))?;
        let target =
            self.trace.targets.first().cloned().ok_or_else(|| Error::internal("a change has no target"))?;
        let own = Value::Object(self.input.own.clone());
        let mut call = Arc::new(self.context(&target, Page::default()).await?);
        self.trace.taps.push(call.tap.clone());
        let mut planned = match self.bounded(planning(own.clone(), call.clone())).await {
            Err(error) if error.kind == Kind::WrongRegion => {
                let (moved, region) = Box::pin(self.moved(&call, error)).await?;
                call = Arc::new(moved);
                self.trace.taps.push(call.tap.clone());
                call.note(format!("it is in {region}; done there"));
                self.bounded(planning(own.clone(), call.clone())).await?
            }
            planned => planned?,
        };
        if self.input.dry_run {
            let plan = planned.plan.text(self.budget());
            let text = format!("dry run, nothing was changed. {} would {plan}", self.entry.spec.name);
            return Ok(self.told(text, Vec::new(), || Value::Null, &notes(&call), None));
        }
        let asks = self.engine.settings.confirm != Confirm::Off
            && (self.risk() == Risk::Destroy || planned.plan.asks());
        let mut agreed = false;
        while asks && !agreed {
            match self.consent(&planned.plan).await? {
                Agreed::Yes => agreed = true,
                Agreed::NotYet(answer) => return Ok(answer),
                // A person took their time: what they agreed to must still be what would happen.
                Agreed::YesTo(seen) => {
                    call.ends_at(self.ends);
                    planned = self.bounded(planning(own.clone(), call.clone())).await?;
                    match self.engine.confirmations.redeem(&seen, &self.bound(), &planned.plan) {
                        Ok(()) => agreed = true,
                        Err(Refusal::Moved) => {}
                        Err(refusal) => return Err(Error::refused(refusal.why())),
                    }
                }
            }
        }
        let reply = self.bounded((planned.apply)(call.clone())).await?;
        let fetched = Fetched { slot: 0, target, place: Place::default(), reply, notes: notes(&call) };
        self.answer(&Cursor::default(), vec![fetched])
    }

    /// What a confirmation of this call is bound to.
    fn bound(&self) -> Bound<'_> {
        Bound {
            tool: self.entry.spec.name,
            arguments: &self.input.own,
            // A change has one target; without one it has ended before.
            target: self.trace.targets.first(),
            principal: self.caller.name(),
        }
    }

    /// How the caller confirms: as its client can, unless the operator wants tokens.
    fn way(&self) -> Consent {
        match (&self.caller.consent, self.engine.settings.confirm) {
            (Consent::Round { .. } | Consent::Ask(_), Confirm::Token) => Consent::Token,
            (way, _) => way.clone(),
        }
    }

    /// Looks whether the plan is confirmed, and asks where it is not.
    async fn consent(&mut self, plan: &Plan) -> Result<Agreed> {
        let confirmations = &self.engine.confirmations;
        let mut why = "";
        let way = self.way();
        // What a person says wins over a token that somebody else brings along.
        let token = match &way {
            Consent::Round { answer: Some(false), .. } => return Err(declined()),
            Consent::Round { answer: Some(true), state } => state.as_ref(),
            Consent::Round { answer: None, .. } | Consent::Ask(_) => {
                if self.input.confirm.is_some() {
                    why = "here the user is asked, and no token is taken";
                }
                None
            }
            Consent::Token | Consent::Told(_) => self.input.confirm.as_ref(),
        };
        if let Some(token) = token {
            match confirmations.redeem(token, &self.bound(), plan) {
                Ok(()) => return Ok(Agreed::Yes),
                Err(refusal) => why = refusal.why(),
            }
        }
        self.question(way, plan, if why.is_empty() { String::new() } else { format!("{why}. ") }).await
    }

    /// Asks the caller in the way that it can be asked; `again` says why it is asked once more.
    async fn question(&mut self, way: Consent, plan: &Plan, again: String) -> Result<Agreed> {
        let (tool, budget) = (self.entry.spec.name, self.budget());
        let token = self.engine.confirmations.issue(&self.bound(), plan);
        let within = self.engine.confirmations.within();
        let question = format!("{tool}: {}", plan.text(budget.min(2000)));
        let planned = |how: String| {
            let plan = plan.text(budget);
            Agreed::NotYet(Answer::Planned {
                text: format!("{again}nothing was done yet. {tool} would {plan}\n{how}"),
            })
        };
        match way {
            Consent::Round { .. } => {
                let question = format!("{again}{question}");
                return Ok(Agreed::NotYet(Answer::Ask { question, state: token }));
            }
            Consent::Told(how) => return Ok(planned(how.to_owned())),
            Consent::Token => {}
            Consent::Ask(ask) => {
                let began = Instant::now();
                let asked = tokio::select! {
                    asked = tokio::time::timeout(within, ask(question)) => asked,
                    () = self.caller.cancel.cancelled() => {
                        return Err(Error::cancelled("the caller cancelled the call"));
                    }
                };
                // The time that a person takes is not the call's.
                self.ends += began.elapsed();
                match asked {
                    Ok(Some(true)) => return Ok(Agreed::YesTo(token)),
                    Ok(Some(false)) => return Err(declined()),
                    // No answer is no agreement; and the model does not get to agree instead.
                    Ok(None) => {
                        return Err(unanswered(
                            "the client could not ask its user, although it says that it can",
                        ));
                    }
                    Err(_) => {
                        let why =
                            format!("the user was asked and did not answer within {} s", within.as_secs());
                        return Err(unanswered(&why));
                    }
                }
            }
        }
        let minutes = within.as_secs().div_ceil(60);
        Ok(planned(format!(
            "to do it, repeat the same call with \"confirm\":\"{token}\" (once, within {minutes} min), if the user \
             wants it"
        )))
    }
}

/// Nobody answered. Nothing is done, and the next call asks again.
fn unanswered(why: &str) -> Error {
    Error::refused(format!("{why}; nothing was done")).with_next(
        "call again when the user is there to answer; for agents that run without a person, the operator can start the \
         server with --confirm token",
    )
}

fn declined() -> Error {
    Error::refused("the user did not agree; nothing was done")
        .with_next("ask the user what they want instead")
}
