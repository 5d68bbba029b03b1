use aws_sdk_ec2::types::{LaunchTemplate, ResponseLaunchTemplateData};
use awsmcp_mcp::{Call, Page, Result, Spec, Tool};
use futures::{StreamExt, TryStreamExt, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Ec2, arns, paging::Paging, tags::Filters, times::rfc3339};

/// Lists launch templates with what their default version launches.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListLaunchTemplates {
    /// Its start, or `*-web`.
    name: Option<String>,
    tag: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    name: String,
    id: String,
    default_version: Option<i64>,
    latest_version: Option<i64>,
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

async fn row(cx: &Call<Ec2>, template: LaunchTemplate) -> Result<Row> {
    let id = template.launch_template_id.unwrap_or_default();
    let asked = cx
        .client()
        .ec2
        .describe_launch_template_versions()
        .launch_template_id(&id)
        .versions("$Default")
        .send()
        .await?;
    let data = asked
        .launch_template_versions
        .and_then(|versions| versions.into_iter().next()?.launch_template_data)
        .unwrap_or_else(|| ResponseLaunchTemplateData::builder().build());
    let tokens = data.metadata_options.and_then(|options| options.http_tokens);
    Ok(Row {
        name: template.launch_template_name.unwrap_or_default(),
        id,
        default_version: template.default_version_number,
        latest_version: template.latest_version_number,
        r#type: data.instance_type.map(|kind| kind.to_string()),
        image: data.image_id,
        key_pair: data.key_name,
        security_groups: data.security_group_ids.unwrap_or_default(),
        imds: tokens.map(|tokens| if tokens.as_str() == "required" { "v2 only" } else { "v1 and v2" }),
        created: template.create_time.as_ref().and_then(rfc3339),
    })
}
