//! EC2's protocol: parameters in the body, XML in the answer.
//!
//! It differs from awsQuery in how parameters are called: a member's `query` name, else its wire name with a capital,
//! else its own with a capital; a list has no element between its name and the number of an element.

use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::http::{Request, Response};
use aws_smithy_schema::codec::Codec as _;
use aws_smithy_schema::protocol::{ClientProtocolInner, ServiceVersion, apply_http_endpoint};
use aws_smithy_schema::serde::{SerdeError, SerializableStruct, ShapeDeserializer, ShapeSerializer};
use aws_smithy_schema::traits::TimestampFormat;
use aws_smithy_schema::{Schema, ShapeId, shape_id};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::date_time::Format;
use aws_smithy_types::endpoint::Endpoint;
use aws_smithy_types::{BigDecimal, BigInteger, Blob, DateTime, Document};
use aws_smithy_xml::codec::{XmlCodec, XmlCodecSettings};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

static ID: ShapeId<'static> = shape_id!("aws.protocols", "ec2Query");

#[derive(Debug)]
pub(super) struct Ec2Query;

impl ClientProtocolInner for Ec2Query {
    type Request = Request;
    type Response = Response;

    fn protocol_id(&self) -> &ShapeId<'static> {
        &ID
    }

    fn serialize_request(
        &self,
        input: &dyn SerializableStruct,
        _schema: &Schema<'_>,
        _endpoint: &str,
        cfg: &ConfigBag,
    ) -> Result<Request, SerdeError> {
        let missing = || SerdeError::custom("the operation and the version of the API are not known");
        let operation = cfg.load::<Metadata>().ok_or_else(missing)?;
        let version = cfg.load::<ServiceVersion>().ok_or_else(missing)?;
        let mut parameters = Parameters::default();
        parameters.add("Action", operation.name());
        parameters.add("Version", version.as_str());
        input.serialize_members(&mut parameters)?;
        let mut request = Request::new(SdkBody::from(parameters.text));
        let refused = |error: &dyn std::fmt::Display| SerdeError::custom(error.to_string());
        request.set_method("POST").map_err(|error| refused(&error))?;
        request.set_uri("/").map_err(|error| refused(&error))?;
        request.headers_mut().insert("content-type", "application/x-www-form-urlencoded");
        Ok(request)
    }

    fn deserialize_response<'a>(
        &self,
        response: &'a Response,
        _schema: &Schema<'_>,
        _cfg: &'a ConfigBag,
    ) -> Result<Box<dyn ShapeDeserializer + 'a>, SerdeError> {
        let body = response.body().bytes().ok_or_else(|| SerdeError::custom("the body was not read"))?;
        let settings = XmlCodecSettings::builder().default_timestamp_format(Format::DateTime).build();
        Ok(Box::new(XmlCodec::new(settings).create_deserializer(body)))
    }

    fn update_endpoint(
        &self,
        request: &mut Request,
        endpoint: &Endpoint,
        cfg: &ConfigBag,
    ) -> Result<(), SerdeError> {
        apply_http_endpoint(request, endpoint, cfg)
    }
}

/// A number as it is written, or the word that all of AWS has for it.
fn fraction(value: f64, written: String) -> String {
    match value {
        f64::INFINITY => "Infinity".to_owned(),
        f64::NEG_INFINITY => "-Infinity".to_owned(),
        _ => written,
    }
}

/// Parameters one behind the other, as forms write them.
#[derive(Default)]
struct Parameters {
    text: String,
    /// Where in the input it is.
    place: Vec<String>,
    /// The number of the next element of each list around.
    next: Vec<usize>,
}

impl Parameters {
    fn add(&mut self, name: &str, value: &str) {
        if !self.text.is_empty() {
            self.text.push('&');
        }
        self.text.push_str(name);
        self.text.push('=');
        self.text.extend(utf8_percent_encode(value, UNRESERVED));
    }

    /// The name of what this schema is of, below where it stands.
    fn named(&mut self, schema: &Schema<'_>) -> String {
        match schema.member_name() {
            Some(name) => schema.xml_name().map_or(name, |wire| wire.value()).to_owned(),
            None => self.next.last_mut().map_or_else(String::new, |number| {
                *number += 1;
                number.to_string()
            }),
        }
    }

