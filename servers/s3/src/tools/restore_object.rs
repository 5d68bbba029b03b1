use aws_sdk_s3::{
    operation::head_object::HeadObjectOutput,
    types::{ArchiveStatus, GlacierJobParameters, RestoreRequest, StorageClass, Tier as AwsTier},
};
use awsmcp_mcp::{Call, Change, Error, Kind, One, Plan, Result, Spec, human_size};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    S3, arns,
    names::{BucketName, Key},
    spelling,
};

/// Makes an archived object readable again; a restored one for longer, one under way faster.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RestoreObject {
    bucket: BucketName,
    key: Key,
    version_id: Option<String>,
    /// How long it stays readable; not for INTELLIGENT_TIERING.
    #[schemars(range(min = 1, max = 36500))]
    days: Option<i32>,
    /// Faster costs more; standard if not given.
    tier: Option<Tier>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Tier {
    Expedited,
    Standard,
    Bulk,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Restored {
    uri: String,
    outcome: String,
    /// How long AWS usually takes.
    usually_takes: Option<String>,
}

impl Change for RestoreObject {
    type Service = S3;
    type Output = One<Restored>;
    type Items = Seen;
    const SPEC: Spec = Spec::write("restore_object", "Restore archived object")
        .shown_by("head_object")
        .on(arns::OBJECT, &["s3:GetObject", "s3:RestoreObject"])
        .when("version_id")
        .on(arns::OBJECT, &["s3:GetObjectVersion"])
        .optional()
        .idempotent();

    async fn plan(&self, cx: &Call<S3>) -> Result<Plan<Seen>> {
        let head = self.look(cx).await?;
        let request = self.request(&head)?;
        let size = head.content_length().and_then(|size| u64::try_from(size).ok()).unwrap_or(0);
        let mut plan = Plan::new(request.headline(&format!("{} ({})", self.uri(), human_size(size))));
        if let Some(time) = request.time {
            plan = plan.warning(format!(
                "it usually takes {time}; AWS charges for the retrieval and for the copy while it lasts"
            ));
        }
        Ok(plan.items(Seen::of(&head)))
    }

    async fn apply(self, seen: Seen, cx: &Call<S3>) -> Result<Self::Output> {
        let head = self.look(cx).await?;
        // AWS restores without conditions: what changed is found right before.
        if Seen::of(&head) != seen {
            return Err(Error::conflict(format!(
                "{} changed since the plan; nothing was restored",
                self.uri()
            ))
            .with_next("call again: the plan is then of what is there now"));
        }
        let request = self.request(&head)?;
        let tier = request.tier.map(AwsTier::from);
        let body = match request.archive {
            // Its tier is not a job's: there is nothing to expire.
            Archive::Tiering => RestoreRequest::builder().set_glacier_job_parameters(job(tier)?),
            Archive::Glacier | Archive::Deep => {
                RestoreRequest::builder().set_days(self.days).set_glacier_job_parameters(job(tier)?)
            }
        };
        let sent = cx
            .client()
            .restore_object()
            .bucket(self.bucket.as_str())
            .key(self.key.as_str())
            // The version that was looked at, even when a newer one comes now.
            .set_version_id(self.version_id.clone().or(seen.version_id.filter(|id| id != "null")))
            .restore_request(body.build())
            .send()
            .await
            .map_err(Error::from);
        match sent {
            Err(error) if error.code.as_deref() == Some("RestoreAlreadyInProgress") => {
                return Err(self.under_way());
            }
            sent => sent?,
        };
        Ok(One(Restored {
            uri: self.uri(),
            outcome: request.outcome(),
            usually_takes: request.time.map(str::to_owned),
        }))
    }
}

/// What the plan saw of the object.
#[derive(PartialEq, Serialize)]
pub(crate) struct Seen {
    etag: Option<String>,
    version_id: Option<String>,
    class: Option<String>,
    /// How an earlier restore stands.
    restore: Option<String>,
}

impl Seen {
    fn of(head: &HeadObjectOutput) -> Seen {
        Seen {
            etag: head.e_tag.clone(),
            version_id: head.version_id.clone(),
            class: head.storage_class().map(|class| class.as_str().to_owned()),
            restore: head.restore.clone(),
        }
    }
}

fn job(tier: Option<AwsTier>) -> Result<Option<GlacierJobParameters>> {
    let job = tier.map(|tier| GlacierJobParameters::builder().tier(tier).build()).transpose();
    job.map_err(|error| Error::internal(error.to_string()))
}

impl From<Tier> for AwsTier {
    fn from(tier: Tier) -> Self {
        match tier {
            Tier::Expedited => AwsTier::Expedited,
            Tier::Standard => AwsTier::Standard,
            Tier::Bulk => AwsTier::Bulk,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Archive {
    Glacier,
    Deep,
    Tiering,
}

/// What is asked of AWS, given the state of the object.
#[derive(Debug)]
struct Request {
    archive: Archive,
    phase: Phase,
    days: Option<i32>,
    /// None where a copy is there and only its days change.
    tier: Option<Tier>,
    time: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Start,
    Hurry,
    Extend,
}

impl Request {
    fn headline(&self, what: &str) -> String {
        let days = self.days.map(|days| format!(" for {days} days")).unwrap_or_default();
        match self.phase {
            Phase::Start => format!("restore {what}{days}"),
            Phase::Hurry => format!("hurry the restore of {what}"),
            Phase::Extend => format!("keep {what} readable{days} from now"),
        }
    }

    fn outcome(&self) -> String {
        let days = self.days.map(|days| format!(", readable for {days} days then")).unwrap_or_default();
        match self.phase {
            Phase::Start => format!("restore started{days}; head_object shows its state"),
            Phase::Hurry => "restore hurried; head_object shows its state".to_owned(),
            Phase::Extend => format!("readable for {} days from now", self.days.unwrap_or_default()),
        }
    }
}

impl RestoreObject {
    fn uri(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.key)
    }

    async fn look(&self, cx: &Call<S3>) -> Result<HeadObjectOutput> {
        let out = cx
            .client()
            .head_object()
            .bucket(self.bucket.as_str())
            .key(self.key.as_str())
            .set_version_id(self.version_id.clone())
            .send()
            .await
            .map_err(Error::from);
        match out {
            Err(error) if error.kind == Kind::NotFound => {
                let error = Error::not_found(format!("{} does not exist", self.uri()))
                    .with_next("list_objects shows the keys; undelete_object brings deleted ones back");
                Err(match self.version_id {
                    None => {
                        spelling::explained(error, cx, cx.client(), &self.bucket, self.key.as_str()).await
                    }
                    Some(_) => error,
                })
            }
            out => out,
        }
    }

    fn request(&self, head: &HeadObjectOutput) -> Result<Request> {
        let uri = self.uri();
        let class = head.storage_class().map(StorageClass::as_str).unwrap_or("STANDARD");
        let archive = match (class, head.archive_status()) {
            ("GLACIER", _) => Archive::Glacier,
            ("DEEP_ARCHIVE", _) => Archive::Deep,
            (_, Some(_)) => Archive::Tiering,
            _ => {
                return Err(Error::conflict(format!(
                    "{uri} is not archived: it is in {class}, where it can be read at once"
                ))
                .with_next("get_object reads it"));
            }
        };
        let deep =
            archive == Archive::Deep || head.archive_status() == Some(&ArchiveStatus::DeepArchiveAccess);
        let state = head.restore().unwrap_or_default();
        let phase = match self.tier {
            _ if state.contains("ongoing-request=\"false\"") => Phase::Extend,
            None if state.contains("ongoing-request=\"true\"") => return Err(self.under_way()),
            Some(_) if state.contains("ongoing-request=\"true\"") => Phase::Hurry,
            _ => Phase::Start,
        };
        match (archive, self.days) {
            (Archive::Tiering, Some(_)) => {
                return Err(Error::invalid(format!(
                    "{uri} is in INTELLIGENT_TIERING, whose restore has no end"
                ))
                .with_next("leave `days` out"));
            }
            (Archive::Glacier | Archive::Deep, None) => {
                return Err(Error::invalid("`days` is missing: how long the restored copy stays readable")
                    .with_next("a good one is 7; AWS charges for the copy while it lasts"));
            }
            _ => {}
        }
        let tier = self.tier.unwrap_or(Tier::Standard);
        if deep && tier == Tier::Expedited {
            return Err(Error::invalid("the deep archive has no expedited tier")
                .with_next("standard takes up to 12 h, bulk up to 48 h"));
        }
        let time = match (deep, tier) {
            (_, Tier::Expedited) => "1 to 5 min",
            (false, Tier::Standard) => "3 to 5 h",
            (false, Tier::Bulk) => "5 to 12 h",
            (true, Tier::Standard) => "up to 12 h",
            (true, Tier::Bulk) => "up to 48 h",
        };
        let extend = phase == Phase::Extend;
        Ok(Request {
            archive,
            phase,
            days: self.days,
            tier: (!extend).then_some(tier),
            time: (!extend).then_some(time),
        })
    }

    fn under_way(&self) -> Error {
        Error::conflict(format!("{} is already being restored", self.uri()))
            .with_next("head_object shows when it is done; a faster tier than the first hurries it")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request(more: serde_json::Value, head: HeadObjectOutput) -> std::result::Result<Request, String> {
        let mut input = json!({"bucket": "bbb", "key": "k"});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let restore: RestoreObject = serde_json::from_value(input).unwrap();
        restore.request(&head).map_err(|error| error.to_string())
    }

    fn head(class: Option<StorageClass>, restore: Option<&str>) -> HeadObjectOutput {
        HeadObjectOutput::builder().set_storage_class(class).set_restore(restore.map(str::to_owned)).build()
    }

    #[test]
    fn what_is_asked_depends_on_the_state() {
        let glacier = || head(Some(StorageClass::Glacier), None);
        let start = request(json!({"days": 7}), glacier()).unwrap();
        assert_eq!(
            (start.phase, start.tier, start.time),
            (Phase::Start, Some(Tier::Standard), Some("3 to 5 h"))
        );
        assert!(request(json!({}), glacier()).unwrap_err().contains("`days` is missing"));
        let ongoing = || head(Some(StorageClass::Glacier), Some("ongoing-request=\"true\""));
        assert!(request(json!({"days": 7}), ongoing()).unwrap_err().contains("already being restored"));
        assert_eq!(request(json!({"days": 7, "tier": "expedited"}), ongoing()).unwrap().phase, Phase::Hurry);
        let there = head(Some(StorageClass::Glacier), Some("ongoing-request=\"false\", expiry-date=\"x\""));
        let extend = request(json!({"days": 9}), there).unwrap();
        assert_eq!((extend.phase, extend.tier), (Phase::Extend, None));
    }

    #[test]
    fn what_makes_no_sense_is_said_before_aws_is_asked() {
        assert!(request(json!({"days": 1}), head(None, None)).unwrap_err().contains("not archived"));
        let instant = head(Some(StorageClass::GlacierIr), None);
        assert!(request(json!({"days": 1}), instant).unwrap_err().contains("GLACIER_IR"));
        let deep = head(Some(StorageClass::DeepArchive), None);
        assert!(request(json!({"days": 1, "tier": "expedited"}), deep).unwrap_err().contains("no expedited"));
        let tiering = HeadObjectOutput::builder()
            .storage_class(StorageClass::IntelligentTiering)
            .archive_status(ArchiveStatus::ArchiveAccess)
            .build();
        assert!(request(json!({"days": 1}), tiering).unwrap_err().contains("leave `days` out"));
    }
}
