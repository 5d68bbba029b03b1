use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::json;
use std::collections::BTreeMap;

use crate::{
    S3, arns,
    attributes::Tags,
    names::{BucketName, Key},
    spelling,
};

/// Sets and removes tags of an object; the others stay.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TagObject {
    bucket: BucketName,
    key: Key,
    version_id: Option<String>,
    #[serde(default)]
    set: Tags,
    /// Tag keys.
    #[serde(default)]
    remove: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Tagged {
    uri: String,
    version_id: Option<String>,
    tags: BTreeMap<String, String>,
}

impl Change for TagObject {
    type Service = S3;
    type Output = One<Tagged>;
    type Items = Seen;
    const SPEC: Spec = Spec::write("tag_object", "Tag object")
        .shown_by("head_object")
        .on(arns::OBJECT, &["s3:GetObjectTagging", "s3:PutObjectTagging", "s3:DeleteObjectTagging"])
        .when("version_id")
        .on(
            arns::OBJECT,
            &["s3:GetObjectVersionTagging", "s3:PutObjectVersionTagging", "s3:DeleteObjectVersionTagging"],
        )
        .optional()
        .idempotent();

    async fn plan(&self, cx: &Call<S3>) -> Result<Plan<Seen>> {
        let seen = self.seen(cx).await?;
        let before = &seen.tags;
        let after = self.after(before)?;
        let (before, after) = (before.map(), after.map());
        let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
        names.sort();
        names.dedup();
        let changed: Vec<&String> =
            names.into_iter().filter(|name| before.get(*name) != after.get(*name)).collect();
        let plan = match changed.len() {
            0 => Plan::new(format!("change no tag of {}: it has them so already", self.uri())),
            count => Plan::new(format!(
                "change {count} of the tags of {}; it then has {}",
                self.uri(),
                after.len()
            )),
        };
        let plan = changed.iter().fold(plan, |plan, name| {
            plan.row(json!({"tag": name, "before": before.get(*name), "after": after.get(*name)}))
        });
        Ok(plan.items(seen))
    }

    async fn apply(self, seen: Seen, cx: &Call<S3>) -> Result<Self::Output> {
        let after = self.after(&seen.tags)?;
        if after != seen.tags {
            // AWS puts tags without conditions, and all of them: what changed is found right before.
            if self.seen(cx).await? != seen {
                return Err(Error::conflict(format!(
                    "{} or its tags changed since the plan; nothing was changed here",
                    self.uri()
                ))
                .with_next("call again: the plan is then of what is there now"));
            }
            self.put(cx, &after).await?;
        }
        Ok(One(Tagged { uri: self.uri(), tags: after.map().clone(), version_id: self.version_id }))
    }
}

/// What the plan saw: the tags, and of which version.
#[derive(PartialEq, Serialize)]
pub(crate) struct Seen {
    #[serde(serialize_with = "as_map")]
    tags: Tags,
    version_id: Option<String>,
}

fn as_map<S: Serializer>(tags: &Tags, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    tags.map().serialize(serializer)
}

impl TagObject {
    fn uri(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.key)
    }

    async fn seen(&self, cx: &Call<S3>) -> Result<Seen> {
        let out = cx
            .client()
            .get_object_tagging()
            .bucket(self.bucket.as_str())
            .key(self.key.as_str())
            .set_version_id(self.version_id.clone())
            .send()
            .await
            .map_err(Error::from);
        match out {
            Ok(out) => Ok(Seen { tags: Tags::of(out.tag_set), version_id: out.version_id }),
            Err(error) if error.code.as_deref() == Some("NoSuchKey") && self.version_id.is_none() => {
                Err(self.meant(error, cx).await)
            }
            Err(error) => Err(error),
        }
    }

    /// Names the key that may have been meant. Who may tag need not be allowed to read: only tags are asked for.
    async fn meant(&self, error: Error, cx: &Call<S3>) -> Error {
        if let Some(meant) = spelling::without_address(self.key.as_str()) {
            return error.with_next(meant);
        }
        for other in spelling::candidates(cx, &self.bucket, self.key.as_str()) {
            let tags = cx.client().get_object_tagging().bucket(self.bucket.as_str()).key(&other);
            if tags.send().await.is_ok() {
                return error.with_next(spelling::sentence("a key", &other));
            }
        }
        error
    }

    fn after(&self, before: &Tags) -> Result<Tags> {
        const GOOD: &str = "set {\"team\": \"data\"} adds or changes, remove [\"draft\"] takes away";
        if self.set.map().is_empty() && self.remove.is_empty() {
            return Err(Error::invalid("nothing to change: give `set`, `remove` or both").with_next(GOOD));
        }
        if let Some(both) = self.remove.iter().find(|name| self.set.map().contains_key(*name)) {
            return Err(
                Error::invalid(format!("tag {both:?} is both in `set` and in `remove`")).with_next(GOOD)
            );
        }
        before.with(&self.set, &self.remove).map_err(|why| {
            Error::invalid(why)
                .with_next("put the keys that may go into `remove`; head_object shows the tags")
        })
    }

    async fn put(&self, cx: &Call<S3>, tags: &Tags) -> Result<()> {
        let (bucket, key) = (self.bucket.as_str(), self.key.as_str());
        if tags.map().is_empty() {
            let request = cx.client().delete_object_tagging().bucket(bucket).key(key);
            request.set_version_id(self.version_id.clone()).send().await?;
        } else {
            let request = cx.client().put_object_tagging().bucket(bucket).key(key).tagging(tags.tagging()?);
            request.set_version_id(self.version_id.clone()).send().await?;
        }
        Ok(())
    }
}
