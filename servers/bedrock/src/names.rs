//! Names with rules: parsed at the edge, with an error that shows what a good one looks like.

use std::fmt;

/// A string with rules, which is only its text.
macro_rules! named {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub(crate) struct $name(String);

        impl $name {
            pub(crate) fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        awsmcp_mcp::plain_string!($name);
    )*};
}

named! {
    /// A model: its id, the id of an inference profile, or an ARN of anything that can be called as a model.
    ModelId
    /// A guardrail: its id or ARN.
    GuardrailId
    /// The number of a guardrail's version, or `DRAFT`.
    GuardrailVersion
    /// A knowledge base's id.
    KnowledgeBaseId
    /// The id of a data source, an agent, a flow, or an alias of these.
    ShortId
    /// A prompt: its id or ARN.
    PromptId
    /// An ARN of Bedrock.
    BedrockArn
    /// An object or a folder in S3.
    S3Uri
}

impl ModelId {
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let letters = |more: &[u8]| text.bytes().all(|byte| is_plain(byte) || more.contains(&byte));
        let fits = if text.starts_with("arn:") {
            letters(b":./") && (is_bedrock_arn(text) || text.split(':').nth(2) == Some("sagemaker"))
        } else {
            let is_word = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
            letters(b":.")
                && text.starts_with(|letter: char| letter.is_ascii_alphanumeric())
                && (is_word || text.contains('.'))
        };
        if fits && text.len() <= 2048 {
            return Ok(ModelId(text.to_owned()));
        }
        Err(format!(
            "{text:?} is not a model; good ones are amazon.nova-lite-v1:0, us.anthropic.claude-sonnet-4-20250514-v1:0 \
             and an ARN; list_models shows them"
        ))
    }

    /// The id without what precedes it in an ARN.
    pub(crate) fn short(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }
}

impl GuardrailId {
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if is_id(text) || (is_bedrock_arn(text) && text.contains(":guardrail/")) {
            return Ok(GuardrailId(text.to_owned()));
        }
        Err(format!(
            "{text:?} is not a guardrail's id; a good one is ab12cd34ef56; list_guardrails shows them"
        ))
    }
}

impl GuardrailVersion {
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let number =
            !text.starts_with('0') && text.len() < 9 && text.bytes().all(|byte| byte.is_ascii_digit());
        match text {
            "DRAFT" => Ok(GuardrailVersion(text.to_owned())),
            _ if !text.is_empty() && number => Ok(GuardrailVersion(text.to_owned())),
            _ => Err(format!("{text:?} is not a guardrail's version; good ones are DRAFT and 1")),
        }
    }
}

impl KnowledgeBaseId {
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if is_id(text) {
            return Ok(KnowledgeBaseId(text.to_owned()));
        }
        Err(format!(
            "{text:?} is not a knowledge base's id; a good one is AB12CD34EF; list_knowledge_bases shows them"
        ))
    }
}

impl ShortId {
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if is_id(text) {
            return Ok(ShortId(text.to_owned()));
        }
        Err(format!("{text:?} is not an id; a good one is AB12CD34EF"))
    }
}

impl PromptId {
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if is_id(text) || (is_bedrock_arn(text) && text.contains(":prompt/")) {
            return Ok(PromptId(text.to_owned()));
        }
        Err(format!("{text:?} is not a prompt's id; a good one is AB12CD34EF; list_prompts shows them"))
    }
}

impl BedrockArn {
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if is_bedrock_arn(text) && text.bytes().all(|byte| is_plain(byte) || b":./".contains(&byte)) {
            return Ok(BedrockArn(text.to_owned()));
        }
        Err(format!(
            "{text:?} is not an ARN of Bedrock; a good one is \
             arn:aws:bedrock:us-east-1:123456789012:model-invocation-job/ab12cd34ef56"
        ))
    }
}

