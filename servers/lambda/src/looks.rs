//! Where requests name functions and what belongs to them, for the second look at each request.

use awsmcp_mcp::Look;
use awsmcp_sdk::RequestView;

pub(crate) const LOOKS: &[Look] = &[
    Look {
        operations: &["*"],
        arn: "arn:{partition}:lambda:{region}:{account}:function:{function of the path}",
    },
    Look {
        operations: &["CreateFunction"],
        arn: "arn:{partition}:lambda:{region}:{account}:function:{FunctionName}",
    },
    // A package is read, and a role is passed on, as the caller.
    Look {
        operations: &["CreateFunction", "UpdateFunctionCode"],
        arn: "arn:{partition}:s3:::{S3Bucket}/{S3Key}",
    },
    Look { operations: &["CreateFunction"], arn: "arn:{partition}:s3:::{Code.S3Bucket}/{Code.S3Key}" },
    Look {
        operations: &["PublishLayerVersion"],
        arn: "arn:{partition}:s3:::{Content.S3Bucket}/{Content.S3Key}",
    },
    Look { operations: &["CreateFunction", "UpdateFunctionConfiguration"], arn: "{Role}" },
    Look {
        operations: &["UpdateFunctionCode", "UpdateFunctionConfiguration"],
        arn: "arn:{partition}:lambda:{region}:{account}:function:{function of the path}",
    },
    Look {
        operations: &["GetDurableExecution", "GetDurableExecutionHistory"],
        arn: "arn:{partition}:lambda:{region}:{account}:function:{execution of the path}",
    },
    Look {
        operations: &["GetEventSourceMapping", "UpdateEventSourceMapping", "DeleteEventSourceMapping"],
        arn: "arn:{partition}:lambda:{region}:{account}:event-source-mapping:{path:2}",
    },
    Look {
        operations: &["GetLayerVersion", "DeleteLayerVersion"],
        arn: "arn:{partition}:lambda:{region}:{account}:layer:{path:2}:{path:4}",
    },
    Look {
        operations: &["PublishLayerVersion"],
        arn: "arn:{partition}:lambda:{region}:{account}:layer:{path:2}",
    },
    Look {
        operations: &["FilterLogEvents", "DescribeLogStreams", "GetLogEvents"],
        arn: "arn:{partition}:logs:{region}:{account}:log-group:{logGroupName}:*",
    },
];

/// The function of `/2015-03-31/functions/{FunctionName}/...`, with the version or alias that the query string names.
pub(crate) fn place(place: &str, request: &RequestView) -> Option<Vec<String>> {
    if place == "execution of the path" {
        let is_one = request.texts("path:1") == ["durable-executions"];
        return Some(if is_one { request.texts("path:2") } else { Vec::new() });
    }
    if place != "function of the path" {
        return None;
    }
    if request.texts("path:1") != ["functions"] {
        return Some(Vec::new());
    }
    let qualifier = request.texts("query:Qualifier").into_iter().next();
    let named = |function: String| match &qualifier {
        Some(qualifier) => format!("{function}:{qualifier}"),
        None => function,
    };
    Some(request.texts("path:2").into_iter().map(named).collect())
}

#[cfg(test)]
mod tests {
    use awsmcp_mcp::Server;

    use super::*;
    use crate::{Lambda, server};

    /// What AWS itself does with the caller's permissions: no request of ours is about it.
    const DONE_BY_AWS: [&str; 5] =
        ["iam:PassRole", "lambda:ListTags", "lambda:TagResource", "s3:GetObject", "s3:GetObjectVersion"];

    /// What an ARN or its template is of: service and kind, such as `lambda` and `function`.
    fn kind(arn: &str) -> Option<(&str, &str)> {
        let mut parts = arn.splitn(6, ':').skip(2);
        let (service, resource) = (parts.next()?, parts.nth(2)?);
        Some((service, resource.split([':', '/']).next()?))
    }

    #[test]
    fn every_operation_that_is_declared_on_an_arn_has_a_look_of_its_kind() {
        let mut looked_at = 0;
        for tool in server().manifest().tools {
            for need in tool.needs {
                if need.arn == "*" || DONE_BY_AWS.contains(&need.action.as_str()) {
                    continue;
                }
                let (service, action) = need.action.split_once(':').unwrap();
                let operation = if action == "InvokeFunction" { "Invoke" } else { action };
                let sdk = if service == "logs" { "CloudWatch Logs" } else { "Lambda" };
                assert_eq!(
                    Server::<Lambda>::actions(sdk, operation).first().map(|it| it.to_string()),
                    Some(need.action.clone())
                );
                let named = |look: &&Look| look.operations.contains(&operation);
                let own: Vec<&Look> = match LOOKS.iter().filter(named).collect::<Vec<_>>() {
                    own if own.is_empty() => LOOKS.iter().filter(|look| look.operations == ["*"]).collect(),
                    own => own,
                };
                let fits = own.iter().any(|look| kind(look.arn) == kind(&need.arn));
                assert!(fits, "{}: no look at {operation} is about {}", tool.name, need.arn);
                looked_at += 1;
            }
        }
        assert!(looked_at > 40, "{looked_at}");
    }
}
