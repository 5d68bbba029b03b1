//! Patterns of operations' names.

/// Operations by name, as an operator writes them: `sqs:List*`, `*:Describe*`, `s3:GetObject`. `*` stands for any letters,
/// and case makes no difference, as in IAM's actions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationPattern {
    service: String,
    operation: String,
}

impl OperationPattern {
    /// Whether an operation is meant: by the name of its service or by one of its IAM actions.
    pub fn fits<'a>(
        &self,
        service: &str,
        operation: &str,
        actions: impl IntoIterator<Item = &'a str>,
    ) -> bool {
        let fits = |service: &str, operation: &str| {
            like(&self.service, &service.to_lowercase()) && like(&self.operation, &operation.to_lowercase())
        };
        fits(service, operation)
            || actions
                .into_iter()
                .filter_map(|it| it.split_once(':'))
                .any(|(prefix, name)| fits(prefix, name))
    }
}

impl OperationPattern {
    /// Whether an operation of this service, or one that takes an action of this IAM prefix, may be meant.
    pub fn is_of(&self, service: &str) -> bool {
        like(&self.service, &service.to_lowercase())
    }
}

impl std::str::FromStr for OperationPattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "{text:?} names no operation; a good one has a service and an operation, such as sqs:ListQueues, sqs:List* \
                 or *:Describe*"
            )
        };
        let (service, operation) = text.split_once(':').ok_or_else(wrong)?;
        let plain = |part: &str| {
            !part.is_empty() && part.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_*".contains(&it))
        };
        if !plain(service) || !plain(operation) {
            return Err(wrong());
        }
        Ok(OperationPattern { service: service.to_lowercase(), operation: operation.to_lowercase() })
    }
}

impl std::fmt::Display for OperationPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.service, self.operation)
    }
}

/// Whether a name is such as a pattern with stars says.
fn like(pattern: &str, name: &str) -> bool {
    let Some((before, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut left) = name.strip_prefix(before) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = left.find(part) else { return false };
        left = left.get(at + part.len()..).unwrap_or_default();
    }
    left.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_named_as_in_policies() {
        let fits = |pattern: &str, service: &str, operation: &str, actions: &[&str]| {
            pattern.parse::<OperationPattern>().unwrap().fits(service, operation, actions.iter().copied())
        };
        assert!(fits("sqs:ListQueues", "sqs", "ListQueues", &[]));
        assert!(fits("SQS:listqueues", "sqs", "ListQueues", &[]));
        assert!(fits("sqs:List*", "sqs", "ListQueues", &[]));
        assert!(fits("*:*Queue*s", "sqs", "ListQueues", &[]));
        assert!(fits("s3:ListBucket", "s3", "ListObjectsV2", &["s3:ListBucket"]));
        assert!(!fits("sqs:List", "sqs", "ListQueues", &[]));
        assert!(!fits("sqs:*Tags", "sqs", "ListQueues", &[]));
        assert!(!fits("sns:*", "sqs", "ListQueues", &["sqs:ListQueues"]));
        assert!(!fits("sqs:List*Queues*s", "sqs", "ListQueues", &[]));
        for wrong in ["", "sqs", "sqs:", ":List", "sqs:List Queues", "a:b:c", "sqs:Li?t"] {
            assert!(wrong.parse::<OperationPattern>().unwrap_err().contains("sqs:ListQueues"), "{wrong}");
        }
    }
}
