use std::collections::BTreeMap;

use aws_sdk_lambda::types::{FunctionVersion, LayerVersionsListItem};
use awsmcp_mcp::{Call, Page, Result, Spec, Tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Lambda, arns,
    names::{LayerName, last_part},
};

/// Lists the region's layers with their latest version, or a layer's versions, each with the functions that use it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListLayers {
    /// All versions of this one.
    layer: Option<LayerName>,
    /// Without the functions that use them.
    #[serde(default)]
    quick: bool,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    layer: String,
    version: i64,
    created: Option<String>,
    runtimes: Vec<String>,
    architectures: Vec<String>,
    description: Option<String>,
    license: Option<String>,
    /// `name`, or `name:3` of a published version; with `version 2` where they use another version than the one shown.
    functions: Option<Vec<String>>,
}

/// The functions that use a version of a layer, by the version's ARN.
type Users = BTreeMap<String, Vec<String>>;

impl Tool for ListLayers {
    type Service = Lambda;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("list_layers", "List layers")
        .when("not layer")
        .on("*", &["lambda:ListLayers"])
        .when("layer")
        .on("*", &["lambda:ListLayerVersions"])
        .when("not quick")
        .on("*", &["lambda:ListFunctions"])
        .rows(arns::LAYER)
        .regional()
        .optional();

    async fn call(self, cx: &Call<Lambda>) -> Result<Self::Output> {
        const AWS_PAGE: i32 = 50;
        let client = &cx.client().lambda;
        let most = cx.page_size().min(AWS_PAGE);
        let (versions, next) = match &self.layer {
            None => {
                let out = client.list_layers().set_marker(cx.token()).max_items(most).send().await?;
                let latest = out.layers.unwrap_or_default().into_iter();
                let latest = latest.filter_map(|layer| layer.latest_matching_version);
                (latest.collect::<Vec<_>>(), out.next_marker)
            }
            Some(layer) => {
                let asked = client.list_layer_versions().layer_name(layer.to_string());
                let out = asked.set_marker(cx.token()).max_items(most).send().await?;
                (out.layer_versions.unwrap_or_default(), out.next_marker)
            }
        };
        let users = if self.quick || versions.is_empty() { None } else { Some(users(cx).await?) };
        let is_of_one = self.layer.is_some();
        let rows = versions.into_iter().map(|version| Row::new(version, users.as_ref(), is_of_one));
        Ok(cx.page(rows, next))
    }
}

/// What functions and published versions use, as far as the caller may see them.
async fn users(cx: &Call<Lambda>) -> Result<Users> {
    const MOST_PAGES: usize = 200;
    let (mut users, mut marker) = (Users::new(), None);
    for page in 0..MOST_PAGES {
        let asked = cx.client().lambda.list_functions().function_version(FunctionVersion::All);
        let out = asked.set_marker(marker).send().await?;
        for function in out.functions.unwrap_or_default() {
            let layers = function.layers.unwrap_or_default();
            let name = function.function_name.unwrap_or_default();
            if layers.is_empty()
                || cx.may("lambda:ListFunctions", arns::LISTED_FUNCTION, &[("name", &name)]).await.is_err()
            {
                continue;
            }
            let version = function.version.filter(|version| version != "$LATEST");
            let shown = version.map_or_else(|| name.clone(), |version| format!("{name}:{version}"));
            for layer in layers.into_iter().filter_map(|layer| layer.arn) {
                users.entry(layer).or_default().push(shown.clone());
            }
        }
        marker = out.next_marker.filter(|marker| !marker.is_empty());
        if marker.is_none() {
            return Ok(users);
        }
        cx.progress(page as u64 + 1, None, "looking for the functions that use them");
    }
    cx.note("there are more functions and versions than were looked at: `functions` may lack some");
    Ok(users)
}

impl Row {
    fn new(version: LayerVersionsListItem, users: Option<&Users>, is_of_one: bool) -> Row {
        let arn = version.layer_version_arn.unwrap_or_default();
        let (whole, number) = arn.rsplit_once(':').unwrap_or((&arn, ""));
        let functions = users.map(|users| match is_of_one {
            true => users.get(&arn).cloned().unwrap_or_default(),
            // The row stands for the layer: its other versions count too.
            false => users
                .iter()
                .filter_map(|(used, functions)| {
                    let (layer, version) = used.rsplit_once(':')?;
                    (layer == whole).then_some((version, functions))
                })
                .flat_map(|(version, functions)| {
                    functions.iter().map(move |function| match version == number {
                        true => function.clone(),
                        false => format!("{function} (version {version})"),
                    })
                })
                .collect(),
        });
        Row {
            layer: last_part(whole).to_owned(),
            version: version.version,
            created: version.created_date.as_deref().map(crate::times::modified),
            runtimes: version.compatible_runtimes.iter().flatten().map(ToString::to_string).collect(),
            architectures: version
                .compatible_architectures
                .iter()
                .flatten()
                .map(ToString::to_string)
                .collect(),
            description: version.description.filter(|text| !text.is_empty()),
            license: version.license_info.filter(|text| !text.is_empty()),
            functions,
        }
    }
}
