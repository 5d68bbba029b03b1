//! OAuth 2.1: access tokens as JWTs, checked against their issuer's keys.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use anyhow::{Result, bail};
use awsmcp_mcp::Principal;
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation, decode, decode_header,
    jwk::{JwkSet, PublicKeyUse},
};
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::sync::Mutex;

use super::{ASK_AGAIN, Denied, Scopes, claims::Wanted};

/// Access tokens of one issuer.
pub(crate) struct Oauth {
    issuer: String,
    audiences: Vec<String>,
    jwks_url: Option<String>,
    keys: RwLock<Option<Arc<Keys>>>,
    /// Held while the keys are asked for: who comes meanwhile waits for the same answer.
    last_fetch: Mutex<Option<LastFetch>>,
}

struct Keys {
    set: JwkSet,
    at: Instant,
}

/// When the keys were asked for last, and why that failed, if it did.
struct LastFetch {
    at: Instant,
    failed: Option<String>,
}

/// How long keys are used without last_fetch.
const FRESH: Duration = Duration::from_secs(600);
/// How long keys are used although the issuer cannot be asked.
const GOOD: Duration = Duration::from_secs(24 * 3600);
const PATIENCE: Duration = Duration::from_secs(5);
const LONGEST: usize = 256 * 1024;

impl Oauth {
    /// # Errors
    /// When an address is none.
    pub(crate) fn new(issuer: &str, audiences: Vec<String>, jwks_url: Option<&str>) -> Result<Oauth> {
        for (flag, url) in [("--oauth-issuer", Some(issuer)), ("--oauth-jwks-url", jwks_url)] {
            let Some(url) = url else { continue };
            let uri: Option<http::Uri> = url.parse().ok();
            if uri.is_none_or(|uri| uri.scheme().is_none() || uri.host().is_none()) {
                bail!("{flag} {url:?}: a good one looks like https://login.example.com/tenant");
            }
        }
        Ok(Oauth {
            issuer: issuer.to_owned(),
            audiences,
            jwks_url: jwks_url.map(str::to_owned),
            keys: RwLock::default(),
            last_fetch: Mutex::default(),
        })
    }

    pub(super) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Whether there are keys to check tokens with.
    pub(super) async fn is_ready(&self) -> bool {
        self.current().is_some() || self.fetch_again(Instant::now()).await.is_ok()
    }

    /// Whose token this is.
    pub(super) async fn caller(&self, token: &str, scopes: &Scopes) -> Result<Principal, Denied> {
        let header = decode_header(token).map_err(|_| bad("it is not a JWT"))?;
        if !matches!(header.alg, Algorithm::RS256 | Algorithm::ES256) {
            return Err(bad("it is not signed with RS256 or ES256"));
        }
        // RFC 7515, 4.1.11: what the token says must be understood, and this server understands no extension.
        if header.crit.is_some() {
            return Err(bad("its header names extensions (crit) that are not known here"));
        }
        let kid = header.kid.ok_or_else(|| bad("it names no key (kid)"))?;
        let key = self.key(&kid).await?;
        // Of the library only the signature is asked: it takes a list for an issuer, and no fraction for a time.
        let mut validation = Validation::new(header.alg);
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.validate_aud = false;
        let claims = decode::<Map<String, Value>>(token, &key, &validation);
        let claims = claims.map_err(|_| bad("its signature does not fit"))?.claims;
        Wanted { issuer: &self.issuer, audiences: &self.audiences, scopes }.caller(&claims).map_err(bad)
    }

    /// The issuer's key of this id; the issuer is asked anew where it is not among those known.
    async fn key(&self, kid: &str) -> Result<DecodingKey, Denied> {
        let began = Instant::now();
        let known = self.current();
        let found = known.as_ref().and_then(|keys| keys.find(kid));
        if let (Some(keys), Some(key)) = (&known, &found)
            && keys.at.elapsed() < FRESH
        {
            return Ok(key.clone());
        }
        match (self.fetch_again(began).await, found) {
            (Ok(keys), _) => keys.find(kid).ok_or_else(|| bad("its key is none of the issuer's")),
            // The issuer is away: what it said last is good for a while.
            (Err(_), Some(key)) => Ok(key),
            (Err(why), None) => Err(Denied::Unknown(why)),
        }
    }

