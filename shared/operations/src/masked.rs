//! Members that AWS's model calls sensitive, hidden in what is shown.

use awsmcp_api::Model;
use serde_json::{Map, Value};

use crate::parts::{is_nothing, members, parts};

/// What stands for a value that is not shown.
const HIDDEN: &str = "(hidden)";

/// Hides what is sensitive in a value of a shape; answers how many values that were.
pub(crate) fn mask(model: &Model, shape: &str, value: &mut Value) -> usize {
    let Some(shape) = model.shape(shape) else { return 0 };
    if shape.sensitive && !is_nothing(value) && value != "" {
        *value = HIDDEN.into();
        return 1;
    }
    parts(shape, value).into_iter().map(|(part, value)| mask(model, part, value)).sum()
}

/// The same in the members of a structure that is no secret as a whole, whatever its shape is called.
pub(crate) fn mask_members(model: &Model, shape: &str, fields: &mut Map<String, Value>) -> usize {
    let Some(shape) = model.shape(shape) else { return 0 };
    members(shape, fields).map(|(part, value)| mask(model, part, value)).sum()
}
