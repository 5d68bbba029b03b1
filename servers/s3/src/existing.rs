//! What lies at a key now, and whether it may be replaced: nothing is overwritten without being told.

use aws_sdk_s3::{
    Client,
    operation::{get_object::GetObjectOutput, head_object::HeadObjectOutput},
    primitives::DateTime,
};
use awsmcp_mcp::{Call, Error, Kind, Plan, Result, counted, human_size};
use awsmcp_sdk::utc_second;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    S3,
    names::{BucketName, Etag, Key, bare},
    spelling,
};

/// What lies at a key.
#[derive(Debug)]
pub(crate) enum Present {
    Nothing,
    Object(Existing),
    /// The caller may not look.
    Unknown,
}

/// What is said of a key that could not be looked at.
pub(crate) const UNSEEN: &str =
    "these credentials may not see what is there (s3:GetObject, and s3:ListBucket for a missing key)";

/// An object that is there.
#[derive(Debug)]
pub(crate) struct Existing {
    size: Option<i64>,
    modified: Option<DateTime>,
    pub(crate) etag: Option<String>,
    pub(crate) version_id: Option<String>,
    /// What it carries beside its contents, in words.
    carries: Vec<String>,
}

/// Looks at a key.
///
/// # Errors
/// When the bucket does not exist or lies in another region.
pub(crate) async fn look(client: &Client, bucket: &BucketName, key: &Key) -> Result<Present> {
    let head = client.head_object().bucket(bucket.as_str()).key(key.as_str()).send().await;
    match head.map_err(Error::from) {
        Ok(out) => Ok(Present::Object(Existing::head(out))),
        Err(error) if is_denied(&error) => Ok(Present::Unknown),
        Err(error) if error.kind == Kind::NotFound => missing(client, bucket, key).await,
        Err(error) => Err(error),
    }
}

/// A HEAD has no body: only a GET says whether the key is missing or the bucket.
async fn missing(client: &Client, bucket: &BucketName, key: &Key) -> Result<Present> {
    let get = client.get_object().bucket(bucket.as_str()).key(key.as_str()).range("bytes=0-0").send().await;
    match get.map_err(Error::from) {
        // Somebody has just put it there.
        Ok(out) => Ok(Present::Object(Existing::get(&out))),
        Err(error) if error.code.as_deref() == Some("NoSuchBucket") => Err(error),
        Err(error) if is_denied(&error) => Ok(Present::Unknown),
        Err(error) if error.kind == Kind::NotFound => Ok(Present::Nothing),
        Err(error) => Err(error),
    }
}

impl Present {
    /// Notes that a key which is new looks the same as one that is there.
    pub(crate) async fn beside(&self, cx: &Call<S3>, bucket: &BucketName, key: &Key) {
        if let Present::Nothing = self
            && let Some(alike) = spelling::beside(cx, bucket, key.as_str()).await
        {
            cx.note(alike);
        }
    }

    /// What an object that is written here takes away besides contents, unless it is given again.
    pub(crate) fn carried_away(&self) -> Option<String> {
        match self {
            Present::Object(there) if !there.carries.is_empty() => Some(format!(
                "what it carries besides its contents goes too, unless it is given again: {}",
                there.carries.join(", ")
            )),
            _ => None,
        }
    }
}

/// What an object carries that a new one at its key would not have by itself.
fn carried(out: &HeadObjectOutput) -> Vec<String> {
    let mut names: Vec<&String> = out.metadata.iter().flatten().map(|(name, _)| name).collect();
    names.sort_unstable();
    let metadata = names.into_iter().map(|name| format!("metadata {name}"));
    let tags = out.tag_count.and_then(|count| usize::try_from(count).ok()).filter(|count| *count > 0);
    let headers = [
        ("cache-control", out.cache_control.is_some()),
        ("content-disposition", out.content_disposition.is_some()),
        ("content-encoding", out.content_encoding.as_deref().is_some_and(|encoding| !encoding.is_empty())),
        ("content-language", out.content_language.is_some()),
        ("website redirect", out.website_redirect_location.is_some()),
    ];
    let headers = headers.into_iter().filter(|(_, given)| *given).map(|(name, _)| name.to_owned());
    let class = out.storage_class.as_ref().map(|class| class.as_str()).filter(|class| *class != "STANDARD");
    let class = class.map(|class| format!("storage class {class}"));
    metadata.chain(tags.map(|count| counted(count, "tag"))).chain(headers).chain(class).collect()
}

