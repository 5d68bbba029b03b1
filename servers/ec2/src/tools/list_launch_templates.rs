use aws_sdk_ec2::types::{LaunchTemplate, LaunchTemplateVersion};
use awsmcp_mcp::{Call, Error, Page, Result, Spec, Tool};
use futures::{StreamExt, TryStreamExt, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Ec2, arns, names::LaunchTemplateId, paging::Paging, tags::Filters, templates::groups, times::rfc3339,
};

/// Lists launch templates with what their default version launches; with `versions_of`, a template's versions.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListLaunchTemplates {
    /// Its start, or `*-web`.
    name: Option<String>,
    tag: Option<String>,
    /// Newest first. describe_launch_template shows how two differ.
    versions_of: Option<LaunchTemplateId>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    name: String,
    id: String,
    default_version: Option<i64>,
    latest_version: Option<i64>,
    /// The one that the rest is of.
    version: Option<i64>,
    description: Option<String>,
    r#type: Option<String>,
    image: Option<String>,
    key_pair: Option<String>,
    security_groups: Vec<String>,
    imds: Option<&'static str>,
    created: Option<String>,
}

impl Tool for ListLaunchTemplates {
    type Service = Ec2;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("list_launch_templates", "List launch templates")
        .on("*", &["ec2:DescribeLaunchTemplates", "ec2:DescribeLaunchTemplateVersions"])
        .rows(arns::EACH_LAUNCH_TEMPLATE)
        .regional()
        .optional();

    async fn call(self, cx: &Call<Ec2>) -> Result<Self::Output> {
        const AT_ONCE: usize = 8;
        let paging = Paging::new(cx);
        if let Some(template) = &self.versions_of {
            if self.name.is_some() || self.tag.is_some() {
                return Err(Error::invalid("`name` and `tag` choose templates; `versions_of` names one"));
            }
            return versions(cx, template, &paging).await;
        }
        let filters =
            Filters::default().named("launch-template-name", self.name.as_deref()).tag(self.tag.as_deref());
        let out = cx
            .client()
            .ec2
            .describe_launch_templates()
            .set_filters(filters.build())
            .max_results(paging.size(200))
            .set_next_token(paging.token())
            .send()
            .await?;
        let templates = out.launch_templates.unwrap_or_default();
        let rows =
            stream::iter(templates).map(|template| row(cx, template)).buffered(AT_ONCE).try_collect().await?;
        Ok(paging.page(cx, rows, out.next_token))
    }
}

/// A template, with what its default version says.
async fn row(cx: &Call<Ec2>, template: LaunchTemplate) -> Result<Row> {
    let id = template.launch_template_id.clone().unwrap_or_default();
    let asked = cx
        .client()
        .ec2
        .describe_launch_template_versions()
        .launch_template_id(&id)
        .versions("$Default")
        .send()
        .await?;
    let version = asked.launch_template_versions.and_then(|versions| versions.into_iter().next());
    let created = template.create_time;
    Ok(Row { created: created.as_ref().and_then(rfc3339), ..Row::new(&template, version) })
}

async fn versions(cx: &Call<Ec2>, id: &LaunchTemplateId, paging: &Paging) -> Result<Page<Row>> {
    let ec2 = &cx.client().ec2;
    let out = ec2.describe_launch_templates().launch_template_ids(id.as_str()).send().await?;
    let template = out.launch_templates.unwrap_or_default().pop().ok_or_else(|| {
        Error::not_found(format!("there is no launch template {id} in {}", cx.region()))
            .with_next("list_launch_templates without `versions_of` shows those of this region")
    })?;
    let request = ec2.describe_launch_template_versions().launch_template_id(id.as_str());
    let out = request.max_results(paging.size(200)).set_next_token(paging.token()).send().await?;
    let found = out.launch_template_versions.unwrap_or_default();
    let rows = found.into_iter().map(|version| Row::new(&template, Some(version))).collect();
    Ok(paging.page(cx, rows, out.next_token))
}

impl Row {
    fn new(template: &LaunchTemplate, version: Option<LaunchTemplateVersion>) -> Row {
        let data = version.as_ref().and_then(|version| version.launch_template_data.as_ref());
        let tokens = data.and_then(|data| data.metadata_options.as_ref()?.http_tokens.as_ref());
        Row {
            name: template.launch_template_name.clone().unwrap_or_default(),
            id: template.launch_template_id.clone().unwrap_or_default(),
            default_version: template.default_version_number,
            latest_version: template.latest_version_number,
            r#type: data.and_then(|data| data.instance_type.as_ref().map(ToString::to_string)),
            image: data.and_then(|data| data.image_id.clone()),
            key_pair: data.and_then(|data| data.key_name.clone()),
            security_groups: data.map(groups).unwrap_or_default(),
            imds: tokens.map(|tokens| if tokens.as_str() == "required" { "v2 only" } else { "v1 and v2" }),
            created: version.as_ref().and_then(|version| rfc3339(version.create_time.as_ref()?)),
            version: version.as_ref().and_then(|version| version.version_number),
            description: version
                .and_then(|version| version.version_description)
                .filter(|text| !text.is_empty()),
        }
    }
}
