//! Why some declarations are right although AWS's data alone would not say so.

use super::rule::Rule;

/// One kind of declaration that a rule lets pass.
#[derive(Debug)]
pub(super) struct Reason {
    pub(super) rule: Rule,
    /// The actions, or all that begin so: `sagemaker:Describe*`.
    pub(super) actions: &'static [&'static str],
    /// The template that it is declared on, where the rule is about that.
    pub(super) arn: Option<&'static str>,
    /// The tools, where others have no such reason.
    pub(super) tools: &'static [&'static str],
    /// A sentence.
    pub(super) why: &'static str,
}

impl Reason {
    const fn of(rule: Rule, actions: &'static [&'static str], why: &'static str) -> Reason {
        Reason { rule, actions, arn: None, tools: &[], why }
    }

    const fn on(mut self, arn: &'static str) -> Reason {
        self.arn = Some(arn);
        self
    }

    const fn in_tools(mut self, tools: &'static [&'static str]) -> Reason {
        self.tools = tools;
        self
    }

    pub(super) fn covers(&self, rule: Rule, tool: &str, action: &str, arn: &str) -> bool {
        let named = |wanted: &&str| match wanted.strip_suffix('*') {
            Some(start) => action.starts_with(start),
            None => action == *wanted,
        };
        self.rule == rule
            && self.actions.iter().any(named)
            && self.arn.is_none_or(|own| own == arn)
            && (self.tools.is_empty() || self.tools.contains(&tool))
    }
}

pub(super) const REASONS: &[Reason] = &[
    // Who is simulated is whoever calls, or whoever the arguments name, of three kinds.
    Reason::of(
        Rule::Everything,
        &["iam:SimulatePrincipalPolicy"],
        "It is asked about users and roles, of which a list of a service's own resources names none.",
    )
    .in_tools(&["explain_access"]),
    // What reads, or asks about, everything at once.
    Reason::of(
        Rule::Everything,
        &["s3:Get*"],
        "Which buckets there are only the list itself says; each is held to the operator's list before it is looked at.",
    )
    .in_tools(&["list_buckets"]),
    Reason::of(
        Rule::Everything,
        &["cloudwatch:GetMetricData", "cloudwatch:ListMetrics", "cloudwatch:PutMetricData"],
        "A metric has no ARN; the resource type is of datasets, which no tool names.",
    ),
    Reason::of(
        Rule::Everything,
        &["cloudwatch:DescribeAlarms"],
        "AWS shows composite alarms only to who may describe alarms on *.",
    ),
    Reason::of(
        Rule::Everything,
        &["logs:GetQueryResults"],
        "It takes the id of a query, which StartQuery was held to log groups for, and names no group.",
    ),
    Reason::of(
        Rule::Everything,
        &["logs:ListAnomalies", "logs:ListLogAnomalyDetectors"],
        "Detectors are looked up by their log group: which there are, only the answer says.",
    ),
    Reason::of(
        Rule::Everything,
        &["bedrock:ListGuardrails", "bedrock:ListPrompts"],
        "Without an identifier they list all there are, and a name is looked for among those.",
    ),
    Reason::of(
        Rule::Everything,
        &["bedrock:ListAgentAliases", "bedrock:ListFlowAliases"],
        "They are asked for every agent and flow that the list shows.",
    )
    .in_tools(&["list_agents"]),
    Reason::of(
        Rule::Everything,
        &["bedrock:ListDataSources", "bedrock:ListIngestionJobs"],
        "They are asked for every knowledge base that the list shows; its rows are held to the allow-list.",
    )
    .in_tools(&["list_knowledge_bases"]),
    Reason::of(
        Rule::Everything,
        &["bedrock:CreateGuardrail"],
        "A guardrail has no ARN before it is made; the resource types are of what it may refer to, which the tool never \
         sends.",
    ),
    Reason::of(
        Rule::Everything,
        &["dynamodb:ListExports", "dynamodb:ListImports"],
        "Without a table they list those of all tables.",
    ),
    Reason::of(
        Rule::Everything,
        &["lambda:ListTags"],
        "It is asked for every function that the list shows; its rows are held to the allow-list.",
    )
    .in_tools(&["list_function_tools", "list_functions"]),
    Reason::of(Rule::Everything, &["schemas:DescribeSchema"], "Any function's tag may name any schema.")
        .in_tools(&["list_function_tools"]),
    Reason::of(
        Rule::Everything,
        &["sagemaker:Describe*"],
        "It looks at everything that bills, whatever its name.",
    )
    .in_tools(&["running_costs"]),
    Reason::of(
        Rule::Everything,
        &["sagemaker:DescribeModel"],
        "It is asked for every model that the list shows; its rows are held to the allow-list.",
    )
    .in_tools(&["list_models"]),
    // ARNs that AWS's forms do not have.
    Reason::of(
        Rule::OtherResource,
        &["lambda:*"],
        "The data names the function only; a call of a version or an alias is held to the ARN that ends with it.",
    )
    .on("arn:{partition}:lambda:{region}:{account}:function:{function}:{qualifier}"),
    Reason::of(Rule::OtherResource, &["lambda:*"], "As above, of a version that is deleted.")
        .on("arn:{partition}:lambda:{region}:{account}:function:{function}:{version}"),
    Reason::of(
        Rule::OtherResource,
        &["ec2:CreateTags", "ec2:DeleteTags"],
        "The ids of any kind are tagged alike: the kind of a resource is in its id, and no field of its own.",
    )
    .on("arn:{partition}:ec2:{region}:{account}:*/{resources}"),
    Reason::of(
        Rule::OtherResource,
        &["ssm:GetParameters"],
        "The parameters that AWS publishes, such as those of its images, are of no account.",
    )
    .on("arn:{partition}:ssm:{region}::parameter/aws/service/*"),
    // What runs something, and keeps nothing of its own.
    Reason::of(
        Rule::Changes,
        &["bedrock:Rerank", "bedrock:RetrieveAndGenerate"],
        "They run a model and store nothing; the risk says that each call costs.",
    ),
    Reason::of(
        Rule::Changes,
        &["lambda:InvokeFunction"],
        "It runs the function: that is what the tool is for, and what its risk says.",
    )
    .in_tools(&["invoke_function"]),
    Reason::of(
        Rule::Changes,
        &["ssm:CancelCommand", "ssm:SendCommand"],
        "They run a command on an instance and end it: that is what the tool is for, and what its risk says.",
    )
    .in_tools(&["run_command"]),
    // Names that do not say what AWS says.
    Reason::of(
        Rule::Name,
        &["bedrock:ApplyGuardrail", "bedrock:Invoke*", "bedrock:RenderPrompt", "bedrock:Retrieve", "sagemaker:InvokeEndpoint*"],
        "AWS counts a model's answer as read; it costs each time, so the name that does not say reading is the safer one.",
    ),
    Reason::of(
        Rule::Name,
        &["dynamodb:ConditionCheckItem", "dynamodb:PartiQLSelect"],
        "They are permissions within TransactWriteItems and ExecuteStatement, and no operations.",
    ),
    Reason::of(
        Rule::Name,
        &["logs:StartQuery", "logs:StopQuery"],
        "A query is begun and ended as any job is, though it only reads log events.",
    ),
];
