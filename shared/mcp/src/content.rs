//! The blocks of a tool's result.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use rmcp::model::ContentBlock;

use crate::Part;

/// The blocks of a tool's result: its text, and the parts that follow it.
pub fn content(text: impl Into<String>, parts: Vec<Part>) -> Vec<ContentBlock> {
    std::iter::once(ContentBlock::text(text)).chain(parts.into_iter().map(block)).collect()
}

fn block(part: Part) -> ContentBlock {
    match part {
        Part::Text(text) => ContentBlock::text(text),
        Part::Image { data, mime } => ContentBlock::image(BASE64_STANDARD.encode(data), mime),
        Part::Blob { data, .. } => ContentBlock::text(BASE64_STANDARD.encode(data)),
    }
}
