//! The rules that every declared need is held to.

use awsmcp_spec::{Manifest, Risk};

use super::reasons::{REASONS, Reason};
use super::rule::Rule;
use super::{Facts, form};
use crate::known::Finding;

/// A need as a tool declares it.
struct Need<'a> {
    server: &'a str,
    tool: &'a str,
    risk: Risk,
    action: &'a str,
    arn: &'a str,
}

/// Every need that breaks a rule, and every reason that excuses none.
pub(crate) fn broken(facts: &Facts, manifests: &[Manifest]) -> (Vec<Finding>, Vec<String>) {
    broken_but_for(REASONS, facts, manifests)
}

fn broken_but_for(reasons: &[Reason], facts: &Facts, manifests: &[Manifest]) -> (Vec<Finding>, Vec<String>) {
    let mut found = Vec::new();
    let mut used = vec![false; reasons.len()];
    for need in needs(manifests) {
        for (rule, says) in rules(facts, &need) {
            let mut excused = false;
            for (reason, used) in reasons.iter().zip(&mut used) {
                if reason.covers(rule, need.tool, need.action, need.arn) {
                    (excused, *used) = (true, true);
                }
            }
            let Need { server, tool, action, arn, .. } = need;
            if !excused {
                let key = format!("{server} {tool} {action} {arn} {}", rule.name());
                let finding =
                    Finding { text: format!("servers/{server}: {tool}: {action} on {arn}: {says}"), key };
                if !found.contains(&finding) {
                    found.push(finding);
                }
            }
        }
    }
    let idle = reasons.iter().zip(used).filter(|(_, used)| !used);
    let idle = idle.map(|(reason, _)| {
        format!("xtask/src/iam/reasons.rs: no need is excused by {:?} ({})", reason.actions, reason.why)
    });
    (found, idle.collect())
}

fn needs(manifests: &[Manifest]) -> impl Iterator<Item = Need<'_>> {
    let tools = manifests.iter().flat_map(|manifest| manifest.tools.iter().map(move |tool| (manifest, tool)));
    tools.flat_map(|(manifest, tool)| {
        tool.needs.iter().map(move |need| Need {
            server: &manifest.server,
            tool: &tool.name,
            risk: tool.risk,
            action: &need.action,
            arn: &need.arn,
        })
    })
}

