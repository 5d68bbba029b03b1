//! The list of tools, as `tools/list` shows it.

use std::sync::Arc;

use awsmcp_spec::Risk;
use rmcp::model::{Tool, ToolAnnotations};
use serde_json::json;

use crate::{OutputMode, Server, Service, Settings, derived::Made, gate::Gate, schema};

/// The tools that are on.
pub(crate) fn tools<S: Service>(
    server: &Server<S>,
    gate: &Gate,
    settings: &Settings,
    common: &schema::Common,
) -> Vec<Tool> {
    let on = server.entries.iter().enumerate().filter(|(index, _)| gate.is_on(*index));
    on.map(|(_, entry)| {
        let spec = &entry.spec;
        let input = entry.input();
        // A call may name any operation that the operator allows.
        let risk = if spec.dispatches { settings.gravest() } else { spec.risk };
        let tool = Tool::new(spec.name, input.description.clone(), common.add_to(spec, &input.schema))
            .with_title(spec.title)
            .with_annotations(annotations(risk, spec.idempotent, spec.local_files));
        match settings.output {
            OutputMode::Text => tool,
            OutputMode::Structured => tool.with_raw_output_schema(Arc::new(entry.output())),
        }
    })
    .collect()
}

/// A tool that only the account knows; `risk` is that of the tool that it stands for.
pub(crate) fn derived(made: &Made, risk: Risk) -> Tool {
    Tool::new(made.name.clone(), made.description.clone(), made.schema.clone())
        .with_title(made.title.clone())
        .with_annotations(annotations(risk, false, false))
}

/// The size of a `tools/list` answer.
pub(crate) fn bytes(tools: &[Tool]) -> usize {
    serde_json::to_vec(&json!({"tools": tools})).map_or(0, |bytes| bytes.len())
}

/// What a host is told of the danger. That something is destroyed, or that a second call changes nothing more, can only be
/// said of a tool that is not read-only; and what reads from AWS but writes local files is not.
fn annotations(risk: Risk, idempotent: bool, local_files: bool) -> ToolAnnotations {
    let read_only = !risk.changes() && risk != Risk::Invoke && !local_files;
    let mut hints = ToolAnnotations::new().read_only(read_only);
    if !read_only {
        hints = hints.destructive(risk == Risk::Destroy);
    }
    if idempotent && risk.changes() {
        hints = hints.idempotent(true);
    }
    hints
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_told_the_danger_of_a_tool() {
        let hints = |risk, idempotent| serde_json::to_value(annotations(risk, idempotent, false)).unwrap();
        let download = serde_json::to_value(annotations(Risk::Read, false, true)).unwrap();
        assert_eq!(download, json!({"readOnlyHint": false, "destructiveHint": false}));
        assert_eq!(hints(Risk::Read, true), json!({"readOnlyHint": true}));
        assert_eq!(hints(Risk::Reveal, false), json!({"readOnlyHint": true}));
        assert_eq!(hints(Risk::Invoke, true), json!({"readOnlyHint": false, "destructiveHint": false}));
        assert_eq!(
            hints(Risk::Write, true),
            json!({"readOnlyHint": false, "destructiveHint": false, "idempotentHint": true})
        );
        assert_eq!(hints(Risk::Destroy, false), json!({"readOnlyHint": false, "destructiveHint": true}));
    }
}
