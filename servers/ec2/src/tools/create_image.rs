use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_ec2::{
    operation::create_image::builders::CreateImageFluentBuilder,
    types::{ImageState, ResourceType},
};
use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec, Waited, counted};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    Ec2, arns,
    dry_run::would,
    instances::{one, state},
    names::InstanceId,
    tags::specification,
};

/// How long the call waits for an image; one of large disks takes an hour.
const PATIENCE: Duration = Duration::from_secs(58 * 60);

/// Makes an image of an instance, with all its volumes; `wait` until it can be launched.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateImage {
    instance: InstanceId,
    #[schemars(length(min = 3, max = 128))]
    name: String,
    description: Option<String>,
    /// Restarts it for a whole file system; else it runs on.
    #[serde(default)]
    reboot: bool,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    #[serde(default)]
    wait: bool,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Made {
    image: String,
    state: String,
}

impl Change for CreateImage {
    type Service = Ec2;
    type Output = One<Made>;
    type Items = ();
    const SPEC: Spec = Spec::write("create_image", "Create image")
        .shown_by("list_images")
        .on("*", &["ec2:DescribeInstances"])
        .on(arns::INSTANCE, &["ec2:CreateImage"])
        .on(arns::ANY_IMAGE, &["ec2:CreateImage"])
        .on(arns::ANY_SNAPSHOT, &["ec2:CreateImage"])
        .when("tags")
        .on(arns::ANY_IMAGE, &["ec2:CreateTags"])
        .on(arns::ANY_SNAPSHOT, &["ec2:CreateTags"])
        .when("wait")
        .on("*", &["ec2:DescribeImages"])
        .names_no_resource()
        .optional()
        .minutes(60);

    async fn plan(&self, cx: &Call<Ec2>) -> Result<Plan> {
        let instance = one(cx, &self.instance).await?;
        would(self.request(cx).dry_run(true).send()).await?;
        let disks = instance.block_device_mappings.as_deref().unwrap_or_default().len();
        let mut plan = Plan::new(format!(
            "make the image {} of {} with {}",
            self.name,
            self.instance,
            counted(disks, "volume")
        ));
        if state(&instance) == "running" {
            plan = match self.reboot {
                true => plan.warning("the instance is restarted"),
                false => plan
                    .warning("the instance runs on: what it has not yet written to disk is not in the image"),
            };
        }
        Ok(plan.state(json!(state(&instance))))
    }

    async fn apply(self, (): (), cx: &Call<Ec2>) -> Result<Self::Output> {
        let image = self.request(cx).send().await?.image_id.unwrap_or_default();
        if !self.wait {
            return Ok(One(Made { image, state: "pending".to_owned() }));
        }
        let state = match cx.until(PATIENCE, || look(cx, &image)).await? {
            Waited::Ready(()) => "available",
            Waited::Still(_) => {
                cx.note("AWS goes on making it: list_images shows when it is there");
                "pending"
            }
        };
        Ok(One(Made { image, state: state.to_owned() }))
    }
}

/// How an image stands.
async fn look(cx: &Call<Ec2>, image: &str) -> Result<Waited<()>> {
    let out = cx.client().ec2.describe_images().image_ids(image).send().await?;
    let found = out.images.unwrap_or_default().pop();
    match found.as_ref().and_then(|image| image.state.as_ref()) {
        Some(ImageState::Available) => Ok(Waited::Ready(())),
        // From none of these it comes to be available.
        Some(
            state @ (ImageState::Failed
            | ImageState::Error
            | ImageState::Invalid
            | ImageState::Deregistered
            | ImageState::Disabled),
        ) => {
            let state = state.to_string();
            let why = found.and_then(|image| image.state_reason).and_then(|reason| reason.message);
            let why = why.unwrap_or_else(|| format!("it is {state}, and AWS gives no reason"));
            Err(Error::conflict(format!("AWS could not make {image}: {why}")))
        }
        _ => Ok(Waited::Still(format!("AWS makes {image}"))),
    }
}

impl CreateImage {
    fn request(&self, cx: &Call<Ec2>) -> CreateImageFluentBuilder {
        let mut request = cx
            .client()
            .ec2
            .create_image()
            .instance_id(self.instance.as_str())
            .name(&self.name)
            .set_description(self.description.clone())
            .no_reboot(!self.reboot);
        for kind in [ResourceType::Image, ResourceType::Snapshot] {
            if let Some(tags) = specification(kind, None, &self.tags) {
                request = request.tag_specifications(tags);
            }
        }
        request
    }
}
