//! A configuration on its way to Lambda.

use aws_sdk_lambda::{
    operation::update_function_configuration::builders::UpdateFunctionConfigurationFluentBuilder, types,
};

use super::{
    Config, DeadLetterConfig, Environment, EphemeralStorage, ImageConfig, LoggingConfig, SnapStart,
    TracingConfig, VpcConfig,
};

impl Config {
    /// Puts what differs from `before` into a request; what went away is set to AWS's nothing. What is not in a request
    /// stays as it is.
    pub(crate) fn request(
        self,
        before: &Config,
        to: UpdateFunctionConfigurationFluentBuilder,
    ) -> UpdateFunctionConfigurationFluentBuilder {
        to.set_description(changed(self.description, &before.description).map(Option::unwrap_or_default))
            .set_handler(changed(self.handler, &before.handler).flatten())
            .set_runtime(
                changed(self.runtime, &before.runtime).flatten().as_deref().map(types::Runtime::from),
            )
            .set_memory_size(changed(self.memory_size, &before.memory_size).flatten())
            .set_timeout(changed(self.timeout, &before.timeout).flatten())
            .set_environment(sent(self.environment, &before.environment))
            .set_layers(changed(self.layers, &before.layers).map(Option::unwrap_or_default))
            .set_vpc_config(sent(self.vpc_config, &before.vpc_config))
            .set_dead_letter_config(sent(self.dead_letter_config, &before.dead_letter_config))
            .set_kms_key_arn(changed(self.kms_key_arn, &before.kms_key_arn).map(Option::unwrap_or_default))
            .set_tracing_config(sent(self.tracing_config, &before.tracing_config))
            .set_ephemeral_storage(
                changed(self.ephemeral_storage, &before.ephemeral_storage).and_then(EphemeralStorage::sdk),
            )
            .set_snap_start(sent(self.snap_start, &before.snap_start))
            .set_logging_config(sent(self.logging_config, &before.logging_config))
            .set_image_config(sent(self.image_config, &before.image_config))
    }
}

/// What a setting becomes, where that is another than it was.
fn changed<T: PartialEq>(after: T, before: &T) -> Option<T> {
    (after != *before).then_some(after)
}

/// The same as AWS takes it; a setting that went away is the one that stands for nothing.
fn sent<T: PartialEq + Into<Sdk> + Default, Sdk>(after: Option<T>, before: &Option<T>) -> Option<Sdk> {
    changed(after, before).map(|after| after.unwrap_or_default().into())
}

impl From<Environment> for types::Environment {
    fn from(environment: Environment) -> Self {
        let variables = environment.variables.into_iter().collect();
        types::Environment::builder().set_variables(Some(variables)).build()
    }
}

impl From<VpcConfig> for types::VpcConfig {
    fn from(vpc: VpcConfig) -> Self {
        types::VpcConfig::builder()
            .set_subnet_ids(Some(vpc.subnet_ids))
            .set_security_group_ids(Some(vpc.security_group_ids))
            .set_ipv6_allowed_for_dual_stack(vpc.ipv6_allowed_for_dual_stack)
            .build()
    }
}

impl From<DeadLetterConfig> for types::DeadLetterConfig {
    fn from(config: DeadLetterConfig) -> Self {
        types::DeadLetterConfig::builder().target_arn(config.target_arn).build()
    }
}

impl From<TracingConfig> for types::TracingConfig {
    fn from(tracing: TracingConfig) -> Self {
        let mode = if tracing.mode.is_empty() { "PassThrough" } else { &tracing.mode };
        types::TracingConfig::builder().mode(types::TracingMode::from(mode)).build()
    }
}

impl EphemeralStorage {
    /// AWS's least where none is named.
    fn sdk(storage: Option<EphemeralStorage>) -> Option<types::EphemeralStorage> {
        let size = storage.map_or(512, |storage| storage.size);
        // The size is there, so this builds.
        types::EphemeralStorage::builder().size(size).build().ok()
    }
}

impl From<SnapStart> for types::SnapStart {
    fn from(snap: SnapStart) -> Self {
        let apply = if snap.apply_on.is_empty() { "None" } else { &snap.apply_on };
        types::SnapStart::builder().apply_on(types::SnapStartApplyOn::from(apply)).build()
    }
}

impl From<LoggingConfig> for types::LoggingConfig {
    fn from(logging: LoggingConfig) -> Self {
        let application = logging.application_log_level.as_deref();
        types::LoggingConfig::builder()
            .set_log_format(logging.log_format.as_deref().map(types::LogFormat::from))
            .set_application_log_level(application.map(types::ApplicationLogLevel::from))
            .set_system_log_level(logging.system_log_level.as_deref().map(types::SystemLogLevel::from))
            .set_log_group(logging.log_group)
            .build()
    }
}

impl From<ImageConfig> for types::ImageConfig {
    fn from(image: ImageConfig) -> Self {
        types::ImageConfig::builder()
            .set_entry_point(Some(image.entry_point))
            .set_command(Some(image.command))
            .set_working_directory(image.working_directory)
            .build()
    }
}
