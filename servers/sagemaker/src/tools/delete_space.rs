use aws_sdk_sagemaker::{
    operation::describe_space::DescribeSpaceOutput,
    types::{AppDetails, AppStatus},
};
use aws_smithy_types::DateTime;
use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec, moved};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{SageMaker, arns, jobs::gone, names::PlainName};

/// Deletes a space of Studio with its disk and all files on it. `stop_running` ends its apps, which must be gone first.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeleteSpace {
    /// Its id, such as d-abc123.
    domain: PlainName,
    space: PlainName,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Deleted {
    deleted: String,
    outcome: &'static str,
}

impl Change for DeleteSpace {
    type Service = SageMaker;
    type Output = One<Deleted>;
    /// When it was made and last changed, and its status.
    type Items = (Option<i64>, Option<i64>, String);
    const SPEC: Spec = Spec::destroy("delete_space", "Delete space")
        .shown_by("list_studio")
        .on(arns::SPACE, &["sagemaker:DescribeSpace", "sagemaker:DeleteSpace"])
        .on("*", &["sagemaker:ListApps"])
        .names_no_resource()
        .optional();

    async fn plan(&self, cx: &Call<SageMaker>) -> Result<Plan<Self::Items>> {
        let (domain, space) = (&self.domain, &self.space);
        let found = self.describe(cx).await?;
        let apps = self.apps(cx).await?;
        if !apps.is_empty() {
            return Err(Error::conflict(format!("the space {space} has apps that run: {}", apps.join(", ")))
                .with_next("stop_running with kind=app ends one; what is not saved in them is lost"));
        }
        let seen = seen(&found);
        if seen.2 == "Deleting" {
            return Err(Error::conflict(format!("the space {space} is being deleted already")));
        }
        let owner =
            found.ownership_settings.as_ref().and_then(|owner| owner.owner_user_profile_name.as_deref());
        let owner = owner.map(|owner| format!(" of {owner}")).unwrap_or_default();
        let storage =
            found.space_settings.as_ref().and_then(|settings| settings.space_storage_settings.as_ref());
        let size = storage.and_then(|storage| storage.ebs_storage_settings.as_ref()?.ebs_volume_size_in_gb);
        let size = size.map(|size| format!(" of {size} GB")).unwrap_or_default();
        let plan = Plan::new(format!("delete the space {space}{owner} in {domain} with its disk{size}"))
            .warning("all files on it are lost for good, and nobody who shares it has it any more");
        Ok(plan.items(seen))
    }

    async fn apply(self, items: Self::Items, cx: &Call<SageMaker>) -> Result<Self::Output> {
        // Its name may be another's by now.
        if seen(&self.describe(cx).await?) != items {
            return Err(moved(&format!("the space {}", self.space)));
        }
        let asked = cx.client().sagemaker.delete_space().domain_id(self.domain.as_str());
        asked.space_name(self.space.as_str()).send().await?;
        Ok(One(Deleted { deleted: self.space.to_string(), outcome: "being deleted" }))
    }
}

fn seen(space: &DescribeSpaceOutput) -> (Option<i64>, Option<i64>, String) {
    let status = space.status.as_ref().map(ToString::to_string);
    let times = [&space.creation_time, &space.last_modified_time];
    let [made, changed] = times.map(|time| time.as_ref().map(DateTime::secs));
    (made, changed, status.unwrap_or_default())
}

impl DeleteSpace {
    async fn describe(&self, cx: &Call<SageMaker>) -> Result<DescribeSpaceOutput> {
        let asked = cx.client().sagemaker.describe_space().domain_id(self.domain.as_str());
        let sent = asked.space_name(self.space.as_str()).send().await;
        sent.map_err(|error| gone(Error::from(error)))
    }

    /// Its apps that are not gone, each with its sort: AWS deletes no space that has one.
    async fn apps(&self, cx: &Call<SageMaker>) -> Result<Vec<String>> {
        let asked = cx.client().sagemaker.list_apps().domain_id_equals(self.domain.as_str());
        let asked = asked.space_name_equals(self.space.as_str()).max_results(100);
        let all: Vec<AppDetails> = asked.into_paginator().items().send().try_collect().await?;
        let left = all.into_iter().filter(|app| {
            let is_over = matches!(app.status, Some(AppStatus::Deleted | AppStatus::Failed));
            app.space_name.as_deref() == Some(self.space.as_str()) && !is_over
        });
        let named = left.map(|app| {
            let sort = app.app_type.map(|sort| sort.to_string()).unwrap_or_default();
            format!("{} ({sort})", app.app_name.unwrap_or_default())
        });
        Ok(named.collect())
    }
}