/// Whether AWS itself, and not an expired session, says no.
pub(crate) fn is_denied(error: &Error) -> bool {
    error.kind == Kind::AccessDenied && error.status.is_some()
}

impl Existing {
    fn head(out: HeadObjectOutput) -> Self {
        Existing {
            carries: carried(&out),
            size: out.content_length,
            modified: out.last_modified,
            etag: out.e_tag,
            version_id: out.version_id,
        }
    }

    /// Whether it is to all appearance the very object that was looked at by another name.
    pub(crate) fn is(&self, head: &HeadObjectOutput) -> bool {
        let tag = |etag: Option<&str>| etag.map(bare).map(str::to_owned);
        self.modified == head.last_modified
            && tag(self.etag.as_deref()) == tag(head.e_tag())
            && self.version_id == head.version_id
    }

    fn get(out: &GetObjectOutput) -> Self {
        let whole = out.content_range.as_deref().and_then(|range| range.rsplit('/').next()?.parse().ok());
        Existing {
            size: whole,
            modified: out.last_modified,
            etag: out.e_tag.clone(),
            version_id: out.version_id.clone(),
            carries: Vec::new(),
        }
    }

    /// `1.2 KiB, modified 2026-11-22T10:00:00Z, etag 9a03…`
    fn facts(&self) -> String {
        let facts = [
            self.size.and_then(|size| u64::try_from(size).ok()).map(human_size),
            self.modified.map(|at| format!("modified {}", utc_second(at))),
            self.etag.as_deref().map(|etag| format!("etag {}", bare(etag))),
        ];
        facts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// What becomes of it when another object is written in its place.
    fn fate(&self) -> String {
        match self.version_id.as_deref() {
            None => "its contents are lost: the bucket keeps no versions".to_owned(),
            // The version of a time without versioning, or of a pause in it.
            Some("null") => {
                "its contents are lost unless versioning is on (bucket_overview shows it)".to_owned()
            }
            Some(id) => format!("the bucket keeps it as version {id}"),
        }
    }
}

/// What is noted where a write under a condition was refused, and what is there is what was to be written.
pub(crate) const WRITTEN_BEFORE: &str = "S3 answered that this key had changed, and what is there has exactly these \
    contents: an earlier attempt of this call wrote them and its answer was lost, or somebody wrote the same";

/// What is noted where a store takes no conditions and the caller lets whatever is there be replaced.
pub(crate) const UNCONDITIONAL: &str =
    "this store takes no conditions: what was written to this key since the plan was replaced too";

/// What is noted where a store takes no conditions, and a look took their place.
const LOOKED_AT: &str =
    "this store takes no conditions: each key was looked at once more right before it was written instead";

/// What may be replaced at the key that is written to. It is an item of a plan: what was seen is what is replaced.
#[derive(Clone, Debug, Serialize)]
pub(crate) enum Condition {
    /// Nothing: there must be no object.
    Create,
    /// The object with this entity tag, which the caller gave.
    Exactly(Etag),
    /// The object with this entity tag, which was there when the plan was made.
    Seen(Etag),
    /// Whatever is there.
    Replace,
}

impl Condition {
    pub(crate) fn new(overwrite: bool, if_match: Option<Etag>) -> Self {
        match if_match {
            Some(etag) => Condition::Exactly(etag),
            None if overwrite => Condition::Replace,
            None => Condition::Create,
        }
    }

    /// The same, held to what the plan saw: what it did not show is not replaced.
    pub(crate) fn held_to(self, present: &Present) -> Self {
        match (self, present) {
            (Condition::Replace, Present::Nothing) => Condition::Create,
            (Condition::Replace, Present::Object(there)) => {
                there.etag.as_deref().map_or(Condition::Replace, |etag| Condition::Seen(Etag::seen(etag)))
            }
            (condition, _) => condition,
        }
    }

    /// Whether the store does not know this condition, rather than that it does not hold.
    pub(crate) fn is_unknown_to_store(&self, error: &Error) -> bool {
        let is_one = !matches!(self, Condition::Replace);
        is_one && (error.status == Some(501) || error.code.as_deref() == Some("NotImplemented"))
    }

