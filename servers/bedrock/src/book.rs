//! What was used and what is put aside, of every caller; and what the answers of a model taught about its tokens.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Mutex as Turn;

use crate::usage::Usage;

/// What this process has used.
#[derive(Debug, Default)]
pub(crate) struct Book {
    pages: Mutex<Pages>,
    /// Whose turn it is to ask a model that has not answered yet.
    turns: Mutex<BTreeMap<String, Arc<Turn<()>>>>,
}

#[derive(Debug, Default)]
pub(crate) struct Pages {
    callers: BTreeMap<String, Account>,
    learned: BTreeMap<String, Learned>,
}

/// What one caller has used.
#[derive(Clone, Debug, Default)]
pub(crate) struct Account {
    pub(crate) calls: u64,
    pub(crate) input_tokens: u64,
    pub(crate) output_tokens: u64,
    /// What calls that broke off had put aside.
    pub(crate) broken_tokens: u64,
    pub(crate) usd: f64,
    pub(crate) unpriced: u64,
    pub(crate) held_tokens: u64,
    pub(crate) held_usd: f64,
}

impl Account {
    pub(crate) fn tokens(&self) -> u64 {
        self.input_tokens + self.output_tokens + self.broken_tokens + self.held_tokens
    }

    pub(crate) fn release(&mut self, tokens: u64, usd: f64) {
        self.held_tokens = self.held_tokens.saturating_sub(tokens);
        self.held_usd = (self.held_usd - usd).max(0.0);
    }

    /// A call that may have used all that was put aside for it.
    pub(crate) fn break_off(&mut self, tokens: u64, usd: f64) {
        self.release(tokens, usd);
        self.calls += 1;
        self.broken_tokens += tokens;
        self.usd += usd;
    }

    /// Counts what a call used, for which so much was put aside.
    pub(crate) fn settle(&mut self, usage: &Usage, tokens: u64, usd: f64, cost: Option<f64>) {
        self.release(tokens, usd);
        self.calls += 1;
        self.output_tokens += usage.output_tokens;
        self.input_tokens += usage.input();
        match cost {
            Some(cost) => self.usd += cost,
            None => self.unpriced += 1,
        }
    }
}

/// How many tokens AWS counted where so many were estimated: the largest ratio, by the estimate's size. A model adds some
/// tokens of its own to every call, so that a small call has a larger ratio than a large one.
#[derive(Clone, Debug, Default)]
struct Learned(BTreeMap<u32, f64>);

impl Learned {
    fn learn(&mut self, estimated: u64, counted: u64) {
        let ratio = counted as f64 / estimated.max(1) as f64;
        let known = self.0.entry(size(estimated)).or_insert(ratio);
        *known = known.max(ratio);
    }

    /// What is put aside for an estimate: never less than it.
    fn most(&self, estimated: u64) -> u64 {
        let size = size(estimated);
        let below = self.0.range(..=size).next_back();
        let Some((_, ratio)) = below.or_else(|| self.0.range(size..).next()) else { return estimated };
        ((estimated.max(1) as f64 * ratio).ceil() as u64).max(estimated)
    }
}

fn size(tokens: u64) -> u32 {
    tokens.max(1).ilog2()
}

impl Book {
    pub(crate) fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a model has answered once, so that its tokens are known.
    pub(crate) fn knows(&self, model: &str) -> bool {
        self.pages().learned.contains_key(model)
    }

    /// The turn to ask a model that has not answered yet.
    pub(crate) fn turn(&self, model: &str) -> Arc<Turn<()>> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.entry(model.to_owned()).or_default().clone()
    }
}

impl Pages {
    pub(crate) fn of(&mut self, caller: &str) -> &mut Account {
        self.callers.entry(caller.to_owned()).or_default()
    }

    /// Of all callers: tokens, used and put aside.
    pub(crate) fn tokens(&self) -> u64 {
        self.callers.values().map(Account::tokens).sum()
    }

    /// The same in money.
    pub(crate) fn usd(&self) -> f64 {
        self.callers.values().map(|account| account.usd + account.held_usd).sum()
    }

    pub(crate) fn has_others(&self, caller: &str) -> bool {
        self.callers.keys().any(|name| name != caller)
    }

    /// An estimate of input tokens, as the model's own answers correct it.
    pub(crate) fn input(&self, model: &str, estimated: u64) -> u64 {
        self.learned.get(model).map_or(estimated, |learned| learned.most(estimated))
    }

    pub(crate) fn learn(&mut self, model: &str, estimated: u64, counted: u64) {
        self.learned.entry(model.to_owned()).or_default().learn(estimated, counted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_is_corrected_by_what_a_model_counted() {
        let mut pages = Pages::default();
        assert_eq!(pages.input("m", 100), 100);
        pages.learn("m", 10, 90);
        assert_eq!((pages.input("m", 10), pages.input("m", 100), pages.input("m", 1)), (90, 900, 9));
        // A large call has less of what the model adds to each.
        pages.learn("m", 1_000, 1_100);
        assert_eq!((pages.input("m", 2_000), pages.input("m", 10)), (2_200, 90));
        // No fewer than were estimated.
        pages.learn("n", 1_000, 10);
        assert_eq!(pages.input("n", 1_000), 1_000);
    }
}
