//! AWS's service models, as botocore ships them: what an operation is called, and what it may answer.

mod filled;
mod writing;

use std::collections::HashMap;
use std::io::Read;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use flate2::read::GzDecoder;
use serde_json::{Map, Value};

use crate::event_stream::Event;
use crate::{cbor, fail, tool};

pub use filled::{model_filled, model_input};

/// Fails the test unless the operation may answer so: with members of its output shape and no other, those that are
/// required among them, each of its type. `service` is what botocore calls it, such as `logs` or `cloudwatch`;
/// members are named as AWS's API reference names them.
#[track_caller]
pub fn model_check(service: &str, operation: &str, answer: &Value) {
    let model = Model::of(service);
    let wrong = model.wrong(operation, answer);
    if !wrong.is_empty() {
        fail(format!("{service} does not answer {operation} so:\n- {}", wrong.join("\n- ")));
    }
}

/// How a service writes its requests and answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// JSON 1.0 and 1.1
    Json,
    RestJson,
    RestXml,
    Query,
    Ec2,
    /// rpc-v2-cbor
    Cbor,
}

/// The model of one service.
#[derive(Debug)]
pub(crate) struct Model {
    /// What botocore calls the service.
    pub(crate) name: String,
    pub(crate) protocol: Protocol,
    json: Value,
}

/// An answer as it goes over the wire.
pub(crate) struct Written {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// A request as it goes over the wire; the path and the query not yet encoded.
pub(crate) struct Sent {
    pub(crate) signed_as: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// The models of all services whose requests are signed by that name.
pub(crate) fn signed_as(service: &str) -> Vec<Arc<Model>> {
    let names = match service {
        "monitoring" => &["cloudwatch"][..],
        "dynamodb" => &["dynamodb", "dynamodbstreams"],
        "bedrock" => &["bedrock-runtime", "bedrock", "bedrock-agent-runtime", "bedrock-agent"],
        "sagemaker" => &[
            "sagemaker",
            "sagemaker-runtime",
            "sagemaker-featurestore-runtime",
            "sagemaker-metrics",
            "sagemaker-a2i-runtime",
        ],
        service => &[service],
    };
    names.iter().filter_map(|name| Model::load(name)).collect()
}

impl Model {
    /// Fails the test where there is none.
    #[track_caller]
    pub(crate) fn of(service: &str) -> Arc<Model> {
        Model::load(service).unwrap_or_else(|| fail(format!("botocore has no model of {service:?}")))
    }

    /// Reads a model, once in this process.
    #[track_caller]
    pub(crate) fn load(name: &str) -> Option<Arc<Model>> {
        static LOADED: Mutex<Option<HashMap<String, Option<Arc<Model>>>>> = Mutex::new(None);
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        let loaded = loaded.get_or_insert_default();
        loaded.entry(name.to_owned()).or_insert_with(|| Model::read(name).map(Arc::new)).clone()
    }

    #[track_caller]
    fn read(name: &str) -> Option<Model> {
        // The newest version of the API.
        let versions = std::fs::read_dir(models().join(name)).ok()?;
        let file = versions
            .flatten()
            .map(|it| it.path().join("service-2.json.gz"))
            .filter(|it| it.exists())
            .max()?;
        let mut text = Vec::new();
        GzDecoder::new(std::fs::File::open(file).ok()?).read_to_end(&mut text).ok()?;
        let json: Value = serde_json::from_slice(&text).ok()?;
        let protocol = match json.pointer("/metadata/protocol")?.as_str()? {
            "json" => Protocol::Json,
            "rest-json" => Protocol::RestJson,
            "rest-xml" => Protocol::RestXml,
            "query" => Protocol::Query,
            "ec2" => Protocol::Ec2,
            "smithy-rpc-v2-cbor" => Protocol::Cbor,
            _ => return None,
        };
        Some(Model { name: name.to_owned(), protocol, json })
    }

    /// What stands before the operation in `x-amz-target`, and in the path of rpc-v2-cbor.
    pub(crate) fn target_prefix(&self) -> Option<&str> {
        self.json.pointer("/metadata/targetPrefix")?.as_str()
    }

    /// Whether there is such an operation.
    pub(crate) fn has(&self, operation: &str) -> bool {
        self.operation(operation).is_some()
    }

    /// What is wrong with an answer.
    pub(crate) fn wrong(&self, operation: &str, answer: &Value) -> Vec<String> {
        let mut wrong = Vec::new();
        match (self.operation(operation), self.output(operation)) {
            (None, _) => wrong.push(format!("{} has no operation {operation:?}", self.name)),
            (Some(_), None) if answer.as_object().is_some_and(Map::is_empty) => {}
            (Some(_), None) => wrong.push(format!("{operation} answers nothing, that is {{}}")),
            (Some(_), Some(shape)) => self.check(shape, answer, operation, &mut wrong),
        }
        wrong
    }