    /// Lets a write go on without its condition, where the store takes none: only while what is there is what was seen.
    ///
    /// # Errors
    /// When something else is there, or nobody may look.
    pub(crate) async fn held_by_a_look(&self, cx: &Call<S3>, bucket: &BucketName, key: &Key) -> Result<()> {
        let holds = match (self, look(cx.client(), bucket, key).await?) {
            (Condition::Replace, _) | (Condition::Create, Present::Nothing) => true,
            (Condition::Exactly(etag) | Condition::Seen(etag), Present::Object(there)) => {
                etag.is(there.etag.as_deref())
            }
            (_, Present::Unknown) => {
                return Err(Error::conflict(format!("this store takes no conditions, and {UNSEEN}")));
            }
            _ => false,
        };
        if !holds {
            return Err(Error::conflict("somebody else wrote to this key since the plan"));
        }
        cx.note(LOOKED_AT);
        Ok(())
    }

    pub(crate) fn if_match(&self) -> Option<String> {
        match self {
            Condition::Exactly(etag) | Condition::Seen(etag) => Some(etag.header()),
            Condition::Create | Condition::Replace => None,
        }
    }

    pub(crate) fn if_none_match(&self) -> Option<String> {
        matches!(self, Condition::Create).then(|| "*".to_owned())
    }

    /// A plan that says whether `uri` is created or overwritten; `what` is what would lie there.
    ///
    /// # Errors
    /// When the condition does not hold.
    pub(crate) fn plan(&self, present: &Present, uri: &str, verb: &str, what: &str) -> Result<Plan> {
        match (self, present) {
            (Condition::Create, Present::Object(there)) => Err(exists(uri, there)),
            (Condition::Exactly(etag), Present::Nothing) => {
                Err(Error::conflict(format!("nothing is at {uri}, so nothing has etag {etag}"))
                    .with_next("leave if_match out to create it"))
            }
            (Condition::Exactly(etag), Present::Object(there)) if !etag.is(there.etag.as_deref()) => {
                Err(Error::conflict(format!("{uri} has another etag than {etag}: it is {}", there.facts()))
                    .with_next("look at what it is now, then pass its present etag as if_match"))
            }
            (_, Present::Object(there)) => {
                Ok(Plan::new(format!("{verb} {what} over {uri} ({})", there.facts()))
                    .warning(there.fate())
                    .state(there.state()))
            }
            (_, Present::Nothing) => Ok(Plan::new(format!("{verb} {what} to {uri} (new)"))),
            (condition, Present::Unknown) => {
                let plan = Plan::new(format!("{verb} {what} to {uri}"));
                Ok(plan.warning(match condition {
                    Condition::Create => format!("{UNSEEN}; it is written only if nothing is"),
                    Condition::Exactly(etag) | Condition::Seen(etag) => {
                        format!("{UNSEEN}; it is written only over etag {etag}")
                    }
                    Condition::Replace => format!("{UNSEEN}; whatever is there is overwritten"),
                }))
            }
        }
    }

