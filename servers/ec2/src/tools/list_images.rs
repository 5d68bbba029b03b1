use std::collections::BTreeMap;

use aws_sdk_ec2::types::Image;
use awsmcp_mcp::{Call, Page, Result, Spec, Tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Ec2, arns,
    images::{Architecture, aliases},
    names::ImageId,
    paging::Paging,
    tags::Filters,
};

/// Lists images: your own, those shared with you, Amazon's, or with `aliases` the newest public ones by the alias that
/// run_instances takes.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListImages {
    #[serde(default)]
    of: Owner,
    /// Its start, or `al2023-ami-*`.
    name: Option<String>,
    tag: Option<String>,
    architecture: Option<Architecture>,
    #[schemars(length(max = 100))]
    #[serde(default)]
    images: Vec<ImageId>,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Owner {
    #[default]
    Own,
    Aliases,
    Shared,
    Amazon,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    alias: Option<&'static str>,
    id: String,
    name: Option<String>,
    state: Option<String>,
    architecture: Option<String>,
    platform: Option<String>,
    created: Option<String>,
    size_gib: Option<i32>,
    public: Option<bool>,
    snapshots: Vec<String>,
}

impl Tool for ListImages {
    type Service = Ec2;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("list_images", "List images")
        .on("*", &["ec2:DescribeImages"])
        .when("of=aliases")
        .on(arns::PUBLIC_PARAMETERS, &["ssm:GetParameters"])
        .rows(arns::EACH_IMAGE)
        .regional();

    async fn call(self, cx: &Call<Ec2>) -> Result<Self::Output> {
        let paging = Paging::new(cx);
        let mut aliased = BTreeMap::new();
        let mut request = cx.client().ec2.describe_images();
        match self.of {
            Owner::Own if self.images.is_empty() => request = request.owners("self"),
            Owner::Own => {}
            Owner::Shared => request = request.executable_users("self"),
            Owner::Amazon => request = request.owners("amazon"),
            Owner::Aliases => {
                aliased = aliases(cx, self.architecture.unwrap_or_default()).await?;
                if aliased.is_empty() {
                    cx.note("this region has none of the public parameters");
                    return Ok(cx.page([], None));
                }
                request = request.set_image_ids(Some(aliased.keys().cloned().collect()));
            }
        }
        let filters = Filters::default().named("name", self.name.as_deref()).tag(self.tag.as_deref()).any(
            "architecture",
            self.architecture.filter(|_| self.of != Owner::Aliases).map(Architecture::name),
        );
        request = request.set_filters(filters.build());
        if !self.images.is_empty() {
            request = request.set_image_ids(Some(self.images.iter().map(ToString::to_string).collect()));
        } else if self.of != Owner::Aliases {
            // AWS pages by filters only, not by ids.
            request = request.max_results(paging.size(1000)).set_next_token(paging.token());
        }
        let out = request.send().await?;
        let mut rows: Vec<Row> =
            out.images.unwrap_or_default().into_iter().map(|image| Row::new(image, &aliased)).collect();
        rows.sort_by_key(|row| row.alias);
        Ok(paging.page(cx, rows, out.next_token))
    }
}

impl Row {
    fn new(image: Image, aliased: &BTreeMap<String, &'static str>) -> Row {
        let own = image.public != Some(true);
        let disks: Vec<_> =
            image.block_device_mappings.into_iter().flatten().filter_map(|disk| disk.ebs).collect();
        let sizes: Vec<i32> = disks.iter().filter_map(|disk| disk.volume_size).collect();
        let snapshots = disks.into_iter().filter_map(|disk| disk.snapshot_id).filter(|_| own);
        let id = image.image_id.unwrap_or_default();
        Row {
            alias: aliased.get(&id).copied(),
            name: image.name,
            state: image.state.map(|state| state.to_string()).filter(|state| state != "available"),
            architecture: image.architecture.map(|kind| kind.to_string()),
            platform: image.platform_details,
            created: image.creation_date,
            size_gib: (!sizes.is_empty()).then(|| sizes.iter().sum()),
            public: image.public.filter(|public| *public),
            snapshots: snapshots.collect(),
            id,
        }
    }
}
