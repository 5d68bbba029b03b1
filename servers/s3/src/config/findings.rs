//! What a person should look at in a bucket's settings, the gravest first.

use serde_json::Value;

use super::{Aspect, policy};

/// What no finding speaks of, wherever one calls a bucket open or closed, and where to look: the account's block is read
/// by another service's API.
pub(crate) const ACCOUNT_BLOCK: &str = "the account's own public access block was not read, and may close what is open \
    here: aws s3control get-public-access-block --account-id ACCOUNT shows it, or the S3 console's account settings";

/// The settings that could be read: `None` for one that the bucket does not have.
#[derive(Debug, Default)]
pub(crate) struct Known {
    pub(crate) settings: Vec<(Aspect, Option<Value>)>,
    /// AWS's own judgement of the policy, where it gave one.
    pub(crate) policy_is_public: Option<bool>,
    /// The caller's account, where it is known.
    pub(crate) account: Option<String>,
    /// A directory bucket: no ACLs, no versions, no public access.
    pub(crate) is_directory: bool,
}

impl Known {
    /// The setting, if it could be read and there is one.
    pub(crate) fn value(&self, aspect: Aspect) -> Option<&Value> {
        self.found(aspect).flatten()
    }

    /// The setting, if it could be read.
    fn found(&self, aspect: Aspect) -> Option<Option<&Value>> {
        let found = self.settings.iter().find(|(name, _)| *name == aspect)?;
        Some(found.1.as_ref())
    }

    fn lacks(&self, aspect: Aspect) -> bool {
        matches!(self.found(aspect), Some(None))
    }

    fn text(&self, aspect: Aspect, pointer: &str) -> Option<&str> {
        self.value(aspect)?.pointer(pointer)?.as_str()
    }

    fn items(&self, aspect: Aspect, field: &str) -> impl Iterator<Item = &Value> {
        let found = self.value(aspect).and_then(|value| value.get(field)).and_then(Value::as_array);
        found.map_or(&[][..], Vec::as_slice).iter()
    }

    fn blocks(&self, what: &str) -> bool {
        let block = self.value(Aspect::PublicAccessBlock);
        block.and_then(|block| block.get(what)).and_then(Value::as_bool).unwrap_or(false)
    }

    fn acls_are_off(&self) -> bool {
        self.text(Aspect::Ownership, "/Rules/0/ObjectOwnership") == Some("BucketOwnerEnforced")
    }

    /// Whether AWS, or else the policy itself, says that everybody is let in.
    pub(crate) fn policy_opens(&self) -> bool {
        let open =
            || self.value(Aspect::Policy).is_some_and(|policy| !policy::open_statements(policy).is_empty());
        self.policy_is_public.unwrap_or_else(open)
    }

    /// What there is to look at, each with its severity in front.
    pub(crate) fn findings(&self) -> Vec<String> {
        let mut found = Vec::new();
        self.access(&mut found);
        self.transport(&mut found);
        self.keeping(&mut found);
        found.sort_by_key(|text| SEVERITIES.iter().position(|severity| text.starts_with(severity)));
        found
    }

