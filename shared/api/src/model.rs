//! What AWS says of a service: its operations, their shapes, and how they go over the wire.
//!
//! A model is botocore's, with everything left out that no request and no answer needs. `cargo xtask gen-models` makes
//! the files in `models/`, a compressed JSON each; a service's is opened when it is first asked for. Models are alike, so
//! they are packed by a dictionary that all of them share.

use std::collections::BTreeMap;
use std::io::Read;

use awsmcp_spec::Risk;
use lzma_rust2::LzmaReader;
use serde::Deserialize;
use serde_json::Value;

use crate::index::Index;
use crate::unreadable::Unreadable;

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
    /// What can be waited for, by name, such as `instance-running`: the operation, how often and how long, and what of its
    /// answer ends the wait.
    #[serde(default)]
    pub waiters: BTreeMap<String, Value>,
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
    /// What it does, in a sentence of AWS's own. The index has it.
    #[serde(default)]
    pub about: String,
    /// The HTTP method.
    pub(crate) method: String,
    /// The path, with labels such as `/{Bucket}/{Key+}`.
    pub(crate) path: String,
    /// The name of the input's shape.
    #[serde(default)]
    pub input: Option<String>,
    /// The name of the answer's shape.
    #[serde(default)]
    pub output: Option<String>,
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
    /// Whether AWS advises against it. The index has it.
    #[serde(default)]
    pub deprecated: bool,
    /// What a call may do. The index has it; what nobody classified is held to be the worst.
    #[serde(default = "gravest")]
    pub risk: Risk,
    /// The IAM actions that a call takes, the first of them whatever it gives; none where AWS asks for none.
    #[serde(default)]
    pub needs: Vec<Need>,
}

fn gravest() -> Risk {
    Risk::Destroy
}

/// One IAM action that an operation takes, and what it is used on.
///
/// A call that touches nothing by any of its operation's needs is about everything: `*`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Need {
    /// Such as `sqs:ReceiveMessage`.
    pub action: String,
    /// Templates of ARNs that every call touches; a member that is absent leaves its place open (`*`). Such as
    /// `arn:{partition}:sqs:{region}:{account}:{QueueName}`, or `{TopicArn}` for a member that is an ARN as a whole.
    #[serde(default)]
    pub on: Vec<String>,
    /// Templates that only a call touches that gives their last member.
    #[serde(default)]
    pub also: Vec<String>,
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
pub struct Shape {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// Of a structure, in the order of the model.
    #[serde(default)]
    pub members: Members,
    /// The members that a structure must have.
    #[serde(default)]
    pub required: Vec<String>,
    /// The element of a list.
    #[serde(default)]
    pub member: Option<Member>,
    /// The keys of a map.
    #[serde(default)]
    pub key: Option<Member>,
    /// The values of a map.
    #[serde(default)]
    pub value: Option<Member>,
    /// The values that a string may have. AWS adds to them, so others are no fault.
    #[serde(default, rename = "enum")]
    pub values: Vec<String>,
    /// The least length or value.
    #[serde(default)]
    pub min: Option<f64>,
    /// The greatest length or value.
    #[serde(default)]
    pub max: Option<f64>,
    /// Whether exactly one member is given.
    #[serde(default)]
    pub union: bool,
    /// Whether it is any JSON.
    #[serde(default)]
    pub document: bool,
    /// Whether it is a secret or tells of a person.
    #[serde(default)]
    pub sensitive: bool,
    /// Whether an answer has it in the encoding of URLs.
    #[serde(default)]
    pub(crate) encoded: bool,
    /// The member that is the body.
    #[serde(default)]
    pub(crate) payload: Option<String>,
    #[serde(default)]
    pub(crate) streaming: bool,
    /// Whether a list stands in its structure without an element of its own.
    #[serde(default)]
    pub(crate) flattened: bool,
    /// Whether its parts arrive one after the other.
    #[serde(default)]
    pub(crate) eventstream: bool,
    /// Whether it may hold nothing in place of an element.
    #[serde(default)]
    pub(crate) sparse: bool,
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
pub enum Kind {
    /// Members, each of its own shape.
    Structure,
    /// Elements of one shape.
    List,
    /// Values of one shape by keys that are texts.
    Map,
    /// A text.
    String,
    /// A whole number of 32 bits.
    Integer,
    /// A whole number of 64 bits.
    Long,
    /// A number with a fraction, of 32 bits.
    Float,
    /// A number with a fraction, of 64 bits.
    Double,
    /// True or false.
    Boolean,
    /// A moment.
    Timestamp,
    /// Bytes.
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
pub struct Member {
    /// The shape that it is of.
    pub shape: String,
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
    /// The argument of the endpoint rules that it is.
    #[serde(default)]
    pub(crate) context: Option<String>,
    /// Whether AWS advises against it.
    #[serde(default)]
    pub deprecated: bool,
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
pub struct Members(Vec<(String, Member)>);

impl Members {
    /// The member of this name.
    pub fn get(&self, name: &str) -> Option<&Member> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, member)| member)
    }

    /// Names and members, in the order of the model.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Member)> {
        self.0.iter().map(|(name, member)| (name.as_str(), member))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
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

/// What all models have in common, for the compressor to refer to.
static DICTIONARY: &[u8] = include_bytes!("../models/dictionary.lzma");

/// The text that was compressed, as `.lzma` files are, by a dictionary or none.
fn unpacked(name: &str, compressed: &[u8], dictionary: Option<&[u8]>) -> Result<Vec<u8>, Unreadable> {
    let mut text = Vec::new();
    let reader = LzmaReader::new_mem_limit(compressed, u32::MAX, dictionary);
    let mut reader = reader.map_err(|error| Unreadable::new(name, error))?;
    reader.read_to_end(&mut text).map_err(|error| Unreadable::new(name, error))?;
    Ok(text)
}

impl Model {
    /// Reads the compressed model of a service. What its operations do and may do is in the index.
    ///
    /// # Errors
    /// If it is not compressed, holds no model, or one of other operations than the index: the build was made wrongly.
    pub(crate) fn read(name: &str, compressed: &[u8], index: &Index) -> Result<Model, Unreadable> {
        let dictionary = unpacked(name, DICTIONARY, None)?;
        let text = unpacked(name, compressed, Some(&dictionary))?;
        let mut model: Model = serde_json::from_slice(&text).map_err(|error| Unreadable::new(name, error))?;
        let (rows, operations) = (index.rows().count(), model.operations.len());
        if rows != operations {
            return Err(Unreadable::new(name, format!("{operations} operations, and {rows} in its index")));
        }
        for row in index.rows() {
            let Some(operation) = model.operations.get_mut(row.operation) else {
                return Err(Unreadable::new(name, format!("there is no operation {}", row.operation)));
            };
            operation.about = row.about.to_owned();
            operation.deprecated = row.deprecated;
            operation.risk = row.risk;
        }
        Ok(model)
    }

    /// The shape of this name.
    pub fn shape(&self, name: &str) -> Option<&Shape> {
        self.shapes.get(name)
    }

    /// How the operation's pages follow each other, where it has any.
    pub fn pages(&self, operation: &str) -> Option<&Pages> {
        self.pages.get(operation)
    }
}
