use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec, moved};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::list_model_packages::Approval;
use crate::{SageMaker, arns, jobs::gone, names::PackageArn};

/// Approves or rejects a version of a model package; what waits for approval may deploy it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApproveModel {
    /// ARN, as `list_model_packages` returns it.
    package: PackageArn,
    approval: Approval,
    /// Why.
    comment: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Approved {
    package: String,
    approval: String,
}

impl Change for ApproveModel {
    type Service = SageMaker;
    type Output = One<Approved>;
    /// The approval that was seen.
    type Items = String;
    const SPEC: Spec = Spec::write("approve_model", "Approve model")
        .shown_by("list_model_packages")
        .on(arns::MODEL_PACKAGE, &["sagemaker:DescribeModelPackage", "sagemaker:UpdateModelPackage"])
        .idempotent()
        .optional();

    async fn plan(&self, cx: &Call<SageMaker>) -> Result<Plan<String>> {
        let arn = self.package.as_str();
        let before = approval(cx, arn).await?;
        let after = self.approval.sdk();
        let plan = Plan::new(format!("set {arn} to {after}; it is {before} now"));
        let plan = match self.approval {
            Approval::Approved => {
                plan.warning("pipelines and rules that wait for approval may deploy it at once")
            }
            Approval::Rejected | Approval::Pending => plan,
        };
        Ok(plan.items(before))
    }

    async fn apply(self, before: String, cx: &Call<SageMaker>) -> Result<Self::Output> {
        let arn = self.package.as_str();
        // Who rejected it meanwhile is not overruled unseen.
        if approval(cx, arn).await? != before {
            return Err(moved(&format!("the approval of {arn}")));
        }
        let after = self.approval.sdk();
        cx.client()
            .sagemaker
            .update_model_package()
            .model_package_arn(arn)
            .model_approval_status(after.clone())
            .set_approval_description(self.comment)
            .send()
            .await?;
        Ok(One(Approved { package: arn.to_owned(), approval: after.to_string() }))
    }
}

/// How it stands now.
async fn approval(cx: &Call<SageMaker>, arn: &str) -> Result<String> {
    let sent = cx.client().sagemaker.describe_model_package().model_package_name(arn).send().await;
    let found = sent.map_err(|error| gone(Error::from(error)))?;
    Ok(found.model_approval_status.map(|status| status.to_string()).unwrap_or_default())
}
