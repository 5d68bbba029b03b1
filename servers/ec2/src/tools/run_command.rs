use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use awsmcp_mcp::{Call, Cleanup, Error, One, Result, Spec, Tool, Waited};
use futures::{StreamExt, TryStreamExt, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Ec2, arns,
    commands::{RUNS, Ran, Stage, UNKNOWN, look},
    documents::permit,
    lists::once,
    names::{Document, InstanceId},
};

/// Runs an SSM document on instances and answers each one's output. Only documents that the operator allowed.
///
/// Cancelling the call cancels the command.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunCommand {
    #[schemars(length(min = 1, max = 20))]
    instances: Vec<InstanceId>,
    /// `AWS-RunPatchBaseline`, `AWS-RunShellScript`
    document: Document,
    /// Lines of a script, of documents that take one.
    #[serde(default)]
    commands: Vec<String>,
    #[serde(default)]
    parameters: BTreeMap<String, Vec<String>>,
    /// Default 300.
    #[schemars(range(min = 30, max = 3300))]
    timeout_seconds: Option<u32>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Outcome {
    command: String,
    document: String,
    results: Vec<Ran>,
}

impl Tool for RunCommand {
    type Service = Ec2;
    type Output = One<Outcome>;
    const SPEC: Spec = Spec::invoke("run_command", "Run command")
        .on(arns::DOCUMENT, &["ssm:SendCommand"])
        .on(arns::INSTANCES, &["ssm:SendCommand"])
        .on("*", &["ssm:GetCommandInvocation", "ssm:CancelCommand"])
        .names_no_resource()
        .quotes()
        .minutes(60);

    async fn call(self, cx: &Call<Ec2>) -> Result<Self::Output> {
        let seconds = self.timeout_seconds.unwrap_or(300);
        let limit = Duration::from_secs(u64::from(seconds));
        let mut parameters = self.parameters(seconds)?;
        permit(cx, self.document.as_str(), &mut parameters)?;
        let instances = once(&self.instances);
        let sent = cx
            .client()
            .ssm
            .send_command()
            .document_name(self.document.as_str())
            .set_instance_ids(Some(instances.clone()))
            .set_parameters(Some(HashMap::from_iter(parameters)))
            // For the agent to take it up; what it then may take is a parameter of the document.
            .timeout_seconds(i32::try_from(seconds).unwrap_or(300))
            .send()
            .await?;
        let command = sent.command.and_then(|command| command.command_id).unwrap_or_default();
        let mut running =
            Running { ssm: cx.client().ssm.clone(), cleanup: cx.cleanup(), command: Some(command.clone()) };
        let room = cx.budget() / instances.len().max(1) / 2;
        let waits = instances.iter().map(|id| watched(cx, &command, id, limit, room));
        let waits: Vec<_> = waits.collect();
        let total = u64::try_from(waits.len()).ok();
        let mut seen = Vec::new();
        let mut all = stream::iter(waits).buffer_unordered(20);
        while let Some(one) = all.try_next().await? {
            seen.push(one);
            cx.progress(seen.len() as u64, total, "instances are through");
        }
        drop(all);
        seen.sort_by(|left, right| left.ran.instance.cmp(&right.ran.instance));
        running.end(cx, &seen, seconds).await;
        let results = seen.into_iter().map(|one| one.ran).collect();
        Ok(One(Outcome { command, document: self.document.as_str().to_owned(), results }))
    }
}

impl RunCommand {
    fn parameters(&self, seconds: u32) -> Result<BTreeMap<String, Vec<String>>> {
        let mut parameters = self.parameters.clone();
        if !self.commands.is_empty() {
            if parameters.contains_key("commands") {
                return Err(Error::invalid("give `commands`, or `commands` in `parameters`, not both"));
            }
            parameters.insert("commands".to_owned(), self.commands.clone());
            parameters.entry("executionTimeout".to_owned()).or_insert_with(|| vec![seconds.to_string()]);
        }
        Ok(parameters)
    }
}

