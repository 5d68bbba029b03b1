//! Where a request names a resource.

use awsmcp_spec::{Environment, in_row, resources};

/// Where a request names a resource.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// The operations, by the SDK's name; `*` alone stands for every operation that no other look names.
    pub operations: &'static [&'static str],
    /// The ARN, with the places of the request in braces: `{TableName}` is a member of the body, `{path:2}` a segment of the
    /// path, `{bucket}` and `{key}` are S3's; see [`RequestView::texts`](awsmcp_sdk::RequestView::texts). A place of another
    /// name is read by [`Service::place`](crate::Service::place). `*` alone is for operations whose request carries only a
    /// token that AWS gave.
    pub arn: &'static str,
}

impl Look {
    pub(super) fn is_of(&self, operation: &str) -> bool {
        self.operations.contains(&operation)
    }

    /// The ARNs that a request names here; `texts` reads its places. None where one of them is empty.
    pub(super) fn read(
        &self,
        environment: Environment<'_>,
        texts: impl Fn(&str) -> Vec<String>,
    ) -> Vec<String> {
        const OF_THE_CALL: [&str; 3] = ["partition", "region", "account"];
        let places =
            self.arn.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(place, _)| place);
        if places.filter(|place| !OF_THE_CALL.contains(place)).any(|place| texts(place).is_empty()) {
            return Vec::new();
        }
        resources(self.arn, environment, |place| {
            texts(place).into_iter().map(|text| in_row(self.arn, place, text)).collect()
        })
    }
}
