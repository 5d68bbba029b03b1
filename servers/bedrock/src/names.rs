//! Names with rules: read once, strictly, with an error that shows what a good one looks like.

use std::fmt;

use awsmcp_mcp::{Arn, ResourceArgument, ResourceRef, resource_string};

/// Arguments that name something: what a request carries of each, and what it is judged as, made of one reading.
macro_rules! named {
    ($($(#[$doc:meta])* $name:ident $read:ident)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq, Eq)]
            pub(crate) struct $name(Read);

            impl $name {
                /// What a request carries.
                pub(crate) fn as_str(&self) -> &str {
                    &self.0.sent
                }
            }

            impl ResourceArgument for $name {
                fn parse(text: &str) -> Result<Self, String> {
                    $read(text).map($name)
                }

                fn resource(&self) -> ResourceRef {
                    self.0.resource.clone()
                }
            }

            impl fmt::Display for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str(&self.0.sent)
                }
            }
        )*
        resource_string!($($name),*);
    };
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Read {
    sent: String,
    resource: ResourceRef,
}

named! {
    /// A model: its id, the id of an inference profile, or an ARN of anything that can be called as a model.
    ModelId model
    /// A guardrail: its id or ARN.
    GuardrailId guardrail
    /// The number of a guardrail's version, or `DRAFT`.
    GuardrailVersion guardrail_version
    /// A knowledge base: its id or ARN.
    KnowledgeBaseId knowledge_base
    /// An agent: its id or ARN.
    AgentId agent
    /// A flow: its id or ARN.
    FlowId flow
    /// The id of a data source, or of an alias.
    ShortId short_id
    /// A prompt: its id or ARN.
    PromptId prompt
    /// An ARN of Bedrock.
    BedrockArn bedrock_arn
    /// An object or a folder in S3.
    S3Uri s3_uri
    /// A role, by its ARN.
    RoleArn role
    /// A tool that AWS itself runs for a model.
    SystemTool system_tool
}

/// What can be called, or looked at, as a model: the first part of its ARN's resource.
const MODEL_KINDS: [&str; 10] = [
    "application-inference-profile",
    "custom-model",
    "custom-model-deployment",
    "default-prompt-router",
    "foundation-model",
    "imported-model",
    "inference-profile",
    "prompt",
    "prompt-router",
    "provisioned-model",
];

impl Read {
    /// By a name or an id.
    fn name(text: &str) -> Read {
        Read { sent: text.to_owned(), resource: ResourceRef::Name(text.to_owned()) }
    }

    /// By an ARN that the request carries.
    fn arn(arn: Arn, name: &str) -> Read {
        Read { sent: arn.to_string(), resource: ResourceRef::Arn { name: name.to_owned(), arn } }
    }

    /// By an ARN of one of several kinds: it stands for whatever a template would make of its name; see [`arn`].
    fn of_its_kind(arn: Arn) -> Read {
        let text = arn.to_string();
        Read::arn(arn, &text)
    }

    /// By an ARN of which the request carries the id.
    fn own(arn: Arn, id: &str) -> Read {
        Read { sent: id.to_owned(), resource: ResourceRef::Own { name: id.to_owned(), arn } }
    }
}

