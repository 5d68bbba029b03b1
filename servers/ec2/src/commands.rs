//! What a command of SSM does on an instance, as far as it is known.

use aws_sdk_ssm::types::CommandInvocationStatus;
use awsmcp_mcp::{Call, Error, Result};
use schemars::JsonSchema;
use serde::Serialize;

use crate::Ec2;

/// What is said of a command that had not ended when it was looked at.
pub(crate) const RUNS: &str = "still running";
/// What is said of one that could not be looked at.
pub(crate) const UNKNOWN: &str = "not known";

/// A command on one instance.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Ran {
    pub(crate) instance: String,
    pub(crate) status: String,
    pub(crate) exit_code: Option<i32>,
    pub(crate) output: Option<String>,
    pub(crate) error_output: Option<String>,
}

impl Ran {
    /// On an instance that has said nothing yet.
    pub(crate) fn silent(instance: &str, status: &str) -> Ran {
        Ran {
            instance: instance.to_owned(),
            status: status.to_owned(),
            exit_code: None,
            output: None,
            error_output: None,
        }
    }
}

/// How far one instance is.
#[derive(Debug)]
pub(crate) enum Stage {
    /// AWS does not know yet that it is to run there.
    NotBegun,
    Runs(Ran),
    Through(Ran),
}

/// Looks at one instance. Of each output `room` characters are shown.
///
/// # Errors
/// When AWS does not say.
pub(crate) async fn look(cx: &Call<Ec2>, command: &str, instance: &str, room: usize) -> Result<Stage> {
    let request = cx.client().ssm.get_command_invocation().command_id(command).instance_id(instance);
    let out = match request.send().await.map_err(Error::from) {
        Ok(out) => out,
        // It takes a moment until AWS knows its own command.
        Err(error) if error.code.as_deref() == Some("InvocationDoesNotExist") => return Ok(Stage::NotBegun),
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
        instance: instance.to_owned(),
        status: if goes_on { RUNS.to_owned() } else { detail.unwrap_or_else(|| status.to_string()) },
        exit_code: Some(out.response_code).filter(|code| *code >= 0 && !goes_on),
        output: out.standard_output_content.map(|text| cut(text, room)),
        error_output: out.standard_error_content.map(|text| cut(text, room)),
    };
    Ok(if goes_on { Stage::Runs(ran) } else { Stage::Through(ran) })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_output_is_cut_and_says_so() {
        let text = cut("x".repeat(2000), 600);
        assert!(text.ends_with("(cut after 600 of 2000 characters)"), "{text}");
        assert_eq!(cut("short".to_owned(), 600), "short");
    }
}
