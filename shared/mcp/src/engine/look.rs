//! Asking AWS for what is looked at: every target its page, and again where AWS names another region.

use std::sync::{Arc, PoisonError};

use awsmcp_sdk::{Tap, Target};
use futures::{StreamExt, stream};
use serde_json::{Value, json};

use crate::{
    Call, Error, Kind, Reply, Result, Service, View,
    cursor::{Cursor, Place},
    engine::run::{Page, Run},
    explain,
};

/// What one target answered.
pub(crate) struct Fetched {
    /// Which of the cursor's places it is.
    pub(crate) slot: usize,
    pub(crate) target: Target,
    /// Where its page began.
    pub(crate) place: Place,
    pub(crate) reply: Reply,
    pub(crate) notes: Vec<String>,
}

impl Fetched {
    /// One thing as one row.
    pub(crate) fn into_row(self) -> Fetched {
        let row = match self.reply.view {
            View::One { whole, .. } => whole,
            View::Body(body) => json!({"label": body.label}),
            View::Rows(rows) => Value::Array(rows),
        };
        Fetched { reply: Reply { view: View::Rows(vec![row]), next: None, total: None }, ..self }
    }
}

/// What came of a page.
struct Got {
    /// Where it was asked in the end.
    target: Target,
    reply: Reply,
    notes: Vec<String>,
    /// What a second try in another region did.
    again: Option<Tap>,
}

impl<S: Service> Run<'_, S> {
    /// Asks every target that the cursor still has a place in, each for its page.
    pub(crate) async fn look(&mut self, cursor: &Cursor) -> Result<Vec<Fetched>> {
        const AT_ONCE: usize = 8;
        let mut asked = Vec::new();
        for (slot, (target, place)) in self.trace.targets.clone().into_iter().zip(&cursor.places).enumerate()
        {
            let Some(place) = place.clone() else { continue };
            let page = Page { limit: cursor.limit, token: place.token.clone() };
            let call = self.context(&target, page).await;
            self.trace.taps.extend(call.iter().map(|call| call.tap.clone()));
            asked.push((slot, target, place, call));
        }
        let several = asked.len() > 1;
        let run = &*self;
        let got = stream::iter(asked.into_iter().map(|(slot, target, place, call)| async move {
            let got = match call {
                Ok(call) => run.page(call).await,
                Err(error) => Err(error),
            };
            (slot, target, place, got)
        }))
        .buffered(AT_ONCE)
        .collect::<Vec<_>>()
        .await;
        self.gather(got, several)
    }

    /// The pages that came; a target that failed is a note, unless all did.
    fn gather(
        &mut self,
        got: Vec<(usize, Target, Place, Result<Got>)>,
        several: bool,
    ) -> Result<Vec<Fetched>> {
        let (mut fetched, mut errors) = (Vec::new(), Vec::new());
        for (slot, asked, place, result) in got {
            match result {
                Ok(Got { target, reply, notes, again }) => {
                    self.trace.taps.extend(again);
                    // One region belongs to the same account as the next.
                    if let Some(account) = self.trace.accounts.get(&asked).cloned() {
                        self.trace.accounts.entry(target.clone()).or_insert(account);
                    }
                    fetched.push(Fetched { slot, target, place, reply, notes });
                }
                Err(error) if several => errors.push((asked, error)),
                Err(error) => return Err(error),
            }
        }
        if fetched.is_empty()
            && let Some((_, error)) = errors.pop()
        {
            return Err(error);
        }
        if let Some(first) = fetched.first_mut() {
            let failed = errors.into_iter().map(|(target, error)| {
                format!("{} failed: {}", target.region, explain::in_short(error).message)
            });
            first.notes.extend(failed);
        }
        Ok(fetched)
    }

    /// One page from one target; asked again in the right region where AWS names another that is allowed.
    async fn page(&self, call: Call<S>) -> Result<Got> {
        let looking =
            self.entry.work.looking().ok_or_else(|| Error::internal("a change is planned first"))?;
        let call = Arc::new(call);
        let own = Value::Object(self.input.own.clone());
        match self.bounded(looking(own.clone(), call.clone())).await {
            Err(error) if error.kind == Kind::WrongRegion => {
                let (moved, region) = Box::pin(self.moved(&call, error)).await?;
                let moved = Arc::new(moved);
                moved.note(format!("it is in {region}; asked there"));
                let reply = self.bounded(looking(own, moved.clone())).await?;
                let target = moved.target.clone();
                Ok(Got { target, reply, notes: notes(&moved), again: Some(moved.tap.clone()) })
            }
            reply => {
                let target = call.target.clone();
                Ok(Got { target, reply: reply?, notes: notes(&call), again: None })
            }
        }
    }

    /// The same call in the region that AWS named, if the operator allowed that region, and the call's resources there.
    pub(crate) async fn moved(&self, call: &Call<S>, error: Error) -> Result<(Call<S>, String)> {
        let Some(region) = error.region.clone().filter(|region| *region != call.target.region) else {
            return Err(error);
        };
        let target = match self.trace.session.target(call.target.profile.as_deref(), Some(&region)).await {
            Ok(target) => target,
            Err(refused) => {
                let mut error = error;
                error.message = format!("it is in {region}, which the operator did not allow");
                error.next = refused.next.clone();
                return Err(error);
            }
        };
        self.hold(&target).await?;
        let page = Page { limit: call.limit, token: call.token.clone() };
        Ok((self.context(&target, page).await?, region))
    }
}

/// What the tool's code noted, taken out.
pub(crate) fn notes<S: Service>(call: &Call<S>) -> Vec<String> {
    /// The most characters of a note: it may repeat an error, which AWS writes as long as it likes.
    const LONGEST: usize = 2000;
    let mut notes = std::mem::take(&mut *call.notes.lock().unwrap_or_else(PoisonError::into_inner));
    notes.iter_mut().for_each(|note| explain::cut(note, LONGEST));
    notes
}
