//! What is known of models by their families: how long their answers may get, and where a body says so.

use serde_json::{Map, Value};

use crate::names::{ModelId, without_area};

/// How the answers of a model are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answers {
    /// In tokens; the body's limit of them stands at this path.
    Text(&'static [&'static str]),
    /// Embeddings and scores: nothing is written.
    Numbers,
    /// Images, video and speech, of which AWS tells no tokens.
    Media,
    /// Nobody knows: a model of the account's own, or a family that came up since.
    Unknown,
}

/// By how ids begin, the longer first.
const FAMILIES: &[(&str, Answers)] = &[
    ("ai21.", Answers::Text(&["max_tokens"])),
    ("amazon.nova-canvas", Answers::Media),
    ("amazon.nova-reel", Answers::Media),
    ("amazon.nova-sonic", Answers::Media),
    ("amazon.nova", Answers::Text(&["inferenceConfig", "maxTokens"])),
    ("amazon.titan-image", Answers::Media),
    ("amazon.titan-text", Answers::Text(&["textGenerationConfig", "maxTokenCount"])),
    ("anthropic.", Answers::Text(&["max_tokens"])),
    ("cohere.command", Answers::Text(&["max_tokens"])),
    ("deepseek.", Answers::Text(&["max_tokens"])),
    ("luma.", Answers::Media),
    ("meta.llama", Answers::Text(&["max_gen_len"])),
    ("mistral.", Answers::Text(&["max_tokens"])),
    ("openai.", Answers::Text(&["max_completion_tokens"])),
    ("qwen.", Answers::Text(&["max_tokens"])),
    ("stability.", Answers::Media),
];

impl Answers {
    /// Those of a model, by its id.
    pub(crate) fn of(model: &ModelId) -> Answers {
        let id = model.short();
        let id = without_area(id).unwrap_or(id);
        if ["embed", "rerank", "marengo"].iter().any(|word| id.contains(word)) {
            return Answers::Numbers;
        }
        FAMILIES
            .iter()
            .find(|(start, _)| id.starts_with(start))
            .map_or(Answers::Unknown, |(_, answers)| *answers)
    }
}

/// Writes a limit of output tokens into a body that has none.
pub(crate) fn limit(body: &mut Value, path: &[&str], tokens: u64) {
    let Some((last, way)) = path.split_last() else { return };
    let mut at = body;
    for step in way {
        let Value::Object(fields) = at else { return };
        at = fields.entry((*step).to_owned()).or_insert_with(|| Value::Object(Map::new()));
    }
    if let Value::Object(fields) = at {
        fields.insert((*last).to_owned(), tokens.into());
    }
}

#[cfg(test)]
mod tests {
    use awsmcp_mcp::ResourceArgument;
    use serde_json::json;

    use super::*;

    #[test]
    fn families_are_told_by_their_ids() {
        let of = |id: &str| Answers::of(&ModelId::parse(id).unwrap());
        assert_eq!(of("amazon.nova-lite-v1:0"), Answers::Text(&["inferenceConfig", "maxTokens"]));
        assert_eq!(of("us.amazon.nova-canvas-v1:0"), Answers::Media);
        assert_eq!(of("cohere.embed-english-v3"), Answers::Numbers);
        assert_eq!(of("amazon.rerank-v1:0"), Answers::Numbers);
        assert_eq!(
            of("arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0"),
            Answers::Text(&["max_tokens"])
        );
        assert_eq!(
            of("arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/ab12"),
            Answers::Unknown
        );
    }

    #[test]
    fn a_limit_is_written_where_the_family_has_it() {
        let mut body = json!({"messages": []});
        limit(&mut body, &["inferenceConfig", "maxTokens"], 7);
        assert_eq!(body, json!({"messages": [], "inferenceConfig": {"maxTokens": 7}}));
        let mut body = json!({"inferenceConfig": {"topP": 1}});
        limit(&mut body, &["inferenceConfig", "maxTokens"], 7);
        assert_eq!(body, json!({"inferenceConfig": {"topP": 1, "maxTokens": 7}}));
        let mut body = json!("no object");
        limit(&mut body, &["max_tokens"], 7);
        assert_eq!(body, json!("no object"));
    }
}
