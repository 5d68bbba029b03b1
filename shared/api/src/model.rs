//! What AWS says of a service: its operations, their shapes, and how they go over the wire.
//!
//! A model is botocore's, with everything left out that no request and no answer needs. `cargo xtask gen-models` makes
//! the files in `models/`, a compressed JSON each; a service's is opened when it is first asked for.

use std::collections::BTreeMap;
use std::io::Read;

use flate2::read::GzDecoder;
use serde::Deserialize;
use serde_json::Value;

/// The model of one service.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// What the AWS CLI calls the service, such as `dynamodb` or `logs`.
    pub name: String,
    /// Such as `Amazon DynamoDB`.
    pub title: String,
    /// The service's name as SDKs write it: `DynamoDB`, `CloudWatch Logs`.
    pub id: String,
    /// The version of the API, such as `2012-08-10`.
    pub version: String,
    pub(crate) protocol: Protocol,
    /// What stands before the operation in `x-amz-target` and in the path of rpc-v2-cbor.
    #[serde(default)]
    pub(crate) target: String,
    /// The name that requests are signed for, such as `dynamodb`.
    pub(crate) signs: String,
    /// The XML namespace of requests.
    #[serde(default)]
    pub(crate) namespace: Option<String>,
    /// How requests are signed and what an operation says of it. The first that is known here is used.
    #[serde(default)]
    pub(crate) auth: Vec<String>,
    /// Whether the service spoke awsQuery before, and still gives its errors the codes of then to those who ask for them.
    #[serde(default)]
    pub(crate) query_compatible: bool,
    /// By name, such as `Query`.
    pub operations: BTreeMap<String, Operation>,
    #[serde(default)]
    pub(crate) shapes: BTreeMap<String, Shape>,
    /// The rules that give the endpoint, as Smithy's endpoint rules.
    pub(crate) endpoint_rules: Value,
    /// How pages follow each other, by operation.
    #[serde(default)]
    pub(crate) pages: BTreeMap<String, Pages>,
    /// What can be waited for, by name, such as `instance-running`.
    #[serde(default)]
    pub(crate) waiters: BTreeMap<String, Value>,
}

/// How a service's requests and answers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) enum Protocol {
    #[serde(rename = "json-1.0")]
    Json10,
    #[serde(rename = "json-1.1")]
    Json11,
    #[serde(rename = "rest-json")]
    RestJson,
    #[serde(rename = "rest-xml")]
    RestXml,
    #[serde(rename = "query")]
    Query,
    #[serde(rename = "ec2")]
    Ec2,
    #[serde(rename = "cbor")]
    Cbor,
}

/// One thing that a service can be asked to do.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    /// What it does, in a sentence of AWS's own.
    #[serde(default)]
    pub about: String,
    /// The HTTP method.
    pub(crate) method: String,
    /// The path, with labels such as `/{Bucket}/{Key+}`.
    pub(crate) path: String,
    /// The shape of the input.
    #[serde(default)]
    pub(crate) input: Option<String>,
    /// The shape of the answer.
    #[serde(default)]
    pub(crate) output: Option<String>,
    /// The element that the input stands in where the body is XML.
    #[serde(default)]
    pub(crate) root: Option<String>,
    /// The namespace of that element.
    #[serde(default)]
    pub(crate) root_namespace: Option<String>,
    /// What stands before the host, with labels such as `{AccountId}.`.
    #[serde(default)]
    pub(crate) host_prefix: Option<String>,
    /// How this operation is signed, where it differs.
    #[serde(default)]
    pub(crate) auth: Vec<String>,
    /// Whether the body of the request is not signed.
    #[serde(default)]
    pub(crate) unsigned: bool,
    /// Whether a checksum of the body must be sent.
    #[serde(default)]
    pub(crate) checksum: bool,
    /// The member that names the algorithm of the checksum.
    #[serde(default)]
    pub(crate) checksum_member: Option<String>,
    /// Arguments of the endpoint rules that are the same for every call.
    #[serde(default)]
    pub(crate) fixed: BTreeMap<String, Value>,
    /// Whether AWS advises against it.
    #[serde(default)]
    pub deprecated: bool,
}

/// How the pages of an answer follow each other.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pages {
    /// The members of the input that say where to go on.
    pub input: Vec<String>,
    /// Where the answer says where to go on: JMESPath expressions, as many as `input`.
    pub output: Vec<String>,
    /// The member of the input that says how many to answer at most.
    #[serde(default)]
    pub limit: Option<String>,
    /// The member of the answer that says whether there is more, where `output` alone does not.
    #[serde(default)]
    pub more: Option<String>,
    /// What the pages consist of: JMESPath expressions.
    #[serde(default)]
    pub rows: Vec<String>,
}

