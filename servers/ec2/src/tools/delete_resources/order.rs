//! The order in which things can go, so that none holds another back.

use awsmcp_mcp::{Error, Result};

use super::{look::Looked, thing::Thing};

/// Snapshots that go with their image are deleted once; a security group that another names goes behind that one.
///
/// # Errors
/// When security groups name each other in a circle, which EC2 deletes in no order.
pub(super) fn ordered(found: Vec<Looked>) -> Result<Vec<Looked>> {
    let with_image = |one: &Looked| {
        found.iter().any(|image| {
            matches!(image.thing, Thing::Image { with_snapshots: true, .. })
                && image.holds.iter().any(|id| id == one.thing.id())
        })
    };
    let goes_along: Vec<bool> = found.iter().map(with_image).collect();
    let mut rest: Vec<Looked> =
        found.into_iter().zip(goes_along).filter(|(_, along)| !along).map(|(one, _)| one).collect();
    let mut order = Vec::new();
    while !rest.is_empty() {
        let named_by_another = |one: &Looked| {
            rest.iter().any(|other| {
                matches!(other.thing, Thing::Group { .. })
                    && other.thing != one.thing
                    && other.holds.iter().any(|id| id == one.thing.id())
            })
        };
        match rest.iter().position(|one| !named_by_another(one)) {
            Some(at) => order.push(rest.remove(at)),
            None => {
                let ids: Vec<&str> = rest.iter().map(|one| one.thing.id()).collect();
                return Err(Error::conflict(format!(
                    "the rules of these security groups name each other in a circle: {}",
                    ids.join(", ")
                ))
                .with_next("remove such a rule with set_security_group first"));
            }
        }
    }
    Ok(order)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn one(thing: Thing, holds: &[&str]) -> Looked {
        Looked {
            thing,
            name: None,
            about: String::new(),
            facts: Value::Null,
            holds: holds.iter().map(|id| (*id).to_owned()).collect(),
            user: None,
        }
    }

    fn group(id: &str, holds: &[&str]) -> Looked {
        one(Thing::Group { id: id.to_owned() }, holds)
    }

    fn ids(found: Result<Vec<Looked>>) -> Vec<String> {
        found.unwrap().iter().map(|one| one.thing.id().to_owned()).collect()
    }

    #[test]
    fn a_group_that_another_names_goes_behind_it() {
        let found =
            vec![group("sg-db", &["sg-db"]), group("sg-web", &["sg-db", "sg-other"]), group("sg-x", &[])];
        assert_eq!(ids(ordered(found)), ["sg-web", "sg-db", "sg-x"]);
        let circle = ordered(vec![group("sg-a", &["sg-b"]), group("sg-b", &["sg-a"])]);
        assert!(circle.unwrap_err().message.contains("sg-a, sg-b"));
    }

    #[test]
    fn a_snapshot_goes_once() {
        let image = |with_snapshots| Thing::Image { id: "ami-1".to_owned(), with_snapshots };
        let snapshot = || one(Thing::Snapshot { id: "snap-1".to_owned() }, &[]);
        assert_eq!(ids(ordered(vec![one(image(true), &["snap-1"]), snapshot()])), ["ami-1"]);
        assert_eq!(ids(ordered(vec![one(image(false), &["snap-1"]), snapshot()])), ["ami-1", "snap-1"]);
    }
}
