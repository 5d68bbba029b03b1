use std::collections::BTreeMap;

use aws_sdk_ec2::types::Tag;
use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{Ec2, arns, dry_run::would, names::ResourceId, parts::counted, tags::Filters};

/// Sets and removes tags of anything EC2 has: instances, volumes, snapshots, images, groups, networks.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TagResources {
    /// Ids.
    #[schemars(length(min = 1, max = 100))]
    resources: Vec<ResourceId>,
    #[serde(default)]
    set: BTreeMap<String, String>,
    /// Keys.
    #[serde(default)]
    remove: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Done {
    resources: usize,
    set: usize,
    removed: usize,
}

impl Change for TagResources {
    type Service = Ec2;
    type Output = One<Done>;
    type Items = ();
    const SPEC: Spec = Spec::write("tag_resources", "Tag resources")
        .on("*", &["ec2:DescribeTags"])
        .when("set")
        .on(arns::RESOURCES, &["ec2:CreateTags"])
        .when("remove")
        .on(arns::RESOURCES, &["ec2:DeleteTags"])
        .names_no_resource()
        .idempotent()
        .optional();

    async fn plan(&self, cx: &Call<Ec2>) -> Result<Plan> {
        if self.set.is_empty() && self.remove.is_empty() {
            return Err(Error::invalid(
                "give `set` such as {\"team\": \"data\"}, or `remove` such as [\"team\"]",
            ));
        }
        if let Some(key) = self.set.keys().chain(&self.remove).find(|key| key.starts_with("aws:")) {
            return Err(Error::invalid(format!("only AWS itself sets tags such as {key}")));
        }
        if let Some(key) = self.remove.iter().find(|key| self.set.contains_key(*key)) {
            return Err(Error::invalid(format!("{key} is both to be set and to be removed")));
        }
        let before = self.present(cx).await?;
        self.dry_run(cx).await?;
        let mut after = before.clone();
        for id in &self.resources {
            let tags = after.entry(id.as_str().to_owned()).or_default();
            tags.extend(self.set.clone());
            tags.retain(|key, _| !self.remove.contains(key));
        }
        let plan = Plan::new(match before == after {
            true => format!(
                "leave the tags of {} as they are: nothing changes",
                counted(self.resources.len(), "thing")
            ),
            false => format!("change the tags of {}", counted(self.resources.len(), "thing")),
        });
        let (before, after) = (json!(before), json!(after));
        Ok(plan.difference(Some(&before), Some(&after)).state(before))
    }

    async fn apply(self, (): (), cx: &Call<Ec2>) -> Result<Self::Output> {
        let ec2 = &cx.client().ec2;
        if !self.set.is_empty() {
            ec2.create_tags().set_resources(self.ids()).set_tags(self.tags()).send().await?;
        }
        if !self.remove.is_empty() {
            ec2.delete_tags().set_resources(self.ids()).set_tags(self.keys()).send().await?;
        }
        Ok(One(Done { resources: self.resources.len(), set: self.set.len(), removed: self.remove.len() }))
    }
}

impl TagResources {
    fn ids(&self) -> Option<Vec<String>> {
        Some(self.resources.iter().map(|id| id.as_str().to_owned()).collect())
    }

    fn tags(&self) -> Option<Vec<Tag>> {
        Some(self.set.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect())
    }

    fn keys(&self) -> Option<Vec<Tag>> {
        Some(self.remove.iter().map(|key| Tag::builder().key(key).build()).collect())
    }

    async fn dry_run(&self, cx: &Call<Ec2>) -> Result<()> {
        let ec2 = &cx.client().ec2;
        if !self.set.is_empty() {
            would(ec2.create_tags().set_resources(self.ids()).set_tags(self.tags()).dry_run(true).send())
                .await?;
        }
        if !self.remove.is_empty() {
            would(ec2.delete_tags().set_resources(self.ids()).set_tags(self.keys()).dry_run(true).send())
                .await?;
        }
        Ok(())
    }

    async fn present(&self, cx: &Call<Ec2>) -> Result<BTreeMap<String, BTreeMap<String, String>>> {
        let mut found: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        let mut token = None;
        // A thing has at most 50 tags: 100 things fill at most five pages.
        for _ in 0..10 {
            let filters = Filters::default().any("resource-id", self.ids().unwrap_or_default()).build();
            let request = cx.client().ec2.describe_tags().set_filters(filters).max_results(1000);
            let out = request.set_next_token(token).send().await?;
            for tag in out.tags.unwrap_or_default() {
                if let (Some(id), Some(key)) = (tag.resource_id, tag.key) {
                    found.entry(id).or_default().insert(key, tag.value.unwrap_or_default());
                }
            }
            token = out.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                break;
            }
        }
        Ok(found)
    }
}
