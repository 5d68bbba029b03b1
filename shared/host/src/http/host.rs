//! The host that a request is for, and the page that it comes from: each named once, so that what stands before the server
//! cannot read another name than the server does.

use http::{
    HeaderMap, Uri, Version,
    header::{HOST, ORIGIN},
    uri::Authority,
};

/// What is wrong with how a request names its host (RFC 9112, 3.2) and its origin; `None` if nothing is.
pub(super) fn mistake(version: Version, uri: &Uri, headers: &HeaderMap) -> Option<&'static str> {
    if headers.get_all(ORIGIN).iter().nth(1).is_some() {
        return Some("there are two Origin headers");
    }
    let mut hosts = headers.get_all(HOST).iter();
    let Some(host) = hosts.next() else {
        return (version >= Version::HTTP_11).then_some("there is no Host header");
    };
    if hosts.next().is_some() {
        return Some("there are two Host headers");
    }
    // Only an address in full has an authority, as what goes by way of a proxy has.
    let authority = uri.authority()?;
    let named: Option<Authority> = host.to_str().ok().and_then(|host| host.trim().parse().ok());
    let usual = match uri.scheme_str() {
        Some("https") => 443,
        _ => 80,
    };
    let is_same = named.is_some_and(|named| {
        named.host().eq_ignore_ascii_case(authority.host())
            && named.port_u16().unwrap_or(usual) == authority.port_u16().unwrap_or(usual)
    });
    (!is_same).then_some("the address of the request and its Host header name two hosts")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistake_of(uri: &str, hosts: &[&str]) -> bool {
        let headers = hosts.iter().map(|host| (HOST, host.parse().unwrap())).collect();
        mistake(Version::HTTP_11, &uri.parse().unwrap(), &headers).is_some()
    }

    #[test]
    fn a_host_is_named_once() {
        for good in [
            ("/mcp", "localhost"),
            ("/mcp", "no host\\"),
            ("http://localhost/mcp", "LOCALHOST"),
            ("http://localhost:80/mcp", "localhost"),
            ("https://localhost/mcp", "localhost:443"),
            ("http://[::1]:8080/mcp", "[::1]:8080"),
        ] {
            assert!(!mistake_of(good.0, &[good.1]), "{good:?}");
        }
        for (uri, hosts) in [
            ("/mcp", &["localhost", "localhost"][..]),
            ("/mcp", &["localhost", "evil.example"]),
            ("/mcp", &[]),
            ("http://localhost/mcp", &["evil.example"]),
            ("http://evil.example/mcp", &["localhost"]),
            ("http://localhost:81/mcp", &["localhost"]),
            ("https://localhost/mcp", &["localhost:80"]),
            ("http://localhost/mcp", &["no host\\"]),
        ] {
            assert!(mistake_of(uri, hosts), "{uri} {hosts:?}");
        }
        let origins =
            ["http://localhost", "http://evil.example"].map(|origin| (ORIGIN, origin.parse().unwrap()));
        let with = |origins: &[_]| {
            let headers = [(HOST, "localhost".parse().unwrap())].into_iter().chain(origins.iter().cloned());
            mistake(Version::HTTP_11, &"/mcp".parse().unwrap(), &headers.collect())
        };
        assert_eq!(with(&origins[..1]), None);
        assert_eq!(with(&origins), Some("there are two Origin headers"));
        assert!(mistake(Version::HTTP_10, &"/mcp".parse().unwrap(), &HeaderMap::new()).is_none());
    }
}