fn model(text: &str) -> Result<Read, String> {
    let wrong = || {
        format!(
            "{text:?} is not a model; good ones are amazon.nova-lite-v1:0, us.anthropic.claude-sonnet-4-20250514-v1:0 \
             and an ARN; list_models shows them"
        )
    };
    let starts = |id: &str| id.starts_with(|letter: char| letter.is_ascii_alphanumeric());
    let letters = |id: &str, more: &[u8]| id.bytes().all(|byte| is_plain(byte) || more.contains(&byte));
    if text.len() > 2048 {
        return Err(wrong());
    }
    if text.starts_with("arn:") {
        let arn = Arn::parse(text).map_err(|_| wrong())?;
        let (kind, id) = arn.resource.split_once('/').ok_or_else(wrong)?;
        let owner =
            if kind == "foundation-model" { arn.account.is_empty() } else { is_account(&arn.account) };
        // A name with dots is a foundation model's: a custom model has its base's before its own id, an imported one has none.
        let own_id = match kind {
            "custom-model" => id.contains('/') || !id.contains('.'),
            "imported-model" => !id.contains('.'),
            _ => true,
        };
        let is_model = match arn.service.as_str() {
            "bedrock" => own_id && MODEL_KINDS.contains(&kind) && letters(id, b":./"),
            // A model of the marketplace runs at an endpoint of the account's own.
            "sagemaker" => kind == "endpoint" && letters(id, b""),
            _ => false,
        };
        let fits = owner && is_model && !arn.region.is_empty() && starts(id) && !id.starts_with("arn:");
        return if fits { Ok(Read::of_its_kind(arn)) } else { Err(wrong()) };
    }
    let is_word = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let fits = letters(text, b":.") && starts(text) && (is_word || text.contains('.'));
    if fits { Ok(Read::name(text)) } else { Err(wrong()) }
}

fn guardrail(text: &str) -> Result<Read, String> {
    by_id(text, "guardrail/", Read::arn).ok_or_else(|| {
        format!("{text:?} is not a guardrail's id; a good one is ab12cd34ef56; list_guardrails shows them")
    })
}

fn guardrail_version(text: &str) -> Result<Read, String> {
    let number = !text.is_empty()
        && !text.starts_with('0')
        && text.len() < 9
        && text.bytes().all(|byte| byte.is_ascii_digit());
    if text == "DRAFT" || number {
        return Ok(Read::name(text));
    }
    Err(format!("{text:?} is not a guardrail's version; good ones are DRAFT and 1"))
}

fn knowledge_base(text: &str) -> Result<Read, String> {
    by_id(text, "knowledge-base/", Read::own).ok_or_else(|| {
        format!(
            "{text:?} is not a knowledge base's id; a good one is AB12CD34EF; list_knowledge_bases shows them"
        )
    })
}

fn agent(text: &str) -> Result<Read, String> {
    by_id(text, "agent/", Read::own)
        .ok_or_else(|| format!("{text:?} is not an id; a good one is AB12CD34EF; list_agents shows them"))
}

fn flow(text: &str) -> Result<Read, String> {
    by_id(text, "flow/", Read::own)
        .ok_or_else(|| format!("{text:?} is not an id; a good one is AB12CD34EF; list_agents shows them"))
}

fn short_id(text: &str) -> Result<Read, String> {
    if is_id(text) {
        return Ok(Read::name(text));
    }
    Err(format!("{text:?} is not an id; a good one is AB12CD34EF"))
}

fn prompt(text: &str) -> Result<Read, String> {
    let versioned = || {
        // The ARN of a version ends with its number.
        let arn = Arn::parse(text).ok()?;
        let name = arn.name("bedrock", "prompt/")?.to_owned();
        let (id, version) = name.split_once(':')?;
        let fits = is_place(&arn) && is_id(id) && guardrail_version(version).is_ok();
        fits.then(|| Read::arn(arn.clone(), &name))
    };
    by_id(text, "prompt/", Read::arn).or_else(versioned).ok_or_else(|| {
        format!("{text:?} is not a prompt's id; a good one is AB12CD34EF; list_prompts shows them")
    })
}

fn bedrock_arn(text: &str) -> Result<Read, String> {
    let arn = Arn::parse(text).ok().filter(|arn| arn.service == "bedrock" && is_place(arn));
    let fits = |arn: &Arn| {
        let (kind, id) = arn.resource.split_once('/').unwrap_or_default();
        !kind.is_empty()
            && kind.bytes().all(is_plain)
            && id.starts_with(|letter: char| letter.is_ascii_alphanumeric())
            && id.bytes().all(|byte| is_plain(byte) || b":./".contains(&byte))
            && !id.starts_with("arn:")
    };
    arn.filter(fits).map(Read::of_its_kind).ok_or_else(|| {
        format!(
            "{text:?} is not an ARN of Bedrock; a good one is \
             arn:aws:bedrock:us-east-1:123456789012:model-invocation-job/ab12cd34ef56"
        )
    })
}

