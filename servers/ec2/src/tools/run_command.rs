use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_ssm::types::CommandInvocationStatus;
use awsmcp_mcp::{Call, Cleanup, Error, Kind, One, Result, Spec, Tool, Waited};
use futures::{StreamExt, TryStreamExt, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Ec2, arns,
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

#[derive(Serialize, JsonSchema)]
struct Ran {
    instance: String,
    status: String,
    exit_code: Option<i32>,
    output: Option<String>,
    error_output: Option<String>,
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
        let parameters = self.parameters(seconds)?;
        let mut parameters = parameters;
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
        let waits = instances.iter().map(|id| finished(cx, &command, id, limit, room));
        let waits: Vec<_> = waits.collect();
        let total = u64::try_from(waits.len()).ok();
        let mut results = Vec::new();
        let mut all = stream::iter(waits).buffer_unordered(20);
        while let Some(ran) = all.try_next().await? {
            results.push(ran);
            cx.progress(results.len() as u64, total, "instances are through");
        }
        drop(all);
        if results.iter().all(|ran| ran.status != LATE) {
            running.command = None;
        } else {
            running.cancel().await;
            cx.note(format!("it took more than {seconds} s, so it was cancelled where it still ran"));
        }
        results.sort_by(|left, right| left.instance.cmp(&right.instance));
        Ok(One(Outcome { command, document: self.document.as_str().to_owned(), results }))
    }
}

/// What is said of a command that was still running when its time was over.
const LATE: &str = "still running";

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

/// Waits until one instance is through, or the time is over.
async fn finished(cx: &Call<Ec2>, command: &str, id: &str, limit: Duration, room: usize) -> Result<Ran> {
    let so_far = Mutex::new(Ran::late(id));
    let waited = cx
        .until(limit, || async {
            let (ran, is_through) = match look(cx, command, id, room).await? {
                Some(found) => found,
                None => return Ok(Waited::Still(format!("{id} has not begun"))),
            };
            if is_through {
                return Ok(Waited::Ready(ran));
            }
            *so_far.lock().unwrap_or_else(PoisonError::into_inner) = ran;
            Ok(Waited::Still(format!("{id} still runs it")))
        })
        .await?;
    Ok(match waited {
        Waited::Ready(ran) => ran,
        Waited::Still(_) => so_far.into_inner().unwrap_or_else(PoisonError::into_inner),
    })
}

/// How far one instance is, and whether it is through; none where AWS does not say yet.
async fn look(cx: &Call<Ec2>, command: &str, id: &str, room: usize) -> Result<Option<(Ran, bool)>> {
    let request = cx.client().ssm.get_command_invocation().command_id(command).instance_id(id);
    let out = match request.send().await.map_err(Error::from) {
        Ok(out) => out,
        // It takes a moment until AWS knows its own command.
        Err(error) if error.code.as_deref() == Some("InvocationDoesNotExist") => return Ok(None),
        Err(error) if error.kind == Kind::Throttled => return Ok(None),
        Err(error) => return Err(error),
    };
    let status = out.status.unwrap_or(CommandInvocationStatus::Pending);
    let goes_on = matches!(
        status,
        CommandInvocationStatus::Pending
            | CommandInvocationStatus::InProgress
            | CommandInvocationStatus::Delayed
            | CommandInvocationStatus::Cancelling
    );
    let detail = out.status_details.filter(|text| !text.is_empty());
    let ran = Ran {
        status: if goes_on { LATE.to_owned() } else { detail.unwrap_or_else(|| status.to_string()) },
        exit_code: Some(out.response_code).filter(|code| *code >= 0 && !goes_on),
        output: out.standard_output_content.map(|text| cut(text, room)),
        error_output: out.standard_error_content.map(|text| cut(text, room)),
        ..Ran::late(id)
    };
    Ok(Some((ran, !goes_on)))
}

impl Ran {
    /// Of an instance that has said nothing yet.
    fn late(id: &str) -> Ran {
        Ran {
            instance: id.to_owned(),
            status: LATE.to_owned(),
            exit_code: None,
            output: None,
            error_output: None,
        }
    }
}

/// As much of an output as there is room for; SSM itself keeps 24,000 characters.
fn cut(text: String, room: usize) -> String {
    match text.char_indices().nth(room.max(500)) {
        None => text,
        Some((end, _)) => {
            let shown = text.get(..end).unwrap_or_default();
            format!("{shown}\n... (cut after {} of {} characters)", room.max(500), text.chars().count())
        }
    }
}

/// A command that nobody may leave behind: it is cancelled when the call is dropped.
struct Running {
    ssm: aws_sdk_ssm::Client,
    cleanup: Cleanup,
    command: Option<String>,
}

impl Running {
    async fn cancel(&mut self) {
        if let Some(command) = self.command.take() {
            // Where it has ended by itself there is nothing to cancel.
            let _ = self.ssm.cancel_command().command_id(command).send().await;
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

    #[test]
    fn a_long_output_is_cut_and_says_so() {
        let text = cut("x".repeat(2000), 600);
        assert!(text.ends_with("(cut after 600 of 2000 characters)"), "{text}");
        assert_eq!(cut("short".to_owned(), 600), "short");
    }
}
