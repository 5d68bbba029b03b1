//! Where the requests of a service name the resources that they are about.

use awsmcp_aws::RequestView;
use awsmcp_spec::{Environment, in_row, resources};

/// Where a request names a resource.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// The operations, by the SDK's name; `*` alone stands for every operation.
    pub operations: &'static [&'static str],
    /// The ARN, with the places of the request in braces: `{TableName}` is a member of the body, `{path:2}` a segment of the
    /// path, `{bucket}` and `{key}` are S3's; see [`RequestView::texts`].
    pub arn: &'static str,
}

impl Look {
    pub(super) fn is_of(&self, operation: &str) -> bool {
        self.operations.iter().any(|name| *name == "*" || *name == operation)
    }

    /// The ARNs that a request names here; none where one of the places is empty.
    pub(super) fn read(&self, request: &RequestView, environment: Environment<'_>) -> Vec<String> {
        const OF_THE_CALL: [&str; 3] = ["partition", "region", "account"];
        let places =
            self.arn.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(place, _)| place);
        if places.filter(|place| !OF_THE_CALL.contains(place)).any(|place| request.texts(place).is_empty()) {
            return Vec::new();
        }
        resources(self.arn, environment, |place| {
            request.texts(place).into_iter().map(|text| in_row(self.arn, place, text)).collect()
        })
    }
}