    fn current(&self) -> Option<Arc<Keys>> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.clone().filter(|keys| keys.at.elapsed() < GOOD)
    }

    /// Asks for the keys, once for all who want them since `began`.
    async fn fetch_again(&self, began: Instant) -> Result<Arc<Keys>, String> {
        let mut asked = self.last_fetch.lock().await;
        if let Some(last) = asked.as_ref()
            && (last.at >= began || last.at.elapsed() < ASK_AGAIN)
        {
            return match &last.failed {
                None => self.current().ok_or_else(|| "the issuer's keys are too old".to_owned()),
                Some(why) => Err(why.clone()),
            };
        }
        let answer = self.fetch().await;
        let now = Instant::now();
        *asked = Some(LastFetch { at: now, failed: answer.as_ref().err().cloned() });
        match answer {
            Ok(set) => {
                tracing::info!(keys = set.keys.len(), issuer = self.issuer, "read the issuer's keys");
                let keys = Arc::new(Keys { set, at: now });
                *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Some(keys.clone());
                Ok(keys)
            }
            Err(why) => {
                tracing::warn!(issuer = self.issuer, "the issuer's keys cannot be read: {why}");
                Err(why)
            }
        }
    }

    async fn fetch(&self) -> Result<JwkSet, String> {
        let url = match &self.jwks_url {
            Some(url) => url.clone(),
            None => self.discover().await?,
        };
        let text = awsmcp_sdk::fetch(&url, LONGEST, PATIENCE).await?;
        let set: JwkSet =
            serde_json::from_slice(&text).map_err(|error| format!("{url} holds no keys: {error}"))?;
        Ok(set)
    }

    /// Where the issuer says its keys are: RFC 8414, or OpenID Connect Discovery.
    async fn discover(&self) -> Result<String, String> {
        #[derive(Deserialize)]
        struct Metadata {
            issuer: String,
            jwks_uri: String,
        }
        let mut why = String::new();
        for url in well_known(&self.issuer) {
            match awsmcp_sdk::fetch(&url, LONGEST, PATIENCE).await {
                Ok(text) => {
                    let found: Metadata = serde_json::from_slice(&text)
                        .map_err(|error| format!("{url} is no issuer's metadata: {error}"))?;
                    if found.issuer != self.issuer {
                        return Err(format!("{url} is of {}, not of {}", found.issuer, self.issuer));
                    }
                    return Ok(found.jwks_uri);
                }
                Err(error) => why = format!("{url}: {error}"),
            }
        }
        Err(why)
    }
}

impl Keys {
    fn find(&self, kid: &str) -> Option<DecodingKey> {
        let key = self.set.find(kid)?;
        if key.common.public_key_use.as_ref().is_some_and(|purpose| *purpose != PublicKeyUse::Signature) {
            return None;
        }
        DecodingKey::from_jwk(key).ok()
    }
}

impl std::fmt::Debug for Oauth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Oauth").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

fn bad(why: &str) -> Denied {
    Denied::BadToken(format!("the token is not good: {why}"))
}

/// Where an issuer's metadata may be: between host and path as RFC 8414 has it, or behind the path as OpenID has it.
fn well_known(issuer: &str) -> Vec<String> {
    let issuer = issuer.trim_end_matches('/');
    let behind = format!("{issuer}/.well-known/openid-configuration");
    let start = issuer.find("://").map_or(0, |at| at + 3);
    match issuer.get(start..).and_then(|rest| rest.find('/')).map(|at| issuer.split_at(start + at)) {
        Some((host, path)) => {
            vec![behind, format!("{host}/.well-known/oauth-authorization-server{path}")]
        }
        None => vec![behind, format!("{issuer}/.well-known/oauth-authorization-server")],
    }
}

#[cfg(test)]
mod tests {
    use base64::{
        Engine as _,
        prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
    };
    use jsonwebtoken::{EncodingKey, crypto::sign, jwk::Jwk};
    use serde_json::json;

    use super::*;

    /// A key that was made for this test, and is used nowhere else.
    const KEY: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgPBftS/wCY7jPmLaqGBApMSwsWA/+zc0g27Igk1Z2E7m\
                       hRANCAAQEbz2iki/SWQvXEn9SMIcUwiPO3O/lGKDX3mgUgpK+nysBekg9uiDvYG3SfPo9TqdmpgIn9z/05ZcNceqvVQRg";
    const AUDIENCE: &str = "https://mcp.example.com/mcp";

    fn key() -> EncodingKey {
        EncodingKey::from_ec_der(&BASE64_STANDARD.decode(KEY).unwrap())
    }

