//! Refusals, as each protocol writes them.

use serde_json::json;

use crate::cbor;
use crate::model::{Protocol, Written};
use crate::request::Request;
use crate::response::REQUEST_ID;

/// An error in the protocol of the request.
pub(super) fn error(request: &Request, status: u16, code: &str, message: &str) -> Written {
    let field = request.model.as_ref().map_or("message", |model| model.message_field(code));
    let xml = |start: &str, end: &str| {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{start}<Code>{code}</Code><Message>{}</Message>{end}",
            escaped(message)
        )
    };
    let (kind, body) = match request.protocol() {
        Protocol::Json => (
            "application/x-amz-json-1.0",
            json!({"__type": format!("com.amazonaws#{code}"), field: message}).to_string().into_bytes(),
        ),
        Protocol::RestJson => ("application/json", json!({field: message}).to_string().into_bytes()),
        Protocol::Cbor => {
            let text = |text: &str| ciborium::Value::Text(text.to_owned());
            let fields =
                vec![(text("__type"), text(&format!("com.amazonaws#{code}"))), (text(field), text(message))];
            ("application/cbor", cbor::write(&ciborium::Value::Map(fields)))
        }
        Protocol::Query => {
            let end = format!("</Error><RequestId>{REQUEST_ID}</RequestId></ErrorResponse>");
            ("text/xml", xml("<ErrorResponse><Error><Type>Sender</Type>", &end).into_bytes())
        }
        Protocol::Ec2 => {
            let end = format!("</Error></Errors><RequestID>{REQUEST_ID}</RequestID></Response>");
            ("text/xml", xml("<Response><Errors><Error>", &end).into_bytes())
        }
        Protocol::RestXml => {
            let end = format!("<RequestId>{REQUEST_ID}</RequestId><HostId>host</HostId></Error>");
            ("application/xml", xml("<Error>", &end).into_bytes())
        }
    };
    let mut headers = vec![("content-type".to_owned(), kind.to_owned())];
    match request.protocol() {
        Protocol::RestJson => headers.push(("x-amzn-errortype".to_owned(), code.to_owned())),
        Protocol::Cbor => headers.push(("smithy-protocol".to_owned(), "rpc-v2-cbor".to_owned())),
        _ => {}
    }
    // Services that spoke the query protocol before keep its codes for who asks.
    if request.header("x-amzn-query-mode") == Some("true") {
        let fault = if status < 500 { "Sender" } else { "Receiver" };
        let code = if code == "AccessDeniedException" { "AccessDenied" } else { code };
        headers.push(("x-amzn-query-error".to_owned(), format!("{code};{fault}")));
    }
    let id = if request.protocol() == Protocol::RestXml { "x-amz-request-id" } else { "x-amzn-requestid" };
    headers.push((id.to_owned(), REQUEST_ID.to_owned()));
    Written { status, headers, body }
}

pub(super) fn denied(request: &Request, action: &str) -> Written {
    let (status, code) = match request.protocol() {
        Protocol::Json => (400, "AccessDeniedException"),
        Protocol::RestJson | Protocol::Cbor => (403, "AccessDeniedException"),
        Protocol::Query | Protocol::RestXml => (403, "AccessDenied"),
        Protocol::Ec2 => (403, "UnauthorizedOperation"),
    };
    let message = format!(
        "User: arn:aws:iam::123456789012:user/refused is not authorized to perform: {action} on resource: \
         arn:aws:example:::thing because no identity-based policy allows the {action} action"
    );
    error(request, status, code, &message)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
