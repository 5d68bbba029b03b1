//! A request as the service will read it, whatever its protocol.

mod bucket;
mod json;
mod members;
mod node;
#[cfg(test)]
mod tests;
mod xml;

use std::sync::OnceLock;

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use percent_encoding::percent_decode_str;

pub use members::Members;
pub(crate) use members::Protocol;
pub use node::Node;

/// A request as the service will read it: percent-encodings are undone once, and the body is taken apart.
#[derive(Debug)]
pub struct RequestView {
    /// The SDK's id of the service, such as `STS`.
    pub service: String,
    /// The operation, such as `GetCallerIdentity`.
    pub operation: String,
    /// The method, such as `POST`.
    pub method: String,
    /// The host in lower case, with the port if it has one.
    pub host: String,
    /// The path's segments. Dot segments and empty ones are kept: AWS does not resolve them either.
    pub path_segments: Vec<String>,
    /// The parameters of the query string, in order, repeated ones included.
    pub query: Vec<(String, String)>,
    /// The headers, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// What stands in for AWS's own endpoint, if anything does.
    stand_in: Option<StandIn>,
    raw: Option<SdkBody>,
    body: OnceLock<Members>,
}

/// What stands in for AWS's own endpoint.
#[derive(Debug)]
struct StandIn {
    host: String,
    /// The region that it answers for.
    region: String,
}

impl RequestView {
    /// Reads a request to `region` that has its host and path, as it is right before it is signed. `endpoint` is the URL
    /// that stands in for AWS's own.
    ///
    /// # Errors
    /// In words, if the request's or the endpoint's URL is none.
    pub fn of(
        service: &str,
        operation: &str,
        request: &HttpRequest,
        endpoint: Option<&str>,
        region: &str,
    ) -> Result<RequestView, String> {
        let (host, path, query) = parts(request.uri())?;
        let (stand_in, base) = match endpoint.map(parts).transpose()? {
            Some((host, base, _)) => (Some(StandIn { host, region: region.to_owned() }), base),
            None => (None, String::new()),
        };
        // An endpoint may have a path of its own, which says nothing about the operation.
        let base = base.trim_end_matches('/');
        let own =
            path.strip_prefix(base).filter(|own| own.is_empty() || own.starts_with('/')).unwrap_or(&path);
        let own = own.strip_prefix('/').unwrap_or(own);
        let path_segments = match own {
            "" => Vec::new(),
            own => own.split('/').map(decoded).collect(),
        };
        let headers =
            request.headers().iter().map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
        Ok(RequestView {
            service: service.to_owned(),
            operation: operation.to_owned(),
            method: request.method().to_owned(),
            host,
            path_segments,
            query: parameters(&query),
            headers: headers.collect(),
            stand_in,
            // A body that is not in memory is a stream of the caller's: it names nothing.
            raw: request.body().bytes().and_then(|_| request.body().try_clone()),
            body: OnceLock::new(),
        })
    }

    /// The members of the body. It is taken apart when it is first asked for.
    pub fn body(&self) -> &Members {
        self.body.get_or_init(|| {
            let Some(body) = self.raw.as_ref().and_then(SdkBody::bytes) else { return Members::Opaque };
            Members::read(body, Protocol::of_request(self.content_type()))
        })
    }

    /// All texts, numbers and truth values that stand at `path`, in order, repeated ones included.
    ///
    /// | path | what it reads |
    /// | --- | --- |
    /// | `TableName` | a member of the body |
    /// | `TransactItems[].Put.TableName` | a member within each element of a list; `[]` may be left out, `/` stands for `.` |
    /// | `RequestItems.*` | the keys of a map; in the middle of a path, each of its values |
    /// | `InstanceId.n` | a parameter of the query protocol, with any number in place of `n` |
    /// | `body:key` | a member of the body, where its name is one of the words below |
    /// | `path:1` | the second segment of the path |
    /// | `path:1..` | the second segment and all behind it, with `/` between |
    /// | `bucket`, `key` | those of an object store, wherever they stand in host and path; an access point is an ARN |
    /// | `header:x-amz-copy-source` | a header, as it is |
    /// | `query:Qualifier` | a parameter of the query string |
    /// | `host` | the host |
    pub fn texts(&self, path: &str) -> Vec<String> {
        let named = |all: &[(String, String)], wanted: &str| {
            all.iter().filter(|(name, _)| name == wanted).map(|(_, value)| value.clone()).collect()
        };
        match path.split_once(':') {
            Some(("body", path)) => self.body().texts(path),
            Some(("header", name)) => named(&self.headers, &name.to_ascii_lowercase()),
            Some(("query", name)) => named(&self.query, name),
            Some(("path", place)) => self.segments(place).into_iter().collect(),
            _ => match path {
                "bucket" => self.bucket().into_iter().collect(),
                "key" => self.key().into_iter().collect(),
                "host" => vec![self.host.clone()],
                path => self.body().texts(path),
            },
        }
    }