/// How the watch over one instance ended.
struct Watched {
    ran: Ran,
    end: End,
    /// Why it was not seen, where it was not.
    why: Option<Error>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Through,
    /// Its time was over before it was seen to be through.
    Late,
    /// AWS does not let it be looked at, and will not in a moment either.
    Unseen,
}

/// Waits until one instance is through, or the time is over. A look that fails loses nothing of what is known: the command
/// runs whether or not it is seen.
async fn watched(cx: &Call<Ec2>, command: &str, id: &str, limit: Duration, room: usize) -> Result<Watched> {
    let last = Mutex::new((Ran::silent(id, RUNS), None));
    let waited = cx
        .until(limit, || async {
            let looked = look(cx, command, id, room).await;
            let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
            let still = match looked {
                Ok(Stage::Through(ran)) => return Ok(Waited::Ready((ran, End::Through, None))),
                Ok(Stage::Runs(ran)) => {
                    *last = (ran, None);
                    format!("{id} still runs it")
                }
                Ok(Stage::NotBegun) => {
                    last.1 = None;
                    format!("{id} has not begun")
                }
                Err(error) if error.retryable() => {
                    last.1 = Some(error);
                    format!("{id} could not be looked at")
                }
                Err(error) => return Ok(Waited::Ready((last.0.clone(), End::Unseen, Some(error)))),
            };
            Ok(Waited::Still(still))
        })
        .await?;
    let (mut ran, end, why) = match waited {
        Waited::Ready(seen) => seen,
        Waited::Still(_) => {
            let (ran, why) = last.into_inner().unwrap_or_else(PoisonError::into_inner);
            (ran, End::Late, why)
        }
    };
    if why.is_some() {
        UNKNOWN.clone_into(&mut ran.status);
    }
    Ok(Watched { ran, end, why })
}

/// A command that nobody may leave behind: it is cancelled when the call is dropped.
struct Running {
    ssm: aws_sdk_ssm::Client,
    cleanup: Cleanup,
    command: Option<String>,
}

impl Running {
    /// Ends the command where its time is over, and says of which instances not all is known. Where only the looks fail, the
    /// command is left alone: it does what it was started for.
    async fn end(&mut self, cx: &Call<Ec2>, seen: &[Watched], seconds: u32) {
        let Some(command) = self.command.clone() else { return };
        let late: Vec<String> =
            seen.iter().filter(|one| one.end == End::Late).map(|one| one.ran.instance.clone()).collect();
        if !late.is_empty() {
            let cancel = self.ssm.cancel_command().command_id(&command).set_instance_ids(Some(late));
            cx.note(match cancel.send().await.map_err(Error::from) {
                Ok(_) => format!("it took more than {seconds} s, so it was cancelled where it still ran"),
                Err(error) => format!(
                    "it took more than {seconds} s and could not be cancelled, so it may run on: {}",
                    error.message
                ),
            });
        }
        self.command = None;
        let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for one in seen {
            if let Some(why) = &one.why {
                reasons.entry(&why.message).or_default().push(&one.ran.instance);
            }
        }
        for (why, instances) in &reasons {
            cx.note(format!("what it did on {} could not be read: {why}", instances.join(", ")));
        }
        if seen.iter().any(|one| one.end != End::Through) {
            cx.note(format!("get_command with \"command\": \"{command}\" shows what became of it"));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(command) = self.command.take() {
            let ssm = self.ssm.clone();
            self.cleanup.start(async move {
                let _ = ssm.cancel_command().command_id(command).send().await;
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_a_parameter_with_a_time_of_its_own() {
        let call: RunCommand = serde_json::from_value(serde_json::json!({
            "instances": ["i-0123456789abcdef0"], "document": "AWS-RunShellScript", "commands": ["df -h"]
        }))
        .unwrap();
        let parameters = call.parameters(60).unwrap();
        assert_eq!(parameters["commands"], ["df -h"]);
        assert_eq!(parameters["executionTimeout"], ["60"]);
    }
}
