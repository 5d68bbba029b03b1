use std::collections::BTreeMap;

use aws_sdk_lambda::{
    operation::get_function::GetFunctionOutput,
    types::{FunctionConfiguration, FunctionEventInvokeConfig, FunctionUrlConfig},
};
use awsmcp_mcp::{Call, Error, Kind, One, Result, Spec, Tool, human_size};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::join;

use crate::{
    Lambda, arns,
    names::{FunctionName, Qualifier, arn_qualifier, last_part},
    policy::{Grant, grants},
    runtimes::{deprecation, today},
    times::modified,
};

/// Shows a function's configuration, policy, URLs, concurrency, destinations and layers, with findings.
///
/// Of environment variables only the names; `get_code` shows the code.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GetFunction {
    function: FunctionName,
    /// A version or an alias.
    qualifier: Option<Qualifier>,
}

#[derive(Default, Serialize, JsonSchema)]
pub(crate) struct Card {
    name: String,
    arn: Option<String>,
    findings: Vec<String>,
    description: Option<String>,
    version: Option<String>,
    runtime: Option<String>,
    handler: Option<String>,
    architectures: Vec<String>,
    memory_mb: Option<i32>,
    timeout_seconds: Option<i32>,
    ephemeral_mb: Option<i32>,
    state: Option<String>,
    state_reason: Option<String>,
    last_update: Option<String>,
    last_update_reason: Option<String>,
    modified: Option<String>,
    role: Option<String>,
    code: Code,
    layers: Vec<String>,
    environment_names: Vec<String>,
    environment_error: Option<String>,
    kms_key: Option<String>,
    vpc: Option<Vpc>,
    file_systems: Vec<String>,
    /// Where it is not the usual one.
    log_group: Option<String>,
    log_format: Option<String>,
    log_levels: Option<String>,
    tracing: Option<String>,
    snap_start: Option<String>,
    dead_letter: Option<String>,
    reserved_concurrency: Option<i32>,
    provisioned_concurrency: Vec<Provisioned>,
    async_settings: Vec<Async>,
    urls: Vec<Url>,
    policy: Vec<Grant>,
    tags: BTreeMap<String, String>,
}

