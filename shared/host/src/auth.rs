//! Who may call over HTTP, and what: bearer tokens, OAuth access tokens, or the word of what stands before the server.
//!
//! A caller's scopes narrow what the operator's flags allow, and never widen it.

mod claims;
mod layer;
mod names;
mod oauth;
mod scopes;
mod tokens;
mod upstream;

use std::{fmt, time::Duration};

use awsmcp_mcp::Principal;
use http::{HeaderMap, Uri, header::AUTHORIZATION, request::Parts};

pub(crate) use layer::{METADATA, authenticate, metadata};
pub(crate) use names::{client, named, subject};
pub(crate) use oauth::Oauth;
pub(crate) use scopes::Scopes;
pub(crate) use tokens::{Tokens, mint};
pub(crate) use upstream::Upstream;

/// How callers are known. With nothing set, nobody is asked.
#[derive(Debug, Default)]
pub(crate) struct Auth {
    tokens: Option<Tokens>,
    oauth: Option<Oauth>,
    upstream: Option<Upstream>,
    /// The address that clients know.
    public: Option<Uri>,
    /// Which scopes are this server's.
    scopes: Scopes,
}

/// Why a request is not served.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Denied {
    /// It names no caller.
    Nobody,
    /// What names its caller cannot be read: two headers where one may be, or not the form `Bearer TOKEN`.
    Malformed(&'static str),
    /// Its token is not good.
    BadToken(String),
    /// The token's issuer cannot be asked.
    Unknown(String),
}

impl Auth {
    pub(crate) fn new(
        tokens: Option<Tokens>,
        oauth: Option<Oauth>,
        upstream: Option<Upstream>,
        public: Option<Uri>,
        scopes: Scopes,
    ) -> Auth {
        Auth { tokens, oauth, upstream, public, scopes }
    }

    /// Which scopes are this server's.
    pub(crate) fn scopes(&self) -> &Scopes {
        &self.scopes
    }

    /// Whether anybody who reaches the address may call.
    pub(crate) fn is_open(&self) -> bool {
        self.tokens.is_none() && self.oauth.is_none() && self.upstream.is_none()
    }

    /// Whether callers can be known at all, so that requests need not wait for what is not there yet.
    pub(crate) async fn is_ready(&self) -> bool {
        match &self.oauth {
            Some(oauth) => oauth.is_ready().await,
            None => true,
        }
    }

    /// Who sends this request; `None` where nobody is asked.
    ///
    /// # Errors
    /// Why it is not served.
    pub(crate) async fn caller(&self, request: &Parts) -> Result<Option<Principal>, Denied> {
        // A transport that knows its caller already, as Lambda does.
        if let Some(known) = request.extensions.get::<Principal>() {
            return Ok(Some(known.clone()));
        }
        let asks = self.tokens.is_some() || self.oauth.is_some();
        if asks && let Some(token) = bearer(&request.headers)? {
            return self.bearer(token).await.map(Some);
        }
        match &self.upstream {
            Some(upstream) => upstream.caller(&request.headers, &self.scopes),
            None if asks => Err(Denied::Nobody),
            None => Ok(None),
        }
    }

    async fn bearer(&self, token: &str) -> Result<Principal, Denied> {
        if let Some(principal) = self.tokens.as_ref().and_then(|tokens| tokens.caller(token)) {
            return Ok(principal);
        }
        match &self.oauth {
            Some(oauth) => oauth.caller(token, &self.scopes).await,
            None => Err(Denied::BadToken("this token is not known".to_owned())),
        }
    }
}

/// The token that a request bears.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Denied> {
    const LONGEST: usize = 16 * 1024;
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Denied::Malformed("there are two Authorization headers"));
    }
    let text = value.to_str().ok().filter(|text| text.len() <= LONGEST);
    let (scheme, token) = text.and_then(|text| text.split_once(' ')).unwrap_or_default();
    if !scheme.eq_ignore_ascii_case("bearer") || token.trim().is_empty() {
        return Err(Denied::Malformed("the Authorization header is not `Bearer TOKEN`"));
    }
    Ok(Some(token.trim()))
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Denied::Nobody => f.write_str("send a token: Authorization: Bearer TOKEN"),
            Denied::Malformed(why) => f.write_str(why),
            Denied::BadToken(why) => f.write_str(why),
            Denied::Unknown(why) => write!(f, "the token cannot be checked now: {why}"),
        }
    }
}

/// How often an issuer is asked at most, since an unknown key id must not become a request each time; and so how long a
/// caller waits whose token cannot be checked.
const ASK_AGAIN: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (AUTHORIZATION, value.parse().unwrap())).collect()
    }

    #[test]
    fn one_bearer_token_is_read() {
        assert_eq!(bearer(&headers(&["Bearer abc"])), Ok(Some("abc")));
        assert_eq!(bearer(&headers(&["bearer  abc "])), Ok(Some("abc")));
        assert_eq!(bearer(&headers(&[])), Ok(None));
        for wrong in [&["Basic abc"][..], &["Bearer"], &["Bearer "], &["Bearer a", "Bearer b"]] {
            assert!(matches!(bearer(&headers(wrong)), Err(Denied::Malformed(_))), "{wrong:?}");
        }
        let long = format!("Bearer {}", "x".repeat(20_000));
        assert!(matches!(bearer(&headers(&[&long])), Err(Denied::Malformed(_))));
    }
}
