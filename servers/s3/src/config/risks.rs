//! What a change of a setting may bring about that a person should know of, or agree to, before.

use awsmcp_mcp::{Call, Result};
use serde_json::Value;

use super::{Setting, policy};
use crate::S3;

/// What a plan says beside the difference.
#[derive(Debug, Default)]
pub(crate) struct Risks {
    pub(crate) warnings: Vec<String>,
    /// Whether a person is to agree.
    pub(crate) ask: bool,
}

impl Risks {
    /// Of a value in place of another, as far as the two tell.
    pub(crate) fn of(setting: Setting, old: Option<&Value>, new: Option<&Value>) -> Risks {
        let mut risks = Risks::default();
        match setting {
            Setting::Policy => risks.policy(old, new),
            Setting::PublicAccessBlock => risks.public_access_block(old, new),
            Setting::Ownership => {
                let enforced = |value| is(value, "/Rules/0/ObjectOwnership", "BucketOwnerEnforced");
                if enforced(old) && !enforced(new) {
                    risks.ask("ACLs come into force again: those of objects and bucket may be public");
                }
            }
            Setting::Lifecycle => risks.lifecycle(old, new),
            Setting::Versioning => {
                if is(new, "/Status", "Suspended") {
                    risks.warn("what is overwritten or deleted from now on is gone; versions so far stay");
                }
            }
            Setting::Encryption => {
                if new.is_none() {
                    risks.warn("new objects are encrypted with S3's own keys (SSE-S3) from now on");
                }
            }
            Setting::ObjectLock => {
                if is(new, "/Rule/DefaultRetention/Mode", "COMPLIANCE") {
                    risks.ask(
                        "nobody, root included, can delete new objects before their COMPLIANCE retention ends",
                    );
                }
            }
            Setting::Website => {
                if old.is_none() {
                    risks.warn("a website endpoint serves plain HTTP, and only what is public");
                }
            }
            Setting::Notifications => {
                if old.is_some() && new.is_none() {
                    risks.warn("what listens to this bucket hears nothing any more");
                }
            }
            Setting::IntelligentTiering => risks.intelligent_tiering(old, new),
            Setting::Inventory => {
                if is_on(old, "/IsEnabled") && !is_on(new, "/IsEnabled") {
                    risks.warn("there are no more reports of this inventory");
                }
            }
            Setting::Metrics => risks.metrics(old, new),
            Setting::Cors | Setting::Logging | Setting::Tags | Setting::Analytics => {}
        }
        risks
    }

    fn warn(&mut self, text: impl Into<String>) {
        self.warnings.push(text.into());
    }

    fn ask(&mut self, text: impl Into<String>) {
        self.warn(text);
        self.ask = true;
    }

    fn policy(&mut self, old: Option<&Value>, new: Option<&Value>) {
        let open = new.map(policy::open_statements).unwrap_or_default();
        if !open.is_empty() {
            self.ask(format!(
                "public: anybody is let in by statement {}, unless this bucket's or the account's public access block, \
                 which were not read, hold it back",
                open.join(", ")
            ));
        }
        if new.is_some_and(policy::locks_out) {
            self.ask("a statement denies everybody everything: only the account's root user could undo it");
        }
        if old.is_some_and(policy::requires_tls) && !new.is_some_and(policy::requires_tls) {
            self.warn("the rule that denies requests without TLS goes away");
        }
        let kept = new.map(policy::denials).unwrap_or_default();
        let lost = old.map(policy::denials).unwrap_or_default();
        let lost: Vec<String> = lost.into_iter().filter(|denial| !kept.contains(denial)).collect();
        if !lost.is_empty() {
            self.warn(format!("what these statements deny is no longer denied: {}", lost.join(", ")));
        }
    }

    fn public_access_block(&mut self, old: Option<&Value>, new: Option<&Value>) {
        let names = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"];
        let goes_off = |name: &&str| {
            let at = format!("/{name}");
            is_on(old, &at) && !is_on(new, &at)
        };
        let off: Vec<&str> = names.into_iter().filter(goes_off).collect();
        if !off.is_empty() {
            self.ask(format!(
                "public access becomes possible: {} goes off (the account's own block, which was not read, may still hold)",
                off.join(", ")
            ));
        }
    }

    fn lifecycle(&mut self, old: Option<&Value>, new: Option<&Value>) {
        let fresh = expiring(old, new);
        if !fresh.is_empty() {
            self.ask(format!("objects or versions will be deleted by rule {}", fresh.join(", ")));
        }
        let fresh = archiving(old, new);
        if !fresh.is_empty() {
            self.ask(format!(
                "objects or versions go to an archive, and cannot be read before restore_object, by rule {}",
                fresh.join(", ")
            ));
        }
    }

