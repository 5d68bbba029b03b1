//! A model as the schemas that the SDK's protocols read.
//!
//! The schemas of a call are made when they are needed and live as long as the call is written or read: a structure's own
//! schema carries its members, and a member that is a structure again is looked up by the name of its shape, so that
//! shapes which hold themselves need no schema that does.

use std::cell::RefCell;
use std::collections::HashMap;

use aws_smithy_schema::traits::{HttpTrait, TimestampFormat};
use aws_smithy_schema::{Schema, ShapeId, ShapeType, intern_header_name};
use typed_arena::Arena;

use crate::model::{Kind, Location, Member, Model, Operation, Protocol, Shape, TimeFormat};

/// The namespace of every shape: no protocol writes it.
const NAMESPACE: &str = "aws";

/// Answers of S3 whose only member is the root of the document itself, which the model does not say.
const UNWRAPPED: &[&str] = &["GetBucketLocationOutput"];

/// Where schemas live.
#[derive(Default)]
pub(crate) struct Room<'a> {
    schemas: Arena<Schema<'a>>,
    lists: Arena<&'a Schema<'a>>,
    names: Arena<String>,
}

/// Which way the schemas are for: EC2 has other names in requests than in answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Request,
    Answer,
}

/// The schemas of one model.
pub(crate) struct Schemas<'a> {
    pub(crate) model: &'a Model,
    room: &'a Room<'a>,
    way: Way,
    structures: RefCell<HashMap<&'a str, &'a Schema<'a>>>,
}