    fn put(&mut self, schema: &Schema<'_>, value: &str) -> Result<(), SerdeError> {
        let own = self.named(schema);
        let name = self.place.iter().map(String::as_str).chain([own.as_str()]).collect::<Vec<_>>().join(".");
        self.add(&name, value);
        Ok(())
    }

    fn inside(
        &mut self,
        schema: &Schema<'_>,
        write: impl FnOnce(&mut Parameters) -> Result<(), SerdeError>,
    ) -> Result<(), SerdeError> {
        let own = self.named(schema);
        self.place.push(own);
        let done = write(self);
        self.place.pop();
        done
    }
}

impl ShapeSerializer for Parameters {
    fn write_struct(
        &mut self,
        schema: &Schema<'_>,
        value: &dyn SerializableStruct,
    ) -> Result<(), SerdeError> {
        self.inside(schema, |to| value.serialize_members(to))
    }

    fn write_list(
        &mut self,
        schema: &Schema<'_>,
        write_elements: &dyn Fn(&mut dyn ShapeSerializer) -> Result<(), SerdeError>,
    ) -> Result<(), SerdeError> {
        self.inside(schema, |to| {
            to.next.push(0);
            let done = write_elements(to);
            to.next.pop();
            done
        })
    }

    fn write_map(
        &mut self,
        _schema: &Schema<'_>,
        _write_entries: &dyn Fn(&mut dyn ShapeSerializer) -> Result<(), SerdeError>,
    ) -> Result<(), SerdeError> {
        Err(SerdeError::unsupported("EC2's protocol has no maps"))
    }

    fn write_boolean(&mut self, schema: &Schema<'_>, value: bool) -> Result<(), SerdeError> {
        self.put(schema, if value { "true" } else { "false" })
    }

    fn write_byte(&mut self, schema: &Schema<'_>, value: i8) -> Result<(), SerdeError> {
        self.put(schema, &value.to_string())
    }

    fn write_short(&mut self, schema: &Schema<'_>, value: i16) -> Result<(), SerdeError> {
        self.put(schema, &value.to_string())
    }

    fn write_integer(&mut self, schema: &Schema<'_>, value: i32) -> Result<(), SerdeError> {
        self.put(schema, &value.to_string())
    }

    fn write_long(&mut self, schema: &Schema<'_>, value: i64) -> Result<(), SerdeError> {
        self.put(schema, &value.to_string())
    }

    fn write_float(&mut self, schema: &Schema<'_>, value: f32) -> Result<(), SerdeError> {
        let text = value.to_string();
        self.put(schema, &fraction(value.into(), text))
    }

    fn write_double(&mut self, schema: &Schema<'_>, value: f64) -> Result<(), SerdeError> {
        self.put(schema, &fraction(value, value.to_string()))
    }

    fn write_big_integer(&mut self, schema: &Schema<'_>, value: &BigInteger) -> Result<(), SerdeError> {
        self.put(schema, value.as_ref())
    }

    fn write_big_decimal(&mut self, schema: &Schema<'_>, value: &BigDecimal) -> Result<(), SerdeError> {
        self.put(schema, value.as_ref())
    }

    fn write_string(&mut self, schema: &Schema<'_>, value: &str) -> Result<(), SerdeError> {
        self.put(schema, value)
    }

    fn write_blob(&mut self, schema: &Schema<'_>, value: Blob) -> Result<(), SerdeError> {
        self.put(schema, &STANDARD.encode(value.as_ref()))
    }

    fn write_timestamp(&mut self, schema: &Schema<'_>, value: &DateTime) -> Result<(), SerdeError> {
        let format = match schema.timestamp_format().map(|it| it.format()) {
            Some(TimestampFormat::EpochSeconds) => Format::EpochSeconds,
            Some(TimestampFormat::HttpDate) => Format::HttpDate,
            _ => Format::DateTime,
        };
        let text = value.fmt(format).map_err(|error| SerdeError::custom(error.to_string()))?;
        self.put(schema, &text)
    }

    fn write_document(&mut self, _schema: &Schema<'_>, _value: &Document) -> Result<(), SerdeError> {
        Err(SerdeError::unsupported("EC2's protocol has no documents"))
    }

    fn write_null(&mut self, _schema: &Schema<'_>) -> Result<(), SerdeError> {
        Ok(())
    }
}
