//! What is shown of a function.

use std::collections::BTreeMap;

use aws_sdk_lambda::{
    operation::{
        get_function::GetFunctionOutput, get_function_recursion_config::GetFunctionRecursionConfigOutput,
    },
    types::{
        EnvironmentResponse, FunctionCodeLocation, FunctionConfiguration, FunctionEventInvokeConfig,
        FunctionUrlConfig, LoggingConfig, ProvisionedConcurrencyConfigListItem, VpcConfigResponse,
    },
};
use awsmcp_mcp::human_size;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{names::arn_qualifier, policy::Grant, times::modified};

#[derive(Default, Serialize, JsonSchema)]
pub(crate) struct Card {
    pub(super) name: String,
    pub(super) arn: Option<String>,
    pub(super) findings: Vec<String>,
    pub(super) description: Option<String>,
    pub(super) version: Option<String>,
    pub(super) runtime: Option<String>,
    pub(super) handler: Option<String>,
    pub(super) architectures: Vec<String>,
    pub(super) memory_mb: Option<i32>,
    pub(super) timeout_seconds: Option<i32>,
    /// Of a durable function, whose executions outlast its time-out.
    pub(super) durable: Option<String>,
    pub(super) ephemeral_mb: Option<i32>,
    pub(super) state: Option<String>,
    pub(super) state_reason: Option<String>,
    pub(super) last_update: Option<String>,
    pub(super) last_update_reason: Option<String>,
    pub(super) modified: Option<String>,
    pub(super) role: Option<String>,
    pub(super) code: Code,
    pub(super) layers: Vec<String>,
    pub(super) environment_names: Vec<String>,
    pub(super) environment_error: Option<String>,
    pub(super) kms_key: Option<String>,
    pub(super) vpc: Option<Vpc>,
    pub(super) file_systems: Vec<String>,
    /// Where it is not the usual one.
    pub(super) log_group: Option<String>,
    pub(super) log_format: Option<String>,
    pub(super) log_levels: Option<String>,
    pub(super) tracing: Option<String>,
    pub(super) snap_start: Option<String>,
    pub(super) dead_letter: Option<String>,
    /// Where AWS does not end a circle of calls: `Allow`.
    pub(super) recursive_loop: Option<String>,
    pub(super) reserved_concurrency: Option<i32>,
    pub(super) provisioned_concurrency: Vec<Provisioned>,
    pub(super) async_settings: Vec<Async>,
    pub(super) urls: Vec<Url>,
    pub(super) policy: Vec<Grant>,
    pub(super) tags: BTreeMap<String, String>,
    /// The versions and aliases whose policies are not in `policy`, although they count.
    #[serde(skip)]
    pub(super) unread_policies: Vec<String>,
}

