//! The word of what stands before the server: an API Gateway, a load balancer, a private network.

use awsmcp_mcp::Principal;
use http::{HeaderMap, HeaderName};

use super::{Denied, Scopes, named};

/// What the operator believes of requests, since only that upstream can send them.
#[derive(Debug)]
pub(crate) struct Upstream {
    /// The header that names the caller.
    pub(crate) principal: Option<HeaderName>,
    /// The header that names the caller's scopes.
    pub(crate) scopes: Option<HeaderName>,
}

impl Upstream {
    pub(super) fn caller(&self, headers: &HeaderMap, own: &Scopes) -> Result<Option<Principal>, Denied> {
        // Where scopes are looked for, none are none; where they are not, they narrow nothing.
        let scopes: Option<Option<&str>> = self.scopes.as_ref().map(|name| one(headers, name)).transpose()?;
        let Some(name) = &self.principal else {
            // Without a name there are scopes at most, which count all the same.
            return Ok(scopes.map(|scopes| Principal::new("upstream").only(own.risks(scopes))));
        };
        let name = one(headers, name)?.ok_or(Denied::Nobody)?;
        let principal = named(name).ok_or(Denied::Malformed("the caller's name is one of OAuth's"))?;
        Ok(Some(match scopes {
            Some(scopes) => principal.only(own.risks(scopes)),
            None => principal,
        }))
    }
}

/// The one value of a header. Two could be the upstream's and the client's own, in whatever order.
fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Denied> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Denied::Malformed("the header that names the caller stands there twice"));
    }
    match value.to_str() {
        Ok(text) if !text.trim().is_empty() => Ok(Some(text.trim())),
        _ => Err(Denied::Malformed("the header that names the caller is empty or not text")),
    }
}

#[cfg(test)]
mod tests {
    use awsmcp_mcp::Risk;

    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap()))
            .collect()
    }

    fn upstream(principal: Option<&str>, scopes: Option<&str>) -> Upstream {
        let header = |name: Option<&str>| name.map(|name| name.parse().unwrap());
        Upstream { principal: header(principal), scopes: header(scopes) }
    }

    #[test]
    fn the_caller_is_whom_the_header_names() {
        let own = Scopes::default();
        let by = upstream(Some("x-amzn-oidc-identity"), Some("x-scopes"));
        let alice =
            by.caller(&headers(&[("x-amzn-oidc-identity", "alice"), ("x-scopes", "awsmcp:read")]), &own);
        assert_eq!(alice, Ok(Some(Principal::new("alice").only([Risk::Read]))));
        let none = by.caller(&headers(&[("x-amzn-oidc-identity", "alice")]), &own);
        assert_eq!(none, Ok(Some(Principal::new("alice").only([]))), "no scopes are none, not all");
        assert_eq!(by.caller(&headers(&[("x-scopes", "awsmcp:read")]), &own), Err(Denied::Nobody));
    }

    #[test]
    fn a_header_that_stands_there_twice_names_nobody() {
        let by = upstream(Some("x-user"), None);
        let smuggled = headers(&[("x-user", "admin"), ("x-user", "alice")]);
        assert!(matches!(by.caller(&smuggled, &Scopes::default()), Err(Denied::Malformed(_))));
        assert_eq!(
            upstream(None, None).caller(&smuggled, &Scopes::default()),
            Ok(None),
            "no header is believed that is not named"
        );
    }
}
