use awsmcp_mcp::{Call, Error, Page, Result, Spec, Tool};
use futures::{StreamExt, stream};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    Ec2, arns,
    commands::{Ran, Stage, UNKNOWN, look},
};

/// Shows what a command of run_command did, or does: each instance's status and output. AWS keeps it for 30 days.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GetCommand {
    /// Its id, as run_command gave it.
    #[schemars(length(min = 36, max = 36))]
    command: String,
}

impl Tool for GetCommand {
    type Service = Ec2;
    type Output = Page<Ran>;
    const SPEC: Spec = Spec::list("get_command", "Get command")
        .on("*", &["ssm:ListCommandInvocations", "ssm:GetCommandInvocation"])
        .rows(arns::INSTANCE)
        .quotes()
        .optional();

    async fn call(self, cx: &Call<Ec2>) -> Result<Self::Output> {
        const AT_ONCE: usize = 8;
        let out = cx
            .client()
            .ssm
            .list_command_invocations()
            .command_id(&self.command)
            .max_results(cx.page_size().clamp(1, 50))
            .set_next_token(cx.token())
            .send()
            .await?;
        let ids: Vec<String> = out
            .command_invocations
            .unwrap_or_default()
            .into_iter()
            .filter_map(|one| one.instance_id)
            .collect();
        if ids.is_empty() && cx.token().is_none() {
            return Err(Error::not_found(format!(
                "AWS knows no command {} in {}: it keeps them for 30 days",
                self.command,
                cx.region()
            )));
        }
        let room = cx.budget() / ids.len().max(1) / 2;
        let looks: Vec<_> = ids.iter().map(|id| seen(cx, &self.command, id, room)).collect();
        let rows: Vec<Ran> = stream::iter(looks).buffered(AT_ONCE).collect().await;
        Ok(cx.page(rows, out.next_token))
    }
}

/// One instance; where it cannot be looked at, a note says why.
async fn seen(cx: &Call<Ec2>, command: &str, id: &str, room: usize) -> Ran {
    match cx.part(&format!("what it did on {id}"), look(cx, command, id, room).await) {
        Some(Stage::Runs(ran) | Stage::Through(ran)) => ran,
        Some(Stage::NotBegun) => Ran::silent(id, "not begun"),
        None => Ran::silent(id, UNKNOWN),
    }
}