impl S3Uri {
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (bucket, key) = text.strip_prefix("s3://").unwrap_or(text).split_once('/').unwrap_or_default();
        let letters = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
        if !(3..=63).contains(&bucket.len()) || !bucket.bytes().all(letters) || key.is_empty() {
            return Err(format!(
                "{text:?} is not a place in S3; a good one is s3://my-bucket/folder/cat.png"
            ));
        }
        Ok(S3Uri(format!("s3://{bucket}/{key}")))
    }

    pub(crate) fn bucket(&self) -> &str {
        self.parts().0
    }

    pub(crate) fn key(&self) -> &str {
        self.parts().1
    }

    fn parts(&self) -> (&str, &str) {
        self.0.strip_prefix("s3://").and_then(|rest| rest.split_once('/')).unwrap_or_default()
    }
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_".contains(&byte)
}

fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(is_plain)
}

fn is_bedrock_arn(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    matches!(parts.as_slice(), ["arn", partition, "bedrock", region, _, rest]
        if partition.starts_with("aws") && !region.is_empty() && !rest.is_empty())
}

/// A model that AWS offers.
pub(crate) const MODEL: &str = "arn:{partition}:bedrock:{region}::foundation-model/{model}";
/// The same, or whatever else of the account can be called as a model.
pub(crate) const OWN_MODEL: &str = "arn:{partition}:bedrock:{region}:{account}:*/{model}";

/// AWS's own way to write the ARN of what a template gave: a model may be called by several sorts of id, and only their
/// looks tell them apart; an object may be given by its URI.
///
/// # Errors
/// When an id may stand for several sorts of thing.
pub(crate) fn arn(text: &str) -> Result<Option<String>, String> {
    if let Some((start, uri)) = text.split_once(":::s3://").filter(|(start, _)| !start.contains('/')) {
        return Ok(Some(format!("{start}:::{uri}")));
    }
    let Some((head, id)) = text.split_once('/') else { return Ok(None) };
    let parts: Vec<&str> = head.splitn(6, ':').collect();
    let ["arn", partition, "bedrock", region, account, kind @ ("foundation-model" | "*")] = parts.as_slice()
    else {
        return Ok(None);
    };
    if id == "*" {
        return Ok(None);
    }
    // Whoever calls a profile needs its model too.
    match (*kind, without_area(id)) {
        ("foundation-model", Some(model)) => {
            Ok(Some(format!("arn:{partition}:bedrock:{region}::{kind}/{model}")))
        }
        ("foundation-model", None) => Ok(None),
        (_, Some(_)) => {
            Ok(Some(format!("arn:{partition}:bedrock:{region}:{account}:inference-profile/{id}")))
        }
        (_, None) if id.contains('.') => {
            Ok(Some(format!("arn:{partition}:bedrock:{region}::foundation-model/{id}")))
        }
        (_, None) => Err(format!("{id:?} may be several sorts of model: give its ARN")),
    }
}

