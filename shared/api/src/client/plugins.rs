//! What the SDK's runtime is told of a call: the settings, the service, the operation. It is what generated clients
//! tell it.

use std::sync::Arc;

use aws_runtime::auth::{SigV4OperationSigningConfig, SigningOptions, sigv4, sigv4a};
use aws_runtime::invocation_id::InvocationIdInterceptor;
use aws_runtime::recursion_detection::RecursionDetectionInterceptor;
use aws_runtime::request_info::RequestInfoInterceptor;
use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_runtime::service_clock_skew::{
    DisableClockSkewCorrection, ServiceClockSkewClassifier, ServiceClockSkewInterceptor,
};
use aws_runtime::user_agent::{ApiMetadata, UserAgentInterceptor};
use aws_smithy_runtime::client::auth::no_auth::{NO_AUTH_SCHEME_ID, NoAuthScheme};
use aws_smithy_runtime::client::defaults::{DefaultPluginParams, default_plugins};
use aws_smithy_runtime::client::http::connection_poisoning::ConnectionPoisoningInterceptor;
use aws_smithy_runtime::client::identity::no_auth::NoAuthIdentityResolver;
use aws_smithy_runtime::client::orchestrator::AuthSchemeAndEndpointOrchestrationV2;
use aws_smithy_runtime::client::retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier};
use aws_smithy_runtime::client::stalled_stream_protection::StalledStreamProtectionInterceptor;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::static_resolver::{
    StaticAuthSchemeOptionResolver, StaticAuthSchemeOptionResolverParams,
};
use aws_smithy_runtime_api::client::auth::{
    AuthSchemeId, AuthSchemeOptionResolverParams, SharedAuthScheme, SharedAuthSchemeOptionResolver,
};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::endpoint::{
    EndpointFuture, EndpointPrefix, EndpointResolverParams, ResolveEndpoint, SharedEndpointResolver,
};
use aws_smithy_runtime_api::client::interceptors::context::BeforeSerializationInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{Intercept, SharedInterceptor, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::{Order, RuntimePlugins, StaticRuntimePlugin};
use aws_smithy_runtime_api::client::ser_de::{SharedRequestSerializer, SharedResponseDeserializer};
use aws_smithy_types::config_bag::{ConfigBag, Layer};
use aws_types::SigningName;
use aws_types::endpoint_config::{EndpointUrl, UseDualStack, UseFips};
use aws_types::region::SigningRegion;
use awsmcp_sdk::{SdkConfig, Tap};
use serde_json::Value;

use super::arguments;
use super::wire::{Call, Reader, Writer};
use crate::endpoint::Endpoint;
use crate::failure::Failure;
use crate::model::{Model, Operation};

/// Everything that the runtime asks for.
pub(super) fn all(sdk: &SdkConfig, tap: &Tap, call: &Arc<Call>, service: &'static str) -> RuntimePlugins {
    let region = sdk.region().map_or("", AsRef::as_ref);
    let defaults = DefaultPluginParams::new()
        .with_retry_partition_name(format!("{service}-{region}"))
        .with_behavior_version(sdk.behavior_version().unwrap_or_else(BehaviorVersion::latest))
        .with_is_aws_sdk(true);
    RuntimePlugins::new()
        .with_client_plugins(default_plugins(defaults))
        .with_client_plugin(settings(sdk, tap, &call.model, service))
        .with_client_plugin(of_service(call))
        .with_operation_plugin(of_operation(call))
}

/// What the session found.
fn settings(sdk: &SdkConfig, tap: &Tap, model: &Model, service: &'static str) -> StaticRuntimePlugin {
    let mut layer = Layer::new("settings");
    layer.store_put(ApiMetadata::new(service, env!("CARGO_PKG_VERSION")));
    layer.store_put(SigningName::from(model.signs.clone()));
    if let Some(region) = sdk.region() {
        layer.store_put(region.clone());
        layer.store_put(SigningRegion::from(region.clone()));
    }
    layer.store_or_unset(sdk.use_fips().map(UseFips));
    layer.store_or_unset(sdk.use_dual_stack().map(UseDualStack));
    layer.store_or_unset(arguments::url(sdk, model).map(EndpointUrl));
    layer.store_or_unset(sdk.sigv4a_signing_region_set().cloned());
    layer.store_or_unset(sdk.auth_scheme_preference().cloned());
    layer.store_or_unset(sdk.disable_clock_skew_correction().map(DisableClockSkewCorrection::from));
    layer.store_or_unset(sdk.app_name().cloned());
    // Where there is none, the defaults hold.
    if let Some(retry) = sdk.retry_config() {
        layer.store_put(retry.clone());
    }
    if let Some(timeouts) = sdk.timeout_config() {
        layer.store_put(timeouts.clone());
    }
    if let Some(streams) = sdk.stalled_stream_protection() {
        layer.store_put(streams);
    }
    let mut components = RuntimeComponentsBuilder::new("settings");
    components.set_http_client(sdk.http_client());
    components.set_sleep_impl(sdk.sleep_impl());
    components.set_time_source(sdk.time_source().or_else(|| Some(Default::default())));
    components.set_identity_cache(sdk.identity_cache());
    if let Some(credentials) = sdk.credentials_provider() {
        components.set_identity_resolver(sigv4a::SCHEME_ID, credentials.clone());
        components.set_identity_resolver(sigv4::SCHEME_ID, credentials);
    }
    components.push_interceptor(SharedInterceptor::new(tap.clone()));
    StaticRuntimePlugin::new().with_config(layer.freeze()).with_runtime_components(components)
}

/// What generated clients know of their service.
fn of_service(call: &Arc<Call>) -> StaticRuntimePlugin {
    let mut layer = Layer::new("service");
    layer.store_put(AuthSchemeAndEndpointOrchestrationV2);
    let mut components = RuntimeComponentsBuilder::new("service");
    components.set_auth_scheme_option_resolver(Some(SharedAuthSchemeOptionResolver::new(
        StaticAuthSchemeOptionResolver::new(call.schemes.clone()),
    )));
    components.set_endpoint_resolver(Some(SharedEndpointResolver::new(There(Arc::clone(call)))));
    components.push_retry_classifier(HttpStatusCodeClassifier::default());
    components.push_interceptor(SharedInterceptor::permanent(ConnectionPoisoningInterceptor::new()));
    components.push_interceptor(ServiceClockSkewInterceptor::new());
    components.push_interceptor(RequestInfoInterceptor::new());
    components.push_interceptor(UserAgentInterceptor::new());
    components.push_interceptor(InvocationIdInterceptor::new());
    components.push_interceptor(SharedInterceptor::permanent(RecursionDetectionInterceptor::new()));
    components.push_auth_scheme(SharedAuthScheme::new(sigv4::SigV4AuthScheme::new()));
    components.push_auth_scheme(SharedAuthScheme::new(sigv4a::SigV4aAuthScheme::new()));
    components.push_auth_scheme(SharedAuthScheme::new(NoAuthScheme::new()));
    components.set_identity_resolver(NO_AUTH_SCHEME_ID, NoAuthIdentityResolver::new());
    StaticRuntimePlugin::new()
        .with_order(Order::Defaults)
        .with_config(layer.freeze())
        .with_runtime_components(components)
}

/// What generated operations know of themselves.
fn of_operation(call: &Arc<Call>) -> StaticRuntimePlugin {
    let mut layer = Layer::new("operation");
    layer.store_put(SharedRequestSerializer::new(Writer(Arc::clone(call))));
    layer.store_put(SharedResponseDeserializer::new(Reader(Arc::clone(call))));
    layer.store_put(AuthSchemeOptionResolverParams::new(StaticAuthSchemeOptionResolverParams::new()));
    layer.store_put(Metadata::new(call.operation.clone(), call.model.id.clone()));
    layer.store_put(SigV4OperationSigningConfig { signing_options: signing(call), ..Default::default() });
    if let Some(prefix) = call.prefix.as_deref().and_then(|it| EndpointPrefix::new(it).ok()) {
        layer.store_put(prefix);
    }
    let components = RuntimeComponentsBuilder::new("operation")
        .with_interceptor(SharedInterceptor::permanent(StalledStreamProtectionInterceptor::default()))
        .with_interceptor(SharedInterceptor::permanent(Somewhere))
        .with_retry_classifier(TransientErrorClassifier::<Failure>::new())
        .with_retry_classifier(AwsErrorCodeClassifier::<Failure>::new())
        .with_retry_classifier(ServiceClockSkewClassifier::<Failure>::new());
    StaticRuntimePlugin::new().with_config(layer.freeze()).with_runtime_components(components)
}

fn signing(call: &Call) -> SigningOptions {
    // The keys of objects are signed as they are, with dots and slashes.
    let stores_objects = matches!(call.model.name.as_str(), "s3" | "s3control" | "s3outposts");
    let mut options = SigningOptions::default();
    options.double_uri_encode = !stores_objects;
    options.normalize_uri_path = !stores_objects;
    options.content_sha256_header = stores_objects || call.model.name == "glacier";
    if call.known().is_ok_and(|known| known.unsigned) {
        options.payload_override =
            Some(aws_runtime::auth::PayloadSigningOverride::unsigned_payload().to_signable_body());
    }
    options
}

/// How the call may be signed: as the operation says, else the endpoint, else the service.
pub(super) fn schemes(model: &Model, operation: &Operation, endpoint: &Endpoint) -> Vec<AuthSchemeId> {
    let of_endpoint = endpoint.properties.get("authSchemes").and_then(Value::as_array);
    let of_endpoint = of_endpoint.into_iter().flatten().filter_map(|it| it.get("name")?.as_str());
    let of_endpoint: Vec<AuthSchemeId> = of_endpoint.filter_map(scheme).collect();
    let named = |all: &[String]| all.iter().filter_map(|it| scheme(it)).collect::<Vec<_>>();
    let own = named(&operation.auth);
    if own.first() == Some(&NO_AUTH_SCHEME_ID) {
        return own;
    }
    let service = if own.is_empty() { named(&model.auth) } else { own };
    match (of_endpoint.is_empty(), service.is_empty() && model.auth.is_empty()) {
        (false, _) => of_endpoint,
        (true, false) => service,
        (true, true) => vec![sigv4::SCHEME_ID],
    }
}

/// A way to sign by its name in models or in rules; nothing, where it is not known here.
fn scheme(name: &str) -> Option<AuthSchemeId> {
    match name {
        "aws.auth#sigv4" | "sigv4" => Some(sigv4::SCHEME_ID),
        "aws.auth#sigv4a" | "sigv4a" => Some(sigv4a::SCHEME_ID),
        "smithy.api#noAuth" => Some(NO_AUTH_SCHEME_ID),
        _ => None,
    }
}

/// The endpoint was found before: the runtime is told.
#[derive(Debug)]
struct There(Arc<Call>);

impl ResolveEndpoint for There {
    fn resolve_endpoint<'a>(&'a self, _: &'a EndpointResolverParams) -> EndpointFuture<'a> {
        EndpointFuture::ready(Ok(self.0.endpoint.of_sdk()))
    }
}

/// The runtime wants arguments for its endpoint, be they none.
#[derive(Debug)]
struct Somewhere;

#[dyn_dispatch_hint]
impl Intercept for Somewhere {
    fn name(&self) -> &'static str {
        "awsmcp endpoint"
    }

    fn read_before_execution(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        cfg.interceptor_state().store_put(EndpointResolverParams::new(()));
        Ok(())
    }
}