#[derive(Default, Serialize, JsonSchema)]
struct Code {
    package: Option<String>,
    size_bytes: i64,
    size: Option<String>,
    sha256: Option<String>,
    image: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Vpc {
    id: Option<String>,
    subnets: Vec<String>,
    security_groups: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct Provisioned {
    qualifier: String,
    requested: Option<i32>,
    available: Option<i32>,
    status: Option<String>,
    reason: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Async {
    qualifier: String,
    max_retries: Option<i32>,
    max_age_seconds: Option<i32>,
    on_success: Option<String>,
    on_failure: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Url {
    qualifier: String,
    url: String,
    auth: String,
    mode: Option<String>,
    origins: Vec<String>,
}

/// What is asked of the function as a whole, also where a version or an alias is looked at.
const WHOLE: &[&str] = &[
    "lambda:ListFunctionUrlConfigs",
    "lambda:ListFunctionEventInvokeConfigs",
    "lambda:ListProvisionedConcurrencyConfigs",
    "lambda:ListTags",
];

impl Tool for GetFunction {
    type Service = Lambda;
    type Output = One<Card>;
    const SPEC: Spec = Spec::read("get_function", "Describe function")
        .when("not qualifier")
        .on(arns::FUNCTION, &["lambda:GetFunction", "lambda:GetPolicy"])
        .on(arns::FUNCTION, WHOLE)
        .when("qualifier")
        .on(arns::QUALIFIED_FUNCTION, &["lambda:GetFunction", "lambda:GetPolicy"]);

    async fn call(self, cx: &Call<Lambda>) -> Result<Self::Output> {
        let function = self.function.base();
        let qualifier = self.function.qualifier(self.qualifier.as_ref())?;
        let client = &cx.client().lambda;
        let whole = self.whole(cx, qualifier.as_deref()).await;
        let (about, policy, urls, asyncs, provisioned) = join!(
            client.get_function().function_name(&function).set_qualifier(qualifier.clone()).send(),
            grants(cx.client(), &function, qualifier.as_deref()),
            asked(whole, client.list_function_url_configs().function_name(&function).send()),
            asked(whole, client.list_function_event_invoke_configs().function_name(&function).send()),
            asked(whole, client.list_provisioned_concurrency_configs().function_name(&function).send()),
        );
        let about = about?;
        if let Some(error) = &about.tags_error {
            cx.note(format!("tags could not be read (lambda:ListTags): {}", error.message));
        }
        let mut card = Card::new(about);
        card.policy = part(cx, "the policy", policy).unwrap_or_default();
        if let Some(urls) = urls.and_then(|urls| part(cx, "URLs", urls)) {
            card.urls = urls.function_url_configs.into_iter().map(Url::new).collect();
        }
        if let Some(asyncs) = asyncs.and_then(|asyncs| part(cx, "the settings of asynchronous calls", asyncs))
        {
            card.async_settings = asyncs
                .function_event_invoke_configs
                .unwrap_or_default()
                .into_iter()
                .map(Async::new)
                .collect();
        }
        if let Some(provisioned) =
            provisioned.and_then(|provisioned| part(cx, "provisioned concurrency", provisioned))
        {
            card.provisioned_concurrency = provisioned
                .provisioned_concurrency_configs
                .unwrap_or_default()
                .into_iter()
                .map(|config| Provisioned {
                    qualifier: qualifier_of(config.function_arn.as_deref()),
                    requested: config.requested_provisioned_concurrent_executions,
                    available: config.available_provisioned_concurrent_executions,
                    status: config.status.map(|status| status.to_string()),
                    reason: config.status_reason,
                })
                .collect();
        }
        card.findings = findings(&card);
        Ok(One(card))
    }
}

impl GetFunction {
    /// Whether the function as a whole may be looked at too; a note says why not.
    async fn whole(&self, cx: &Call<Lambda>, qualifier: Option<&str>) -> bool {
        if qualifier.is_none() {
            return true;
        }
        for action in WHOLE {
            if let Err(error) = self.function.may(cx, action, None).await {
                cx.note(format!(
                    "URLs, asynchronous and provisioned settings were not asked for: {}",
                    error.message
                ));
                return false;
            }
        }
        true
    }
}

/// What `work` gives, where it may be asked for.
async fn asked<T>(may: bool, work: impl Future<Output = T>) -> Option<T> {
    if may { Some(work.await) } else { None }
}

/// What may be missing: a part that cannot be read is a note, not the end of the answer.
fn part<T, E: Into<Error>>(cx: &Call<Lambda>, what: &str, asked: Result<T, E>) -> Option<T> {
    match asked.map_err(Into::into) {
        Ok(found) => Some(found),
        Err(error) if error.kind == Kind::NotFound => None,
        Err(error) => {
            cx.note(format!("{what} could not be read: {}", error.message));
            None
        }
    }
}

impl Card {
    fn new(out: GetFunctionOutput) -> Card {
        let config = out.configuration.unwrap_or_else(|| FunctionConfiguration::builder().build());
        let code = out.code;
        let environment = config.environment;
        let mut names: Vec<String> = environment
            .as_ref()
            .and_then(|environment| environment.variables.as_ref())
            .map(|variables| variables.keys().cloned().collect())
            .unwrap_or_default();
        names.sort();
        let logging = config.logging_config;
        let usual = format!("/aws/lambda/{}", config.function_name.as_deref().unwrap_or_default());
        let levels = logging.as_ref().map(|logging| {
            let application = logging.application_log_level.as_ref().map(|level| level.as_str());
            let system = logging.system_log_level.as_ref().map(|level| level.as_str());
            [("application", application), ("system", system)]
                .iter()
                .filter_map(|(name, level)| level.map(|level| format!("{name} {level}")))
                .collect::<Vec<_>>()
                .join(", ")
        });
        Card {
            name: config.function_name.unwrap_or_default(),
            arn: config.function_arn,
            description: config.description,
            version: config.version,
            runtime: config.runtime.map(|runtime| runtime.to_string()),
            handler: config.handler,
            architectures: words(config.architectures),
            memory_mb: config.memory_size,
            timeout_seconds: config.timeout,
            ephemeral_mb: config.ephemeral_storage.map(|storage| storage.size).filter(|size| *size != 512),
            state: config.state.map(|state| state.to_string()),
            state_reason: config.state_reason,
            last_update: config.last_update_status.map(|status| status.to_string()),
            last_update_reason: config.last_update_status_reason,
            modified: config.last_modified.as_deref().map(modified),
            role: config.role,
            code: Code {
                package: config.package_type.map(|package| package.as_str().to_lowercase()),
                size_bytes: config.code_size,
                size: (config.code_size >= 1024)
                    .then(|| human_size(config.code_size.try_into().unwrap_or_default())),
                sha256: config.code_sha256,
                image: code.and_then(|code| code.image_uri),
            },
            layers: config.layers.unwrap_or_default().into_iter().filter_map(|layer| layer.arn).collect(),
            environment_names: names,
            environment_error: environment.and_then(|environment| environment.error?.message),
            kms_key: config.kms_key_arn,
            vpc: config
                .vpc_config
                .filter(|vpc| vpc.subnet_ids.as_ref().is_some_and(|subnets| !subnets.is_empty()))
                .map(|vpc| Vpc {
                    id: vpc.vpc_id,
                    subnets: vpc.subnet_ids.unwrap_or_default(),
                    security_groups: vpc.security_group_ids.unwrap_or_default(),
                }),
            file_systems: config
                .file_system_configs
                .unwrap_or_default()
                .into_iter()
                .map(|system| format!("{} at {}", system.arn, system.local_mount_path))
                .collect(),
            log_group: logging
                .as_ref()
                .and_then(|logging| logging.log_group.clone())
                .filter(|group| *group != usual),
            log_format: logging
                .and_then(|logging| logging.log_format)
                .map(|format| format.to_string())
                .filter(|format| format != "Text"),
            log_levels: levels.filter(|levels| !levels.is_empty()),
            tracing: config
                .tracing_config
                .and_then(|tracing| tracing.mode)
                .map(|mode| mode.to_string())
                .filter(|mode| mode != "PassThrough"),
            snap_start: config
                .snap_start
                .and_then(|snap| snap.apply_on)
                .map(|apply| apply.to_string())
                .filter(|apply| apply != "None"),
            dead_letter: config.dead_letter_config.and_then(|config| config.target_arn),
            reserved_concurrency: out.concurrency.and_then(|found| found.reserved_concurrent_executions),
            tags: out.tags.unwrap_or_default().into_iter().collect(),
            ..Card::default()
        }
    }
}

impl Url {
    fn new(url: FunctionUrlConfig) -> Url {
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
    fn new(config: FunctionEventInvokeConfig) -> Async {
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

fn qualifier_of(arn: Option<&str>) -> String {
    arn.and_then(arn_qualifier).unwrap_or("$LATEST").to_owned()
}

fn words<T: ToString>(items: Option<Vec<T>>) -> Vec<String> {
    items.unwrap_or_default().iter().map(ToString::to_string).collect()
}

/// What a person should know first, the worst first.
fn findings(card: &Card) -> Vec<String> {
    let mut found = Vec::new();
    let public_url = card.urls.iter().find(|url| url.auth == "NONE");
    let open: Vec<&Grant> = card.policy.iter().filter(|grant| grant.is_public).collect();
    let by_url = |grant: &&&Grant| {
        grant.action.contains("InvokeFunctionUrl")
            || grant.condition.as_deref().is_some_and(|condition| condition.contains("FunctionUrl"))
    };
    if let Some(grant) = open.iter().find(|grant| !by_url(grant)) {
        found.push(format!(
            "high: anybody with an AWS account may call {} ({})",
            grant.action, grant.statement_id
        ));
    }
    if let Some(url) = public_url {
        match open.iter().find(by_url) {
            Some(_) => found.push(format!("high: anybody may call {} without signing in", url.url)),
            None => found
                .push("low: a URL has auth NONE, but no policy statement lets the public use it".to_owned()),
        }
    }
    if let Some(reason) = card.state_reason.as_deref().filter(|_| card.state.as_deref() == Some("Failed")) {
        found.push(format!("high: the function cannot run: {reason}"));
    }
    if card.last_update.as_deref() == Some("Failed") {
        let reason = card.last_update_reason.as_deref().unwrap_or("no reason was given");
        found.push(format!("high: the last update failed: {reason}"));
    }
    if card.reserved_concurrency == Some(0) {
        found.push("high: reserved concurrency is 0, so every call is throttled".to_owned());
    }
    let runtime = card.runtime.as_deref().unwrap_or_default();
    if let Some(day) = deprecation(runtime, today(), 0) {
        found.push(format!("medium: AWS deprecated {runtime} on {day}: no more security patches"));
    } else if let Some(day) = deprecation(runtime, today(), 180) {
        found.push(format!("low: AWS deprecates {runtime} on {day}"));
    }
    if let Some(error) = &card.environment_error {
        found.push(format!("medium: the environment cannot be decrypted: {error}"));
    }
    for grant in &card.policy {
        if grant.principal.ends_with(".amazonaws.com") && grant.condition.is_none() {
            found.push(format!(
                "medium: {} may call it for any account ({}): set a source ARN or account",
                grant.principal,
                last_part(&grant.statement_id)
            ));
        }
    }
    let has_destination = card.async_settings.iter().any(|settings| settings.on_failure.is_some());
    let is_called_async = card
        .policy
        .iter()
        .any(|grant| ["s3.", "sns.", "events."].iter().any(|service| grant.principal.starts_with(service)));
    if is_called_async && card.dead_letter.is_none() && !has_destination {
        found.push(
            "low: failed asynchronous events are lost: no dead-letter queue, no failure destination"
                .to_owned(),
        );
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(principal: &str, action: &str, condition: Option<&str>, is_public: bool) -> Grant {
        Grant {
            statement_id: "s".to_owned(),
            principal: principal.to_owned(),
            action: action.to_owned(),
            condition: condition.map(str::to_owned),
            is_public,
        }
    }

    #[test]
    fn findings_name_what_is_open_broken_or_old() {
        let url = || Url {
            qualifier: "$LATEST".to_owned(),
            url: "https://x.lambda-url.us-east-1.on.aws/".to_owned(),
            auth: "NONE".to_owned(),
            mode: None,
            origins: Vec::new(),
        };
        let found = |card: Card| findings(&card).join("\n");
        assert_eq!(found(Card::default()), "");
        let closed = Card { urls: vec![url()], ..Card::default() };
        assert!(found(closed).contains("low: a URL has auth NONE"));
        let open = grant("*", "lambda:InvokeFunctionUrl", None, true);
        assert!(
            found(Card { urls: vec![url()], policy: vec![open], ..Card::default() })
                .contains("high: anybody may call https")
        );
        let open = grant("*", "lambda:InvokeFunction", None, true);
        assert!(
            found(Card { policy: vec![open], ..Card::default() })
                .contains("high: anybody with an AWS account")
        );
        let s3 = grant("s3.amazonaws.com", "lambda:InvokeFunction", None, false);
        let text = found(Card { policy: vec![s3], ..Card::default() });
        assert!(text.contains("for any account") && text.contains("are lost"), "{text}");
        let old = Card { runtime: Some("python3.6".to_owned()), ..Card::default() };
        assert!(found(old).contains("deprecated python3.6 on 2022-07-18"));
        let stopped = Card { reserved_concurrency: Some(0), ..Card::default() };
        assert!(found(stopped).contains("every call is throttled"));
    }
}
