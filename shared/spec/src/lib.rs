//! What a tool declares, as plain data.
//!
//! A [`Spec`] is written once, beside the tool's code. The gate, the ARN allow-list, the IAM policy,
//! the hints in errors, the documents and the tests all read it; nothing repeats it.

mod arn;
mod gateway;
mod manifest;
mod operation;
mod operation_pattern;
mod pattern;
mod policy;
mod rules;
mod spec;

pub use arn::{Arn, Environment, ResourceRef, in_row, resources, texts};
pub use gateway::{GATEWAY_KEYWORDS, from_gateway, gateway_tool};
pub use manifest::{Manifest, NeedEntry, OptionEntry, PromptEntry, ResourceEntry, ToolEntry, ToolsetEntry};
pub use operation::reads;
pub use operation_pattern::OperationPattern;
pub use pattern::{Pattern, PatternError};
pub use policy::{Policy, Statement};
pub use rules::broken;
pub use spec::{COMMON_PARAMETERS, Need, Risk, SCHEMA_KEYWORDS, Spec, holds};
