//! The contract of a server, printed from its tools. It is a golden file of each server's crate.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Need, Risk};

/// All that a server promises.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// The server's id, such as `s3`: the binary is `awsmcp-s3`.
    pub server: String,
    /// AWS's name of the service.
    pub title: String,
    /// What the server is for, in a sentence.
    pub summary: String,
    /// What the server tells a model when it connects.
    pub instructions: String,
    /// The settings that only this server has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<OptionEntry>,
    /// The groups that `--toolsets` knows.
    pub toolsets: Vec<ToolsetEntry>,
    /// Every tool, in the order of the table of contents.
    pub tools: Vec<ToolEntry>,
    /// What can be read by address.
    pub resources: Vec<ResourceEntry>,
    /// The runbooks.
    pub prompts: Vec<PromptEntry>,
    /// The size of the `tools/list` answer as started without a flag, in bytes.
    pub default_list_bytes: usize,
    /// The same with every tool allowed.
    pub full_list_bytes: usize,
}

/// A setting that only this server has.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OptionEntry {
    /// The flag's name without `--`, which is also the key of the configuration file.
    pub name: String,
    /// What it takes.
    pub value: String,
    /// The environment variable.
    pub variable: String,
    /// What it does.
    pub about: String,
}

/// A group of tools.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ToolsetEntry {
    /// The word for `--toolsets`.
    pub name: String,
    /// What its tools are for.
    pub summary: String,
}

/// One tool of a manifest.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ToolEntry {
    /// The name a client calls.
    pub name: String,
    /// The name people read.
    pub title: String,
    /// What the model reads.
    pub description: String,
    /// What a call may do.
    pub risk: Risk,
    /// The group it belongs to.
    pub toolset: String,
    /// Whether it is in the default set.
    pub default: bool,
    /// Whether it needs an allowed directory.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub local_files: bool,
    /// Whether its arguments name the operation that a call does, each with a risk and needs of its own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dispatches: bool,
    /// The tool that shows what a call did, of what changes something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown_by: Option<String>,
    /// The IAM actions it may use.
    pub needs: Vec<NeedEntry>,
    /// The JSON schema of its input, with every common parameter that it can take.
    pub input_schema: Value,
}

/// One IAM action of a tool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NeedEntry {
    /// The IAM action.
    pub action: String,
    /// The ARN template of its resource.
    pub arn: String,
    /// The input field that makes it necessary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
}

impl From<Need> for NeedEntry {
    fn from(need: Need) -> Self {
        NeedEntry {
            action: need.action.to_owned(),
            arn: need.arn.to_owned(),
            when: need.when.map(str::to_owned),
        }
    }
}

/// One resource template of a manifest.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ResourceEntry {
    /// RFC 6570 template of its address.
    pub uri_template: String,
    /// The name people read.
    pub name: String,
    /// What it holds.
    pub description: String,
    /// The tool that reads it: the gate, the needs and the limits are that tool's.
    pub tool: String,
}

/// One prompt of a manifest.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PromptEntry {
    /// The name a client asks for.
    pub name: String,
    /// What it helps with.
    pub description: String,
    /// The names of its arguments.
    pub arguments: Vec<String>,
    /// What it tells a model to do. It is for the tests of the server and not printed: no client depends on its words.
    #[serde(skip)]
    pub text: String,
}
