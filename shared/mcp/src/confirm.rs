//! The confirmation of plans.
//!
//! A confirmation is a token: a nonce and an expiry, sealed with two MACs, one
//! over the exact call and one over the plan. It needs no memory to check, it fits no other call, and it stops
//! fitting when the world has moved so that the plan is another. Used nonces are remembered until they expire.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use awsmcp_sdk::Target;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use rmcp::model::JsonObject;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{Clock, Plan, SealKey, cursor::canonical};

/// A call, as a confirmation is bound to it.
pub(crate) struct Bound<'a> {
    pub(crate) tool: &'a str,
    pub(crate) arguments: &'a JsonObject,
    pub(crate) target: Option<&'a Target>,
    pub(crate) principal: Option<&'a str>,
}

/// Why a token does not confirm this call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It is not a token of this server, or of another call.
    NotForThisCall,
    /// It was used before.
    Used,
    /// Its time is over.
    Expired,
    /// It is for this call, but the plan has become another.
    Moved,
}

impl Refusal {
    pub(crate) fn why(self) -> &'static str {
        match self {
            Refusal::NotForThisCall => "`confirm` is not the token of this very call with these arguments",
            Refusal::Used => "this `confirm` token was already used",
            Refusal::Expired => "this `confirm` token has expired",
            Refusal::Moved => "things have changed since that plan was made",
        }
    }
}

/// Makes and takes tokens.
pub(crate) struct Confirmations {
    key: [u8; 32],
    within: Duration,
    clock: Clock,
    used: Mutex<HashMap<[u8; NONCE], i64>>,
}

const NONCE: usize = 8;
const EXPIRY: usize = 8;
const MAC: usize = 12;

impl Confirmations {
    /// With a `secret`, every process that has it takes the tokens of the others; without one, a process takes its own.
    pub(crate) fn new(within: Duration, secret: Option<&SealKey>, clock: Clock) -> Self {
        let key = secret.map_or_else(random, |secret| Sha256::digest(secret.bytes()).into());
        Confirmations { key, within, clock, used: Mutex::default() }
    }

    pub(crate) fn within(&self) -> Duration {
        self.within
    }

    /// A token that confirms this call with this plan, once, for a while.
    pub(crate) fn issue(&self, bound: &Bound<'_>, plan: &Plan) -> String {
        let nonce: [u8; NONCE] = random();
        let within = self.within.as_secs().try_into().unwrap_or(i64::MAX);
        let expiry = self.clock.second().saturating_add(within).to_be_bytes();
        let mut token = Vec::with_capacity(NONCE + EXPIRY + 2 * MAC);
        token.extend(nonce);
        token.extend(expiry);
        token.extend(self.mac(&nonce, &expiry, &call(bound)));
        token.extend(self.mac(&nonce, &expiry, &plan.fingerprint()));
        BASE64_URL_SAFE_NO_PAD.encode(token)
    }

    /// Takes a token: it will not be taken again.
    pub(crate) fn redeem(&self, token: &str, bound: &Bound<'_>, plan: &Plan) -> Result<(), Refusal> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(token.trim()).map_err(|_| Refusal::NotForThisCall)?;
        let bytes: [u8; NONCE + EXPIRY + 2 * MAC] = bytes.try_into().map_err(|_| Refusal::NotForThisCall)?;
        let (nonce, rest) = bytes.split_first_chunk::<NONCE>().ok_or(Refusal::NotForThisCall)?;
        let (expiry, rest) = rest.split_first_chunk::<EXPIRY>().ok_or(Refusal::NotForThisCall)?;
        let (for_call, for_plan) = rest.split_at(MAC);
        if !same(for_call, &self.mac(nonce, expiry, &call(bound))) {
            return Err(Refusal::NotForThisCall);
        }
        let (now, ends) = (self.clock.second(), i64::from_be_bytes(*expiry));
        if now > ends {
            return Err(Refusal::Expired);
        }
        if !same(for_plan, &self.mac(nonce, expiry, &plan.fingerprint())) {
            return Err(Refusal::Moved);
        }
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.retain(|_, ends| *ends >= now);
        if used.insert(*nonce, ends).is_some() {
            return Err(Refusal::Used);
        }
        Ok(())
    }

