//! Which IAM action each operation stands for, where the names differ.
//!
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html>

const PARTIQL: &[&str] =
    &["dynamodb:PartiQLSelect", "dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate", "dynamodb:PartiQLDelete"];

pub(crate) const TABLE: &[(&str, &[&str])] = &[
    ("BatchExecuteStatement", PARTIQL),
    ("ExecuteStatement", PARTIQL),
    ("ExecuteTransaction", PARTIQL),
    ("TransactGetItems", &["dynamodb:GetItem"]),
    (
        "TransactWriteItems",
        &["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:ConditionCheckItem"],
    ),
];
