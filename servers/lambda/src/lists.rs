//! What belongs to a function, read to its end: what is said of all of it holds for every page.

use std::collections::BTreeSet;

use aws_sdk_lambda::types::{
    AliasConfiguration, EventSourceMappingConfiguration, FunctionConfiguration, FunctionEventInvokeConfig,
    FunctionUrlConfig, ProvisionedConcurrencyConfigListItem,
};
use awsmcp_mcp::{Call, Error, Result};
use futures::{StreamExt, TryStreamExt, stream};

use crate::Lambda;

/// # Errors
/// When they may not be listed.
pub(crate) async fn aliases(cx: &Call<Lambda>, function: &str) -> Result<Vec<AliasConfiguration>> {
    let asked = cx.client().lambda.list_aliases().function_name(function);
    Ok(asked.into_paginator().items().send().try_collect().await?)
}

/// Those that point to a version, with all calls or with some.
///
/// # Errors
/// As [`aliases`].
pub(crate) async fn aliases_of(
    cx: &Call<Lambda>,
    function: &str,
    version: &str,
) -> Result<Vec<AliasConfiguration>> {
    let asked = cx.client().lambda.list_aliases().function_name(function).function_version(version);
    Ok(asked.into_paginator().items().send().try_collect().await?)
}

/// Its versions, and what is called without one.
///
/// # Errors
/// As [`aliases`].
pub(crate) async fn versions(cx: &Call<Lambda>, function: &str) -> Result<Vec<FunctionConfiguration>> {
    let asked = cx.client().lambda.list_versions_by_function().function_name(function);
    Ok(asked.into_paginator().items().send().try_collect().await?)
}

/// # Errors
/// As [`aliases`].
pub(crate) async fn urls(cx: &Call<Lambda>, function: &str) -> Result<Vec<FunctionUrlConfig>> {
    let asked = cx.client().lambda.list_function_url_configs().function_name(function);
    Ok(asked.into_paginator().items().send().try_collect().await?)
}

/// How asynchronous calls of it are treated.
///
/// # Errors
/// As [`aliases`].
pub(crate) async fn asyncs(cx: &Call<Lambda>, function: &str) -> Result<Vec<FunctionEventInvokeConfig>> {
    let asked = cx.client().lambda.list_function_event_invoke_configs().function_name(function);
    Ok(asked.into_paginator().items().send().try_collect().await?)
}

/// # Errors
/// As [`aliases`].
pub(crate) async fn provisioned(
    cx: &Call<Lambda>,
    function: &str,
) -> Result<Vec<ProvisionedConcurrencyConfigListItem>> {
    let asked = cx.client().lambda.list_provisioned_concurrency_configs().function_name(function);
    Ok(asked.into_paginator().items().send().try_collect().await?)
}

/// The event source mappings of a function and of these of its versions and aliases, each once: AWS tells those of each name
/// apart, and a mapping is of one of them.
///
/// # Errors
/// As [`aliases`].
pub(crate) async fn mappings(
    cx: &Call<Lambda>,
    function: &str,
    qualifiers: impl IntoIterator<Item = String>,
) -> Result<Vec<EventSourceMappingConfiguration>> {
    const AT_ONCE: usize = 8;
    let of_qualifiers = qualifiers.into_iter().map(|qualifier| format!("{function}:{qualifier}"));
    let names: Vec<String> = std::iter::once(function.to_owned()).chain(of_qualifiers).collect();
    let of_one = |name: String| async move {
        let asked = cx.client().lambda.list_event_source_mappings().function_name(name);
        let found: Vec<EventSourceMappingConfiguration> =
            asked.into_paginator().items().send().try_collect().await?;
        Ok::<_, Error>(found)
    };
    let found: Vec<Vec<EventSourceMappingConfiguration>> =
        stream::iter(names.into_iter().map(of_one)).buffered(AT_ONCE).try_collect().await?;
    let mut seen = BTreeSet::new();
    Ok(found.into_iter().flatten().filter(|mapping| seen.insert(mapping.uuid.clone())).collect())
}

/// The numbers of the versions that were published.
pub(crate) fn numbers(versions: &[FunctionConfiguration]) -> Vec<String> {
    let numbers = versions.iter().filter_map(|version| version.version.clone());
    numbers.filter(|number| number != "$LATEST").collect()
}

/// The names of aliases.
pub(crate) fn names(aliases: &[AliasConfiguration]) -> Vec<String> {
    aliases.iter().filter_map(|alias| alias.name.clone()).collect()
}