fn s3_uri(text: &str) -> Result<Read, String> {
    let place = text.strip_prefix("s3://").unwrap_or(text);
    let (bucket, key) = place.split_once('/').unwrap_or_default();
    let letters = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
    let is_bucket = (3..=63).contains(&bucket.len()) && bucket.bytes().all(letters);
    if !is_bucket || !(1..=1024).contains(&key.len()) || key.contains(char::is_control) {
        return Err(format!("{text:?} is not a place in S3; a good one is s3://my-bucket/folder/cat.png"));
    }
    Ok(Read { sent: format!("s3://{place}"), resource: ResourceRef::Name(place.to_owned()) })
}

fn role(text: &str) -> Result<Read, String> {
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || b"+=,.@-_/".contains(&byte);
    let arn = Arn::parse(text).ok().filter(|arn| arn.region.is_empty() && is_account(&arn.account));
    let name = arn.as_ref().and_then(|arn| arn.name("iam", "role/"));
    let name = name.filter(|name| name.bytes().all(letters)).map(str::to_owned);
    let (arn, name) = arn.zip(name).ok_or_else(|| {
        format!("{text:?} is not a role; a good one is arn:aws:iam::123456789012:role/bedrock-batch")
    })?;
    Ok(Read::arn(arn, &name))
}

fn system_tool(text: &str) -> Result<Read, String> {
    if is_id(text) {
        return Ok(Read::name(text));
    }
    Err(format!("{text:?} is not a tool that AWS runs; a good one is nova_grounding"))
}

/// What is named by its id, or by an ARN whose resource is `kind` and the id.
fn by_id(text: &str, kind: &str, by_arn: fn(Arn, &str) -> Read) -> Option<Read> {
    if is_id(text) {
        return Some(Read::name(text));
    }
    let arn = Arn::parse(text).ok().filter(is_place)?;
    let id = arn.name("bedrock", kind).filter(|id| is_id(id))?.to_owned();
    Some(by_arn(arn, &id))
}

impl ModelId {
    /// The id without what precedes it in an ARN.
    pub(crate) fn short(&self) -> &str {
        self.as_str().rsplit('/').next().unwrap_or_default()
    }

    /// What its ARN is of; none where it is given by an id.
    pub(crate) fn kind(&self) -> Option<&str> {
        kind(&self.0.resource)
    }
}

impl BedrockArn {
    /// What it is of: `evaluation-job`.
    pub(crate) fn kind(&self) -> &str {
        kind(&self.0.resource).unwrap_or_default()
    }
}

fn kind(resource: &ResourceRef) -> Option<&str> {
    resource.arn()?.resource.split_once('/').map(|(kind, _)| kind)
}

impl S3Uri {
    pub(crate) fn bucket(&self) -> &str {
        self.parts().0
    }

    pub(crate) fn key(&self) -> &str {
        self.parts().1
    }

    fn parts(&self) -> (&str, &str) {
        self.as_str().strip_prefix("s3://").and_then(|rest| rest.split_once('/')).unwrap_or_default()
    }
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_".contains(&byte)
}

fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(is_plain)
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether it is of one region and account.
fn is_place(arn: &Arn) -> bool {
    !arn.region.is_empty() && is_account(&arn.account)
}

