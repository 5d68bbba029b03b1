//! The claims of an access token, once its signature was found to fit.

use std::time::{SystemTime, UNIX_EPOCH};

use awsmcp_mcp::Principal;
use serde_json::{Map, Value};

use super::{Scopes, names};

/// How far clocks may be apart.
const LEEWAY_SECONDS: f64 = 30.0;

/// For whom a token must be, and from whom.
pub(super) struct Wanted<'a> {
    pub(super) issuer: &'a str,
    pub(super) audiences: &'a [String],
    pub(super) scopes: &'a Scopes,
}

impl Wanted<'_> {
    /// Whose token this is.
    ///
    /// # Errors
    /// Why it is not good.
    pub(super) fn caller(&self, claims: &Map<String, Value>) -> Result<Principal, &'static str> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        self.caller_at(claims, now)
    }

    fn caller_at(&self, claims: &Map<String, Value>, now: f64) -> Result<Principal, &'static str> {
        let claim = |name: &str| claims.get(name).filter(|value| !value.is_null());
        match claim("iss") {
            None => return Err("it lacks iss, its issuer"),
            Some(Value::String(issuer)) if issuer == self.issuer => {}
            Some(Value::String(_)) => return Err("it is of another issuer"),
            Some(_) => return Err("its issuer (iss) is not one text"),
        }
        let audience = claim("aud").ok_or("it lacks aud, its audience")?;
        if !texts(audience).any(|audience| self.audiences.iter().any(|own| own == audience)) {
            return Err("it is for another audience");
        }
        // RFC 7519: seconds since 1970, which need not be whole.
        let expiry = claim("exp").ok_or("it lacks exp, its expiry")?;
        let expiry = expiry.as_f64().ok_or("its expiry (exp) is not a number of seconds")?;
        if expiry <= now - LEEWAY_SECONDS {
            return Err("it has expired");
        }
        if let Some(start) = claim("nbf") {
            let start = start.as_f64().ok_or("its start (nbf) is not a number of seconds")?;
            if start > now + LEEWAY_SECONDS {
                return Err("it is not valid yet");
            }
        }
        let scopes = ["scope", "scp"].into_iter().filter_map(claim).flat_map(texts);
        Ok(who(&claim)?.only(self.scopes.risks(scopes)))
    }
}

/// The caller: the token's subject, or its client where it has none.
fn who<'a>(claim: &impl Fn(&str) -> Option<&'a Value>) -> Result<Principal, &'static str> {
    for (name, principal) in [("sub", names::subject as fn(&str) -> Principal), ("client_id", names::client)]
    {
        match claim(name) {
            Some(Value::String(text)) if !text.is_empty() => return Ok(principal(text)),
            Some(Value::String(_)) | None => {}
            Some(_) => return Err("its subject (sub) or client_id is not a text"),
        }
    }
    Err("it names nobody (sub)")
}

/// The texts of a claim that is one, or a list of them.
fn texts(claim: &Value) -> impl Iterator<Item = &str> {
    let several = claim.as_array().map(Vec::as_slice).unwrap_or_default();
    claim.as_str().into_iter().chain(several.iter().filter_map(Value::as_str))
}

#[cfg(test)]
mod tests {
    use awsmcp_mcp::Risk;
    use serde_json::json;

    use super::{super::subject, *};

    const NOW: f64 = 1_764_000_000.0;

    fn caller(changes: Value) -> Result<Principal, &'static str> {
        let mut claims = json!({
            "iss": "https://idp.example", "aud": "https://mcp.example.com/mcp", "sub": "alice",
            "scope": "awsmcp:read", "exp": NOW + 300.0,
        });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let audiences = ["https://mcp.example.com/mcp".to_owned()];
        let scopes = Scopes::of(audiences.iter().map(String::as_str));
        let wanted = Wanted { issuer: "https://idp.example", audiences: &audiences, scopes: &scopes };
        wanted.caller_at(claims.as_object().unwrap(), NOW)
    }

    #[test]
    fn a_good_token_names_its_caller() {
        let alice = subject("alice").only([Risk::Read]);
        for good in [
            json!({}),
            json!({"aud": ["https://other.example", "https://mcp.example.com/mcp"]}),
            json!({"exp": 1_764_000_000.5}),
            json!({"exp": 1_763_999_971}),
            json!({"nbf": 1_764_000_029.5, "exp": 1e12}),
            json!({"nbf": null, "iat": "whenever"}),
            json!({"scope": null, "scp": ["awsmcp:read"]}),
            json!({"scope": ["awsmcp:read"]}),
            json!({"scope": "https://mcp.example.com/mcp/awsmcp:read https://other/awsmcp:write"}),
        ] {
            assert_eq!(caller(good.clone()), Ok(alice.clone()), "{good}");
        }
        assert_eq!(caller(json!({"sub": "", "client_id": "alice"})).unwrap().name, "client_id=alice");
        assert_eq!(caller(json!({"scope": null})), Ok(subject("alice").only([])));
    }

    #[test]
    fn a_token_that_is_not_good_is_refused_for_the_right_reason() {
        for (wrong, why) in [
            (json!({"iss": null}), "lacks iss"),
            (json!({"iss": "https://other.example"}), "another issuer"),
            (json!({"iss": "https://idp.example/"}), "another issuer"),
            (json!({"iss": ["https://idp.example"]}), "not one text"),
            (json!({"iss": ["https://other.example", "https://idp.example"]}), "not one text"),
            (json!({"aud": null}), "lacks aud"),
            (json!({"aud": "https://other.example"}), "another audience"),
            (json!({"aud": []}), "another audience"),
            (json!({"aud": {"0": "https://mcp.example.com/mcp"}}), "another audience"),
            (json!({"exp": null}), "lacks exp"),
            (json!({"exp": "1764000300"}), "not a number"),
            (json!({"exp": 1_763_999_970}), "expired"),
            (json!({"exp": 1_763_999_969.9}), "expired"),
            (json!({"exp": -1e300}), "expired"),
            (json!({"nbf": 1_764_000_030.5}), "not valid yet"),
            (json!({"nbf": true}), "not a number"),
            (json!({"sub": null}), "names nobody"),
            (json!({"sub": ""}), "names nobody"),
            (json!({"sub": 7, "client_id": "x"}), "not a text"),
        ] {
            let refused = caller(wrong.clone()).unwrap_err();
            assert!(refused.contains(why), "{wrong}: {refused}");
        }
    }
}