    fn mac(&self, nonce: &[u8], expiry: &[u8], text: &str) -> [u8; MAC] {
        // HMAC takes a key of any length; a failure would leave a MAC that nothing matches.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.key) else { return random() };
        mac.update(nonce);
        mac.update(expiry);
        mac.update(text.as_bytes());
        let mut short = [0; MAC];
        short.iter_mut().zip(mac.finalize().into_bytes()).for_each(|(to, from)| *to = from);
        short
    }
}

fn call(bound: &Bound<'_>) -> String {
    let arguments = canonical(&Value::Object(bound.arguments.clone()));
    format!("{}\n{arguments}\n{:?}\n{:?}", bound.tool, bound.target, bound.principal)
}

/// Compares without telling by its time where two MACs differ.
fn same(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len() && left.iter().zip(right).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    if let Err(error) = getrandom::fill(&mut bytes) {
        // Without randomness no token may ever be taken for genuine: stop rather than sign with zeros.
        tracing::error!(%error, "the system gives no random numbers");
        std::process::abort();
    }
    bytes
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn target() -> Target {
        Target { profile: None, role: None, principal: None, region: "us-east-1".into(), endpoint: None }
    }

    fn arguments(value: Value) -> JsonObject {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn a_token_confirms_one_call_once() {
        let confirmations = Confirmations::new(Duration::from_secs(60), None, Clock::system());
        let (target, given) = (target(), arguments(json!({"bucket": "b", "keys": ["k"]})));
        let bound = Bound { tool: "delete", arguments: &given, target: Some(&target), principal: None };
        let plan = Plan::new("delete 1 object").state(json!({"etag": "1"}));
        let token = confirmations.issue(&bound, &plan);
        let other = arguments(json!({"bucket": "b", "keys": ["other"]}));
        let moved = Plan::new("delete 1 object").state(json!({"etag": "2"}));
        let with = |arguments, plan| {
            confirmations.redeem(
                &token,
                &Bound { tool: "delete", arguments, target: Some(&target), principal: None },
                plan,
            )
        };
        assert_eq!(with(&other, &plan), Err(Refusal::NotForThisCall));
        assert_eq!(with(&given, &moved), Err(Refusal::Moved));
        let eve = Bound { tool: "delete", arguments: &given, target: Some(&target), principal: Some("eve") };
        assert_eq!(confirmations.redeem(&token, &eve, &plan), Err(Refusal::NotForThisCall));
        assert_eq!(with(&given, &plan), Ok(()));
        assert_eq!(with(&given, &plan), Err(Refusal::Used));
        assert_eq!(confirmations.redeem("nonsense", &bound, &plan), Err(Refusal::NotForThisCall));
        let elsewhere =
            Confirmations::new(Duration::from_secs(60), None, Clock::system()).issue(&bound, &plan);
        assert_eq!(confirmations.redeem(&elsewhere, &bound, &plan), Err(Refusal::NotForThisCall));
    }

    #[test]
    fn processes_with_one_secret_take_each_others_tokens() {
        let minute = Duration::from_secs(60);
        let with = |secret: &str| {
            let key = SealKey::new(secret.repeat(3)).unwrap();
            Confirmations::new(minute, Some(&key), Clock::system())
        };
        let (target, given) = (target(), JsonObject::new());
        let bound = Bound { tool: "delete", arguments: &given, target: Some(&target), principal: None };
        let plan = Plan::new("delete all");
        let token = with("a secret of the team").issue(&bound, &plan);
        assert_eq!(with("another secret").redeem(&token, &bound, &plan), Err(Refusal::NotForThisCall));
        assert_eq!(with("a secret of the team").redeem(&token, &bound, &plan), Ok(()));
    }

    #[test]
    fn a_token_expires_when_its_time_is_over_and_not_before() {
        let clock = Clock::standing_at(jiff::Timestamp::UNIX_EPOCH);
        let confirmations = Confirmations::new(Duration::from_secs(60), None, clock.clone());
        let (target, given) = (target(), JsonObject::new());
        let bound = Bound { tool: "delete", arguments: &given, target: Some(&target), principal: None };
        let plan = Plan::new("delete all");
        let (first, second) = (confirmations.issue(&bound, &plan), confirmations.issue(&bound, &plan));
        clock.advance(60);
        assert_eq!(confirmations.redeem(&first, &bound, &plan), Ok(()));
        clock.advance(1);
        assert_eq!(confirmations.redeem(&second, &bound, &plan), Err(Refusal::Expired));
        // One that was used stays refused when it is forgotten as used.
        assert_eq!(confirmations.redeem(&first, &bound, &plan), Err(Refusal::Expired));
    }
}