/// The model that a profile of AWS's is of: its id has the area before the provider's name, `us.amazon.nova-lite-v1:0`.
pub(crate) fn without_area(id: &str) -> Option<&str> {
    const AREAS: [&str; 13] =
        ["us", "eu", "apac", "global", "us-gov", "jp", "au", "ca", "sa", "in", "mx", "me", "af"];
    let (area, model) = id.split_once('.')?;
    (AREAS.contains(&area) && model.contains('.')).then_some(model)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn models_are_ids_profiles_and_arns() {
        for good in [
            "amazon.nova-lite-v1:0",
            "us.anthropic.claude-sonnet-4-20250514-v1:0",
            "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0",
            "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/ab12",
            "ab12cd34ef56",
        ] {
            assert_eq!(ModelId::parse(good).unwrap().as_str(), good);
        }
        for wrong in ["", "claude sonnet", "gpt-4", "arn:aws:s3:::b", "../x"] {
            assert!(ModelId::parse(wrong).unwrap_err().contains("good ones are"), "{wrong}");
        }
        let arn =
            ModelId::parse("arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0").unwrap();
        assert_eq!(arn.short(), "amazon.nova-lite-v1:0");
    }

    #[test]
    fn a_profile_is_told_by_its_area() {
        assert_eq!(without_area("us.amazon.nova-lite-v1:0"), Some("amazon.nova-lite-v1:0"));
        assert_eq!(without_area("us-gov.a.b"), Some("a.b"));
        for model in ["amazon.nova-lite-v1:0", "zai.glm-4.6", "us.x", "ab12"] {
            assert_eq!(without_area(model), None, "{model}");
        }
    }

    #[test]
    fn ids_and_arns_of_other_things_are_told_apart() {
        assert!(GuardrailId::parse("ab12cd34ef56").is_ok());
        assert!(GuardrailId::parse("arn:aws:bedrock:us-east-1:123456789012:guardrail/ab12").is_ok());
        assert!(GuardrailId::parse("arn:aws:bedrock:us-east-1:123456789012:agent/ab12").is_err());
        assert!(KnowledgeBaseId::parse("AB12").is_ok());
        assert!(KnowledgeBaseId::parse("a/b").is_err());
        assert!(GuardrailVersion::parse("DRAFT").is_ok() && GuardrailVersion::parse("12").is_ok());
        assert!(GuardrailVersion::parse("draft").is_err() && GuardrailVersion::parse("0").is_err());
        assert!(PromptId::parse("AB12CD34EF").is_ok() && PromptId::parse("a b").is_err());
        assert!(ShortId::parse("TSTALIASID").is_ok() && ShortId::parse("a/b").is_err());
    }

    #[test]
    fn places_in_s3_have_a_bucket_and_a_key() {
        let uri = S3Uri::parse("s3://my-bucket/a/b c.png").unwrap();
        assert_eq!((uri.bucket(), uri.key()), ("my-bucket", "a/b c.png"));
        assert_eq!(S3Uri::parse("my-bucket/k").unwrap().as_str(), "s3://my-bucket/k");
        for wrong in ["", "s3://b/k", "s3://my-bucket", "s3://my-bucket/", "https://x/y"] {
            assert!(S3Uri::parse(wrong).unwrap_err().contains("a good one"), "{wrong}");
        }
    }

    #[test]
    fn an_arn_is_of_the_sort_that_the_id_looks_like() {
        let of = |text: &str| arn(text).unwrap();
        let own = |id: &str| format!("arn:aws:bedrock:us-east-1:123456789012:*/{id}");
        let model = |id: &str| format!("arn:aws:bedrock:us-east-1::foundation-model/{id}");
        assert_eq!(of(&own("amazon.nova-lite-v1:0")), Some(model("amazon.nova-lite-v1:0")));
        assert_eq!(of(&model("amazon.nova-lite-v1:0")), None);
        assert_eq!(
            of(&own("us.amazon.nova-lite-v1:0")).as_deref(),
            Some("arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-lite-v1:0")
        );
        assert_eq!(of(&model("us.amazon.nova-lite-v1:0")), Some(model("amazon.nova-lite-v1:0")));
        assert_eq!(of(&own("*")), None);
        assert!(arn(&own("ab12cd34ef56")).unwrap_err().contains("give its ARN"));
        assert_eq!(of("arn:aws:bedrock:us-east-1:1:application-inference-profile/ab12"), None);
        assert_eq!(of("arn:aws:s3:::s3://my-bucket/k").as_deref(), Some("arn:aws:s3:::my-bucket/k"));
        assert_eq!(of("arn:aws:s3:::secret/:::s3://my-bucket/k"), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_reading_panic(text in ".{0,80}") {
            let _ = (ModelId::parse(&text), GuardrailId::parse(&text), KnowledgeBaseId::parse(&text));
            let _ = (S3Uri::parse(&text), BedrockArn::parse(&text), arn(&text));
        }
    }
}
