//! The arguments of the endpoint rules, from the settings and from the input.

use aws_types::service_config::ServiceConfigKey;
use awsmcp_sdk::{Error, SdkConfig};
use serde_json::{Map, Value};

use crate::endpoint::{Arguments, Endpoint, resolve};
use crate::model::{Model, Operation};

/// Where the call goes.
pub(super) fn endpoint(
    sdk: &SdkConfig,
    model: &Model,
    operation: &Operation,
    input: &Map<String, Value>,
) -> Result<Endpoint, Error> {
    let arguments = arguments(sdk, model, operation, input);
    resolve(&model.endpoint_rules, &arguments).map_err(|refused| {
        let region = sdk.region().map_or("no region", AsRef::as_ref);
        Error::invalid(format!("{} has no endpoint for this call in {region}: {refused}", model.title))
    })
}

fn arguments(sdk: &SdkConfig, model: &Model, operation: &Operation, input: &Map<String, Value>) -> Arguments {
    let mut arguments = Arguments::new();
    for (name, parameter) in
        model.endpoint_rules.get("parameters").and_then(Value::as_object).into_iter().flatten()
    {
        let value = parameter.get("builtIn").and_then(Value::as_str).and_then(|it| built_in(sdk, model, it));
        if let Some(value) = value {
            arguments.insert(name.clone(), value);
        }
    }
    if model.name == "s3" {
        // A session of its own for each bucket is what the rules ask for else, which nothing here begins.
        arguments.insert("DisableS3ExpressSessionAuth".to_owned(), true.into());
    }
    let shape = operation.input.as_deref().and_then(|name| model.shape(name));
    for (name, member) in shape.into_iter().flat_map(|shape| shape.members.iter()) {
        if let (Some(argument), Some(value)) = (&member.context, input.get(name)) {
            arguments.insert(argument.clone(), value.clone());
        }
    }
    arguments.extend(operation.fixed.clone());
    arguments
}

fn built_in(sdk: &SdkConfig, model: &Model, name: &str) -> Option<Value> {
    Some(match name {
        "AWS::Region" => sdk.region()?.as_ref().into(),
        "AWS::UseFIPS" => sdk.use_fips()?.into(),
        "AWS::UseDualStack" => sdk.use_dual_stack()?.into(),
        "SDK::Endpoint" => url(sdk, model)?.into(),
        // A resource of another region is reached by a call to that region, which the operator may not have allowed.
        "AWS::S3::UseArnRegion" | "AWS::S3Control::UseArnRegion" => false.into(),
        _ => return None,
    })
}

/// The address that stands in for AWS's own: the program's, else the service's in the environment or the profile, else
/// the one for all services.
pub(super) fn url(sdk: &SdkConfig, model: &Model) -> Option<String> {
    let general = sdk.endpoint_url().map(str::to_owned);
    if sdk.get_origin("endpoint_url").is_client_config() {
        return general;
    }
    let key = ServiceConfigKey::builder()
        .service_id(&model.id)
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build();
    let own = key.ok().and_then(|key| sdk.service_config()?.load_config(key));
    own.or(general)
}
