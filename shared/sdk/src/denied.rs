//! Reads AWS's sentence about a denied call.

/// Who was denied what, as far as AWS says.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Denied {
    /// The ARN of the caller.
    pub principal: Option<String>,
    /// The IAM action, such as `sts:AssumeRole`.
    pub action: Option<String>,
    /// The ARN that the action was for.
    pub resource: Option<String>,
    /// The policy that decided: `no identity-based policy allows it`, `explicit deny in a service control policy`, ...
    pub why: Option<String>,
}

impl Denied {
    /// Reads `User: ARN is not authorized to perform: ACTION on resource: ARN because ...` and its variants.
    ///
    /// `None` if the message says nothing of it, as with a bare `Access Denied`.
    pub(crate) fn read(message: &str) -> Option<Denied> {
        let principal = after(message, "User: ").and_then(word);
        let rest = after(message, "not authorized to perform: ");
        let action = rest.and_then(word);
        let resource = rest.and_then(|rest| after(rest, "on resource: ")).and_then(word);
        let why = rest.and_then(reason);
        let found = Denied { principal, action, resource, why };
        (found != Denied::default()).then_some(found)
    }

    /// Whether a policy forbids it, so that allowing it elsewhere does not help.
    pub(crate) fn explicit(&self) -> bool {
        self.why.as_deref().is_some_and(|why| why.starts_with("explicit deny"))
    }
}

fn after<'a>(text: &'a str, marker: &str) -> Option<&'a str> {
    text.split_once(marker).map(|(_, rest)| rest)
}

/// The next word, without the quotes and the full stop that some services put around an ARN.
fn word(text: &str) -> Option<String> {
    let word = text.split_whitespace().next()?.trim_matches(['"', '\'', ',']).trim_end_matches('.');
    (!word.is_empty()).then(|| word.to_owned())
}

fn reason(text: &str) -> Option<String> {
    let text = text.split_once("Encoded authorization failure message").map_or(text, |(before, _)| before);
    if let Some(rest) = after(text, "with an explicit deny") {
        return Some(format!("explicit deny{}", sentence(rest)));
    }
    let rest = sentence(after(text, " because ")?);
    // "no identity-based policy allows the s3:ListBucket action": the action is known already.
    Some(match rest.split_once(" allows the ") {
        Some((policy, _)) => format!("{policy} allows it"),
        None => rest.to_owned(),
    })
}

fn sentence(text: &str) -> &str {
    text.split_once(". ").map_or(text, |(first, _)| first).trim_end().trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: &str = "arn:aws:iam::123456789012:user/Ana";

    #[test]
    fn every_variant_of_the_sentence_is_read() {
        let identity = "no identity-based policy allows it";
        for (ending, why) in [
            (" because no identity-based policy allows the ec2:RunInstances action", identity),
            (" because no identity-based policy allows the ec2:RunInstances action.", identity),
            (" because no session policy allows the ec2:RunInstances action", "no session policy allows it"),
            (
                " because no permissions boundary allows the ec2:RunInstances action",
                "no permissions boundary allows it",
            ),
            (
                " because no service control policy allows the ec2:RunInstances action",
                "no service control policy allows it",
            ),
            (
                " because no VPC endpoint policy allows the ec2:RunInstances action",
                "no VPC endpoint policy allows it",
            ),
            (
                " because no resource-based policy allows the ec2:RunInstances action",
                "no resource-based policy allows it",
            ),
            (
                " with an explicit deny in a service control policy",
                "explicit deny in a service control policy",
            ),
            (
                " with an explicit deny in an identity-based policy",
                "explicit deny in an identity-based policy",
            ),
            (" with an explicit deny in a permissions boundary", "explicit deny in a permissions boundary"),
            (" with an explicit deny in a session policy", "explicit deny in a session policy"),
            (" with an explicit deny in a VPC endpoint policy", "explicit deny in a VPC endpoint policy"),
            (" with an explicit deny in a resource-based policy", "explicit deny in a resource-based policy"),
            (
                " with an explicit deny in a resource control policy",
                "explicit deny in a resource control policy",
            ),
            (
                " with an explicit deny in an identity-based policy: arn:aws:iam::123456789012:policy/Stop",
                "explicit deny in an identity-based policy: arn:aws:iam::123456789012:policy/Stop",
            ),
            (" with an explicit deny", "explicit deny"),
        ] {
            let message = format!(
                "User: {USER} is not authorized to perform: ec2:RunInstances on resource: \
                 arn:aws:ec2:eu-west-1:123456789012:instance/*{ending}"
            );
            let denied = Denied::read(&message).unwrap();
            assert_eq!(denied.principal.as_deref(), Some(USER), "{message}");
            assert_eq!(denied.action.as_deref(), Some("ec2:RunInstances"), "{message}");
            assert_eq!(
                denied.resource.as_deref(),
                Some("arn:aws:ec2:eu-west-1:123456789012:instance/*"),
                "{message}"
            );
            assert_eq!(denied.why.as_deref(), Some(why), "{message}");
            assert_eq!(denied.explicit(), why.starts_with("explicit"));
        }
    }

    #[test]
    fn quotes_and_other_sentences_do_not_disturb() {
        let denied = Denied::read(&format!(
            "You are not authorized to perform this operation. User: {USER} is not authorized to perform: \
             ec2:StopInstances on resource: \"arn:aws:ec2:eu-west-1:1:instance/i-1\" because no identity-based policy \
             allows the ec2:StopInstances action. Encoded authorization failure message: AbC-because-dEf"
        ))
        .unwrap();
        assert_eq!(denied.action.as_deref(), Some("ec2:StopInstances"));
        assert_eq!(denied.resource.as_deref(), Some("arn:aws:ec2:eu-west-1:1:instance/i-1"));
        assert_eq!(denied.why.as_deref(), Some("no identity-based policy allows it"));
    }

    #[test]
    fn what_is_not_said_is_not_made_up() {
        assert_eq!(Denied::read("Access Denied"), None);
        let denied =
            Denied::read(&format!("User: {USER} is not authorized to perform: sts:AssumeRole")).unwrap();
        assert_eq!((denied.resource, denied.why), (None, None));
        assert_eq!(Denied::read("You are not authorized to perform this operation."), None);
    }
}