    fn intelligent_tiering(&mut self, old: Option<&Value>, new: Option<&Value>) {
        if is(new, "/Status", "Enabled") && old != new {
            let tiers = new.and_then(|new| new.get("Tierings")).and_then(Value::as_array);
            let tier = |tier: &Value| {
                let days = tier.get("Days").and_then(Value::as_i64)?;
                Some(format!("{days} days ({})", tier.get("AccessTier")?.as_str()?))
            };
            let tiers: Vec<String> = tiers.into_iter().flatten().filter_map(tier).collect();
            self.ask(format!(
                "objects in INTELLIGENT_TIERING that nobody read for {} go to an archive, and cannot be read before \
                 restore_object",
                tiers.join(", ")
            ));
        }
    }

    fn metrics(&mut self, old: Option<&Value>, new: Option<&Value>) {
        match (old, new) {
            (None, Some(_)) => self.warn("request metrics are billed as custom metrics of CloudWatch"),
            (Some(_), None) => {
                self.warn("CloudWatch gets no more request metrics of it: alarms on them see no data")
            }
            _ => {}
        }
    }
}

/// What another account newly gets by a value, each in a sentence: whom a policy lets in, whose bucket takes reports, who is
/// told of events, whose key encrypts.
pub(crate) async fn given_away(
    cx: &Call<S3>,
    setting: Setting,
    old: Option<&Value>,
    new: Option<&Value>,
) -> Result<Vec<String>> {
    let mut fresh: Vec<(String, String)> = Vec::new();
    if setting == Setting::Policy {
        let before = old.map(policy::guests).unwrap_or_default();
        let guests = new.map(policy::guests).unwrap_or_default();
        let guests = guests.into_iter().filter(|guest| !before.contains(guest));
        fresh.extend(guests.map(|guest| (guest.account.clone(), guest.to_string())));
    }
    if let Some(to) = setting.new_receiver(old, new)
        && let Some(account) = to.account
    {
        let text = format!("account {account} gets reports of what lies in this bucket, in {}", to.bucket);
        fresh.push((account, text));
    }
    let before = old.map(|old| setting.in_hands(old)).unwrap_or_default();
    let hands = new.map(|new| setting.in_hands(new)).unwrap_or_default();
    fresh.extend(hands.into_iter().filter(|hand| !before.contains(hand)));
    if fresh.is_empty() {
        return Ok(Vec::new());
    }
    let own = cx.identity().await?.account;
    Ok(fresh.into_iter().filter(|(account, _)| *account != own).map(|(_, text)| text).collect())
}

/// The names of the rules that delete what is not deleted so far.
pub(crate) fn expiring(old: Option<&Value>, new: Option<&Value>) -> Vec<String> {
    let expires = |rule: &&Value| {
        ["Expiration", "NoncurrentVersionExpiration"].iter().any(|field| rule.get(field).is_some())
    };
    let before: Vec<&Value> = rules(old).filter(expires).collect();
    rules(new).filter(expires).filter(|rule| !before.contains(rule)).map(named).collect()
}

/// The names of the rules that send to an archive what is not sent there so far, each with the archives.
fn archiving(old: Option<&Value>, new: Option<&Value>) -> Vec<String> {
    let before: Vec<&Value> = rules(old).collect();
    let fresh = rules(new).filter(|rule| !before.contains(rule) && is(Some(rule), "/Status", "Enabled"));
    let archives = fresh.filter_map(|rule| {
        let lists =
            ["Transitions", "NoncurrentVersionTransitions"].into_iter().filter_map(|list| rule.get(list));
        let classes =
            lists.filter_map(Value::as_array).flatten().filter_map(|to| to.get("StorageClass")?.as_str());
        let archives: Vec<&str> =
            classes.filter(|class| matches!(*class, "GLACIER" | "DEEP_ARCHIVE")).collect();
        (!archives.is_empty()).then(|| format!("{}: {}", named(rule), archives.join(", ")))
    });
    archives.collect()
}

fn rules(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(|value| value.get("Rules")).and_then(Value::as_array).into_iter().flatten()
}

fn named(rule: &Value) -> String {
    let id = rule.get("ID").and_then(Value::as_str).unwrap_or_default();
    if id.is_empty() { "without ID".to_owned() } else { id.to_owned() }
}

fn is(value: Option<&Value>, pointer: &str, wanted: &str) -> bool {
    value.and_then(|value| value.pointer(pointer)).and_then(Value::as_str) == Some(wanted)
}

