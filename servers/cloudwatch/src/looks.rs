//! Where requests name log groups, alarms and dashboards, for the second look at each request.

use awsmcp_mcp::Look;
use awsmcp_sdk::RequestView;

use crate::statement::{self, Language, Source};

pub(crate) const LOOKS: &[Look] = &[
    Look { operations: &["*"], arn: "arn:{partition}:logs:{region}:{account}:log-group:{logGroupName}:*" },
    Look { operations: &["*"], arn: "arn:{partition}:logs:{region}:{account}:log-group:{logGroupNames}:*" },
    Look {
        operations: &["*"],
        arn: "arn:{partition}:logs:{region}:{account}:log-group:{logGroupIdentifier}:*",
    },
    Look {
        operations: &["*"],
        arn: "arn:{partition}:logs:{region}:{account}:log-group:{logGroupIdentifiers}:*",
    },
    Look { operations: &["*"], arn: "arn:{partition}:cloudwatch:{region}:{account}:alarm:{AlarmName}" },
    Look { operations: &["*"], arn: "arn:{partition}:cloudwatch:{region}:{account}:alarm:{AlarmNames}" },
    Look { operations: &["*"], arn: "arn:{partition}:cloudwatch::{account}:dashboard/{DashboardName}" },
    Look { operations: &["*"], arn: "arn:{partition}:cloudwatch::{account}:dashboard/{DashboardNames}" },
    // The groups of a query stand beside its statement or within it.
    Look {
        operations: &["StartQuery"],
        arn: "arn:{partition}:logs:{region}:{account}:log-group:{groups of the query}:*",
    },
    Look {
        operations: &["CreateLogStream", "GetLogEvents", "PutLogEvents"],
        arn: "arn:{partition}:logs:{region}:{account}:log-group:{logGroupName}:log-stream:{logStreamName}",
    },
    Look {
        operations: &["PutAlarmMuteRule"],
        arn: "arn:{partition}:cloudwatch:{region}:{account}:alarm-mute-rule:{Name}",
    },
    Look {
        operations: &["PutAlarmMuteRule"],
        arn: "arn:{partition}:cloudwatch:{region}:{account}:alarm:{MuteTargets.AlarmNames}",
    },
    Look {
        operations: &["GetAlarmMuteRule", "DeleteAlarmMuteRule"],
        arn: "arn:{partition}:cloudwatch:{region}:{account}:alarm-mute-rule:{AlarmMuteRuleName}",
    },
    Look {
        operations: &["GetMetricStream"],
        arn: "arn:{partition}:cloudwatch:{region}:{account}:metric-stream/{Name}",
    },
    Look {
        operations: &[
            // Its pointer names nothing; the record is held to the list by the group that it names.
            "GetLogRecord",
            "GetMetricData",
            "GetMetricStatistics",
            "GetQueryResults",
            "StopQuery",
            "DescribeExportTasks",
        ],
        arn: "*",
    },
];

/// The log groups that a query is over, by our own reading of what is sent.
pub(crate) fn place(place: &str, request: &RequestView) -> Option<Vec<String>> {
    if place != "groups of the query" {
        return None;
    }
    let mut groups: Vec<String> =
        ["logGroupName", "logGroupNames", "logGroupIdentifier", "logGroupIdentifiers"]
            .into_iter()
            .flat_map(|member| request.texts(member))
            .collect();
    let language = match request.texts("queryLanguage").first().map(String::as_str) {
        Some("PPL") => Language::Ppl,
        Some("SQL") => Language::Sql,
        _ => Language::Cwli,
    };
    let statements = request.texts("queryString");
    let read = statements.iter().filter_map(|text| statement::read(language, text).ok());
    groups.extend(read.flat_map(|statement| statement.sources).map(|source| match source {
        Source::Group(group) => group.identifier(),
        Source::Prefix { prefix, .. } => format!("{prefix}*"),
    }));
    Some(groups)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server;

    /// What an ARN or its template is of: its service and the kinds in it, such as `logs` and `log-group`, `log-stream`.
    fn kind(arn: &str) -> Option<(&str, Vec<&str>)> {
        let mut parts = arn.splitn(6, ':').skip(2);
        let (service, resource) = (parts.next()?, parts.nth(2)?);
        let kinds = ["log-group", "log-stream", "alarm-mute-rule", "alarm", "dashboard", "metric-stream"];
        let words = resource.split([':', '/']).filter(|word| kinds.contains(word));
        Some((service, words.collect()))
    }

    #[test]
    fn every_operation_that_is_declared_on_an_arn_has_a_look_of_its_kind() {
        let mut looked_at = 0;
        for tool in server().manifest().tools {
            for need in tool.needs.iter().filter(|need| need.arn != "*") {
                // Every operation has the name of its action.
                let (_, operation) = need.action.split_once(':').unwrap();
                let named = |look: &&Look| look.operations.contains(&operation);
                let own: Vec<&Look> = match LOOKS.iter().filter(named).collect::<Vec<_>>() {
                    own if own.is_empty() => LOOKS.iter().filter(|look| look.operations == ["*"]).collect(),
                    own => own,
                };
                // What only the answer names cannot be looked for in a request.
                let of_an_answer = operation == "GetLogRecord" && own.iter().any(|look| look.arn == "*");
                let fits = of_an_answer || own.iter().any(|look| kind(look.arn) == kind(&need.arn));
                assert!(fits, "{}: no look at {operation} is about {}", tool.name, need.arn);
                looked_at += 1;
            }
        }
        assert!(looked_at > 30, "{looked_at}");
    }
}
