//! What is known of models by their families, and AWS tells by no operation: how long their answers may get and where a body
//! says so, how an embedding is asked for, how large a document may be. Each table says where it was read, and when.

use aws_sdk_bedrockruntime::config::retry::RetryPartition;
#[cfg(test)]
use awsmcp_mcp::Dated;
use serde_json::{Map, Value, json};

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

/// What was read of the tables of this file, and where. AWS adds families, and raises limits, several times a year.
#[cfg(test)]
const READ: [Dated<&str>; 7] = [
    Dated {
        rows: "`FAMILIES`, `Answers::of`",
        source: "https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html",
        read_on: "2026-11-30",
        good_for_days: 180,
    },
    Dated {
        rows: "the third generation of Cohere in `Embeds`",
        source: "https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed-v3.html",
        read_on: "2026-11-30",
        good_for_days: 180,
    },
    Dated {
        rows: "the fourth generation of Cohere in `Embeds`",
        source: "https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed-v4.html",
        read_on: "2026-11-30",
        good_for_days: 180,
    },
    Dated {
        rows: "`MOST_OF_A_DOCUMENT`, `DOCUMENTS_OF_A_TURN`, `bounds_documents`, `reads_s3`",
        source: "https://docs.aws.amazon.com/bedrock/latest/userguide/inference-api-restrictions.html",
        read_on: "2026-11-30",
        good_for_days: 180,
    },
    Dated {
        rows: "`without_area` of names.rs, which has some areas more",
        source: "https://docs.aws.amazon.com/cdk/api/v2/docs/@aws-cdk_aws-bedrock-alpha.CrossRegionInferenceProfileRegion.html",
        read_on: "2026-11-30",
        good_for_days: 180,
    },
    Dated {
        rows: "Titan in `Embeds`",
        source: "https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html",
        read_on: "2026-11-30",
        good_for_days: 180,
    },
    Dated {
        rows: "Nova in `Embeds`",
        source: "https://docs.aws.amazon.com/nova/latest/userguide/embeddings-schema.html",
        read_on: "2026-11-30",
        good_for_days: 180,
    },
];

/// The most bytes of a document, where its size is bounded.
pub(crate) const MOST_OF_A_DOCUMENT: u64 = 4_718_592;

/// The most documents of one turn.
pub(crate) const DOCUMENTS_OF_A_TURN: usize = 5;

/// Whether Bedrock bounds the size of documents of a format for a model. What is not known is left to AWS.
pub(crate) fn bounds_documents(model: &ModelId, format: &str) -> bool {
    let id = family(model);
    if id.starts_with("amazon.nova") {
        return !["pdf", "docx"].contains(&format);
    }
    match id.strip_prefix("anthropic.claude-") {
        // The fourth generation and later have the size in their names first: claude-sonnet-4, but claude-3-5-sonnet.
        Some(name) if name.starts_with(|letter: char| letter.is_ascii_digit()) => true,
        Some(name) if name.starts_with("instant") || name.starts_with("v2") => true,
        Some(_) => format != "pdf",
        None => id.contains('.'),
    }
}

/// Whether a model takes places in S3, and AWS reads them.
pub(crate) fn reads_s3(model: &ModelId) -> bool {
    family(model).starts_with("amazon.nova")
}

/// What is slowed down together after AWS throttled one of it: Bedrock throttles by model.
pub(crate) fn partition(model: &ModelId) -> RetryPartition {
    RetryPartition::new(format!("bedrock {}", family(model)))
}

/// The id of a model without the area of a profile.
pub(crate) fn family(model: &ModelId) -> &str {
    let id = model.short();
    without_area(id).unwrap_or(id)
}

/// How a family is asked for embeddings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Embeds {
    /// A call a text: `inputText`.
    Titan,
    /// Many texts a call, with what they are for: `texts`, `input_type`.
    Cohere,
    /// A call a text, inside a task.
    Nova,
}

impl Embeds {
    /// None of a model whose body nobody knows here.
    pub(crate) fn of(model: &ModelId) -> Option<Embeds> {
        let id = family(model);
        let starts = |start: &str| id.starts_with(start);
        match () {
            () if starts("amazon.titan-embed-text") => Some(Embeds::Titan),
            () if starts("cohere.embed") => Some(Embeds::Cohere),
            () if starts("amazon.nova") && id.contains("embed") => Some(Embeds::Nova),
            () => None,
        }
    }

    /// Whether a caller may say how long vectors are.
    pub(crate) fn has_lengths(self, model: &ModelId) -> bool {
        self != Embeds::Cohere || family(model).contains("v4")
    }

    /// How many texts one call takes.
    pub(crate) fn at_once(self) -> usize {
        match self {
            Embeds::Cohere => 96,
            Embeds::Titan | Embeds::Nova => 1,
        }
    }

