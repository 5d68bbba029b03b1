//! Where requests name functions and what belongs to them, for the second look at each request.

use awsmcp_aws::RequestView;
use awsmcp_mcp::Look;

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
    Look { operations: &["CreateFunction", "UpdateFunctionConfiguration"], arn: "{Role}" },
    Look {
        operations: &["UpdateFunctionCode", "UpdateFunctionConfiguration"],
        arn: "arn:{partition}:lambda:{region}:{account}:function:{function of the path}",
    },
    Look {
        operations: &["TagResource", "UntagResource", "ListTags"],
        arn: "arn:{partition}:lambda:{region}:{account}:function:{path:2..}",
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
        operations: &["FilterLogEvents", "DescribeLogStreams", "GetLogEvents"],
        arn: "arn:{partition}:logs:{region}:{account}:log-group:{logGroupName}:*",
    },
];

/// The function of `/2015-03-31/functions/{FunctionName}/...`, with the version or alias that the query string names.
pub(crate) fn place(place: &str, request: &RequestView) -> Option<Vec<String>> {
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
