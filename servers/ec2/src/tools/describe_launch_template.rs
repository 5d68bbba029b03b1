use awsmcp_mcp::{Call, One, Result, Spec, Tool, difference};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Ec2, arns,
    names::LaunchTemplateId,
    templates::{selector, version},
    times::rfc3339,
};

/// Shows all that a version of a launch template says, or how two versions differ. User data is not shown.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DescribeLaunchTemplate {
    launch_template: LaunchTemplateId,
    /// `3`, `latest` or `default`, which it is without.
    version: Option<String>,
    /// Shows only what differs from this one.
    compare_to: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Card {
    id: String,
    name: Option<String>,
    version: Option<i64>,
    /// Whether it is what is launched where none is named.
    is_default: bool,
    description: Option<String>,
    created: Option<String>,
    created_by: Option<String>,
    /// As AWS names it; where something is not said here, a launch decides it.
    data: Option<Value>,
    compared_to: Option<i64>,
    /// From that one (`-`) to this one (`+`).
    difference: Option<Vec<String>>,
}

impl Tool for DescribeLaunchTemplate {
    type Service = Ec2;
    type Output = One<Card>;
    const SPEC: Spec = Spec::read("describe_launch_template", "Describe launch template")
        .on("*", &["ec2:DescribeLaunchTemplateVersions"])
        .names_no_resource()
        .optional();

    async fn call(self, cx: &Call<Ec2>) -> Result<Self::Output> {
        const ACTION: &str = "ec2:DescribeLaunchTemplateVersions";
        let (wanted, other) = (selector(self.version.as_deref())?, self.compare_to.as_deref());
        let other = other.map(|other| selector(Some(other))).transpose()?;
        let id = self.launch_template.as_str();
        cx.may(ACTION, arns::LAUNCH_TEMPLATE, &[("launch_template", id)]).await?;
        let this = version(cx, &self.launch_template, &wanted).await?;
        let other = match other {
            Some(other) => Some(version(cx, &self.launch_template, &other).await?),
            None => None,
        };
        let lines = other.as_ref().map(|other| difference(Some(&other.data), Some(&this.data)));
        let compared_to = other.and_then(|other| other.version.version_number);
        if let (Some(lines), Some(number)) = (&lines, compared_to)
            && lines.is_empty()
        {
            cx.note(format!("it says what version {number} says"));
        }
        let found = this.version;
        Ok(One(Card {
            id: found.launch_template_id.unwrap_or_else(|| id.to_owned()),
            name: found.launch_template_name,
            version: found.version_number,
            is_default: found.default_version.unwrap_or(false),
            description: found.version_description.filter(|text| !text.is_empty()),
            created: found.create_time.as_ref().and_then(rfc3339),
            created_by: found.created_by,
            data: lines.is_none().then_some(this.data),
            compared_to,
            difference: lines.filter(|lines| !lines.is_empty()),
        }))
    }
}
