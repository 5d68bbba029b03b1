use awsmcp_mcp::{Body, Call, Error, Part, Result, Spec, Tool, human_size};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Ec2, arns, instances::find, names::Instance};

/// Takes a picture of an instance's screen, for systems that say nothing on the console, such as Windows.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConsoleScreenshot {
    instance: Instance,
    /// Presses a key first, if the screen sleeps.
    #[serde(default)]
    wake_up: bool,
}

impl Tool for ConsoleScreenshot {
    type Service = Ec2;
    type Output = Body;
    const SPEC: Spec = Spec::read("console_screenshot", "Console screenshot")
        .on("*", &["ec2:DescribeInstances"])
        .on(arns::INSTANCE, &["ec2:GetConsoleScreenshot"])
        .names_no_resource()
        .optional();

    async fn call(self, cx: &Call<Ec2>) -> Result<Self::Output> {
        let id = find(cx, &self.instance).await?.instance_id.unwrap_or_default();
        let request = cx.client().ec2.get_console_screenshot().instance_id(&id);
        let out = request.set_wake_up(self.wake_up.then_some(true)).send().await?;
        let data = BASE64_STANDARD
            .decode(out.image_data.unwrap_or_default().trim())
            .map_err(|error| Error::internal(format!("the screenshot is not Base64: {error}")))?;
        if data.is_empty() {
            return Err(Error::conflict(format!("AWS has no picture of {id}"))
                .with_next("it must be running, and not bare metal; console_output may show something"));
        }
        let size = human_size(data.len().try_into().unwrap_or_default());
        Ok(Body {
            label: format!("screen of {id}, JPEG, {size}"),
            parts: vec![Part::Image { data, mime: "image/jpeg".to_owned() }],
            rest: None,
            uri: None,
        })
    }
}