    fn access(&self, found: &mut Vec<String>) {
        if self.is_directory {
            return;
        }
        if self.policy_opens() {
            let statements = self.value(Aspect::Policy).map(policy::open_statements).unwrap_or_default();
            let which =
                if statements.is_empty() { String::new() } else { format!(" ({})", statements.join(", ")) };
            found.push(if self.blocks("RestrictPublicBuckets") {
                format!("medium: the policy is public{which}, held back only by RestrictPublicBuckets")
            } else {
                format!("high: public: the policy lets anybody in{which}")
            });
        }
        let guests = self.value(Aspect::Policy).map(policy::guests).unwrap_or_default();
        let others = guests.into_iter().filter(|guest| self.account.as_deref() != Some(&guest.account));
        found.extend(others.map(|guest| format!("medium: {guest}")));
        let grants = public_grants(self.value(Aspect::Acl));
        if !grants.is_empty() && !self.acls_are_off() {
            let grants = grants.join(", ");
            found.push(if self.blocks("IgnorePublicAcls") {
                format!("medium: the ACL is public ({grants}), held back only by IgnorePublicAcls")
            } else {
                format!("high: public: the ACL grants {grants}")
            });
        }
        let off: Vec<&str> = BLOCKS.into_iter().filter(|block| !self.blocks(block)).collect();
        if self.found(Aspect::PublicAccessBlock).is_some() && !off.is_empty() {
            let which = if off.len() == BLOCKS.len() { "all of it".to_owned() } else { off.join(", ") };
            found.push(format!(
                "medium: public access block is off here: {which} (the account's own, which was not read, may still hold)"
            ));
        }
        if self.found(Aspect::Ownership).is_some() && !self.acls_are_off() {
            found.push("low: ACLs are in force: ownership is not BucketOwnerEnforced".to_owned());
        }
        if self.value(Aspect::Website).is_some() {
            found.push("info: it serves a website, over plain HTTP and only what is public".to_owned());
        }
        let writes = |rule: &&Value| {
            let has = |field: &str, wanted: &[&str]| {
                let items = rule.get(field).and_then(Value::as_array);
                items.into_iter().flatten().filter_map(Value::as_str).any(|item| wanted.contains(&item))
            };
            has("AllowedOrigins", &["*"]) && has("AllowedMethods", &["PUT", "POST", "DELETE"])
        };
        if self.items(Aspect::Cors, "CORSRules").any(|rule| writes(&rule)) {
            found.push("low: CORS lets every web site write".to_owned());
        }
    }

    fn transport(&self, found: &mut Vec<String>) {
        if let Some(policy) = self.found(Aspect::Policy)
            && !policy.is_some_and(policy::requires_tls)
            && !self.is_directory
        {
            found.push("medium: no rule denies requests without TLS (aws:SecureTransport)".to_owned());
        }
        let algorithm =
            self.text(Aspect::Encryption, "/Rules/0/ApplyServerSideEncryptionByDefault/SSEAlgorithm");
        if self.lacks(Aspect::Encryption) {
            found.push("medium: no default encryption is configured".to_owned());
        } else if algorithm == Some("AES256") {
            found.push("info: encrypted with S3's own keys (SSE-S3), not with a KMS key".to_owned());
        }
    }

    fn keeping(&self, found: &mut Vec<String>) {
        let versioning = self.text(Aspect::Versioning, "/Status");
        if self.found(Aspect::Versioning).is_some() && versioning != Some("Enabled") && !self.is_directory {
            let state = if versioning.is_some() { "suspended" } else { "off" };
            found.push(format!("low: versioning is {state}: what is overwritten or deleted is gone"));
        }
        if self.found(Aspect::Lifecycle).is_some() {
            let on = |rule: &&Value| rule.get("Status").and_then(Value::as_str) == Some("Enabled");
            let has = |field: &str| {
                let mut rules = self.items(Aspect::Lifecycle, "Rules").filter(on);
                rules.any(|rule| rule.get(field).is_some())
            };
            if !has("AbortIncompleteMultipartUpload") {
                found.push("low: no lifecycle rule aborts incomplete multipart uploads".to_owned());
            }
            if versioning == Some("Enabled") && !has("NoncurrentVersionExpiration") {
                found.push("low: old versions are kept for ever: no lifecycle rule expires them".to_owned());
            }
        }
        if self.lacks(Aspect::Logging) && !self.is_directory {
            found.push("info: no access log".to_owned());
        }
    }
}

const SEVERITIES: [&str; 4] = ["high", "medium", "low", "info"];

const BLOCKS: [&str; 4] =
    ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"];