/// AWS's own way to write the ARN of what a template gave.
///
/// A model may be called by several sorts of id, and only their looks tell them apart: whatever template an id fills, what it
/// stands for is one thing. An argument that is an ARN of one of several kinds is that ARN, in every template. A place in S3
/// is bucket and key at once.
///
/// # Errors
/// When an id may stand for several sorts of thing.
pub(crate) fn arn(text: &str) -> Result<Option<String>, String> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", partition, service, region, account, resource] = parts.as_slice() else { return Ok(None) };
    if *service == "s3" {
        return Ok(resource.strip_prefix("*/").map(|place| format!("arn:{partition}:s3:::{place}")));
    }
    let (Some((kind, id)), "bedrock") = (resource.split_once('/'), *service) else { return Ok(None) };
    if Arn::parse(id).is_ok() {
        return Ok(Some(id.to_owned()));
    }
    if id == "*" || id.contains('/') || !MODEL_KINDS.contains(&kind) || kind == "prompt" {
        return Ok(None);
    }
    let foundation = |model: &str| format!("arn:{partition}:bedrock:{region}::foundation-model/{model}");
    Ok(match (kind, without_area(id)) {
        // Whoever calls a profile needs its model too.
        ("foundation-model", Some(model)) => Some(foundation(model)),
        ("foundation-model", None) if id.contains('.') => None,
        ("foundation-model", None) => {
            return Err(format!("{id:?} may be several sorts of model: give its ARN"));
        }
        (_, Some(_)) => Some(format!("arn:{partition}:bedrock:{region}:{account}:inference-profile/{id}")),
        (_, None) if id.contains('.') => Some(foundation(id)),
        (_, None) => None,
    })
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
    fn what_has_an_id_is_given_by_its_arn_too() {
        let arn = |what: &str| format!("arn:aws:bedrock:us-east-1:123456789012:{what}");
        let own = |what: &str, name: &str| ResourceRef::Own {
            arn: Arn::parse(&arn(what)).unwrap(),
            name: name.to_owned(),
        };
        let base = KnowledgeBaseId::parse(&arn("knowledge-base/AB12")).unwrap();
        assert_eq!((base.as_str(), base.resource()), ("AB12", own("knowledge-base/AB12", "AB12")));
        assert_eq!(AgentId::parse(&arn("agent/A1")).unwrap().resource(), own("agent/A1", "A1"));
        assert_eq!(FlowId::parse(&arn("flow/F1")).unwrap().as_str(), "F1");
        let guardrail = GuardrailId::parse(&arn("guardrail/g1")).unwrap();
        assert_eq!(guardrail.as_str(), arn("guardrail/g1"));
        assert!(matches!(guardrail.resource(), ResourceRef::Arn { name, .. } if name == "g1"));
        let version = PromptId::parse(&arn("prompt/P1:2")).unwrap();
        assert!(matches!(version.resource(), ResourceRef::Arn { name, .. } if name == "P1:2"));
        let role = RoleArn::parse("arn:aws:iam::123456789012:role/service-role/r").unwrap();
        assert!(matches!(role.resource(), ResourceRef::Arn { name, .. } if name == "service-role/r"));
        for wrong in ["agent/A1/x", "flow/F1/alias/A", "agent/", "agent/a*", "agent/a b", "knowledge-base/"] {
            assert!(AgentId::parse(&arn(wrong)).is_err() && FlowId::parse(&arn(wrong)).is_err(), "{wrong}");
            assert!(KnowledgeBaseId::parse(&arn(wrong)).is_err(), "{wrong}");
        }
        assert_eq!(BedrockArn::parse(&arn("evaluation-job/e1")).unwrap().kind(), "evaluation-job");
    }

    /// What no argument of this server takes.
    const HOSTILE: [&str; 16] = [
        "",
        "*",
        "?",
        "../x",
        "a%2fb",
        "\u{0430}b",
        "a\u{0}",
        "a\n",
        " ab12cd34ef56",
        "ab12cd34ef56 ",
        "arn:aws:s3:::bucket",
        "arn:aws:kms:us-east-1:123456789012:key/x:guardrail/g",
        " arn:aws:bedrock:us-east-1:123456789012:guardrail/g",
        "arn:aws:bedrock:us-east-1:123456789012:guardrail/g ",
        "arn:aws:bedrock:us-east-1:123456789012:custom-model/arn:aws:bedrock:us-east-1:123456789012:imported-model/m",
        "ARN:aws:bedrock:us-east-1:123456789012:guardrail/g",
    ];

    #[test]
    fn what_is_no_name_is_refused_by_every_type() {
        for text in HOSTILE {
            assert!(ModelId::parse(text).is_err(), "{text:?}");
            assert!(GuardrailId::parse(text).is_err() && GuardrailVersion::parse(text).is_err(), "{text:?}");
            assert!(KnowledgeBaseId::parse(text).is_err() && AgentId::parse(text).is_err(), "{text:?}");
            assert!(FlowId::parse(text).is_err() && ShortId::parse(text).is_err(), "{text:?}");
            assert!(PromptId::parse(text).is_err() && BedrockArn::parse(text).is_err(), "{text:?}");
            assert!(RoleArn::parse(text).is_err() && S3Uri::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn an_id_is_judged_as_what_it_stands_for_in_every_template() {
        let of = |text: &str| arn(text).unwrap();
        let own = |kind: &str, id: &str| format!("arn:aws:bedrock:us-east-1:123456789012:{kind}/{id}");
        let model = |id: &str| format!("arn:aws:bedrock:us-east-1::foundation-model/{id}");
        for kind in MODEL_KINDS.iter().filter(|kind| !["foundation-model", "prompt"].contains(kind)) {
            assert_eq!(of(&own(kind, "amazon.nova-lite-v1:0")), Some(model("amazon.nova-lite-v1:0")));
            assert_eq!(
                of(&own(kind, "us.amazon.nova-lite-v1:0")),
                Some(own("inference-profile", "us.amazon.nova-lite-v1:0"))
            );
            assert_eq!(of(&own(kind, "*")), None);
            assert_eq!(of(&own(kind, "ab12cd34ef56")), None);
        }
        assert_eq!(of(&model("amazon.nova-lite-v1:0")), None);
        assert_eq!(of(&model("us.amazon.nova-lite-v1:0")), Some(model("amazon.nova-lite-v1:0")));
        assert!(arn(&model("ab12cd34ef56")).unwrap_err().contains("give its ARN"));
        assert_eq!(of(&own("custom-model", "amazon.nova-lite-v1:0/m1")), None);
    }

    #[test]
    fn an_arn_is_itself_in_every_template() {
        let given = "arn:aws:bedrock:eu-west-1:999999999999:default-prompt-router/anthropic.claude:1";
        for template in ["foundation-model", "inference-profile", "evaluation-job"] {
            let filled = format!("arn:aws:bedrock:us-east-1:123456789012:{template}/{given}");
            assert_eq!(arn(&filled).unwrap().as_deref(), Some(given));
        }
    }

    #[test]
    fn a_place_in_s3_is_an_object() {
        let of = |text: &str| arn(text).unwrap();
        assert_eq!(of("arn:aws:s3:::*/my-bucket/k").as_deref(), Some("arn:aws:s3:::my-bucket/k"));
        assert_eq!(of("arn:aws:s3:::*/my-bucket/*/k").as_deref(), Some("arn:aws:s3:::my-bucket/*/k"));
        assert_eq!(of("arn:aws:s3:::my-bucket/k"), None);
        assert_eq!(
            S3Uri::parse("s3://my-bucket/k").unwrap().resource(),
            ResourceRef::Name("my-bucket/k".to_owned())
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_reading_panic(text in ".{0,80}") {
            let _ = (ModelId::parse(&text), GuardrailId::parse(&text), KnowledgeBaseId::parse(&text));
            let _ = (S3Uri::parse(&text), BedrockArn::parse(&text), arn(&text));
        }

        /// Whatever is taken as a model is sent as it was given, and judged as that ARN, or as that id.
        #[test]
        fn a_model_is_judged_as_what_is_sent(
            start in "(|arn:aws:bedrock:us-east-1:123456789012:[a-z-]{4,18}/|arn:aws:bedrock:us-east-1::foundation-model/|arn:aws:kms:us-east-1:123456789012:key/)",
            id in "[ -~\\x00\u{0430}]{0,16}",
            end in "(|amazon\\.x|:0|\\*| |%20|arn:aws:s3:::b)",
        ) {
            let text = format!("{start}{id}{end}");
            if let Ok(model) = ModelId::parse(&text) {
                prop_assert_eq!(model.as_str(), text.as_str());
                match model.resource() {
                    ResourceRef::Arn { arn, name } => prop_assert!(arn.to_string() == text && name == text),
                    ResourceRef::Name(name) => prop_assert!(name == text && !text.contains('/')),
                    other => panic!("{other:?}"),
                }
                prop_assert!(!text.contains(['*', '?', '%', ' ', '\0']));
            }
        }
    }
}