impl<'a> Schemas<'a> {
    pub(crate) fn new(model: &'a Model, room: &'a Room<'a>, way: Way) -> Schemas<'a> {
        Schemas { model, room, way, structures: RefCell::default() }
    }

    /// The schema of an operation's input, which also says how the operation is reached.
    pub(crate) fn input(&self, operation: &'a Operation) -> &'a Schema<'a> {
        let name = operation.input.as_deref().unwrap_or("Unit");
        let mut schema = self.structure_schema(name);
        let own = self.model.shape(name).and_then(|shape| shape.wire.as_deref());
        if let Some(root) = own.or(operation.root.as_deref()) {
            schema = schema.with_xml_name(root);
        }
        if let Some(uri) = operation.root_namespace.as_deref() {
            schema = schema.with_xml_namespace(uri, None);
        }
        schema = schema.with_http(HttpTrait::new(&operation.method, self.path(operation), None));
        self.room.schemas.alloc(schema)
    }

    /// The path with its labels by the names of the members: the SDK fills them in by those, a model names them anew.
    fn path(&self, operation: &'a Operation) -> &'a str {
        let shape = operation.input.as_deref().and_then(|name| self.model.shape(name));
        let members = || shape.into_iter().flat_map(|shape| shape.members.iter());
        let named = |label: &'a str| {
            let mut labels = members().filter(|(_, member)| member.location == Some(Location::Uri));
            labels.find(|(_, member)| member.wire.as_deref() == Some(label)).map_or(label, |(name, _)| name)
        };
        let mut path = String::new();
        let mut rest = operation.path.as_str();
        while let Some((before, (label, after))) =
            rest.split_once('{').and_then(|(before, from)| Some((before, from.split_once('}')?)))
        {
            let (label, greedy) = label.strip_suffix('+').map_or((label, ""), |label| (label, "+"));
            path.extend([before, "{", named(label), greedy, "}"]);
            rest = after;
        }
        path.push_str(rest);
        self.room.names.alloc(path)
    }

    /// The schema of an operation's answer.
    pub(crate) fn output(&self, operation: &'a Operation) -> &'a Schema<'a> {
        self.structure(operation.output.as_deref().unwrap_or("Unit"))
    }

    /// The schema of a structure that is the body, by the name that the member gives it there.
    pub(crate) fn payload(&self, member: &'a Member) -> &'a Schema<'a> {
        let mut schema = self.structure_schema(&member.shape);
        if let Some(wire) = member.wire.as_deref() {
            schema = schema.with_xml_name(wire);
        }
        if let Some(space) = &member.namespace {
            schema = schema.with_xml_namespace(&space.uri, space.prefix.as_deref());
        }
        self.room.schemas.alloc(schema)
    }

    /// The schema of a structure with its members.
    pub(crate) fn structure(&self, name: &'a str) -> &'a Schema<'a> {
        if let Some(known) = self.structures.borrow().get(name) {
            return known;
        }
        let schema: &'a Schema<'a> = self.room.schemas.alloc(self.structure_schema(name));
        self.structures.borrow_mut().insert(name, schema);
        schema
    }

    fn structure_schema(&self, name: &'a str) -> Schema<'a> {
        let id = ShapeId::from_parts(name, NAMESPACE, name);
        let Some(shape) = self.model.shape(name) else {
            return Schema::new_struct(id, ShapeType::Structure, &[]);
        };
        let members = shape.members.iter().enumerate().map(|(index, (own, member))| {
            let schema = self.member(name, shape, own, index, member);
            &*self.room.schemas.alloc(schema)
        });
        let members: Vec<&'a Schema<'a>> = members.collect();
        let is_bound = |(own, member): (&str, &Member)| {
            member.location.is_some() || shape.payload.as_deref() == Some(own)
        };
        let all_bound = shape.members.iter().all(is_bound);
        let members = self.room.lists.alloc_extend(members);
        let mut schema = Schema::new_struct(id, kind(shape), members);
        if all_bound {
            schema = schema.with_no_body_members();
        }
        if self.model.name == "s3" && UNWRAPPED.contains(&name) {
            schema = schema.with_xml_unwrapped_output();
        }
        self.named(schema, shape)
    }

    /// A shape's own name and namespace on the wire.
    fn named(&self, mut schema: Schema<'a>, shape: &'a Shape) -> Schema<'a> {
        if let Some(name) = shape.wire.as_deref() {
            schema = schema.with_xml_name(name);
        }
        if let Some(space) = &shape.namespace {
            schema = schema.with_xml_namespace(&space.uri, space.prefix.as_deref());
        }
        schema
    }

    fn member(
        &self,
        of: &'a str,
        owner: &'a Shape,
        name: &'a str,
        index: usize,
        member: &'a Member,
    ) -> Schema<'a> {
        let id = ShapeId::from_parts_with_member(of, NAMESPACE, of, name);
        let Some(shape) = self.model.shape(&member.shape) else {
            return Schema::new_member(id, ShapeType::Document, name, index);
        };
        let mut schema = Schema::new_member(id, kind(shape), name, index);
        schema = self.parts(schema, shape, member.flattened || shape.flattened);
        schema = timed(schema, shape);
        let wire = member.wire.as_deref();
        schema = match member.location {
            Some(Location::Uri) => schema.with_http_label(),
            Some(Location::QueryString) if shape.kind == Kind::Map => schema.with_http_query_params(),
            Some(Location::QueryString) => schema.with_http_query(wire.unwrap_or(name)),
            Some(Location::Header) => schema.with_http_header(intern_header_name(wire.unwrap_or(name))),
            Some(Location::Headers) => schema.with_http_prefix_headers(wire.unwrap_or("")),
            Some(Location::StatusCode) => schema.with_http_response_code(),
            Some(Location::Host) => schema,
            // A list gives its name to the members that have none, a structure does not.
            None => match self
                .name_of(name, member)
                .or(shape.wire.as_deref().filter(|_| shape.kind != Kind::Structure))
            {
                Some(wire) => schema.with_xml_name(wire).with_json_name(wire),
                None => schema,
            },
        };
        if owner.payload.as_deref() == Some(name) {
            schema = schema.with_http_payload();
        }
        if member.flattened || shape.flattened {
            schema = schema.with_xml_flattened();
        }
        if member.attribute {
            schema = schema.with_xml_attribute();
        }
        if member.streaming || shape.streaming {
            schema = schema.with_streaming();
        }
        if member.json {
            schema = schema.with_media_type("application/json");
        }
        if let Some(space) = member.namespace.as_ref().or(shape.namespace.as_ref()) {
            schema = schema.with_xml_namespace(&space.uri, space.prefix.as_deref());
        }
        schema
    }

