//! What answers of knowledge bases and agents rest on.

use aws_sdk_bedrockagentruntime::types::Citation;
use schemars::JsonSchema;
use serde::Serialize;

use crate::retrieval::{Content, content, place};

/// A passage that a part of an answer rests on.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Source {
    /// The part of the answer, in characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) of: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<String>,
    /// The beginning of the passage.
    pub(crate) passage: String,
}

/// The sources of all citations, in order.
pub(crate) fn sources(citations: Vec<Citation>) -> Vec<Source> {
    const MOST: usize = 300;
    let mut all = Vec::new();
    for citation in citations {
        let part = citation.generated_response_part.and_then(|part| part.text_response_part);
        let span = part.and_then(|part| part.span);
        let of = span.and_then(|span| Some(format!("{}-{}", span.start?, span.end?)));
        for reference in citation.retrieved_references.unwrap_or_default() {
            let passage = match reference.content.map(content) {
                Some(Content::Text(text)) => match text.char_indices().nth(MOST) {
                    Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
                    None => text,
                },
                Some(Content::Image { mime, .. }) => format!("<{mime}>"),
                None => String::new(),
            };
            all.push(Source { of: of.clone(), source: reference.location.as_ref().and_then(place), passage });
        }
    }
    all
}
