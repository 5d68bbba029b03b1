//! What belongs to a function, read to its end: what is said of all of it holds for every page.

use std::collections::BTreeSet;

use aws_sdk_lambda::types::{
    AliasConfiguration, EventSourceMappingConfiguration, FunctionConfiguration, FunctionEventInvokeConfig,
    FunctionUrlConfig, ProvisionedConcurrencyConfigListItem,
};
use awsmcp_mcp::{Call, Result};
use futures::{StreamExt, TryStreamExt, stream};

use crate::Lambda;

/// Every page of a list; `page` asks for the one of a marker.
async fn every<T, Asked>(page: impl Fn(Option<String>) -> Asked) -> Result<Vec<T>>
where
    Asked: Future<Output = Result<(Vec<T>, Option<String>)>>,
{
    let (mut all, mut marker) = (Vec::new(), None);
    loop {
        let (found, next) = page(marker).await?;
        all.extend(found);
        marker = next.filter(|marker| !marker.is_empty());
        if marker.is_none() {
            return Ok(all);
        }
    }
}

/// # Errors
/// When they may not be listed.
pub(crate) async fn aliases(cx: &Call<Lambda>, function: &str) -> Result<Vec<AliasConfiguration>> {
    every(|marker| async move {
        let asked = cx.client().lambda.list_aliases().function_name(function);
        let out = asked.set_marker(marker).send().await?;
        Ok((out.aliases.unwrap_or_default(), out.next_marker))
    })
    .await
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
    every(|marker| async move {
        let asked = cx.client().lambda.list_aliases().function_name(function).function_version(version);
        let out = asked.set_marker(marker).send().await?;
        Ok((out.aliases.unwrap_or_default(), out.next_marker))
    })
    .await
}

/// Its versions, and what is called without one.
///
/// # Errors
/// As [`aliases`].
pub(crate) async fn versions(cx: &Call<Lambda>, function: &str) -> Result<Vec<FunctionConfiguration>> {
    every(|marker| async move {
        let asked = cx.client().lambda.list_versions_by_function().function_name(function);
        let out = asked.set_marker(marker).send().await?;
        Ok((out.versions.unwrap_or_default(), out.next_marker))
    })
    .await
}

/// # Errors
/// As [`aliases`].
pub(crate) async fn urls(cx: &Call<Lambda>, function: &str) -> Result<Vec<FunctionUrlConfig>> {
    every(|marker| async move {
        let asked = cx.client().lambda.list_function_url_configs().function_name(function);
        let out = asked.set_marker(marker).send().await?;
        Ok((out.function_url_configs, out.next_marker))
    })
    .await
}

/// How asynchronous calls of it are treated.
///
/// # Errors
/// As [`aliases`].
pub(crate) async fn asyncs(cx: &Call<Lambda>, function: &str) -> Result<Vec<FunctionEventInvokeConfig>> {
    every(|marker| async move {
        let asked = cx.client().lambda.list_function_event_invoke_configs().function_name(function);
        let out = asked.set_marker(marker).send().await?;
        Ok((out.function_event_invoke_configs.unwrap_or_default(), out.next_marker))
    })
    .await
}

/// # Errors
/// As [`aliases`].
pub(crate) async fn provisioned(
    cx: &Call<Lambda>,
    function: &str,
) -> Result<Vec<ProvisionedConcurrencyConfigListItem>> {
    every(|marker| async move {
        let asked = cx.client().lambda.list_provisioned_concurrency_configs().function_name(function);
        let out = asked.set_marker(marker).send().await?;
        Ok((out.provisioned_concurrency_configs.unwrap_or_default(), out.next_marker))
    })
    .await
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
        let name = name.as_str();
        every(|marker| async move {
            let asked = cx.client().lambda.list_event_source_mappings().function_name(name);
            let out = asked.set_marker(marker).send().await?;
            Ok((out.event_source_mappings.unwrap_or_default(), out.next_marker))
        })
        .await
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
