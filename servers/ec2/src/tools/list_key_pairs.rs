use awsmcp_mcp::{Call, Page, Result, Spec, Tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Ec2, arns, paging::Paging, tags::Filters, times::rfc3339};

/// Lists key pairs with type, fingerprint and age; AWS has only their public halves.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListKeyPairs {
    /// Its start, or `*-ci`.
    name: Option<String>,
    tag: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    name: String,
    id: Option<String>,
    r#type: Option<String>,
    fingerprint: Option<String>,
    created: Option<String>,
}

impl Tool for ListKeyPairs {
    type Service = Ec2;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("list_key_pairs", "List key pairs")
        .on("*", &["ec2:DescribeKeyPairs"])
        .rows(arns::EACH_KEY_PAIR)
        .regional()
        .optional();

    async fn call(self, cx: &Call<Ec2>) -> Result<Self::Output> {
        let filters = Filters::default().named("key-name", self.name.as_deref()).tag(self.tag.as_deref());
        let out = cx.client().ec2.describe_key_pairs().set_filters(filters.build()).send().await?;
        let rows = out.key_pairs.unwrap_or_default().into_iter().map(|pair| Row {
            name: pair.key_name.unwrap_or_default(),
            id: pair.key_pair_id,
            r#type: pair.key_type.map(|kind| kind.to_string()),
            fingerprint: pair.key_fingerprint,
            created: pair.create_time.as_ref().and_then(rfc3339),
        });
        Ok(Paging::new(cx).page(cx, rows.collect(), None))
    }
}
