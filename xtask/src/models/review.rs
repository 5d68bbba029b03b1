//! What is made of the classes for people to read: a line an operation, and how many there are of each risk.

use std::collections::{BTreeMap, BTreeSet};
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

/// The index of a service: a line of the IAM prefixes of its actions, and a line an operation. What it says moves there from the model.
pub(super) fn index(model: &mut Value, classes: &Of) -> String {
    let needs = classes.values().flat_map(|class| &class.needs);
    let prefixes: BTreeSet<&str> = needs.filter_map(|need| Some(need.action.split_once(':')?.0)).collect();
    let mut text = prefixes.into_iter().collect::<Vec<_>>().join(" ") + "\n";
    for (name, class) in classes {
        let operation = model.pointer_mut(&format!("/operations/{name}")).and_then(Value::as_object_mut);
        let (about, deprecated) = match operation {
            Some(operation) => (operation.shift_remove("about"), operation.shift_remove("deprecated")),
            None => (None, None),
        };
        let about = about.as_ref().and_then(Value::as_str).unwrap_or_default();
        let deprecated = if deprecated.is_some() { "deprecated" } else { "" };
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::iam::Facts;
    use crate::place;

    fn rows() -> Vec<Vec<String>> {
        let text = fs::read_to_string(place::workspace().join(super::super::REVIEW)).unwrap();
        text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
    }

    #[test]
    fn every_operation_is_classified_and_stands_once() {
        let rows = rows();
        assert!(rows.len() > 19_000, "{}", rows.len());
        let mut names: Vec<_> = rows.iter().map(|row| (&row[0], &row[1])).collect();
        names.dedup();
        assert_eq!(names.len(), rows.len());
        assert!(names.is_sorted());
        let unknown: Vec<_> = rows.iter().filter(|row| row[3] == "*").collect();
        assert!(unknown.is_empty(), "{unknown:?}");
        assert!(rows.iter().all(|row| row.len() == 5 && row[2].parse::<Risk>().is_ok()));
    }

    /// `gen-models` holds all to the reference, which is not everywhere; what is kept of it is.
    #[test]
    fn nothing_that_changes_something_is_said_to_look() {
        let facts = Facts::read(place::workspace()).unwrap();
        let level = |action: &str| {
            let (prefix, name) = action.split_once(':')?;
            Some(facts.services.get(prefix)?.actions.get(name)?.level)
        };
        let mut seen = 0;
        for row in rows() {
            for level in row[3].split(' ').filter_map(level) {
                seen += 1;
                let looks = ["read", "reveal"].contains(&row[2].as_str());
                assert!(level.reads() || !looks, "{row:?}");
            }
        }
        assert!(seen > 2_000, "{seen}");
    }
}
