use aws_sdk_sagemaker::types::{
    ModelApprovalStatus, ModelPackageGroupSortBy, ModelPackageGroupSummary, ModelPackageSortBy,
    ModelPackageSummary, SortOrder,
};
use awsmcp_mcp::{Call, Error, Page, Result, Spec, Tool};
use awsmcp_sdk::utc_second;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    SageMaker, arns,
    jobs::gone,
    names::{PackageGroupName, last_part},
};

/// Lists the model registry: its groups, or the package versions of one, newest first.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListModelPackages {
    /// Lists its versions.
    package_group: Option<PackageGroupName>,
    /// Anywhere in the name.
    name: Option<String>,
    /// Of versions.
    approval: Option<Approval>,
}

// Whether a version may be deployed.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Approval {
    Approved,
    Rejected,
    Pending,
}

#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Row {
    Group {
        name: String,
        created: Option<String>,
        description: Option<String>,
    },
    Version {
        version: Option<i32>,
        status: Option<String>,
        approval: Option<String>,
        created: Option<String>,
        description: Option<String>,
        package: String,
    },
}

impl Tool for ListModelPackages {
    type Service = SageMaker;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("list_model_packages", "List model packages")
        .on("*", &["sagemaker:ListModelPackageGroups"])
        .when("package_group")
        .on(arns::PACKAGES_OF_GROUP, &["sagemaker:ListModelPackages"])
        .on(arns::MODEL_PACKAGE_GROUP, &["sagemaker:DescribeModelPackageGroup"])
        .names_no_resource()
        .regional()
        .optional();

    async fn call(self, cx: &Call<SageMaker>) -> Result<Self::Output> {
        let client = &cx.client().sagemaker;
        let most = cx.page_size().min(100);
        let Some(group) = &self.package_group else {
            if self.approval.is_some() {
                return Err(Error::invalid("`approval` is of versions: give `package_group` too"));
            }
            let out = client
                .list_model_package_groups()
                .set_name_contains(self.name)
                .sort_by(ModelPackageGroupSortBy::CreationTime)
                .sort_order(SortOrder::Descending)
                .max_results(most)
                .set_next_token(cx.token())
                .send()
                .await?;
            let groups = out.model_package_group_summary_list.unwrap_or_default().into_iter();
            let groups = groups.filter(|group| {
                crate::scope::allows(
                    cx,
                    "sagemaker:ListModelPackageGroups",
                    group.model_package_group_arn.as_deref(),
                )
            });
            return Ok(cx.page(groups.map(row), out.next_token));
        };
        let group = group.as_str();
        if cx.token().is_none() {
            // AWS lists a group that does not exist as one without versions.
            let sent = client.describe_model_package_group().model_package_group_name(group).send().await;
            sent.map_err(|error| gone(Error::from(error)))?;
        }
        let out = client
            .list_model_packages()
            .model_package_group_name(group)
            .set_name_contains(self.name)
            .set_model_approval_status(self.approval.map(Approval::sdk))
            .sort_by(ModelPackageSortBy::CreationTime)
            .sort_order(SortOrder::Descending)
            .max_results(most)
            .set_next_token(cx.token())
            .send()
            .await?;
        Ok(cx.page(
            out.model_package_summary_list.unwrap_or_default().into_iter().map(version),
            out.next_token,
        ))
    }
}

fn row(group: ModelPackageGroupSummary) -> Row {
    Row::Group {
        name: group.model_package_group_name.unwrap_or_default(),
        created: group.creation_time.as_ref().map(utc_second),
        description: group.model_package_group_description,
    }
}

fn version(package: ModelPackageSummary) -> Row {
    let arn = package.model_package_arn.unwrap_or_default();
    Row::Version {
        version: package.model_package_version.or_else(|| last_part(&arn).parse().ok()),
        status: package.model_package_status.map(|status| status.to_string()),
        approval: package.model_approval_status.map(|status| status.to_string()),
        created: package.creation_time.as_ref().map(utc_second),
        description: package.model_package_description,
        package: arn,
    }
}

impl Approval {
    pub(crate) fn sdk(self) -> ModelApprovalStatus {
        match self {
            Approval::Approved => ModelApprovalStatus::Approved,
            Approval::Rejected => ModelApprovalStatus::Rejected,
            Approval::Pending => ModelApprovalStatus::PendingManualApproval,
        }
    }
}
