//! What is made of the classes for people to read: a line an operation, and how many there are of each risk.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use awsmcp_spec::Risk;
use serde_json::Value;

use super::classes::{Class, Need};

/// The classes of a service's operations.
pub(super) type Of = BTreeMap<String, Class>;

/// `service<TAB>Operation<TAB>risk<TAB>actions<TAB>templates`, sorted, so that a diff shows what a new source changes.
/// Behind the name of an action stands the number of its templates where there are several actions.
pub(super) fn table(services: &BTreeMap<String, Of>) -> String {
    let mut text = String::new();
    for (service, classes) in services {
        for (operation, class) in classes {
            let actions: Vec<&str> = class.needs.iter().map(|need| need.action.as_str()).collect();
            let templates: Vec<String> = class.needs.iter().map(templates).collect();
            let risk = class.risk;
            let _ = writeln!(
                text,
                "{service}\t{operation}\t{risk}\t{}\t{}",
                actions.join(" "),
                templates.join(" | ")
            );
        }
    }
    text
}

/// The templates of a need, those in brackets that only some calls touch.
fn templates(need: &Need) -> String {
    let also = need.also.iter().map(|template| format!("[{template}]"));
    let all: Vec<String> = need.on.iter().cloned().chain(also).collect();
    if all.is_empty() { "*".to_owned() } else { all.join(" ") }
}

/// The index of a service: a line an operation.
pub(super) fn index(model: &Value, classes: &Of) -> String {
    let mut text = String::new();
    for (name, class) in classes {
        let operation = model.pointer(&format!("/operations/{name}"));
        let about = operation.and_then(|it| it.get("about")).and_then(Value::as_str).unwrap_or_default();
        let deprecated = operation.and_then(|it| it.get("deprecated")).is_some();
        let deprecated = if deprecated { "deprecated" } else { "" };
        let _ = writeln!(text, "{name}\t{}\t{deprecated}\t{about}", class.risk);
    }
    text
}

/// A table of how many operations there are of each risk.
pub(super) fn counts(services: &BTreeMap<String, Of>) -> String {
    let mut text = String::from("| risk | operations |\n| --- | ---: |\n");
    for risk in Risk::ALL {
        let count = services.values().flat_map(BTreeMap::values).filter(|class| class.risk == risk).count();
        let _ = writeln!(text, "| `{risk}` | {count} |");
    }
    text
}
