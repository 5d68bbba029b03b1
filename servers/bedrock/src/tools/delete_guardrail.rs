use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Bedrock, arns,
    guardrail::{self, Found},
    moved::moved,
    names::{GuardrailId, GuardrailVersion},
};

/// Deletes a guardrail with all its versions, or one version.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeleteGuardrail {
    guardrail: GuardrailId,
    /// Only this one, not `DRAFT`.
    version: Option<GuardrailVersion>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Deleted {
    deleted: String,
    version: Option<String>,
}

/// What goes.
#[derive(PartialEq, Serialize)]
pub(crate) struct Doomed {
    /// The draft, or the one version.
    seen: Value,
    /// The numbers of the versions that go with the draft.
    versions: Vec<String>,
}

impl Change for DeleteGuardrail {
    type Service = Bedrock;
    type Output = One<Deleted>;
    type Items = Doomed;
    const SPEC: Spec = Spec::destroy("delete_guardrail", "Delete guardrail")
        .on(arns::GUARDRAIL, &["bedrock:GetGuardrail", "bedrock:DeleteGuardrail"])
        .on("*", &["bedrock:ListGuardrails"])
        .optional()
        .names_no_resource()
        .shown_by("list_guardrails");

    async fn plan(&self, cx: &Call<Bedrock>) -> Result<Plan<Doomed>> {
        if self.version.as_ref().is_some_and(|version| version.as_str() == "DRAFT") {
            return Err(Error::invalid("the draft goes only with the whole guardrail: leave `version` out"));
        }
        let (found, doomed) = self.look(cx).await?;
        let name = found.text("name");
        let plan = match &self.version {
            Some(version) => {
                Plan::new(format!("delete version {version} of guardrail {name} ({})", self.guardrail))
            }
            None => Plan::new(format!(
                "delete guardrail {name} ({}) with {}",
                self.guardrail,
                if doomed.versions.is_empty() {
                    "no published version".to_owned()
                } else {
                    format!("versions {}", doomed.versions.join(", "))
                }
            )),
        };
        Ok(plan
            .warning("calls that name it fail from then on, agents and knowledge bases that use it included")
            .items(doomed))
    }

    async fn apply(self, doomed: Doomed, cx: &Call<Bedrock>) -> Result<Self::Output> {
        // AWS takes no condition: a version that was published in between would go unseen.
        if self.look(cx).await?.1 != doomed {
            return Err(moved("the guardrail"));
        }
        let version = self.version.map(|version| version.to_string());
        let asked = cx.client().bedrock.delete_guardrail().guardrail_identifier(self.guardrail.as_str());
        asked.set_guardrail_version(version.clone()).send().await?;
        Ok(One(Deleted { deleted: self.guardrail.to_string(), version }))
    }
}

impl DeleteGuardrail {
    /// What there is now, and what of it goes.
    async fn look(&self, cx: &Call<Bedrock>) -> Result<(Found, Doomed)> {
        let listed = cx.client().bedrock.list_guardrails().guardrail_identifier(self.guardrail.as_str());
        let (found, listed) = tokio::join!(
            guardrail::fetch(cx, &self.guardrail, self.version.as_ref()),
            listed.max_results(1000).send()
        );
        let (found, listed) = (found?, listed?);
        let versions = listed.guardrails.into_iter().map(|found| found.version);
        let mut versions: Vec<String> =
            versions.filter(|version| self.version.is_none() && version != "DRAFT").collect();
        versions.sort();
        let doomed = Doomed { seen: found.seen(), versions };
        Ok((found, doomed))
    }
}
