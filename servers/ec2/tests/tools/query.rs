//! Answers of services that speak AWS's query protocol, written from JSON.

use awsmcp_testing::{Request, Response};
use serde_json::Value;

/// The output of the operation that a request names: members by their names, elements of lists as `member`.
pub(crate) fn answer(request: &Request, output: &Value) -> Response {
    let operation = request.operation();
    let body = format!(
        "<{operation}Response><{operation}Result>{}</{operation}Result><ResponseMetadata><RequestId>r</RequestId>\
         </ResponseMetadata></{operation}Response>",
        written(output)
    );
    Response::new(200, body).with("content-type", "text/xml")
}

fn written(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| format!("<{name}>{}</{name}>", written(value))).collect()
        }
        Value::Array(items) => {
            items.iter().map(|item| format!("<member>{}</member>", written(item))).collect()
        }
        Value::String(text) => text.replace('&', "&amp;").replace('<', "&lt;"),
        other => other.to_string(),
    }
}
