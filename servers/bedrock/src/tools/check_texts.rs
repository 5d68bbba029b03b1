use std::collections::BTreeMap;

use aws_sdk_bedrockruntime::types::{
    GuardrailChecksConfig, GuardrailChecksContentBlock, GuardrailChecksContentFilterCategory as Category,
    GuardrailChecksContentFilterCategoryConfig, GuardrailChecksContentFilterConfig, GuardrailChecksMessage,
    GuardrailChecksPromptAttackCategory as Attack, GuardrailChecksPromptAttackCategoryConfig,
    GuardrailChecksPromptAttackConfig, GuardrailChecksRole, GuardrailChecksSensitiveInformationConfig,
    GuardrailChecksSensitiveInformationEntityConfig, GuardrailChecksSensitiveInformationEntityType as Entity,
};
use awsmcp_mcp::{Call, Error, One, Result, Spec, Tool, nearest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Bedrock, builders::missing};

/// Scores texts for harm, for attacks on a prompt, and for personal data, without a guardrail. To test one: apply_guardrail.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckTexts {
    /// A conversation, or texts of users.
    #[schemars(length(min = 1))]
    texts: Vec<Said>,
    /// Default: all three.
    checks: Option<Vec<Check>>,
    /// Which personal data is looked for: `EMAIL`, `NAME`, ... Default: every kind.
    personal: Option<Vec<String>>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Said {
    text: String,
    #[serde(default)]
    role: Role,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Role {
    #[default]
    User,
    Assistant,
    System,
}

#[derive(Clone, Copy, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Check {
    Harm,
    Attack,
    Personal,
}

#[derive(Default, Serialize, JsonSchema)]
pub(crate) struct Checked {
    /// How severe it is, from 0 to 1.
    harm: BTreeMap<String, f64>,
    /// As above.
    attack: BTreeMap<String, f64>,
    personal: Vec<Found>,
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
struct Found {
    kind: String,
    /// Which of `texts`, from 0.
    index: i32,
    /// Its characters, from 0; the second is the first behind it.
    characters: (i32, i32),
    /// From 0 to 1.
    confidence: f64,
}

impl Tool for CheckTexts {
    type Service = Bedrock;
    type Output = One<Checked>;
    const SPEC: Spec = Spec::invoke("check_texts", "Check texts")
        .on("*", &["bedrock:InvokeGuardrailChecks"])
        .names_no_resource()
        .optional();

    async fn call(self, cx: &Call<Bedrock>) -> Result<Self::Output> {
        if self.texts.iter().any(|said| said.text.trim().is_empty()) {
            return Err(Error::invalid("one of `texts` is empty"));
        }
        let asks = |check: Check| self.checks.as_ref().is_none_or(|checks| checks.contains(&check));
        if self.checks.as_ref().is_some_and(Vec::is_empty) {
            return Err(Error::invalid("`checks` names none").with_next("leave it out for all"));
        }
        if self.personal.is_some() && !asks(Check::Personal) {
            return Err(Error::invalid("`personal` goes with the check of that name"));
        }
        let checks = GuardrailChecksConfig::builder()
            .set_content_filter(asks(Check::Harm).then(harm).transpose()?)
            .set_prompt_attack(asks(Check::Attack).then(attack).transpose()?)
            .set_sensitive_information(asks(Check::Personal).then(|| self.personal()).transpose()?);
        let messages = self.texts.iter().map(Said::message).collect::<Result<_>>()?;
        let asked = cx.client().runtime.invoke_guardrail_checks().set_messages(Some(messages));
        let out = asked.checks(checks.build()).send().await?;
        let results = out
            .results
            .unwrap_or_else(|| aws_sdk_bedrockruntime::types::GuardrailChecksResults::builder().build());
        let mut checked = Checked::default();
        for found in results.content_filter.into_iter().flat_map(|found| found.results) {
            checked.harm.insert(found.category.to_string(), found.severity_score);
        }
        for found in results.prompt_attack.into_iter().flat_map(|found| found.results) {
            checked.attack.insert(found.category.to_string(), found.severity_score);
        }
        let personal = results.sensitive_information.into_iter().flat_map(|found| found.results);
        checked.personal.extend(personal.map(|found| Found {
            kind: found.r#type.to_string(),
            index: found.message_index,
            characters: (found.begin_offset, found.end_offset),
            confidence: found.confidence_score,
        }));
        if asks(Check::Personal) && checked.personal.is_empty() {
            cx.note("no personal data was found of the kinds that were looked for");
        }
        if let Some(usage) = out.usage {
            let units = [
                usage.content_filter.map(|usage| usage.text_units),
                usage.prompt_attack.map(|usage| usage.text_units),
                usage.sensitive_information.map(|usage| usage.text_units),
            ];
            let units: i32 = units.into_iter().flatten().sum();
            cx.note(format!("{units} text units were used, which AWS bills by check"));
        }
        Ok(One(checked))
    }
}

impl Said {
    fn message(&self) -> Result<GuardrailChecksMessage> {
        let role = match self.role {
            Role::User => GuardrailChecksRole::User,
            Role::Assistant => GuardrailChecksRole::Assistant,
            Role::System => GuardrailChecksRole::System,
        };
        let content = GuardrailChecksContentBlock::Text(self.text.clone());
        GuardrailChecksMessage::builder().role(role).content(content).build().map_err(missing)
    }
}

impl CheckTexts {
    fn personal(&self) -> Result<GuardrailChecksSensitiveInformationConfig> {
        let known = Entity::values();
        let wanted: Vec<String> = match &self.personal {
            Some(named) => named.iter().map(|name| name.trim().to_uppercase()).collect(),
            None => known.iter().map(|name| (*name).to_owned()).collect(),
        };
        let mut config = GuardrailChecksSensitiveInformationConfig::builder();
        for name in wanted {
            if !known.contains(&name.as_str()) {
                let meant = nearest(&name, known.iter().copied());
                let meant = meant.map(|meant| format!("; did you mean {meant}?")).unwrap_or_default();
                return Err(Error::invalid(format!("{name:?} is no kind of personal data{meant}"))
                    .with_next(format!("they are {}", known.join(", "))));
            }
            let entity = GuardrailChecksSensitiveInformationEntityConfig::builder();
            config = config.entities(entity.r#type(Entity::from(name.as_str())).build().map_err(missing)?);
        }
        config.build().map_err(missing)
    }
}

/// Of every category that is known.
fn harm() -> Result<GuardrailChecksContentFilterConfig> {
    let mut config = GuardrailChecksContentFilterConfig::builder();
    for name in Category::values() {
        let category = GuardrailChecksContentFilterCategoryConfig::builder().category(Category::from(*name));
        config = config.categories(category.build().map_err(missing)?);
    }
    config.build().map_err(missing)
}

/// As above.
fn attack() -> Result<GuardrailChecksPromptAttackConfig> {
    let mut config = GuardrailChecksPromptAttackConfig::builder();
    for name in Attack::values() {
        let category = GuardrailChecksPromptAttackCategoryConfig::builder().category(Attack::from(*name));
        config = config.categories(category.build().map_err(missing)?);
    }
    config.build().map_err(missing)
}