#[derive(Default, Serialize, JsonSchema)]
pub(super) struct Code {
    pub(super) package: Option<String>,
    pub(super) size_bytes: i64,
    pub(super) size: Option<String>,
    pub(super) sha256: Option<String>,
    pub(super) image: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Vpc {
    pub(super) id: Option<String>,
    pub(super) subnets: Vec<String>,
    pub(super) security_groups: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Provisioned {
    pub(super) qualifier: String,
    pub(super) requested: Option<i32>,
    pub(super) available: Option<i32>,
    pub(super) status: Option<String>,
    pub(super) reason: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Async {
    pub(super) qualifier: String,
    pub(super) max_retries: Option<i32>,
    pub(super) max_age_seconds: Option<i32>,
    pub(super) on_success: Option<String>,
    pub(super) on_failure: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Url {
    pub(super) qualifier: String,
    pub(super) url: String,
    pub(super) auth: String,
    pub(super) mode: Option<String>,
    pub(super) origins: Vec<String>,
}

impl Card {
    pub(super) fn new(out: GetFunctionOutput) -> Card {
        let config = out.configuration.unwrap_or_else(|| FunctionConfiguration::builder().build());
        let environment_names = names(config.environment.as_ref());
        let usual = format!("/aws/lambda/{}", config.function_name.as_deref().unwrap_or_default());
        Card {
            code: Code::of(&config, out.code),
            environment_names,
            environment_error: config.environment.and_then(|environment| environment.error?.message),
            reserved_concurrency: out.concurrency.and_then(|found| found.reserved_concurrent_executions),
            tags: out.tags.unwrap_or_default().into_iter().collect(),
            name: config.function_name.unwrap_or_default(),
            arn: config.function_arn,
            description: config.description,
            version: config.version,
            runtime: config.runtime.map(|runtime| runtime.to_string()),
            handler: config.handler,
            architectures: words(config.architectures),
            memory_mb: config.memory_size,
            timeout_seconds: config.timeout,
            durable: config.durable_config.map(|durable| {
                let most = durable.execution_timeout.map(|most| format!("executions of up to {most} s"));
                let kept = durable.retention_period_in_days.map(|days| format!("kept for {days} days"));
                let parts: Vec<String> = [most, kept].into_iter().flatten().collect();
                if parts.is_empty() { "yes".to_owned() } else { parts.join(", ") }
            }),
            ephemeral_mb: config.ephemeral_storage.map(|storage| storage.size).filter(|size| *size != 512),
            state: config.state.map(|state| state.to_string()),
            state_reason: config.state_reason,
            last_update: config.last_update_status.map(|status| status.to_string()),
            last_update_reason: config.last_update_status_reason,
            modified: config.last_modified.as_deref().map(modified),
            role: config.role,
            layers: config.layers.unwrap_or_default().into_iter().filter_map(|layer| layer.arn).collect(),
            kms_key: config.kms_key_arn,
            vpc: config.vpc_config.and_then(Vpc::of),
            file_systems: config
                .file_system_configs
                .unwrap_or_default()
                .into_iter()
                .map(|system| format!("{} at {}", system.arn, system.local_mount_path))
                .collect(),
            tracing: unusual(config.tracing_config.and_then(|tracing| tracing.mode), "PassThrough"),
            snap_start: unusual(config.snap_start.and_then(|snap| snap.apply_on), "None"),
            dead_letter: config.dead_letter_config.and_then(|config| config.target_arn),
            ..Card::default()
        }
        .logging(config.logging_config, &usual)
    }

    /// Where it logs to and what, as far as that is not what it is for every function.
    fn logging(mut self, logging: Option<LoggingConfig>, usual: &str) -> Card {
        let Some(logging) = logging else { return self };
        let application = logging.application_log_level.as_ref().map(|level| level.as_str());
        let system = logging.system_log_level.as_ref().map(|level| level.as_str());
        let levels: Vec<String> = [("application", application), ("system", system)]
            .iter()
            .filter_map(|(name, level)| level.map(|level| format!("{name} {level}")))
            .collect();
        self.log_levels = Some(levels.join(", ")).filter(|levels| !levels.is_empty());
        self.log_group = logging.log_group.filter(|group| group != usual);
        self.log_format = unusual(logging.log_format, "Text");
        self
    }
}

/// The names of environment variables; their values are not shown here.
fn names(environment: Option<&EnvironmentResponse>) -> Vec<String> {
    let variables = environment.and_then(|environment| environment.variables.as_ref());
    let mut names: Vec<String> =
        variables.map(|variables| variables.keys().cloned().collect()).unwrap_or_default();
    names.sort();
    names
}

impl Code {
    fn of(config: &FunctionConfiguration, code: Option<FunctionCodeLocation>) -> Code {
        Code {
            package: config.package_type.as_ref().map(|package| package.as_str().to_lowercase()),
            size_bytes: config.code_size,
            size: (config.code_size >= 1024)
                .then(|| human_size(config.code_size.try_into().unwrap_or_default())),
            sha256: config.code_sha256.clone(),
            image: code.and_then(|code| code.image_uri),
        }
    }
}

impl Vpc {
    /// None where it has no subnet: AWS writes an empty one then.
    fn of(vpc: VpcConfigResponse) -> Option<Vpc> {
        let subnets = vpc.subnet_ids.filter(|subnets| !subnets.is_empty())?;
        Some(Vpc { id: vpc.vpc_id, subnets, security_groups: vpc.security_group_ids.unwrap_or_default() })
    }
}

impl Provisioned {
    pub(super) fn new(config: ProvisionedConcurrencyConfigListItem) -> Provisioned {
        Provisioned {
            qualifier: qualifier_of(config.function_arn.as_deref()),
            requested: config.requested_provisioned_concurrent_executions,
            available: config.available_provisioned_concurrent_executions,
            status: config.status.map(|status| status.to_string()),
            reason: config.status_reason,
        }
    }
}

impl Url {
    pub(super) fn new(url: FunctionUrlConfig) -> Url {
        Url {
            qualifier: qualifier_of(Some(&url.function_arn)),
            url: url.function_url,
            auth: url.auth_type.to_string(),
            mode: url.invoke_mode.map(|mode| mode.to_string()).filter(|mode| mode != "BUFFERED"),
            origins: url.cors.and_then(|cors| cors.allow_origins).unwrap_or_default(),
        }
    }
}

impl Async {
    pub(super) fn new(config: FunctionEventInvokeConfig) -> Async {
        let (success, failure) = config
            .destination_config
            .map(|to| {
                (to.on_success.and_then(|to| to.destination), to.on_failure.and_then(|to| to.destination))
            })
            .unwrap_or_default();
        Async {
            qualifier: qualifier_of(config.function_arn.as_deref()),
            max_retries: config.maximum_retry_attempts,
            max_age_seconds: config.maximum_event_age_in_seconds,
            on_success: success,
            on_failure: failure,
        }
    }
}

/// What becomes of a circle of calls, where that is not what it is for every function.
pub(super) fn recursive_loop(out: GetFunctionRecursionConfigOutput) -> Option<String> {
    unusual(out.recursive_loop, "Terminate")
}

fn qualifier_of(arn: Option<&str>) -> String {
    arn.and_then(arn_qualifier).unwrap_or("$LATEST").to_owned()
}

fn words<T: ToString>(items: Option<Vec<T>>) -> Vec<String> {
    items.unwrap_or_default().iter().map(ToString::to_string).collect()
}

/// A setting that is not the one that every function begins with.
fn unusual<T: ToString>(value: Option<T>, usual: &str) -> Option<String> {
    value.map(|value| value.to_string()).filter(|value| value != usual)
}
