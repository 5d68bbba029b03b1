//! Which IAM action each operation stands for, where the names differ.
//!
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html>

pub(crate) const TABLE: &[(&str, &[&str])] = &[
    ("CreateFunction", &["lambda:CreateFunction", "lambda:TagResource", "iam:PassRole"]),
    ("Invoke", &["lambda:InvokeFunction"]),
    ("InvokeWithResponseStream", &["lambda:InvokeFunction"]),
    ("UpdateFunctionConfiguration", &["lambda:UpdateFunctionConfiguration", "iam:PassRole"]),
];
