use std::collections::BTreeMap;

use aws_sdk_ec2::types::Tag;
use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec, counted};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{Ec2, arns, dry_run::would, lists::once, names::ResourceId, tags::Filters};

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

/// The tags of things, by their ids.
type Tags = BTreeMap<String, BTreeMap<String, String>>;

impl Change for TagResources {
    type Service = Ec2;
    type Output = One<Done>;
    type Items = Tags;
    const SPEC: Spec = Spec::write("tag_resources", "Tag resources")
        .shown_by("tag_resources")
        .on("*", &["ec2:DescribeTags"])
        .when("set")
        .on(arns::RESOURCES, &["ec2:CreateTags"])
        .when("remove")
        .on(arns::RESOURCES, &["ec2:DeleteTags"])
        .names_no_resource()
        .idempotent()
        .optional();

    async fn plan(&self, cx: &Call<Ec2>) -> Result<Plan<Tags>> {
        self.check()?;
        let before = present(cx, &once(&self.resources)).await?;
        self.dry_run(cx, &before).await?;
        let mut after = before.clone();
        for tags in after.values_mut() {
            tags.extend(self.set.clone());
            tags.retain(|key, _| !self.remove.contains(key));
        }
        let things = counted(before.len(), "thing");
        let plan = Plan::new(match before == after {
            true => format!("leave the tags of {things} as they are: nothing changes"),
            false => format!("change the tags of {things}"),
        });
        Ok(plan.difference(Some(&json!(before)), Some(&json!(after))).items(before))
    }

    async fn apply(self, seen: Tags, cx: &Call<Ec2>) -> Result<Self::Output> {
        let ids: Vec<String> = seen.keys().cloned().collect();
        let now = present(cx, &ids).await?;
        let (still, moved): (Tags, Tags) = seen
            .into_iter()
            .partition(|(id, tags)| now.get(id).is_some_and(|now| self.touched(now) == self.touched(tags)));
        let moved: Vec<&str> = moved.keys().map(String::as_str).collect();
        if still.is_empty() {
            return Err(Error::conflict(format!("the tags of {} are others by now", moved.join(", ")))
                .with_next("nothing was done: call again with what is there now"));
        }
        if !moved.is_empty() {
            cx.note(format!("left alone, since their tags are others by now: {}", moved.join(", ")));
        }
        let ec2 = &cx.client().ec2;
        if !self.set.is_empty() {
            let ids = still.keys().cloned().collect();
            ec2.create_tags().set_resources(Some(ids)).set_tags(self.tags()).send().await?;
        }
        for (tags, ids) in self.removals(&still) {
            let sent = ec2.delete_tags().set_resources(Some(ids)).set_tags(Some(tags)).send().await;
            sent.map_err(|error| self.half_done(error.into()))?;
        }
        Ok(One(Done { resources: still.len(), set: self.set.len(), removed: self.remove.len() }))
    }
}

impl TagResources {
    fn check(&self) -> Result<()> {
        if self.set.is_empty() && self.remove.is_empty() {
            return Err(Error::invalid(
                "give `set` such as {\"team\": \"data\"}, or `remove` such as [\"team\"]",
            ));
        }
        if let Some(key) = self.set.keys().chain(&self.remove).find(|key| key.starts_with("aws:")) {
            return Err(Error::invalid(format!("only AWS itself sets tags such as {key}")));
        }
        match self.remove.iter().find(|key| self.set.contains_key(*key)) {
            Some(key) => Err(Error::invalid(format!("{key} is both to be set and to be removed"))),
            None => Ok(()),
        }
    }

    /// Of a thing's tags those that this call sets or removes.
    fn touched<'a>(&self, tags: &'a BTreeMap<String, String>) -> Vec<(&'a String, &'a String)> {
        let own = |key: &String| self.set.contains_key(key) || self.remove.contains(key);
        tags.iter().filter(|(key, _)| own(key)).collect()
    }

    fn tags(&self) -> Option<Vec<Tag>> {
        Some(self.set.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect())
    }

    /// What is removed of which things. AWS takes a tag away only where it has the value that is given, so things of other
    /// values are apart.
    fn removals(&self, seen: &Tags) -> Vec<(Vec<Tag>, Vec<String>)> {
        let mut groups: BTreeMap<Vec<(&String, &String)>, Vec<String>> = BTreeMap::new();
        for (id, tags) in seen {
            let gone: Vec<_> = tags.iter().filter(|(key, _)| self.remove.contains(key)).collect();
            if !gone.is_empty() {
                groups.entry(gone).or_default().push(id.clone());
            }
        }
        let tag = |(key, value): (&String, &String)| Tag::builder().key(key).value(value).build();
        groups.into_iter().map(|(tags, ids)| (tags.into_iter().map(tag).collect(), ids)).collect()
    }

    /// A failure to remove, where something was set before.
    fn half_done(&self, mut error: Error) -> Error {
        if !self.set.is_empty() {
            let keys: Vec<&str> = self.set.keys().map(String::as_str).collect();
            error.message =
                format!("{}; by then {} were set", error.message.trim_end_matches('.'), keys.join(", "));
        }
        error
    }

    async fn dry_run(&self, cx: &Call<Ec2>, before: &Tags) -> Result<()> {
        let ec2 = &cx.client().ec2;
        if !self.set.is_empty() {
            let ids = before.keys().cloned().collect();
            let request = ec2.create_tags().set_resources(Some(ids)).set_tags(self.tags());
            would(request.dry_run(true).send()).await?;
        }
        for (tags, ids) in self.removals(before) {
            let request = ec2.delete_tags().set_resources(Some(ids)).set_tags(Some(tags));
            would(request.dry_run(true).send()).await?;
        }
        Ok(())
    }
}

/// The tags that these things have; of what has none, none.
async fn present(cx: &Call<Ec2>, ids: &[String]) -> Result<Tags> {
    let mut found: Tags = ids.iter().map(|id| (id.clone(), BTreeMap::new())).collect();
    let mut token = None;
    loop {
        let filters = Filters::default().any("resource-id", ids).build();
        let request = cx.client().ec2.describe_tags().set_filters(filters).max_results(1000);
        let out = request.set_next_token(token).send().await?;
        for tag in out.tags.unwrap_or_default() {
            if let (Some(id), Some(key)) = (tag.resource_id, tag.key) {
                found.entry(id).or_default().insert(key, tag.value.unwrap_or_default());
            }
        }
        token = out.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_goes_only_with_the_value_that_was_seen() {
        let call: TagResources =
            serde_json::from_value(json!({"resources": ["vol-01234567"], "remove": ["team", "env"]}))
                .unwrap();
        let tags = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        let seen = Tags::from([
            ("vol-1".to_owned(), tags(&[("team", "data"), ("owner", "me")])),
            ("vol-2".to_owned(), tags(&[("team", "web"), ("env", "")])),
            ("vol-3".to_owned(), tags(&[("team", "data")])),
            ("vol-4".to_owned(), tags(&[("owner", "me")])),
        ]);
        let shown: Vec<String> = call
            .removals(&seen)
            .into_iter()
            .map(|(tags, ids)| {
                let tags: Vec<String> = tags
                    .into_iter()
                    .map(|tag| format!("{}={}", tag.key.unwrap(), tag.value.unwrap()))
                    .collect();
                format!("{} of {}", tags.join(" "), ids.join(" "))
            })
            .collect();
        assert_eq!(shown, ["env= team=web of vol-2", "team=data of vol-1 vol-3"]);
    }
}