    /// What is wrong with an event of the operation's stream.
    pub(crate) fn wrong_event(&self, operation: &str, event: &Event) -> Vec<String> {
        let Some(kind) = event.kind.as_deref().filter(|kind| *kind != "initial-response") else {
            return Vec::new();
        };
        let mut wrong = Vec::new();
        let output = self.output(operation).and_then(|name| self.shape(name)).unwrap_or(&Value::Null);
        let mut streams = members(output)
            .filter_map(|(_, member)| self.shape(member.get("shape")?.as_str()?))
            .filter(|shape| shape.get("eventstream").is_some());
        let member =
            streams.next().and_then(|stream| stream.get("members")?.get(kind)?.get("shape")?.as_str());
        let Some(shape) = member else {
            return vec![format!("the stream of {operation} has no event {kind:?}")];
        };
        let of = self.shape(shape).unwrap_or(&Value::Null);
        match members(of).find(|(_, member)| member.get("eventpayload").is_some()) {
            Some(_) if event.json.is_none() => {}
            Some((name, _)) => {
                wrong.push(format!("{kind}'s payload is {name} and nothing else: Event::bytes"))
            }
            None => match &event.json {
                Some(json) => self.check(shape, json, kind, &mut wrong),
                None => wrong.push(format!("{kind}'s payload is JSON: Event::new")),
            },
        }
        wrong
    }

    /// Writes a request with this input.
    pub(crate) fn request(&self, operation: &str, input: &Value) -> Result<Sent, String> {
        let of_service = |name: &str| self.json.pointer(&format!("/metadata/{name}")).and_then(Value::as_str);
        let found =
            self.operation(operation).ok_or(format!("{} has no operation {operation:?}", self.name))?;
        let shape = found.pointer("/input/shape").and_then(Value::as_str).unwrap_or_default();
        let prefix = of_service("targetPrefix").unwrap_or_default();
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut sent = Sent {
            signed_as: of_service("signingName")
                .or(of_service("endpointPrefix"))
                .unwrap_or_default()
                .to_owned(),
            method: "POST".to_owned(),
            path: "/".to_owned(),
            query: Vec::new(),
            headers: Vec::new(),
            body: Vec::new(),
        };
        match self.protocol {
            Protocol::Json => {
                let version = of_service("jsonVersion").unwrap_or("1.0");
                sent.headers.push(header("content-type", &format!("application/x-amz-json-{version}")));
                sent.headers.push(header("x-amz-target", &format!("{prefix}.{operation}")));
                sent.body = self.json(shape, input).to_string().into_bytes();
            }
            Protocol::Cbor => {
                sent.path = format!("/service/{prefix}/operation/{operation}");
                sent.headers.push(header("content-type", "application/cbor"));
                sent.headers.push(header("smithy-protocol", "rpc-v2-cbor"));
                sent.body = cbor::write(&self.cbor(shape, input));
            }
            Protocol::RestJson => {
                let http = |name: &str| found.pointer(&format!("/http/{name}")).and_then(Value::as_str);
                sent.method = http("method").unwrap_or_default().to_owned();
                let uri = http("requestUri").unwrap_or_default();
                let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
                sent.path = path.to_owned();
                sent.query = query
                    .split('&')
                    .filter(|pair| !pair.is_empty())
                    .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                    .map(|(name, value)| header(name, value))
                    .collect();
                self.request_rest(shape, input, &mut sent);
            }
            _ => return Err(format!("{} takes no JSON: use LocalAws::request", self.name)),
        }
        Ok(sent)
    }

