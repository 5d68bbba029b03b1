//! Operations as people name them, and inputs before they are sent.

use awsmcp_sdk::Error;
use serde_json::{Map, Value};

use crate::input;
use crate::model::{Model, Operation};

impl Model {
    /// The operation of this name, as AWS writes it or as the AWS CLI does: `ListQueues`, `list-queues`, `list_queues`.
    ///
    /// # Errors
    /// When there is none; the nearest is named.
    pub fn find(&self, name: &str) -> Result<(&str, &Operation), Error> {
        if let Some((own, operation)) = self.operations.get_key_value(name) {
            return Ok((own, operation));
        }
        let fold = |name: &str| name.to_lowercase().replace(['-', '_'], "");
        let wanted = fold(name);
        let found = self.operations.iter().find(|(own, _)| fold(own) == wanted);
        found.map(|(own, operation)| (own.as_str(), operation)).ok_or_else(|| self.no_operation(name))
    }

    pub(crate) fn no_operation(&self, name: &str) -> Error {
        let alike = |own: &str| strsim::jaro_winkler(&own.to_lowercase(), &name.to_lowercase());
        let nearest = self.operations.keys().max_by(|one, other| alike(one).total_cmp(&alike(other)));
        let error = Error::not_found(format!("{} has no operation {name:?}", self.title));
        match nearest {
            Some(own) => error.with_next(format!("did you mean {own}?")),
            None => error,
        }
    }

    /// Holds an input to an operation, before anything is sent.
    ///
    /// # Errors
    /// Names the member, what is wrong with it, and what would be right.
    pub fn check(&self, operation: &Operation, input: &Map<String, Value>) -> Result<(), Error> {
        input::check(self, operation, input).map_err(|wrong| {
            Error::invalid(wrong.to_string()).with_next("describe_operation shows what it takes")
        })
    }
}