    /// An issuer whose keys are known already.
    fn oauth() -> Oauth {
        let oauth = Oauth::new("https://idp.example", vec![AUDIENCE.to_owned()], None).unwrap();
        let mut jwk = Jwk::from_encoding_key(&key(), Algorithm::ES256).unwrap();
        jwk.common.key_id = Some("k".to_owned());
        let keys = Keys { set: JwkSet { keys: vec![jwk] }, at: Instant::now() };
        *oauth.keys.write().unwrap() = Some(Arc::new(keys));
        oauth
    }

    /// A token with these members of header and claims in place of the good ones.
    fn token(header: Value, claims: Value) -> String {
        let with = |mut good: Value, changes: Value| {
            for (name, value) in changes.as_object().unwrap() {
                good[name] = value.clone();
            }
            BASE64_URL_SAFE_NO_PAD.encode(good.to_string())
        };
        let header = with(json!({"alg": "ES256", "kid": "k", "typ": "JWT"}), header);
        let good = json!({
            "iss": "https://idp.example", "aud": AUDIENCE, "sub": "alice", "scope": "awsmcp:read", "exp": 9e9,
        });
        let message = format!("{header}.{}", with(good, claims));
        let signature = sign(message.as_bytes(), &key(), Algorithm::ES256).unwrap();
        format!("{message}.{signature}")
    }

    async fn caller(token: &str) -> Result<Principal, String> {
        let scopes = Scopes::of([AUDIENCE]);
        oauth().caller(token, &scopes).await.map_err(|denied| denied.to_string())
    }

    #[tokio::test]
    async fn a_token_of_the_issuer_names_its_caller_and_others_are_refused_for_the_right_reason() {
        use awsmcp_mcp::Risk;

        let alice = super::super::subject("alice").only([Risk::Read]);
        for claims in [
            json!({}),
            json!({"exp": 9_000_000_000.5}),
            json!({"aud": ["https://other.example", AUDIENCE]}),
            json!({"scope": "https://mcp.example.com/mcp/awsmcp:read https://other/awsmcp:write"}),
        ] {
            assert_eq!(caller(&token(json!({}), claims.clone())).await, Ok(alice.clone()), "{claims}");
        }
        let client = caller(&token(json!({}), json!({"sub": null, "client_id": "alice"}))).await.unwrap();
        assert_ne!(client.name, alice.name);
        for (header, claims, why) in [
            (json!({"crit": ["exp"], "exp": 1}), json!({}), "crit"),
            (json!({"crit": ["b64"], "b64": true}), json!({}), "crit"),
            (json!({"crit": []}), json!({}), "crit"),
            (json!({"kid": null}), json!({}), "names no key"),
            (json!({"alg": "HS256"}), json!({}), "RS256 or ES256"),
            (json!({}), json!({"iss": ["https://idp.example"]}), "not one text"),
            (json!({}), json!({"exp": 1764.5}), "expired"),
            (json!({}), json!({"exp": "tomorrow"}), "not a number"),
            (json!({}), json!({"exp": null}), "lacks exp"),
            (json!({}), json!({"sub": 5}), "not a text"),
        ] {
            let refused = caller(&token(header.clone(), claims.clone())).await.unwrap_err();
            assert!(refused.contains(why), "{header} {claims}: {refused}");
        }
        let good = token(json!({}), json!({}));
        let (message, _) = good.rsplit_once('.').unwrap();
        let (other, _) = token(json!({}), json!({"sub": "eve"}))
            .rsplit_once('.')
            .map(|(m, s)| (m.to_owned(), s.len()))
            .unwrap();
        let signature = good.rsplit_once('.').unwrap().1;
        for forged in [format!("{message}."), format!("{other}.{signature}")] {
            assert!(caller(&forged).await.unwrap_err().contains("signature"), "{forged}");
        }
    }

    #[test]
    fn an_issuers_metadata_is_where_the_standards_say() {
        assert_eq!(
            well_known("https://idp.example/tenant/"),
            [
                "https://idp.example/tenant/.well-known/openid-configuration",
                "https://idp.example/.well-known/oauth-authorization-server/tenant",
            ]
        );
        assert_eq!(
            well_known("https://idp.example")[1],
            "https://idp.example/.well-known/oauth-authorization-server"
        );
    }

    #[test]
    fn an_issuer_is_an_address() {
        assert!(Oauth::new("login.example.com", vec!["a".to_owned()], None).is_err());
        assert!(Oauth::new("https://login.example.com", vec!["a".to_owned()], Some("keys")).is_err());
    }
}