    fn request_rest(&self, shape: &str, input: &Value, sent: &mut Sent) {
        let of = self.shape(shape).unwrap_or(&Value::Null);
        let payload = of.get("payload").and_then(Value::as_str);
        let mut body = Map::new();
        for (name, member) in members(of) {
            let Some(value) = input.get(name) else { continue };
            let plain = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let named = member.get("locationName").and_then(Value::as_str).unwrap_or(name);
            let shape = member.get("shape").and_then(Value::as_str).unwrap_or_default();
            match member.get("location").and_then(Value::as_str) {
                Some("uri") => {
                    sent.path = sent.path.replace(&format!("{{{named}}}"), &plain);
                    sent.path = sent.path.replace(&format!("{{{named}+}}"), &plain);
                }
                Some("querystring") => match value.as_array() {
                    Some(many) => sent.query.extend(
                        many.iter().filter_map(Value::as_str).map(|one| (named.to_owned(), one.to_owned())),
                    ),
                    None => sent.query.push((named.to_owned(), plain)),
                },
                Some(_) => sent.headers.push((named.to_owned(), plain)),
                None if payload == Some(name) => {
                    let is_text = matches!(self.shape(shape).map(kind), Some("blob" | "string"));
                    sent.body =
                        if is_text { plain } else { self.json(shape, value).to_string() }.into_bytes();
                }
                None => {
                    body.insert(named.to_owned(), self.json(shape, value));
                }
            }
        }
        if payload.is_none() && !body.is_empty() {
            sent.headers.push(("content-type".to_owned(), "application/json".to_owned()));
            sent.body = Value::Object(body).to_string().into_bytes();
        }
    }

    /// The name of the message in an error of that code, which services spell in two ways.
    pub(crate) fn message_field(&self, code: &str) -> &str {
        let members = self.shape(code).into_iter().flat_map(members);
        members.map(|(name, _)| name).find(|name| name.eq_ignore_ascii_case("message")).unwrap_or("message")
    }

    fn check(&self, name: &str, value: &Value, at: &str, wrong: &mut Vec<String>) {
        let Some(shape) = self.shape(name) else { return };
        let mut expected = |what: &str| wrong.push(format!("{at} must be {what}, not {value}"));
        match (kind(shape), value) {
            ("structure", Value::Object(_)) if shape.get("document").is_some() => {}
            ("structure", Value::Object(fields)) => {
                for (field, value) in fields {
                    match shape.get("members").and_then(|members| members.get(field)) {
                        Some(member) => self.check(of(Some(member)), value, &format!("{at}.{field}"), wrong),
                        None => {
                            let known: Vec<&str> = members(shape).map(|(name, _)| name).collect();
                            wrong.push(format!("{at} has no member {field:?}; it has {}", known.join(", ")));
                        }
                    }
                }
                let missing = required(shape).filter(|(name, _)| !fields.contains_key(*name));
                wrong.extend(missing.map(|(name, _)| format!("{at} lacks {name:?}, which is always there")));
                if shape.get("union").is_some() && fields.len() != 1 {
                    wrong.push(format!("{at} must have one member, not {}", fields.len()));
                }
            }
            ("list", Value::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    self.check(of(shape.get("member")), item, &format!("{at}[{index}]"), wrong);
                }
            }
            ("map", Value::Object(entries)) => {
                for (key, value) in entries {
                    self.check(of(shape.get("value")), value, &format!("{at}[{key:?}]"), wrong);
                }
            }
            ("string" | "character", Value::String(text)) => {
                let values = shape.get("enum").and_then(Value::as_array);
                if values.is_some_and(|values| values.iter().all(|value| value != text)) {
                    expected("one of its enum's values");
                }
            }
            ("blob", Value::String(_)) | ("boolean", Value::Bool(_)) => {}
            ("integer" | "long" | "bigInteger", Value::Number(number)) if !number.is_f64() => {}
            ("float" | "double" | "bigDecimal", Value::Number(_)) => {}
            ("float" | "double", Value::String(text))
                if matches!(text.as_str(), "NaN" | "Infinity" | "-Infinity") => {}
            ("timestamp", Value::Number(_)) => {}
            ("timestamp", Value::String(text)) if seconds(text).is_some() => {}
            ("structure", _) if shape.get("document").is_some() => {}
            ("timestamp", _) => expected("seconds since 1970 or RFC 3339"),
            (kind, _) => expected(&format!("a {kind}")),
        }
    }

    /// All operations, by their names.
    pub(crate) fn operations(&self) -> Option<&Map<String, Value>> {
        self.json.get("operations")?.as_object()
    }

    fn operation(&self, name: &str) -> Option<&Value> {
        self.json.get("operations")?.get(name)
    }

    fn output(&self, operation: &str) -> Option<&str> {
        self.operation(operation)?.get("output")?.get("shape")?.as_str()
    }

