//! OAuth 2.1: access tokens as JWTs, checked against their issuer's keys.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use anyhow::{Result, bail};
use awsmcp_mcp::Principal;
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation, decode, decode_header,
    errors::ErrorKind,
    jwk::{JwkSet, PublicKeyUse},
};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;

use super::{ASK_AGAIN, Denied, risks};

/// Access tokens of one issuer.
pub(crate) struct Oauth {
    issuer: String,
    audiences: Vec<String>,
    jwks_url: Option<String>,
    keys: RwLock<Option<Arc<Keys>>>,
    /// Held while the keys are asked for: who comes meanwhile waits for the same answer.
    asking: Mutex<Option<Asked>>,
}

struct Keys {
    set: JwkSet,
    at: Instant,
}

/// When the keys were asked for last, and why that failed, if it did.
struct Asked {
    at: Instant,
    failed: Option<String>,
}

/// How long keys are used without asking.
const FRESH: Duration = Duration::from_secs(600);
/// How long keys are used although the issuer cannot be asked.
const GOOD: Duration = Duration::from_secs(24 * 3600);
const PATIENCE: Duration = Duration::from_secs(5);
const LONGEST: usize = 256 * 1024;
/// How far clocks may be apart.
const LEEWAY_SECONDS: u64 = 30;

/// What of a token's claims counts besides issuer, audience and times.
#[derive(Deserialize)]
struct Claims {
    sub: Option<String>,
    client_id: Option<String>,
    scope: Option<String>,
    scp: Option<Value>,
}

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
            asking: Mutex::default(),
        })
    }

    pub(super) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Whether there are keys to check tokens with.
    pub(super) async fn is_ready(&self) -> bool {
        self.current().is_some() || self.ask(Instant::now()).await.is_ok()
    }

    /// Whose token this is.
    pub(super) async fn caller(&self, token: &str) -> Result<Principal, Denied> {
        let header = decode_header(token).map_err(|_| bad("it is not a JWT"))?;
        if !matches!(header.alg, Algorithm::RS256 | Algorithm::ES256) {
            return Err(bad("it is not signed with RS256 or ES256"));
        }
        let kid = header.kid.ok_or_else(|| bad("it names no key (kid)"))?;
        let key = self.key(&kid).await?;
        let mut validation = Validation::new(header.alg);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&self.audiences);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        validation.validate_nbf = true;
        validation.leeway = LEEWAY_SECONDS;
        let claims = decode::<Claims>(token, &key, &validation).map_err(|error| {
            bad(match error.kind() {
                ErrorKind::ExpiredSignature => "it has expired",
                ErrorKind::ImmatureSignature => "it is not valid yet",
                ErrorKind::InvalidIssuer => "it is of another issuer",
                ErrorKind::InvalidAudience => "it is for another audience",
                ErrorKind::MissingRequiredClaim(_) => "it lacks exp, iss or aud",
                _ => "its signature does not fit",
            })
        })?;
        let claims = claims.claims;
        let name = claims.sub.or(claims.client_id).filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| bad("it names nobody (sub)"))?;
        let several = match &claims.scp {
            Some(Value::Array(scopes)) => scopes.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(scopes)) => vec![scopes.as_str()],
            _ => Vec::new(),
        };
        let scopes = claims.scope.as_deref().into_iter().chain(several);
        Ok(Principal::new(name).only(risks(scopes)))
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
        match (self.ask(began).await, found) {
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
    async fn ask(&self, began: Instant) -> Result<Arc<Keys>, String> {
        let mut asked = self.asking.lock().await;
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
        *asked = Some(Asked { at: now, failed: answer.as_ref().err().cloned() });
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
        let text = awsmcp_aws::fetch(&url, LONGEST, PATIENCE).await?;
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
            match awsmcp_aws::fetch(&url, LONGEST, PATIENCE).await {
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
    use super::*;

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