    /// What a member is called on the wire, where that is not its own name.
    fn name_of(&self, name: &'a str, member: &'a Member) -> Option<&'a str> {
        let wire = member.wire.as_deref();
        if self.model.protocol == Protocol::Query && self.way == Way::Request {
            // Parameters of a flattened list bear the name of its elements.
            let list = self.model.shape(&member.shape).filter(|list| member.flattened || list.flattened);
            let element = list.and_then(|list| list.member.as_ref());
            return wire.or_else(|| element?.wire.as_deref());
        }
        if self.model.protocol != Protocol::Ec2 || self.way == Way::Answer {
            return wire;
        }
        let capital = || {
            let name = wire.unwrap_or(name);
            let mut letters = name.chars();
            letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>())
        };
        match member.query.as_deref() {
            Some(query) => Some(query),
            None => capital().map(|name| self.room.names.alloc(name).as_str()),
        }
    }

    /// The schemas of what a list or a map consists of.
    fn parts(&self, schema: Schema<'a>, shape: &'a Shape, flattened: bool) -> Schema<'a> {
        match (shape.kind, &shape.member, &shape.key, &shape.value) {
            (Kind::List, Some(member), ..) => schema.with_list_member(self.element(member, flattened)),
            (Kind::Map, _, Some(key), Some(value)) => {
                schema.with_map_members(self.element(key, false), self.element(value, false))
            }
            _ => schema,
        }
    }

    /// The schema of an element of a list, or of a key or a value of a map. An element of a flattened list is written
    /// under the name of the list.
    fn element(&self, member: &'a Member, flattened: bool) -> &'a Schema<'a> {
        let by_list = flattened && self.way == Way::Request && self.model.protocol == Protocol::RestXml;
        let id = ShapeId::from_parts(&member.shape, NAMESPACE, &member.shape);
        let schema = match self.model.shape(&member.shape) {
            None => Schema::new(id, ShapeType::Document),
            Some(shape) => {
                let mut schema = self.parts(Schema::new(id, kind(shape)), shape, shape.flattened);
                schema = timed(schema, shape);
                if shape.flattened {
                    schema = schema.with_xml_flattened();
                }
                if let Some(wire) = member.wire.as_deref().filter(|_| !by_list) {
                    schema = schema.with_xml_name(wire);
                }
                if let Some(space) = member.namespace.as_ref().or(shape.namespace.as_ref()) {
                    schema = schema.with_xml_namespace(&space.uri, space.prefix.as_deref());
                }
                schema
            }
        };
        self.room.schemas.alloc(schema)
    }
}

/// How a time is written, where the model says so; the protocols know the rest.
fn timed<'a>(schema: Schema<'a>, shape: &Shape) -> Schema<'a> {
    let format = match (shape.kind, shape.time) {
        (Kind::Timestamp, Some(TimeFormat::Iso8601)) => TimestampFormat::DateTime,
        (Kind::Timestamp, Some(TimeFormat::Rfc822)) => TimestampFormat::HttpDate,
        (Kind::Timestamp, Some(TimeFormat::Unix)) => TimestampFormat::EpochSeconds,
        _ => return schema,
    };
    schema.with_timestamp_format(format)
}

/// What a shape is in Smithy's words.
fn kind(shape: &Shape) -> ShapeType {
    match shape.kind {
        _ if shape.document => ShapeType::Document,
        Kind::Structure if shape.union => ShapeType::Union,
        Kind::Structure => ShapeType::Structure,
        Kind::List => ShapeType::List,
        Kind::Map => ShapeType::Map,
        Kind::String => ShapeType::String,
        Kind::Integer => ShapeType::Integer,
        Kind::Long => ShapeType::Long,
        Kind::Float => ShapeType::Float,
        Kind::Double => ShapeType::Double,
        Kind::Boolean => ShapeType::Boolean,
        Kind::Timestamp => ShapeType::Timestamp,
        Kind::Blob => ShapeType::Blob,
    }
}