    /// AWS's refusal of a write whose condition no longer held, in words.
    pub(crate) fn explain(&self, error: Error, uri: &str) -> Error {
        match (self, error.status) {
            (Condition::Create, Some(412)) => {
                Error::conflict(format!("{uri} exists by now; nothing was written"))
                    .with_next("a call with overwrite: true replaces it; another key keeps both")
            }
            (condition, Some(_)) if condition.is_unknown_to_store(&error) => {
                error.with_next("this store takes no conditions: overwrite: true writes whatever is there")
            }
            (Condition::Seen(_), Some(412 | 404)) if error.code.as_deref() != Some("NoSuchBucket") => {
                Error::conflict(format!("{uri} changed since the plan; nothing was written"))
                    .with_next("call again: the plan is then of what is there now")
            }
            (Condition::Exactly(etag), Some(412 | 404)) if error.code.as_deref() != Some("NoSuchBucket") => {
                Error::conflict(format!("{uri} no longer has etag {etag}; nothing was written"))
                    .with_next("look at what it is now, then pass its present etag as if_match")
            }
            (_, Some(409)) if error.code.as_deref() == Some("ConditionalRequestConflict") => {
                error.with_next("another write to this key was under way: look at it, then try again")
            }
            _ => error,
        }
    }
}

impl Existing {
    fn state(&self) -> Value {
        json!({"etag": self.etag, "version_id": self.version_id})
    }
}

fn exists(uri: &str, there: &Existing) -> Error {
    let etag = there.etag.as_deref().map(bare).unwrap_or_default();
    Error::conflict(format!(
        "{uri} exists ({}) and was not overwritten; if it were, {}",
        there.facts(),
        there.fate()
    ))
    .with_next(format!(
        "to replace it, if that is wanted: overwrite: true, or if_match: \"{etag}\" for exactly this one"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there(version_id: Option<&str>) -> Present {
        Present::Object(Existing {
            size: Some(1536),
            modified: Some(DateTime::from_secs(0)),
            etag: Some("\"abc\"".to_owned()),
            version_id: version_id.map(str::to_owned),
            carries: Vec::new(),
        })
    }

    fn etag(text: &str) -> Etag {
        serde_json::from_value(json!(text)).unwrap()
    }

    fn plan(condition: &Condition, present: &Present) -> std::result::Result<String, String> {
        let plan = condition.plan(present, "s3://b/k", "write", "5 B");
        plan.map(|plan| format!("{plan:?}")).map_err(|error| error.to_string())
    }

    #[test]
    fn nothing_is_overwritten_without_being_told() {
        let create = Condition::new(false, None);
        assert!(plan(&create, &Present::Nothing).unwrap().contains("(new)"));
        let refused = plan(&create, &there(None)).unwrap_err();
        assert!(refused.contains("1.5 KiB, modified 1970-01-01T00:00:00Z, etag abc"), "{refused}");
        assert!(refused.contains("overwrite: true") && refused.contains("if_match: \"abc\""), "{refused}");
        assert_eq!(create.if_none_match().as_deref(), Some("*"));
        let unseen = plan(&create, &Present::Unknown).unwrap();
        assert!(unseen.contains("only if nothing is") && unseen.contains("s3:GetObject"), "{unseen}");
    }

    #[test]
    fn an_etag_allows_exactly_that_object() {
        for written in ["abc", "\"abc\""] {
            let exactly = Condition::new(true, Some(etag(written)));
            assert_eq!(exactly.if_match().as_deref(), Some("\"abc\""));
            assert!(plan(&exactly, &there(Some("v1"))).unwrap().contains("keeps it as version v1"));
        }
        let other = Condition::new(false, Some(etag("def")));
        assert!(plan(&other, &there(None)).unwrap_err().contains("another etag"));
        assert!(plan(&other, &Present::Nothing).unwrap_err().contains("nothing is at"));
    }

    #[test]
    fn what_is_replaced_is_what_was_seen() {
        let held = |overwrite, present: &Present| Condition::new(overwrite, None).held_to(present);
        assert_eq!(held(true, &there(None)).if_match().as_deref(), Some("\"abc\""));
        assert_eq!(held(true, &Present::Nothing).if_none_match().as_deref(), Some("*"));
        assert!(matches!(held(true, &Present::Unknown), Condition::Replace));
        assert!(matches!(held(false, &Present::Unknown), Condition::Create));
        let exactly = Condition::new(true, Some(etag("def"))).held_to(&Present::Unknown);
        assert_eq!(exactly.if_match().as_deref(), Some("\"def\""));
    }

    #[test]
    fn a_store_without_conditions_is_told_from_one_that_refuses() {
        let of = |status: u16, code: &str| {
            let mut error = Error::new(Kind::Service, "no");
            (error.status, error.code) = (Some(status), Some(code.to_owned()));
            error
        };
        let create = Condition::Create;
        assert!(create.is_unknown_to_store(&of(501, "NotImplemented")));
        assert!(!create.is_unknown_to_store(&of(412, "PreconditionFailed")));
        assert!(!Condition::Replace.is_unknown_to_store(&of(501, "NotImplemented")));
        let explained = create.explain(of(501, "NotImplemented"), "s3://b/k");
        assert!(explained.next.as_deref().unwrap_or_default().contains("overwrite: true"), "{explained}");
    }

    #[test]
    fn a_plan_says_what_is_lost() {
        let replace = Condition::new(true, None);
        assert!(plan(&replace, &there(None)).unwrap().contains("lost: the bucket keeps no versions"));
        assert!(plan(&replace, &there(Some("null"))).unwrap().contains("unless versioning is on"));
        assert!(replace.if_match().is_none() && replace.if_none_match().is_none());
    }
}