/// What an ACL gives to everybody: `READ to AllUsers`.
pub(crate) fn public_grants(acl: Option<&Value>) -> Vec<String> {
    let grants = acl.and_then(|acl| acl.get("Grants")).and_then(Value::as_array);
    let grants = grants.into_iter().flatten().filter_map(|grant| {
        let group = grant.pointer("/Grantee/URI")?.as_str()?.rsplit('/').next()?;
        let permission = grant.get("Permission")?.as_str()?;
        matches!(group, "AllUsers" | "AuthenticatedUsers").then(|| format!("{permission} to {group}"))
    });
    grants.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn known(settings: Vec<(Aspect, Value)>) -> Known {
        let settings = settings
            .into_iter()
            .map(|(aspect, value)| (aspect, Some(value).filter(|value| !value.is_null())));
        Known { settings: settings.collect(), ..Known::default() }
    }

    fn block(on: bool) -> Value {
        json!({"BlockPublicAcls": on, "IgnorePublicAcls": on, "BlockPublicPolicy": on, "RestrictPublicBuckets": on})
    }

    #[test]
    fn what_could_not_be_read_is_no_finding() {
        assert_eq!(known(vec![]).findings(), Vec::<String>::new());
    }

    #[test]
    fn the_gravest_comes_first() {
        let open = json!({"Statement": [{"Sid": "Web", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}]});
        let found = known(vec![
            (Aspect::Versioning, json!(null)),
            (Aspect::PublicAccessBlock, json!(null)),
            (Aspect::Policy, open.clone()),
        ]);
        let found = found.findings();
        assert_eq!(found[0], "high: public: the policy lets anybody in (Web)");
        assert!(found[1].starts_with("medium: public access block is off here: all of it"), "{found:?}");
        assert!(found.last().unwrap().starts_with("low: versioning is off"), "{found:?}");
        let held = known(vec![(Aspect::PublicAccessBlock, block(true)), (Aspect::Policy, open)]).findings();
        assert!(held[0].starts_with("medium: the policy is public (Web), held back only"), "{held:?}");
    }

    #[test]
    fn who_else_is_let_in_is_named() {
        let policy = json!({"Statement": [{"Sid": "In", "Effect": "Allow", "Action": "s3:GetObject",
            "Principal": {"AWS": ["arn:aws:iam::123456789012:role/own", "arn:aws:iam::999999999999:root"]}}]});
        let mut known = known(vec![(Aspect::Policy, policy)]);
        known.account = Some("123456789012".to_owned());
        let found = known.findings();
        assert_eq!(
            found[0],
            "medium: account 999999999999 is let in by statement In: arn:aws:iam::999999999999:root may do s3:GetObject"
        );
        assert!(!found.iter().any(|text| text.contains("123456789012")), "{found:?}");
    }

    #[test]
    fn a_public_acl_counts_only_where_acls_do() {
        let acl = json!({"Grants": [{"Grantee": {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/global/AllUsers"},
            "Permission": "READ"}]});
        let open = known(vec![(Aspect::Acl, acl.clone())]).findings();
        assert_eq!(open, ["high: public: the ACL grants READ to AllUsers"]);
        let ownership = json!({"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]});
        assert!(known(vec![(Aspect::Acl, acl), (Aspect::Ownership, ownership)]).findings().is_empty());
    }

    #[test]
    fn a_tidy_bucket_has_no_findings() {
        let tls = json!({"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]});
        let found = known(vec![
            (Aspect::Versioning, json!({"Status": "Enabled"})),
            (Aspect::PublicAccessBlock, block(true)),
            (Aspect::Policy, tls),
            (Aspect::Ownership, json!({"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]})),
            (
                Aspect::Encryption,
                json!({"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]}),
            ),
            (
                Aspect::Lifecycle,
                json!({"Rules": [{"Status": "Enabled", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
                    "NoncurrentVersionExpiration": {"NoncurrentDays": 30}}]}),
            ),
            (Aspect::Logging, json!({"LoggingEnabled": {"TargetBucket": "logs", "TargetPrefix": ""}})),
        ]);
        assert_eq!(found.findings(), Vec::<String>::new());
    }
}
