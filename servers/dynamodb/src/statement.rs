//! A PartiQL statement of a call: read, and held to its table.

use aws_sdk_dynamodb::types::AttributeValue;
use awsmcp_mcp::{Error, Result, quoted};

use crate::{
    names::TableName,
    partiql::{self, Kind, Statement},
    value::{self, Any},
};

/// Reads a statement that must be of one of these kinds and about this table.
///
/// # Errors
/// Says what is wrong and where, and which tool takes it.
pub(crate) fn read(text: &str, table: &TableName, kinds: &[Kind]) -> Result<Statement> {
    // https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ExecuteStatement.html
    const LONGEST: usize = 8192;
    const GOOD: &str = "a good one is SELECT * FROM \"orders\" WHERE \"pk\" = ?, with `parameters`";
    if text.len() > LONGEST {
        return Err(Error::invalid(format!(
            "the statement has {} bytes, at most {LONGEST} are taken",
            text.len()
        ))
        .with_next("give the values as `parameters`"));
    }
    let statement = partiql::parse(text)
        .map_err(|error| Error::invalid(format!("not a PartiQL statement: {error}")).with_next(GOOD))?;
    if !kinds.contains(&statement.kind) {
        let next = match statement.kind {
            Kind::Select => "run_partiql runs SELECT",
            Kind::Exists => "EXISTS is a condition of transactions: `transact` has `check`",
            _ => "write_partiql runs INSERT, UPDATE and DELETE, where the operator allows writing",
        };
        return Err(Error::refused(format!(
            "this is {}, which this tool does not run",
            statement.kind.word()
        ))
        .with_next(next));
    }
    if statement.table != table.as_str() {
        return Err(Error::invalid(format!(
            "the statement is about {}, `table` says {table}",
            quoted(&statement.table)
        ))
        .with_next("give the same table in both"));
    }
    Ok(statement)
}

/// The parameters, as many as the statement has `?`.
///
/// # Errors
/// When there are more or fewer, or DynamoDB cannot hold one.
pub(crate) fn parameters(statement: &Statement, given: &[Any]) -> Result<Option<Vec<AttributeValue>>> {
    if statement.parameters != given.len() {
        return Err(Error::invalid(format!(
            "the statement has {} `?` and {} parameters are given",
            statement.parameters,
            given.len()
        )));
    }
    let values: Vec<AttributeValue> = given
        .iter()
        .enumerate()
        .map(|(at, Any(value))| value::attribute(value, &format!("parameter {at}")))
        .collect::<Result<_>>()?;
    Ok((!values.is_empty()).then_some(values))
}