/// The rules that a need breaks, each with what the data says.
fn rules(facts: &Facts, need: &Need<'_>) -> Vec<(Rule, String)> {
    let Some((service, action)) = facts.action(need.action) else {
        return vec![(Rule::Unknown, "AWS knows no such action".to_owned())];
    };
    let mut wrong = Vec::new();
    let types: Vec<&str> = action.resource_types().collect();
    let forms = || {
        let form = |name: &&str| service.resources.get(*name).cloned().unwrap_or_else(|| (*name).to_owned());
        types.iter().map(form).collect::<Vec<_>>().join(", ")
    };
    if types.is_empty() {
        if need.arn != "*" {
            wrong.push((Rule::NoResource, "AWS grants it on * only".to_owned()));
        }
    } else if need.arn == "*" {
        wrong.push((Rule::Everything, format!("AWS can hold it to {}", forms())));
    } else {
        let named = form::named(need.arn, &service.resources);
        if !named.iter().any(|name| types.contains(name)) {
            let named =
                if named.is_empty() { "nothing that AWS knows".to_owned() } else { named.join(" or ") };
            wrong.push((Rule::OtherResource, format!("that is {named}, and it takes {}", forms())));
        }
    }
    let looks = matches!(need.risk, Risk::Read | Risk::Reveal | Risk::Invoke);
    if looks && !action.level.reads() {
        let level = action.level.name();
        wrong.push((
            Rule::Changes,
            format!("its access level is {level}, in a tool of the risk {}", need.risk),
        ));
    }
    let name = need.action.split_once(':').map_or(need.action, |(_, name)| name);
    if awsmcp_spec::reads(name) != action.level.reads() {
        let level = action.level.name();
        wrong.push((Rule::Name, format!("its access level is {level}, which its name does not say")));
    }
    wrong
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn facts() -> Facts {
        serde_json::from_value(json!({
            "source": "", "updated": "", "licence": "",
            "services": {"x": {
                "resources": {
                    "thing": "arn:${Partition}:x:${Region}:${Account}:thing/${Name}",
                    "part": "arn:${Partition}:x:${Region}:${Account}:thing/${Name}/part/${Part}",
                },
                "actions": {
                    "ListThings": {"level": "List"},
                    "GetThing": {"level": "Read", "required": ["thing"]},
                    "GetPart": {"level": "Read", "optional": ["part"]},
                    "RunThing": {"level": "Write", "required": ["thing"]},
                    "TagThing": {"level": "Tagging", "required": ["thing"]},
                    "ShareThing": {"level": "Permissions management", "required": ["thing"]},
                    "GetToken": {"level": "Write"},
                },
            }},
        }))
        .unwrap()
    }

    fn manifest(risk: &str, action: &str, arn: &str) -> Manifest {
        serde_json::from_value(json!({
            "server": "x", "title": "", "summary": "", "instructions": "", "toolsets": [], "resources": [],
            "prompts": [], "default_list_bytes": 0, "full_list_bytes": 0,
            "tools": [{
                "name": "tool", "title": "", "description": "", "risk": risk, "toolset": "", "default": true,
                "needs": [{"action": action, "arn": arn}], "input_schema": {},
            }],
        }))
        .unwrap()
    }

    const THING: &str = "arn:{partition}:x:{region}:{account}:thing/{thing}";

    /// The rules that this need breaks.
    fn breaks(risk: &str, action: &str, arn: &str) -> Vec<String> {
        let (found, idle) = broken_but_for(&[], &facts(), &[manifest(risk, action, arn)]);
        assert_eq!(idle, Vec::<String>::new());
        let start = format!("x tool {action} {arn} ");
        found.iter().map(|finding| finding.key.strip_prefix(&start).unwrap().to_owned()).collect()
    }

    #[test]
    fn a_need_as_aws_has_it_breaks_no_rule() {
        for (risk, action, arn) in [
            ("read", "x:ListThings", "*"),
            ("read", "x:GetThing", THING),
            ("read", "x:GetThing", "arn:{partition}:x:{region}:{account}:thing/mine-*"),
            ("read", "x:GetPart", "arn:{partition}:x:{region}:{account}:thing/{thing}/part/*"),
            ("write", "x:RunThing", THING),
            ("destroy", "x:ShareThing", THING),
            ("write", "x:TagThing", THING),
        ] {
            assert_eq!(breaks(risk, action, arn), Vec::<String>::new(), "{action} on {arn}");
        }
    }

    #[test]
    fn an_action_that_is_not_there_is_found() {
        assert_eq!(breaks("read", "x:GetNothing", "*"), ["unknown"]);
        assert_eq!(breaks("read", "y:GetThing", "*"), ["unknown"]);
        assert_eq!(breaks("read", "GetThing", "*"), ["unknown"]);
    }

    #[test]
    fn an_arn_that_does_not_fit_the_action_is_found() {
        assert_eq!(breaks("read", "x:ListThings", THING), ["no-resource"]);
        assert_eq!(breaks("read", "x:GetThing", "*"), ["everything"]);
        assert_eq!(breaks("read", "x:GetPart", "*"), ["everything"]);
        assert_eq!(breaks("read", "x:GetPart", THING), ["other-resource"]);
        assert_eq!(
            breaks("read", "x:GetThing", "arn:{partition}:x:{region}:{account}:*"),
            ["other-resource"]
        );
        assert_eq!(
            breaks("read", "x:GetThing", "arn:{partition}:x:{region}::thing/{thing}"),
            ["other-resource"]
        );
    }

    #[test]
    fn a_tool_that_looks_holds_no_action_that_changes() {
        for action in ["x:RunThing", "x:TagThing", "x:ShareThing"] {
            for risk in ["read", "reveal", "invoke"] {
                assert_eq!(breaks(risk, action, THING), ["changes"], "{action} in {risk}");
            }
        }
    }

    #[test]
    fn a_name_that_says_otherwise_than_the_access_level_is_found() {
        assert_eq!(breaks("write", "x:GetToken", "*"), ["name"]);
        assert_eq!(breaks("read", "x:GetToken", "*"), ["changes", "name"]);
    }

    /// With the snapshot itself: what AWS says of these actions is known, and what goes wrong with them in practice.
    #[test]
    fn the_snapshot_tells_right_from_wrong() {
        let facts = Facts::read(crate::place::workspace()).unwrap();
        let on = |service: &str, resource: &str| {
            format!("arn:{{partition}}:{service}:{{region}}:{{account}}:{resource}")
        };
        for (risk, action, arn, wanted) in [
            (
                "write",
                "lambda:CreateEventSourceMapping",
                on("lambda", "event-source-mapping:*"),
                "no-resource",
            ),
            ("write", "lambda:CreateEventSourceMapping", "*".to_owned(), ""),
            ("read", "logs:DescribeIndexPolicies", on("logs", "log-group:{log_group}:*"), "no-resource"),
            ("read", "logs:GetLogEvents", on("logs", "log-group:{log_group}:*"), "other-resource"),
            ("read", "logs:GetLogEvents", on("logs", "log-group:{log_group}:log-stream:{stream}"), ""),
            ("read", "logs:FilterLogEvents", on("logs", "log-group:{log_group}:*"), ""),
            ("read", "bedrock:CountTokens", on("bedrock", "*/{model}"), "other-resource"),
            (
                "read",
                "bedrock:CountTokens",
                "arn:{partition}:bedrock:{region}::foundation-model/{model}".to_owned(),
                "",
            ),
            ("destroy", "sagemaker:DeleteModel", "*".to_owned(), "everything"),
            ("destroy", "sagemaker:DeleteModel", on("sagemaker", "model/{model}"), ""),
            ("read", "sagemaker:DeleteModel", on("sagemaker", "model/{model}"), "changes"),
            ("read", "s3:ListBucket", "arn:{partition}:s3:::{bucket}/{prefix}*".to_owned(), "other-resource"),
            ("read", "s3:GetObject", "arn:{partition}:s3:::{bucket}/{key}".to_owned(), ""),
            ("read", "s3:GetObjects", "*".to_owned(), "unknown"),
        ] {
            let (found, _) = broken_but_for(&[], &facts, &[manifest(risk, action, &arn)]);
            let rules: Vec<&str> =
                found.iter().filter_map(|finding| finding.key.rsplit(' ').next()).collect();
            assert_eq!(rules.join(" "), wanted, "{action} on {arn} in {risk}");
        }
    }

    #[test]
    fn a_reason_excuses_its_rule_only_and_is_of_use() {
        let of = |reason: Reason, action: &str, arn: &str| {
            let (found, idle) = broken_but_for(&[reason], &facts(), &[manifest("read", action, arn)]);
            (found.len(), idle.len())
        };
        let reason = |rule, actions, arn| Reason { rule, actions, arn, tools: &[], why: "It is so." };
        assert_eq!(of(reason(Rule::Everything, &["x:GetThing"], None), "x:GetThing", "*"), (0, 0));
        assert_eq!(of(reason(Rule::Everything, &["x:Get*"], Some("*")), "x:GetThing", "*"), (0, 0));
        assert_eq!(of(reason(Rule::Everything, &["x:GetPart"], None), "x:GetThing", "*"), (1, 1));
        assert_eq!(of(reason(Rule::Changes, &["x:GetThing"], None), "x:GetThing", "*"), (1, 1));
        let other = "arn:{partition}:x:{region}:{account}:*";
        assert_eq!(of(reason(Rule::OtherResource, &["x:GetThing"], Some("*")), "x:GetThing", other), (1, 1));
        assert_eq!(
            of(reason(Rule::OtherResource, &["x:GetThing"], Some(other)), "x:GetThing", other),
            (0, 0)
        );
        assert_eq!(of(reason(Rule::Everything, &["x:GetThing"], None), "x:GetThing", THING), (0, 1));
        let in_tool = |tools| Reason { tools, ..reason(Rule::Everything, &["x:GetThing"], None) };
        assert_eq!(of(in_tool(&["tool"]), "x:GetThing", "*"), (0, 0));
        assert_eq!(of(in_tool(&["other"]), "x:GetThing", "*"), (1, 1));
    }
}