/// A type of the service.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Shape {
    #[serde(rename = "type")]
    pub(crate) kind: Kind,
    /// Of a structure, in the order of the model.
    #[serde(default)]
    pub(crate) members: Members,
    #[serde(default)]
    pub(crate) required: Vec<String>,
    /// The element of a list.
    #[serde(default)]
    pub(crate) member: Option<Member>,
    /// Of a map.
    #[serde(default)]
    pub(crate) key: Option<Member>,
    /// Of a map.
    #[serde(default)]
    pub(crate) value: Option<Member>,
    /// The values that a string may have.
    #[serde(default, rename = "enum")]
    pub(crate) values: Vec<String>,
    #[serde(default)]
    pub(crate) min: Option<f64>,
    #[serde(default)]
    pub(crate) max: Option<f64>,
    /// Whether exactly one member is given.
    #[serde(default)]
    pub(crate) union: bool,
    /// The member that is the body.
    #[serde(default)]
    pub(crate) payload: Option<String>,
    #[serde(default)]
    pub(crate) streaming: bool,
    /// Whether a list stands in its structure without an element of its own.
    #[serde(default)]
    pub(crate) flattened: bool,
    /// Whether it is any JSON.
    #[serde(default)]
    pub(crate) document: bool,
    /// Whether its parts arrive one after the other.
    #[serde(default)]
    pub(crate) eventstream: bool,
    /// Whether it may hold nothing in place of an element.
    #[serde(default)]
    pub(crate) sparse: bool,
    #[serde(default)]
    pub(crate) sensitive: bool,
    /// How a time is written.
    #[serde(default)]
    pub(crate) time: Option<TimeFormat>,
    /// The element's name where it is none of its member's.
    #[serde(default)]
    pub(crate) wire: Option<String>,
    #[serde(default)]
    pub(crate) namespace: Option<Namespace>,
}

/// What a shape is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Structure,
    List,
    Map,
    String,
    Integer,
    Long,
    Float,
    Double,
    Boolean,
    Timestamp,
    Blob,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) enum TimeFormat {
    #[serde(rename = "iso8601")]
    Iso8601,
    #[serde(rename = "rfc822")]
    Rfc822,
    #[serde(rename = "unixTimestamp")]
    Unix,
}

/// Part of a shape, which is of another shape.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Member {
    pub(crate) shape: String,
    /// Where in the request or the answer it stands, where that is not the body.
    #[serde(default)]
    pub(crate) location: Option<Location>,
    /// What it is called there, where that is not its own name.
    #[serde(default)]
    pub(crate) wire: Option<String>,
    /// What it is called in a request of EC2's protocol.
    #[serde(default)]
    pub(crate) query: Option<String>,
    #[serde(default)]
    pub(crate) flattened: bool,
    #[serde(default)]
    pub(crate) attribute: bool,
    #[serde(default)]
    pub(crate) namespace: Option<Namespace>,
    /// Whether a caller who repeats a request gives it the same again; made up where it is not given.
    #[serde(default)]
    pub(crate) token: bool,
    #[serde(default)]
    pub(crate) streaming: bool,
    /// Whether it is JSON in a header.
    #[serde(default)]
    pub(crate) json: bool,
    /// Whether it stands in the header of an event.
    #[serde(default)]
    pub(crate) event_header: bool,
    /// Whether it is the whole content of an event.
    #[serde(default)]
    pub(crate) event_payload: bool,
    /// Whether it is put before the host.
    #[serde(default)]
    pub(crate) host_label: bool,
    /// The argument of the endpoint rules that it is.
    #[serde(default)]
    pub(crate) context: Option<String>,
    #[serde(default)]
    pub(crate) deprecated: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Location {
    Uri,
    QueryString,
    Header,
    Headers,
    StatusCode,
    /// The endpoint rules put it into the host, and nothing else carries it.
    Host,
}

impl Location {
    /// Whether a request without it would be for something else.
    pub(crate) fn is_of_path(self) -> bool {
        matches!(self, Location::Uri | Location::Host)
    }
}

/// An XML namespace, and the prefix that stands for it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Namespace {
    pub(crate) uri: String,
    #[serde(default)]
    pub(crate) prefix: Option<String>,
}

/// The members of a structure by name, in the order of the model.
#[derive(Debug, Default)]
pub(crate) struct Members(Vec<(String, Member)>);

impl Members {
    pub(crate) fn get(&self, name: &str) -> Option<&Member> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, member)| member)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Member)> {
        self.0.iter().map(|(name, member)| (name.as_str(), member))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Members, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Members;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("the members of a structure")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::with_capacity(map.size_hint().unwrap_or(0));
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        from.deserialize_map(Visitor)
    }
}

/// A model that cannot be read: the build was made wrongly.
#[derive(Debug, thiserror::Error)]
#[error("the model of {name} cannot be read: {reason}")]
pub struct Unreadable {
    name: String,
    reason: String,
}

impl Model {
    /// Reads the compressed model of a service.
    pub fn read(name: &str, compressed: &[u8]) -> Result<Model, Unreadable> {
        let unreadable = |reason: String| Unreadable { name: name.to_owned(), reason };
        let mut text = Vec::new();
        GzDecoder::new(compressed).read_to_end(&mut text).map_err(|error| unreadable(error.to_string()))?;
        serde_json::from_slice(&text).map_err(|error| unreadable(error.to_string()))
    }

    pub(crate) fn shape(&self, name: &str) -> Option<&Shape> {
        self.shapes.get(name)
    }

    /// How the operation's pages follow each other, where it has any.
    pub fn pages(&self, operation: &str) -> Option<&Pages> {
        self.pages.get(operation)
    }
}
