//! Which IAM action each operation stands for, where the names differ.
//!
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonbedrock.html>

pub(crate) const TABLE: &[(&str, &[&str])] = &[
    (
        "Converse",
        &["bedrock:InvokeModel", "bedrock:ApplyGuardrail", "bedrock:RenderPrompt", "bedrock:InvokeTool"],
    ),
    (
        "ConverseStream",
        &[
            "bedrock:InvokeModelWithResponseStream",
            "bedrock:ApplyGuardrail",
            "bedrock:RenderPrompt",
            "bedrock:InvokeTool",
        ],
    ),
    ("HeadObject", &["s3:GetObject"]),
    (
        "InvokeInlineAgent",
        &["bedrock:InvokeInlineAgent", "bedrock:InvokeModel", "bedrock:Retrieve", "bedrock:ApplyGuardrail"],
    ),
    ("InvokeModel", &["bedrock:InvokeModel", "bedrock:ApplyGuardrail"]),
    ("StartAsyncInvoke", &["bedrock:InvokeModel"]),
    ("Retrieve", &["bedrock:Retrieve", "bedrock:Rerank", "bedrock:InvokeModel", "bedrock:ApplyGuardrail"]),
    (
        "RetrieveAndGenerate",
        &["bedrock:RetrieveAndGenerate", "bedrock:Retrieve", "bedrock:InvokeModel", "bedrock:ApplyGuardrail"],
    ),
    ("Rerank", &["bedrock:Rerank", "bedrock:InvokeModel"]),
    ("CreateGuardrail", &["bedrock:CreateGuardrail", "bedrock:TagResource"]),
    ("CreateInferenceProfile", &["bedrock:CreateInferenceProfile", "bedrock:TagResource"]),
    ("CreateModelInvocationJob", &["bedrock:CreateModelInvocationJob", "iam:PassRole"]),
];
