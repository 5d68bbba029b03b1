//! MCP server for Amazon CloudWatch: search, query and summarize logs, read and draw metrics, explain alarms, and look
//! after log groups, alarms and dashboards.

mod absent;
mod alarms;
mod arns;
mod chart;
mod dashboards;
mod definition;
mod events;
mod figures;
mod filtered;
mod groups;
mod insights;
mod looks;
mod metrics;
mod names;
mod operations;
mod patterns;
mod prompts;
mod quoting;
mod room;
mod rule;
mod statement;
mod tools;

use std::{borrow::Cow, sync::Arc};

use awsmcp_mcp::{Completion, Extra, Look, Resource, Server, Service};
use awsmcp_operations::with_operations;
use awsmcp_sdk::{Error, Kind, Lazy, RequestView, SdkConfig, Tap, lazily};
pub use patterns::{Cluster, Dropped, Patterns};
use tools::*;

/// Amazon CloudWatch, as the tools use it.
#[derive(Debug)]
pub struct CloudWatch;

/// The SDK's clients: logs are a service of their own.
#[derive(Debug)]
pub struct Client {
    logs: Lazy<aws_sdk_cloudwatchlogs::Client>,
    metrics: Lazy<aws_sdk_cloudwatch::Client>,
}

impl Service for CloudWatch {
    const ID: &'static str = "cloudwatch";
    const TITLE: &'static str = "Amazon CloudWatch";
    const SUMMARY: &'static str =
        "Search, query and summarize logs, read and draw metrics, explain alarms, look after dashboards.";
    const PREFIXES: &'static [(&'static str, &'static str)] =
        &[("CloudWatch Logs", "logs"), ("CloudWatch", "cloudwatch")];
    // Every operation's IAM action has the operation's name.
    const ACTIONS: &'static [(&'static str, &'static [&'static str])] = &[];
    const LOOKS: &'static [Look] = looks::LOOKS;
    // Puts of a whole setting under its name, and deletions: the second finds what the first made. PutQueryDefinition has a
    // client token, which is known by itself.
    const REPEATABLE: &'static [&'static str] = &[
        "DeleteAlarms",
        "DeleteDashboards",
        "DeleteRetentionPolicy",
        "DisableAlarmActions",
        "EnableAlarmActions",
        "PutAlarmMuteRule",
        "PutCompositeAlarm",
        "PutDashboard",
        "PutIndexPolicy",
        "PutLogGroupDeletionProtection",
        "PutMetricAlarm",
        "PutMetricFilter",
        "PutRetentionPolicy",
        "PutSubscriptionFilter",
    ];
    // Other changes answer nothing at all.
    const ALWAYS: &'static [(&'static str, &'static [&'static str])] = &[
        ("CreateExportTask", &["taskId"]),
        ("PutQueryDefinition", &["queryDefinitionId"]),
        ("StartQuery", &["queryId"]),
    ];
    const PATIENCE: &'static [(&'static str, u64)] = &[("StartLiveTail", 10)];
    const EXTRAS: &'static [Extra] = &[Extra {
        name: "max-scan",
        value: "SIZE",
        help: "The most that one Logs Insights query may scan, and so cost.",
        default: Some("100GB"),
        check: |text| insights::bytes(text).map(drop),
    }];
    type Client = Client;

    fn client(sdk: &SdkConfig, tap: Tap) -> Client {
        let sdk = Arc::new(sdk.clone());
        Client {
            logs: lazily!(aws_sdk_cloudwatchlogs, &sdk, &tap),
            metrics: lazily!(aws_sdk_cloudwatch, &sdk, &tap),
        }
    }

    fn place(place: &str, request: &RequestView) -> Option<Vec<String>> {
        looks::place(place, request)
    }

    fn hint(error: &Error) -> Option<Cow<'static, str>> {
        Some(Cow::Borrowed(match (error.code.as_deref()?, error.kind) {
            ("LimitExceededException", _) => {
                "too many run at once: wait for one to end, or ask for a higher quota"
            }
            ("InvalidOperationException", _) => "the log group's class or state does not allow it",
            ("ResourceAlreadyExistsException", _) => "it exists already",
            (_, Kind::NotFound) => "list_log_groups, list_alarms and list_dashboards show what there is",
            _ => return None,
        }))
    }
}

/// The table of contents.
#[must_use]
pub fn server() -> Server<CloudWatch> {
    with_operations(own_tools())
}

/// Its own tools.
fn own_tools() -> Server<CloudWatch> {
    Server::new("Start with list_log_groups and filter_logs, or with list_alarms and explain_alarm.")
        .toolset("logs", "find, query and summarize log events")
        .tool::<ListLogGroups>()
        .tool::<FilterLogs>()
        .tool::<SummarizeLogs>()
        .tool::<QueryLogs>()
        .tool::<GetLogRecord>()
        .tool::<TailLogs>()
        .tool::<LogGroupDetail>()
        .tool::<SuggestIndexes>()
        .tool::<ListPipelines>()
        .change::<PutLogs>()
        .change::<SetLogGroup>()
        .change::<SaveQuery>()
        .change::<ExportLogs>()
        .change::<DeleteLogGroup>()
        .toolset("metrics", "find, read and draw metrics")
        .tool::<ListMetrics>()
        .tool::<GetMetrics>()
        .tool::<ChartMetrics>()
        .change::<PutMetrics>()
        .toolset("alarms", "find, explain, set and silence alarms")
        .tool::<ListAlarms>()
        .tool::<ExplainAlarm>()
        .tool::<SuggestAlarm>()
        .change::<PutAlarm>()
        .change::<SetAlarm>()
        .change::<DeleteAlarms>()
        .toolset("dashboards", "read and write dashboards")
        .tool::<ListDashboards>()
        .tool::<GetDashboard>()
        .change::<PutDashboard>()
        .change::<DeleteDashboards>()
        .prompt(prompts::WHAT_HAPPENED)
        .prompt(prompts::WHY_ALARM)
        .prompt(prompts::LOG_COSTS)
        .resource(Resource {
            template: "cloudwatch://log-group/{+log_group}",
            name: "log group",
            description: "What a log group is set to, and what reads it.",
            tool: "log_group_detail",
            complete: const { &[by_prefix("log_group", "list_log_groups")] },
        })
        .resource(Resource {
            template: "cloudwatch://alarm/{+alarm}",
            name: "alarm",
            description: "An alarm, explained.",
            tool: "explain_alarm",
            complete: const { &[by_prefix("alarm", "list_alarms")] },
        })
        .resource(Resource {
            template: "cloudwatch://dashboard/{dashboard}",
            name: "dashboard",
            description: "A dashboard's widgets.",
            tool: "get_dashboard",
            complete: const { &[by_prefix("dashboard", "list_dashboards")] },
        })
}

/// Completes a variable by the names that a list shows.
const fn by_prefix(variable: &'static str, tool: &'static str) -> Completion {
    Completion { variable, tool, prefix: "prefix", given: &[], column: "name" }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_manifest_conforms() {
        awsmcp_testing::conformance(&super::server().manifest(), &[]);
    }
}
