use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec, counted, human_size, unchanged};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    Lambda, arns,
    configuration::current,
    lists,
    names::{FunctionName, LayerName, MappingId, Qualifier, arn_function},
    times::modified,
};

/// Deletes a function with all its versions, or one alias or version of it, a layer's version, or an event source mapping.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeleteFunction {
    function: Option<FunctionName>,
    /// Only this alias.
    alias: Option<Qualifier>,
    /// Only this version.
    version: Option<Qualifier>,
    /// Name of a layer.
    layer: Option<LayerName>,
    layer_version: Option<i64>,
    /// UUID of an event source mapping.
    event_source: Option<MappingId>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Deleted {
    deleted: String,
}

/// What is to be deleted, checked.
enum Wanted<'a> {
    Function(&'a FunctionName),
    Alias(&'a FunctionName, &'a str),
    Version(&'a FunctionName, &'a str),
    Layer(&'a LayerName, i64),
    EventSource(&'a str),
}

impl Change for DeleteFunction {
    type Service = Lambda;
    type Output = One<Deleted>;
    /// What was looked at: only this is deleted.
    type Items = Value;
    const SPEC: Spec = Spec::destroy("delete_function", "Delete function")
        .shown_by("list_functions")
        .when("function and not alias and not version")
        .on(
            arns::FUNCTION,
            &[
                "lambda:GetFunctionConfiguration",
                "lambda:ListVersionsByFunction",
                "lambda:ListAliases",
                "lambda:DeleteFunction",
            ],
        )
        .on("*", &["lambda:ListEventSourceMappings"])
        .when("alias")
        .on(arns::FUNCTION, &["lambda:GetAlias", "lambda:DeleteAlias"])
        .when("version")
        .on(arns::FUNCTION, &["lambda:ListAliases"])
        .on(arns::FUNCTION_VERSION, &["lambda:GetFunctionConfiguration", "lambda:DeleteFunction"])
        .when("layer")
        .on(arns::LAYER_VERSION, &["lambda:GetLayerVersion", "lambda:DeleteLayerVersion"])
        .when("event_source")
        .on(arns::EVENT_SOURCE, &["lambda:GetEventSourceMapping", "lambda:DeleteEventSourceMapping"])
        // Only its own mappings are asked for, which AWS grants on everything or not at all.
        .rows(arns::FUNCTION)
        .optional();

    async fn plan(&self, cx: &Call<Lambda>) -> Result<Plan<Value>> {
        let (plan, seen) = look(cx, &self.wanted()?).await?;
        Ok(plan.items(seen))
    }

    async fn apply(self, seen: Value, cx: &Call<Lambda>) -> Result<Self::Output> {
        let client = &cx.client().lambda;
        let wanted = self.wanted()?;
        // AWS deletes under no condition.
        let (_, now) = look(cx, &wanted).await?;
        unchanged(&wanted.name(), &seen, &now)?;
        let deleted = wanted.name();
        match wanted {
            Wanted::Function(function) => {
                client.delete_function().function_name(function.base()).send().await?;
            }
            Wanted::Alias(function, alias) => {
                client.delete_alias().function_name(function.base()).name(alias).send().await?;
            }
            Wanted::Version(function, version) => {
                client.delete_function().function_name(function.base()).qualifier(version).send().await?;
            }
            Wanted::Layer(layer, version) => {
                let request =
                    client.delete_layer_version().layer_name(layer.to_string()).version_number(version);
                request.send().await?;
            }
            Wanted::EventSource(uuid) => {
                client.delete_event_source_mapping().uuid(uuid).send().await?;
            }
        }
        Ok(One(Deleted { deleted }))
    }
}

impl Wanted<'_> {
    fn name(&self) -> String {
        match self {
            Wanted::Function(function) => format!("function {function}"),
            Wanted::Alias(function, alias) => format!("alias {alias} of {function}"),
            Wanted::Version(function, version) => format!("version {version} of {function}"),
            Wanted::Layer(layer, version) => format!("version {version} of layer {layer}"),
            Wanted::EventSource(uuid) => format!("event source mapping {uuid}"),
        }
    }
}

/// What deleting it would do, and what it is now.
async fn look(cx: &Call<Lambda>, wanted: &Wanted<'_>) -> Result<(Plan, Value)> {
    match wanted {
        Wanted::Function(function) => whole(cx, function).await,
        Wanted::Alias(function, alias) => one_alias(cx, function, alias).await,
        Wanted::Version(function, version) => one_version(cx, function, version).await,
        Wanted::Layer(layer, version) => one_layer(cx, layer, *version).await,
        Wanted::EventSource(uuid) => mapping(cx, uuid).await,
    }
}

impl DeleteFunction {
    fn wanted(&self) -> Result<Wanted<'_>> {
        if let Some(function) = &self.function {
            function.unqualified().map_err(|error| error.with_next("give it as `alias` or `version`"))?;
        }
        let text = |qualifier: &'_ Option<Qualifier>| qualifier.is_some();
        match (&self.function, &self.layer, &self.event_source) {
            (Some(function), None, None) if self.layer_version.is_none() => {
                match (&self.alias, &self.version) {
                    (None, None) => Ok(Wanted::Function(function)),
                    (Some(alias), None) => Ok(Wanted::Alias(function, alias.as_str())),
                    (None, Some(version)) if version.as_str().bytes().all(|byte| byte.is_ascii_digit()) => {
                        Ok(Wanted::Version(function, version.as_str()))
                    }
                    (None, Some(version)) => Err(Error::invalid(format!(
                        "{:?} is not a version; a good one is 3",
                        version.as_str()
                    ))),
                    (Some(_), Some(_)) => Err(Error::invalid("give `alias` or `version`, not both")),
                }
            }
            (None, Some(layer), None) if !text(&self.alias) && !text(&self.version) => {
                match self.layer_version {
                    Some(version) => Ok(Wanted::Layer(layer, version)),
                    None => Err(Error::invalid("`layer` needs `layer_version`").with_next("a good one is 3")),
                }
            }
            (None, None, Some(uuid)) if !text(&self.alias) && !text(&self.version) => {
                Ok(Wanted::EventSource(uuid.as_str()))
            }
            _ => Err(Error::invalid(
                "give `function` (with `alias` or `version` for only that), `layer` with `layer_version`, or `event_source`",
            )),
        }
    }
}