    /// Whether sending this very request twice does no more than sending it once: the service knows it again by a token,
    /// or does it under a condition only.
    pub fn repeats_safely(&self) -> bool {
        let tokens =
            ["x-amz-client-token", "x-amzn-client-token", "x-amzn-idempotency-token", "idempotency-key"];
        let given = |name: &str, value: &str| !value.is_empty() && tokens.contains(&name);
        let in_head = self.headers.iter().any(|(name, value)| {
            given(name, value) || (matches!(name.as_str(), "if-match" | "if-none-match") && !value.is_empty())
        });
        let in_query = self.query.iter().any(|(name, value)| {
            given(&name.to_ascii_lowercase(), value) || (is_token(name) && !value.is_empty())
        });
        in_head || in_query || (self.body_is_the_operations() && self.body().names().any(is_token_with_value))
    }

    /// Whether the body holds the operation's members, and is not what a caller hands to a function or stores.
    fn body_is_the_operations(&self) -> bool {
        const ARRANGING: [&str; 9] = [
            "Associate",
            "Create",
            "Delete",
            "Deregister",
            "Disassociate",
            "Register",
            "Start",
            "Stop",
            "Update",
        ];
        let arranging = || ARRANGING.iter().any(|verb| self.operation.starts_with(verb));
        self.protocol() != Protocol::Opaque
            || (self.content_type().starts_with("application/json") && arranging())
    }

    /// How the operation is written down, where the request says so beyond doubt: the content type alone may be that of
    /// what a caller stores, or hands to a function.
    pub(crate) fn protocol(&self) -> Protocol {
        let has = |name: &str| self.headers.iter().any(|(header, _)| header == name);
        match Protocol::of_request(self.content_type()) {
            Protocol::Form if self.method == "POST" && self.path_segments.is_empty() => Protocol::Form,
            Protocol::Json if has("x-amz-target") => Protocol::Json,
            Protocol::Cbor if has("smithy-protocol") => Protocol::Cbor,
            _ => Protocol::Opaque,
        }
    }

    fn content_type(&self) -> &str {
        self.headers.iter().find(|(name, _)| name == "content-type").map_or("", |(_, value)| value)
    }

    fn segments(&self, place: &str) -> Option<String> {
        match place.strip_suffix("..") {
            Some(first) => {
                let rest = self.path_segments.get(first.parse::<usize>().ok()?..)?;
                (!rest.is_empty()).then(|| rest.join("/"))
            }
            None => self.path_segments.get(place.parse::<usize>().ok()?).cloned(),
        }
    }
}

fn is_token_with_value((name, value): (&str, &str)) -> bool {
    !value.is_empty() && is_token(name)
}

/// Whether AWS's services know a request again by a member of this name.
fn is_token(name: &str) -> bool {
    const TOKENS: [&str; 6] = [
        "clienttoken",
        "clientrequesttoken",
        "idempotencytoken",
        "idempotencyclienttoken",
        "clientidempotencytoken",
        "creationtoken",
    ];
    TOKENS.contains(&name.to_ascii_lowercase().as_str())
}

/// Host, path and query string of a URL, as they are written.
fn parts(url: &str) -> Result<(String, String, String), String> {
    let uri: http::Uri = url.parse().map_err(|error| format!("the request's URL is none: {error}"))?;
    let host = uri.authority().map(|authority| authority.as_str().to_ascii_lowercase());
    let host = host.ok_or_else(|| "the request's URL has no host".to_owned())?;
    Ok((host, uri.path().to_owned(), uri.query().unwrap_or_default().to_owned()))
}

/// A text with its percent-encodings undone, once.
fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// The parameters of a query string or of a form.
fn parameters(text: &str) -> Vec<(String, String)> {
    let plain = |text: &str| decoded(&text.replace('+', " "));
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (plain(name), plain(value))
        })
        .collect()
}
