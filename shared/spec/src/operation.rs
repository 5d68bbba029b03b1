//! What an operation's name says about it.

/// The verbs of operations that only look. What comes after the verb begins with a capital letter or a digit.
const LOOKING: [&str; 22] = [
    "BatchCheck",
    "BatchDescribe",
    "BatchGet",
    "BatchList",
    "Check",
    "Count",
    "Describe",
    "Estimate",
    "Filter",
    "Get",
    "Head",
    "List",
    "Lookup",
    "Preview",
    "Query",
    "Scan",
    "Search",
    "Select",
    "Simulate",
    "Test",
    "TransactGet",
    "Validate",
];

/// Whether an operation of this name only looks, so that sending it twice does no more than sending it once.
///
/// It goes by AWS's verbs. Where a name says nothing certain (`ExecuteStatement`, `Retrieve`, `Converse`) the answer is
/// no: such an operation may change something, or cost something each time.
pub fn reads(operation: &str) -> bool {
    LOOKING.iter().any(|verb| {
        operation.strip_prefix(verb).is_some_and(|rest| {
            rest.chars().next().is_none_or(|next| next.is_ascii_uppercase() || next.is_ascii_digit())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_that_look_are_told_from_verbs_that_change() {
        for looking in [
            "GetObject",
            "ListObjectsV2",
            "DescribeInstances",
            "HeadBucket",
            "BatchGetItem",
            "TransactGetItems",
            "Query",
            "Scan",
            "SearchResources",
            "SelectObjectContent",
            "LookupEvents",
            "FilterLogEvents",
            "TestMetricFilter",
            "CheckDNSAvailability",
            "SimulatePrincipalPolicy",
            "CountTokens",
            "ValidatePipelineDefinition",
        ] {
            assert!(reads(looking), "{looking}");
        }
        for changing in [
            "PutItem",
            "UpdateItem",
            "DeleteObjects",
            "TransactWriteItems",
            "BatchWriteItem",
            "ExecuteStatement",
            "RunInstances",
            "Invoke",
            "Converse",
            "StartQuery",
            "Retrieve",
            "CheckoutLicense",
            "Listen",
            "Testify",
            "getObject",
            "",
        ] {
            assert!(!reads(changing), "{changing}");
        }
    }
}