async fn whole(cx: &Call<Lambda>, function: &FunctionName) -> Result<(Plan, Value)> {
    let base = function.base();
    let config = current(cx, &base, None).await?;
    let (versions, aliases) = tokio::try_join!(lists::versions(cx, &base), lists::aliases(cx, &base))?;
    let (numbers, names) = (lists::numbers(&versions), lists::names(&aliases));
    let published = numbers.len();
    let sources = lists::mappings(cx, &base, numbers.into_iter().chain(names.iter().cloned())).await?;
    let uuids: Vec<&str> = sources.iter().filter_map(|mapping| mapping.uuid.as_deref()).collect();
    let mut plan = Plan::new(format!(
        "delete the function {function} ({}, {}, changed {}) with {}",
        config.runtime.as_ref().map_or("image", |runtime| runtime.as_str()),
        human_size(config.code_size.try_into().unwrap_or_default()),
        config.last_modified.as_deref().map(modified).unwrap_or_default(),
        counted(published, "published version"),
    ));
    if !names.is_empty() {
        plan = plan.warning(format!("its aliases go too: {}", names.join(", ")));
    }
    if !uuids.is_empty() {
        plan = plan.warning(format!(
            "its event source mappings stay and fail; delete them too (`event_source`): {}",
            uuids.join(", ")
        ));
    }
    plan = plan.warning("its code is gone unless it is kept elsewhere; its logs stay");
    Ok((plan, json!([config.revision_id, published, names, uuids])))
}

async fn one_version(cx: &Call<Lambda>, function: &FunctionName, version: &str) -> Result<(Plan, Value)> {
    let base = function.base();
    let config = current(cx, &base, Some(version)).await?;
    let names = lists::names(&lists::aliases_of(cx, &base, version).await?);
    let size = human_size(config.code_size.try_into().unwrap_or_default());
    let mut plan = Plan::new(format!("delete version {version} of {function} ({size})"));
    if !names.is_empty() {
        plan = plan.warning(format!("AWS refuses while these aliases point to it: {}", names.join(", ")));
    }
    Ok((plan, json!([config.revision_id, config.code_sha256, names])))
}

async fn one_alias(cx: &Call<Lambda>, function: &FunctionName, alias: &str) -> Result<(Plan, Value)> {
    let out = cx.client().lambda.get_alias().function_name(function.base()).name(alias).send().await?;
    let version = out.function_version.unwrap_or_default();
    let plan =
        Plan::new(format!("delete the alias {alias} of {function}, which points to version {version}"))
            .warning("whoever calls it by that name gets an error");
    Ok((plan, json!([out.revision_id, version])))
}

async fn one_layer(cx: &Call<Lambda>, layer: &LayerName, version: i64) -> Result<(Plan, Value)> {
    let request = cx.client().lambda.get_layer_version().layer_name(layer.to_string());
    let content = request.version_number(version).send().await?.content;
    let size = content.as_ref().map(|content| human_size(content.code_size.try_into().unwrap_or_default()));
    let plan = Plan::new(format!("delete version {version} of layer {layer} ({})", size.unwrap_or_default()))
        .warning("functions that have it keep it; no other can take it on");
    Ok((plan, json!(content.and_then(|content| content.code_sha256))))
}

async fn mapping(cx: &Call<Lambda>, uuid: &str) -> Result<(Plan, Value)> {
    let out = cx.client().lambda.get_event_source_mapping().uuid(uuid).send().await?;
    // Which function it feeds, only AWS's answer names.
    if let Some(function) = &out.function_arn {
        cx.may_on("lambda:DeleteEventSourceMapping", function)?;
    }
    let (source, function) = (out.event_source_arn.unwrap_or_default(), out.function_arn.unwrap_or_default());
    let plan = Plan::new(format!("delete the mapping {uuid} from {source} to {}", arn_function(&function)))
        .warning("the place in a stream is forgotten; set_event_source with enabled=false keeps it");
    Ok((plan, json!([out.state, source, function])))
}
