//! What findings need to know of a bucket, asked for at once; what may not be read is named with its permission.

use aws_sdk_s3::Client;
use awsmcp_mcp::{Call, Error, Kind};
use futures::future::join_all;

use super::{Aspect, findings::Known, is_unsupported, policy};
use crate::S3;

/// The aspects that findings are made of.
const NEEDED: [Aspect; 10] = [
    Aspect::Versioning,
    Aspect::Encryption,
    Aspect::PublicAccessBlock,
    Aspect::Policy,
    Aspect::Acl,
    Aspect::Ownership,
    Aspect::Lifecycle,
    Aspect::Cors,
    Aspect::Logging,
    Aspect::Website,
];

/// What reading them takes, in their order, with the status of the policy behind it.
pub(crate) const ACTIONS: [&str; 11] = [
    "s3:GetBucketVersioning",
    "s3:GetEncryptionConfiguration",
    "s3:GetBucketPublicAccessBlock",
    "s3:GetBucketPolicy",
    POLICY_STATUS,
    "s3:GetBucketAcl",
    "s3:GetBucketOwnershipControls",
    "s3:GetLifecycleConfiguration",
    "s3:GetBucketCORS",
    "s3:GetBucketLogging",
    "s3:GetBucketWebsite",
];
const POLICY_STATUS: &str = "s3:GetBucketPolicyStatus";

/// What a bucket's findings are, and what they do not speak of.
#[derive(Debug, Default)]
pub(crate) struct Looked {
    pub(crate) findings: Vec<String>,
    /// What could not be read, and the action that would allow it or what failed.
    pub(crate) unread: Vec<String>,
}

/// Looks at a bucket with a client of its region.
pub(crate) async fn look(cx: &Call<S3>, client: &Client, bucket: &str, is_directory: bool) -> Looked {
    let status = async { client.get_bucket_policy_status().bucket(bucket).send().await.map_err(Error::from) };
    let aspects =
        join_all(NEEDED.map(|aspect| async move { (aspect, aspect.read_by(client, bucket).await) }));
    let (status, aspects) = tokio::join!(status, aspects);
    let mut known = Known { is_directory, ..Known::default() };
    let mut unread = Vec::new();
    for (aspect, found) in aspects {
        match found {
            Ok(value) => known.settings.push((aspect, value)),
            Err(error) => unread.extend(why(aspect.name(), aspect.action(), &error)),
        }
    }
    match status {
        Ok(out) => known.policy_is_public = out.policy_status.and_then(|status| status.is_public),
        // Where there is no policy, there is no status.
        Err(error) if error.kind == Kind::NotFound => {}
        Err(error) => unread.extend(why("policy_status", POLICY_STATUS, &error)),
    }
    if known.value(Aspect::Policy).is_some_and(|policy| !policy::guests(policy).is_empty()) {
        // Whose account is the caller's own; without that, all are named.
        known.account = cx.identity().await.ok().map(|identity| identity.account);
    }
    Looked { findings: known.findings(), unread }
}

/// `policy (s3:GetBucketPolicy)`; nothing of what the store does not have.
fn why(name: &str, action: &str, error: &Error) -> Option<String> {
    match error.kind {
        Kind::AccessDenied => Some(format!("{name} ({action})")),
        _ if is_unsupported(error) => None,
        _ => Some(format!("{name}: {}", error.message)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_what_is_declared() {
        let read = NEEDED.iter().map(|aspect| aspect.action());
        assert!(read.eq(ACTIONS.into_iter().filter(|action| *action != POLICY_STATUS)));
    }
}