    /// The body of a call. Questions and what is searched are told apart, where the family does.
    pub(crate) fn body(
        self,
        model: &ModelId,
        texts: &[String],
        is_query: bool,
        dimensions: Option<u32>,
    ) -> Value {
        let first = texts.first().map(String::as_str).unwrap_or_default();
        let mut body = match self {
            Embeds::Titan => json!({"inputText": first}),
            Embeds::Cohere => {
                let purpose = if is_query { "search_query" } else { "search_document" };
                json!({"texts": texts, "input_type": purpose, "embedding_types": ["float"]})
            }
            Embeds::Nova => {
                let purpose = if is_query { "TEXT_RETRIEVAL" } else { "GENERIC_INDEX" };
                json!({"taskType": "SINGLE_EMBEDDING", "singleEmbeddingParams": {
                    "embeddingPurpose": purpose, "text": {"truncationMode": "NONE", "value": first}}})
            }
        };
        let name = match self {
            Embeds::Titan => "/dimensions",
            Embeds::Nova => "/singleEmbeddingParams/embeddingDimension",
            Embeds::Cohere if self.has_lengths(model) => "/output_dimension",
            Embeds::Cohere => return body,
        };
        if let (Some(dimensions), Some((parent, last))) = (dimensions, name.rsplit_once('/'))
            && let Some(Value::Object(fields)) = body.pointer_mut(parent)
        {
            fields.insert(last.to_owned(), dimensions.into());
        }
        body
    }

    /// The vectors of an answer, in the order of the texts.
    pub(crate) fn vectors(self, answer: &Value) -> Vec<Value> {
        let found = match self {
            Embeds::Titan => return answer.get("embedding").cloned().into_iter().collect(),
            Embeds::Cohere => answer.pointer("/embeddings/float").or_else(|| answer.get("embeddings")),
            Embeds::Nova => {
                return answer.pointer("/embeddings/0/embedding").cloned().into_iter().collect();
            }
        };
        found.and_then(Value::as_array).cloned().unwrap_or_default()
    }
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
        let id = family(model);
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
    fn tables_were_read_lately() {
        for table in READ {
            assert_eq!(table.stale(), None, "{}", table.rows);
        }
    }

    #[test]
    fn the_size_of_documents_is_bounded_by_model_and_format() {
        let bounds = |id: &str, format: &str| bounds_documents(&ModelId::parse(id).unwrap(), format);
        for free in ["us.anthropic.claude-sonnet-4-5-20250929-v1:0", "anthropic.claude-opus-4-20250514-v1:0"]
        {
            assert!(!bounds(free, "pdf") && bounds(free, "docx"), "{free}");
        }
        for bound in ["anthropic.claude-3-5-sonnet-20241022-v2:0", "anthropic.claude-v2:1", "meta.llama4-x"] {
            assert!(bounds(bound, "pdf"), "{bound}");
        }
        assert!(!bounds("amazon.nova-pro-v1:0", "docx") && bounds("amazon.nova-pro-v1:0", "txt"));
        let unknown = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/ab12";
        assert!(!bounds(unknown, "pdf"), "a model that is not known is left to AWS");
    }

    #[test]
    fn embeddings_are_asked_for_as_the_family_wants() {
        let of = |id: &str| {
            let model = ModelId::parse(id).unwrap();
            let texts = ["a".to_owned(), "b".to_owned()];
            Embeds::of(&model).map(|embeds| embeds.body(&model, &texts, true, Some(256)))
        };
        assert_eq!(of("amazon.titan-embed-text-v2:0"), Some(json!({"inputText": "a", "dimensions": 256})));
        assert_eq!(
            of("us.cohere.embed-v4:0"),
            Some(json!({"texts": ["a", "b"], "input_type": "search_query", "embedding_types": ["float"],
                "output_dimension": 256}))
        );
        assert_eq!(of("cohere.embed-english-v3").unwrap().get("output_dimension"), None);
        assert_eq!(
            of("amazon.nova-2-multimodal-embeddings-v1:0").unwrap()["singleEmbeddingParams"]["embeddingDimension"],
            256
        );
        assert_eq!(of("twelvelabs.marengo-embed-2-7-v1:0"), None);
        assert_eq!(Embeds::Titan.vectors(&json!({"embedding": [1.5]})), [json!([1.5])]);
        assert_eq!(
            Embeds::Cohere.vectors(&json!({"embeddings": {"float": [[1.5], [2.5]]}})),
            [json!([1.5]), json!([2.5])]
        );
        assert_eq!(Embeds::Nova.vectors(&json!({"embeddings": [{"embedding": [1.5]}]})), [json!([1.5])]);
    }

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