    pub(crate) fn shape(&self, name: &str) -> Option<&Value> {
        self.json.get("shapes")?.get(name)
    }
}

/// Where botocore keeps its models: it came with the local AWS.
#[track_caller]
pub(crate) fn models() -> PathBuf {
    let libraries = tool("ministack", "lib");
    let pythons = std::fs::read_dir(&libraries).into_iter().flatten().flatten();
    let data =
        pythons.map(|python| python.path().join("site-packages/botocore/data")).find(|data| data.exists());
    data.unwrap_or_else(|| {
        fail(format!("{} has no botocore: run `cargo xtask tools ministack`", libraries.display()))
    })
}

fn kind(shape: &Value) -> &str {
    shape.get("type").and_then(Value::as_str).unwrap_or_default()
}

/// The name of the shape that a member refers to.
fn of(member: Option<&Value>) -> &str {
    member.and_then(|member| member.get("shape")?.as_str()).unwrap_or_default()
}

fn members(shape: &Value) -> impl Iterator<Item = (&str, &Value)> {
    shape
        .get("members")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(name, it)| (name.as_str(), it))
}

pub(crate) fn required(shape: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let is = |name: &str| {
        let names = shape.get("required").and_then(Value::as_array);
        names.is_some_and(|names| names.iter().any(|required| required == name))
    };
    members(shape).filter(move |(name, _)| is(name))
}

/// The seconds since 1970 of an RFC 3339 time.
fn seconds(text: &str) -> Option<f64> {
    let time: jiff::Timestamp = text.parse().ok()?;
    Some(time.as_duration().as_secs_f64())
}

#[cfg(test)]
mod tests {
    use ciborium::Value as Cbor;

    use super::*;
    use serde_json::json;

    fn wrong(service: &str, operation: &str, answer: Value) -> Vec<String> {
        Model::load(service).unwrap().wrong(operation, &answer)
    }

    #[test]
    fn a_right_answer_passes() {
        model_check("dynamodb", "GetItem", &json!({"Item": {"id": {"S": "1"}, "tags": {"SS": ["a"]}}}));
        model_check(
            "logs",
            "DescribeLogGroups",
            &json!({"logGroups": [{"logGroupName": "g", "storedBytes": 5}]}),
        );
        model_check("lambda", "Invoke", &json!({"StatusCode": 200, "Payload": "{}"}));
        model_check("cloudwatch", "DeleteAlarms", &json!({}));
    }

    #[test]
    fn a_wrong_answer_is_told_apart() {
        assert!(wrong("dynamodb", "GetItm", json!({}))[0].contains("no operation \"GetItm\""));
        assert!(
            wrong("dynamodb", "GetItem", json!({"item": {}}))[0].contains("no member \"item\"; it has Item")
        );
        assert!(
            wrong("dynamodb", "GetItem", json!({"Item": {"id": {"S": 1}}}))[0]
                .contains("GetItem.Item[\"id\"].S must be a string")
        );
        let table = |status| json!({"TableDescription": {"TableStatus": status}});
        assert!(wrong("dynamodb", "DeleteTable", table("DELETING")).is_empty());
        assert!(wrong("dynamodb", "DeleteTable", table("GOING"))[0].contains("one of its enum's values"));
        assert!(wrong("cloudwatch", "DeleteAlarms", json!({"x": 1}))[0].contains("answers nothing"));
    }

    #[test]
    fn a_time_is_written_as_the_protocol_wants_it() {
        let model = Model::load("cloudwatch").unwrap();
        let answer = json!({"Datapoints": [{"Timestamp": "2026-11-22T00:00:00Z", "Average": 1, "SampleCount": "NaN"}]});
        assert!(model.wrong("GetMetricStatistics", &answer).is_empty());
        let bytes = model.write("GetMetricStatistics", &answer, Protocol::Cbor).unwrap().body;
        let Cbor::Map(fields) = ciborium::from_reader(bytes.as_slice()).unwrap() else { panic!() };
        let point = fields[0].1.as_array().unwrap()[0].as_map().unwrap();
        assert_eq!(point[0].1, Cbor::Tag(1, Box::new(Cbor::Float(1_795_305_600.0))));
        assert_eq!(point[1].1, Cbor::Float(1.0));
        assert!(point[2].1.as_float().unwrap().is_nan());
        let json = model.write("GetMetricStatistics", &answer, Protocol::Json).unwrap().body;
        assert!(String::from_utf8(json).unwrap().contains("\"Timestamp\":1795305600.0"));
    }

    #[test]
    fn rest_puts_members_where_they_belong() {
        let model = Model::load("lambda").unwrap();
        let answer = json!({"StatusCode": 200, "FunctionError": "Unhandled", "Payload": "{\"a\":1}"});
        let written = model.write("Invoke", &answer, Protocol::RestJson).unwrap();
        assert_eq!((written.status, written.body.as_slice()), (200, &b"{\"a\":1}"[..]));
        assert!(written.headers.contains(&("X-Amz-Function-Error".to_owned(), "Unhandled".to_owned())));
    }
}
