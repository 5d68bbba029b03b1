//! What people ask, as docs/guides/asks.md answers it.

use std::fs;

use awsmcp_testing::workspace;
use serde_json::Value;

/// The tools of a server, by its manifest; none where there is no such server.
fn tools(server: &str) -> Option<Vec<String>> {
    let text = fs::read_to_string(workspace().join(format!("servers/{server}/manifest.json"))).ok()?;
    let manifest: Value = serde_json::from_str(&text).unwrap();
    Some(
        manifest["tools"]
            .as_array()
            .unwrap()
            .iter()
            .map(|tool| tool["name"].as_str().unwrap().to_owned())
            .collect(),
    )
}

#[test]
fn every_call_that_serves_an_ask_is_there() {
    let guide = fs::read_to_string(workspace().join("docs/guides/asks.md")).unwrap();
    let (mut asks, mut wrong) = (0, Vec::new());
    for row in guide.lines().filter_map(|line| line.strip_prefix("| ")).skip(2) {
        let (ask, calls) = row.split_once(" | ").unwrap();
        asks += 1;
        let calls: Vec<&str> = calls.split('`').skip(1).step_by(2).collect();
        assert!(!calls.is_empty(), "{ask}");
        for call in calls {
            let (of, name) = call.split_once(' ').unwrap();
            let is_tool = name.starts_with(|letter: char| letter.is_ascii_lowercase());
            let is_there = match is_tool {
                true => tools(of).is_some_and(|tools| tools.iter().any(|tool| tool == name)),
                false => awsmcp_api::ALL
                    .iter()
                    .find(|service| service.name == of)
                    .is_some_and(|service| service.index().unwrap().rows().any(|row| row.operation == name)),
            };
            if !is_there {
                wrong.push(format!("{ask}: {call}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(asks, 67);
}
