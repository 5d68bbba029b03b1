//! What a scaffold leaves for a person to do is done: its sentences are replaced, and each tool is tested.

use std::path::{Path, PathBuf};

use anyhow::Result;
use awsmcp_spec::Manifest;

use crate::{new_server, new_tool};

/// The toolset that every server has: its tools are of shared/mcp, and tested there.
const SHARED: &str = "session";
/// The toolset of tools that servers have alike, of shared/operations: the tests of one server are those of all.
const ALIKE: &str = "operations";

pub(super) fn check(root: &Path, files: &[PathBuf], manifests: &[Manifest]) -> Result<Vec<String>> {
    let mut wrong = Vec::new();
    let mut tested = Vec::new();
    for manifest in manifests {
        let home = format!("servers/{}", manifest.server);
        let mut tests = Vec::new();
        for path in files.iter().filter(|path| path.starts_with(&home)) {
            let in_tests = path.starts_with(format!("{home}/tests"));
            if path.extension().is_none_or(|ending| ending != "rs") {
                continue;
            }
            let text = std::fs::read_to_string(root.join(path))?;
            wrong.extend(left(&text).map(|words| format!("{}: still says {words:?}", path.display())));
            if in_tests && path.file_name().is_none_or(|name| name != "permissions.rs") {
                tests.push(text);
            }
        }
        tested.push((manifest, tests));
    }
    let everywhere: Vec<&String> = tested.iter().flat_map(|(_, tests)| tests).collect();
    for (manifest, tests) in &tested {
        wrong.extend(untested(manifest, &tests.iter().collect::<Vec<_>>(), &everywhere));
    }
    Ok(wrong)
}

/// The first sentence of a scaffold that nobody replaced.
fn left(text: &str) -> Option<&'static str> {
    new_tool::PLACEHOLDERS.into_iter().chain(new_server::PLACEHOLDERS).find(|words| text.contains(words))
}

/// The tools that no test of their server names, beside the row of their permissions.
fn untested(manifest: &Manifest, own: &[&String], everywhere: &[&String]) -> Vec<String> {
    let tools = manifest.tools.iter().filter(|tool| tool.toolset != SHARED);
    tools
        .filter(|tool| {
            let tests = if tool.toolset == ALIKE { everywhere } else { own };
            !tests.iter().any(|text| text.contains(&format!("\"{}\"", tool.name)))
        })
        .map(|tool| {
            format!(
                "servers/{}: no test calls {}: its row in permissions.rs proves its permissions only",
                manifest.server, tool.name
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use awsmcp_spec::Risk;
    use serde_json::json;

    use super::*;
    use crate::new_tool::New;

    #[test]
    fn a_new_tool_is_not_tidy_until_it_is_written_and_tested() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write(
            "servers/x/src/lib.rs",
            "impl Service for X {\n}\npub fn server() -> Server<X> {\n    Server::new(\"A\").toolset(\"main\", \"B\")\n}\n",
        );
        write("servers/x/src/tools/mod.rs", "//! One file a tool.\n");
        write("servers/x/tests/permissions.rs", "Row::new(\"get_thing\")");
        let tool = New { name: "get_thing", risk: Risk::Write, toolset: None };
        let file = new_tool::create(root.path(), "x", tool).unwrap();
        let manifest: Manifest = serde_json::from_value(json!({
            "server": "x", "title": "", "summary": "", "instructions": "", "toolsets": [], "resources": [],
            "prompts": [], "default_list_bytes": 0, "full_list_bytes": 0,
            "tools": [
                {"name": "get_thing", "title": "", "description": "", "risk": "read", "toolset": "main",
                 "default": true, "needs": [], "input_schema": {}},
                {"name": "whoami", "title": "", "description": "", "risk": "read", "toolset": "session",
                 "default": true, "needs": [], "input_schema": {}},
            ],
        }))
        .unwrap();
        let paths =
            ["servers/x/src/lib.rs", &file, "servers/x/tests/permissions.rs", "servers/x/tests/all.rs"];
        let paths = paths.map(PathBuf::from);
        let check = |paths: &[PathBuf]| check(root.path(), paths, std::slice::from_ref(&manifest)).unwrap();

        let wrong = check(&paths[..3]);
        assert!(wrong.len() == 2, "{wrong:?}");
        assert!(wrong[0].starts_with("servers/x/src/tools/get_thing.rs: still says"), "{wrong:?}");
        assert!(wrong[1].starts_with("servers/x: no test calls get_thing"), "{wrong:?}");

        let mut text = std::fs::read_to_string(root.path().join(&file)).unwrap();
        for words in new_tool::PLACEHOLDERS {
            assert!(text.contains(words), "{words}");
            text = text.replace(words, "Written.");
        }
        write(&file, &text);
        write("servers/x/tests/all.rs", "client.call(\"get_thing\", json!({}))");
        assert_eq!(check(&paths), Vec::<String>::new());
    }
}