fn is_on(value: Option<&Value>, pointer: &str) -> bool {
    value.and_then(|value| value.pointer(pointer)).and_then(Value::as_bool).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_opens_deletes_or_locks_is_asked_about() {
        let asks = |setting, old: Option<Value>, new: Option<Value>| {
            Risks::of(setting, old.as_ref(), new.as_ref()).ask
        };
        let block = |on: bool| Some(json!({"BlockPublicAcls": on, "IgnorePublicAcls": true}));
        assert!(asks(Setting::PublicAccessBlock, block(true), block(false)));
        assert!(asks(Setting::PublicAccessBlock, block(true), None));
        assert!(!asks(Setting::PublicAccessBlock, block(false), block(true)));
        let policy = |who: &str, effect: &str| {
            Some(json!({"Statement": [{"Effect": effect, "Principal": {"AWS": who}, "Action": "s3:*"}]}))
        };
        assert!(asks(Setting::Policy, None, policy("*", "Allow")));
        assert!(asks(Setting::Policy, None, policy("*", "Deny")));
        assert!(!asks(Setting::Policy, None, policy("arn:aws:iam::123456789012:root", "Allow")));
        let ownership = |how: &str| Some(json!({"Rules": [{"ObjectOwnership": how}]}));
        assert!(asks(Setting::Ownership, ownership("BucketOwnerEnforced"), ownership("ObjectWriter")));
        assert!(!asks(Setting::Ownership, ownership("ObjectWriter"), ownership("BucketOwnerEnforced")));
        let rule = |days: i32| {
            Some(json!({"Rules": [{"ID": "r", "Status": "Enabled", "Expiration": {"Days": days}}]}))
        };
        assert!(asks(Setting::Lifecycle, None, rule(1)));
        assert!(asks(Setting::Lifecycle, rule(2), rule(1)));
        assert!(!asks(Setting::Lifecycle, rule(1), rule(1)));
        assert!(!asks(Setting::Lifecycle, rule(1), None));
        let lock = |mode: &str| Some(json!({"Rule": {"DefaultRetention": {"Mode": mode, "Days": 1}}}));
        assert!(asks(Setting::ObjectLock, None, lock("COMPLIANCE")));
        assert!(!asks(Setting::ObjectLock, None, lock("GOVERNANCE")));
    }

    fn told(setting: Setting, old: Option<Value>, new: Option<Value>) -> (bool, String) {
        let risks = Risks::of(setting, old.as_ref(), new.as_ref());
        (risks.ask, risks.warnings.join("; "))
    }

    #[test]
    fn what_goes_to_an_archive_is_asked_about() {
        let rule = |class: &str, status: &str| {
            Some(
                json!({"Rules": [{"ID": "r", "Status": status, "Transitions": [{"Days": 30, "StorageClass": class}]}]}),
            )
        };
        let (asks, why) = told(Setting::Lifecycle, None, rule("DEEP_ARCHIVE", "Enabled"));
        assert!(asks && why.contains("by rule r: DEEP_ARCHIVE") && why.contains("restore_object"), "{why}");
        assert!(told(Setting::Lifecycle, rule("GLACIER", "Disabled"), rule("GLACIER", "Enabled")).0);
        for class in ["STANDARD_IA", "GLACIER_IR", "INTELLIGENT_TIERING"] {
            assert_eq!(told(Setting::Lifecycle, None, rule(class, "Enabled")), (false, String::new()));
        }
        let tiers = |days: i32, status: &str| {
            Some(
                json!({"Id": "a", "Status": status, "Tierings": [{"AccessTier": "ARCHIVE_ACCESS", "Days": days}]}),
            )
        };
        let (asks, why) = told(Setting::IntelligentTiering, None, tiers(90, "Enabled"));
        assert!(asks && why.contains("nobody read for 90 days (ARCHIVE_ACCESS)"), "{why}");
        assert!(told(Setting::IntelligentTiering, tiers(180, "Enabled"), tiers(90, "Enabled")).0);
        assert!(!told(Setting::IntelligentTiering, None, tiers(90, "Disabled")).0);
        assert!(!told(Setting::IntelligentTiering, tiers(90, "Enabled"), None).0);
    }

    #[test]
    fn reports_that_end_are_told_of() {
        let on = |on: bool| Some(json!({"Id": "daily", "IsEnabled": on}));
        assert!(told(Setting::Inventory, on(true), None).1.contains("no more reports"));
        assert!(told(Setting::Inventory, on(true), on(false)).1.contains("no more reports"));
        assert_eq!(told(Setting::Inventory, on(false), on(true)), (false, String::new()));
        assert!(told(Setting::Metrics, on(true), None).1.contains("alarms"));
        assert!(told(Setting::Metrics, None, on(true)).1.contains("billed"));
    }
}
