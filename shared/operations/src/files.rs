//! Bytes of an input that come from a file, and bytes of an answer that go to one, in the directories that the operator
//! allowed.

use std::io::{Read, Write};

use awsmcp_api::{Kind, Model, Operation};
use awsmcp_mcp::{Call, Error, Result, Service, human_size};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::parts::{members, parts};

/// What stands in an input for the bytes of a file: `{"$file": "path"}`.
const FILE: &str = "$file";
/// The most bytes that a file may bring or take: they are held in memory.
pub(crate) const MOST: usize = 64 * 1024 * 1024;

/// The input with the bytes of the files that it names.
///
/// # Errors
/// When a file cannot be read, is too large, or stands where no bytes do.
pub(crate) async fn filled<S: Service>(
    cx: &Call<S>,
    model: &Model,
    operation: &Operation,
    input: &Map<String, Value>,
) -> Result<Map<String, Value>> {
    let mut input = input.clone();
    let mut named = Vec::new();
    if let Some(shape) = operation.input.as_deref().and_then(|shape| model.shape(shape)) {
        for (part, value) in members(shape, &mut input) {
            find(model, part, value, &mut named);
        }
    }
    for (place, path) in named {
        *place = Value::String(STANDARD.encode(read(cx, &path).await?));
    }
    Ok(input)
}

/// The places of a value where a file is named, each with its path.
fn find<'v>(model: &Model, shape: &str, value: &'v mut Value, named: &mut Vec<(&'v mut Value, String)>) {
    let Some(shape) = model.shape(shape) else { return };
    if shape.kind == Kind::Blob {
        let path = value.as_object().filter(|only| only.len() == 1).and_then(|only| only.get(FILE));
        if let Some(path) = path.and_then(Value::as_str).map(str::to_owned) {
            named.push((value, path));
        }
        return;
    }
    for (part, value) in parts(shape, value) {
        find(model, part, value, named);
    }
}

async fn read<S: Service>(cx: &Call<S>, path: &str) -> Result<Vec<u8>> {
    let opened = cx.files().open(path).await?;
    let size = opened.size;
    if size > MOST as u64 {
        let (size, most) = (human_size(size), human_size(MOST as u64));
        return Err(Error::invalid(format!(
            "{path} has {size}, and an input takes {most} of a file at most"
        )));
    }
    let shown = opened.path.display().to_string();
    let mut bytes = Vec::new();
    let read = (&opened.file).take(MOST as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|error| Error::invalid(format!("{shown} cannot be read: {error}")))?;
    Ok(bytes)
}

/// Takes the body out of an answer and writes it to a new file.
///
/// # Errors
/// When the answer has no body, or the file is there already or cannot be written.
pub(crate) async fn saved<S: Service>(
    cx: &Call<S>,
    model: &Model,
    operation: &Operation,
    answer: &mut Map<String, Value>,
    path: &str,
) -> Result<()> {
    let name = body(model, operation)?;
    let encoded = answer.shift_remove(name);
    let encoded = encoded.as_ref().and_then(Value::as_str).unwrap_or_default();
    let bytes = STANDARD.decode(encoded).map_err(|error| Error::internal(error.to_string()))?;
    let draft = cx.files().place(path).await?.draft().await?;
    draft.file().write_all(&bytes).map_err(|error| draft.error(error))?;
    let shown = draft.path().display().to_string();
    draft.finish().await?;
    cx.note(format!("{name}: {} written to {shown}", human_size(bytes.len() as u64)));
    Ok(())
}

/// The member of the answer that is a body of bytes.
///
/// # Errors
/// When the operation answers with none.
pub(crate) fn body<'m>(model: &'m Model, operation: &Operation) -> Result<&'m str> {
    let stream = operation.stream(model);
    let is_bytes = |(_, shape): &(&str, &str)| model.shape(shape).is_some_and(|it| it.kind == Kind::Blob);
    stream.filter(is_bytes).map(|(name, _)| name).ok_or_else(|| {
        Error::invalid("`save_to` is for operations that answer with a body of bytes; this one does not")
    })
}
