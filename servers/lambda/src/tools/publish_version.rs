use awsmcp_mcp::{Call, Change, One, Plan, Result, Spec, human_size};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Lambda, arns, configuration::current, names::FunctionName};

/// Publishes a function's present code and configuration as a version, which never changes again.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PublishVersion {
    function: FunctionName,
    description: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Published {
    function: String,
    version: Option<String>,
    arn: Option<String>,
    code_sha256: Option<String>,
    state: Option<String>,
}

/// What was looked at: nothing else is published.
#[derive(Serialize)]
pub(crate) struct Seen {
    code_sha256: Option<String>,
    revision: Option<String>,
}

impl Change for PublishVersion {
    type Service = Lambda;
    type Output = One<Published>;
    type Items = Seen;
    const SPEC: Spec = Spec::write("publish_version", "Publish version")
        .shown_by("list_versions")
        .on(arns::FUNCTION, &["lambda:GetFunctionConfiguration", "lambda:PublishVersion"])
        .optional();

    async fn plan(&self, cx: &Call<Lambda>) -> Result<Plan<Seen>> {
        self.function.unqualified()?;
        let config = current(cx, &self.function.base(), None).await?;
        let runtime = config.runtime.as_ref().map_or("image", |runtime| runtime.as_str());
        let size = human_size(config.code_size.try_into().unwrap_or_default());
        let plan = Plan::new(format!(
            "publish {} as it is ({runtime}, {size}) as a new version; AWS makes none if nothing changed since the last",
            self.function
        ));
        Ok(plan.items(Seen { code_sha256: config.code_sha256, revision: config.revision_id }))
    }

    async fn apply(self, seen: Seen, cx: &Call<Lambda>) -> Result<Self::Output> {
        let function = self.function.base();
        let out = cx
            .client()
            .lambda
            .publish_version()
            .function_name(&function)
            .set_description(self.description)
            // What was planned, not what somebody uploads or configures in between.
            .set_code_sha256(seen.code_sha256)
            .set_revision_id(seen.revision)
            .send()
            .await?;
        Ok(One(Published {
            function: self.function.to_string(),
            version: out.version,
            arn: out.function_arn,
            code_sha256: out.code_sha256,
            state: out.state.map(|state| state.to_string()),
        }))
    }
}
