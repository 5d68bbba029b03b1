//! How a service's requests are written and its answers are read: by the protocols of the SDK, and EC2's own.

use aws_smithy_cbor::protocol::RpcV2CborProtocol;
use aws_smithy_json::protocol::aws_json_rpc::AwsJsonRpcProtocol;
use aws_smithy_json::protocol::aws_rest_json_1::AwsRestJsonProtocol;
use aws_smithy_query::protocol::AwsQueryProtocol;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_schema::protocol::{
    ServiceShapeName, ServiceVersion, ServiceXmlNamespace, SharedClientProtocol,
};
use aws_smithy_types::config_bag::{ConfigBag, Layer};
use aws_smithy_xml::protocol::aws_rest_xml::AwsRestXmlProtocol;

use crate::model::{Model, Protocol};

mod ec2;

/// The protocol of the service.
pub(crate) fn of(model: &Model) -> SharedClientProtocol {
    match model.protocol {
        Protocol::Json10 => SharedClientProtocol::new(
            AwsJsonRpcProtocol::aws_json_1_0().with_target_prefix(model.target.clone()),
        ),
        Protocol::Json11 => SharedClientProtocol::new(
            AwsJsonRpcProtocol::aws_json_1_1().with_target_prefix(model.target.clone()),
        ),
        Protocol::RestJson => SharedClientProtocol::new(AwsRestJsonProtocol::new()),
        Protocol::RestXml => {
            // S3's errors stand in no envelope of their own; the reader of errors finds them in either form.
            SharedClientProtocol::new(AwsRestXmlProtocol::new())
        }
        Protocol::Query => SharedClientProtocol::new(AwsQueryProtocol::new()),
        Protocol::Ec2 => SharedClientProtocol::new(ec2::Ec2Query),
        Protocol::Cbor => SharedClientProtocol::new(RpcV2CborProtocol::new()),
    }
}

/// What a protocol asks of the service and the operation.
pub(crate) fn facts(model: &Model, operation: &str) -> ConfigBag {
    let mut layer = Layer::new("operation");
    layer.store_put(Metadata::new(operation.to_owned(), model.id.clone()));
    layer.store_put(ServiceShapeName::new(model.target.clone()));
    layer.store_put(ServiceVersion::new(model.version.clone()));
    if let Some(namespace) = &model.namespace {
        layer.store_put(ServiceXmlNamespace::new(namespace.clone(), None));
    }
    ConfigBag::of_layers(vec![layer])
}
