//! Where requests name log groups, alarms and dashboards, for the second look at each request.

use awsmcp_aws::RequestView;
use awsmcp_mcp::Look;

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
        operations: &["DeleteAlarmMuteRule"],
        arn: "arn:{partition}:cloudwatch:{region}:{account}:alarm-mute-rule:{AlarmMuteRuleName}",
    },
    Look {
        operations: &[
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
