use aws_sdk_bedrockruntime::types::{
    ContentBlock, GuardrailAction, GuardrailContentBlock, GuardrailContentQualifier, GuardrailContentSource,
    GuardrailImageBlock, GuardrailImageFormat, GuardrailImageSource, GuardrailOutputScope,
    GuardrailTextBlock, ImageSource,
};
use awsmcp_mcp::{Call, Error, Page, Result, Spec, Tool};
use futures::{StreamExt, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Bedrock, arns,
    attachments::{Inline, images},
    builders::missing,
    findings::{Finding, Units, findings},
    names::{GuardrailId, GuardrailVersion},
};

/// Applies a guardrail to texts and images without a model, and shows which rule found what. Texts with `expect` are test cases.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApplyGuardrail {
    guardrail: GuardrailId,
    /// Default: the draft.
    version: Option<GuardrailVersion>,
    #[schemars(length(min = 1, max = 100))]
    cases: Vec<Case>,
    #[serde(default)]
    source: Source,
    /// Also shows what was looked for and not found.
    #[serde(default)]
    full: bool,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Source {
    /// What users write.
    #[default]
    Input,
    /// What models write.
    Output,
}

#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Case {
    #[serde(default)]
    text: String,
    /// PNG or JPEG.
    images: Option<Vec<Inline>>,
    expect: Option<Expected>,
    source: Option<Source>,
    /// For grounding: what the text should rest on, and the question.
    grounding: Option<String>,
    query: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Expected {
    Passed,
    Masked,
    Blocked,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    /// `ok` or `WRONG`, of a test case.
    verdict: Option<&'static str>,
    /// `passed`, `masked`, `blocked`, or `error`.
    outcome: &'static str,
    expected: Option<&'static str>,
    text: String,
    findings: Vec<Finding>,
    /// What would be shown instead.
    shown: Option<String>,
    error: Option<String>,
}

impl Row {
    /// Of a case that could not be tested.
    fn failed(case: &Case, error: &Error) -> Row {
        Row {
            verdict: None,
            outcome: "error",
            expected: None,
            text: shortened(&case.text),
            findings: Vec::new(),
            shown: None,
            error: Some(error.message.clone()),
        }
    }
}

impl Expected {
    fn word(self) -> &'static str {
        match self {
            Expected::Passed => "passed",
            Expected::Masked => "masked",
            Expected::Blocked => "blocked",
        }
    }
}

impl Tool for ApplyGuardrail {
    type Service = Bedrock;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::invoke("apply_guardrail", "Apply guardrail")
        .on(arns::GUARDRAIL, &["bedrock:ApplyGuardrail"])
        .minutes(5)
        .quotes();

    async fn call(self, cx: &Call<Bedrock>) -> Result<Self::Output> {
        const AT_ONCE: usize = 8;
        let is_empty =
            |case: &Case| case.text.trim().is_empty() && case.images.as_ref().is_none_or(Vec::is_empty);
        if self.cases.iter().any(is_empty) {
            return Err(Error::invalid("a case has no text and no image")
                .with_next("a good one is {\"text\":\"hello\",\"expect\":\"passed\"}"));
        }
        let total = self.cases.len();
        let work: Vec<_> = self.cases.iter().map(async |case| (self.applied(cx, case).await, case)).collect();
        let mut all: Vec<(Row, Units)> = Vec::with_capacity(total);
        let (mut failed, mut first) = (0, None);
        let mut running = stream::iter(work).buffered(AT_ONCE);
        while let Some((done, case)) = running.next().await {
            match done {
                Ok(done) => all.push(done),
                // The others were tested, and are billed.
                Err(error) => {
                    failed += 1;
                    all.push((Row::failed(case, &error), Units::default()));
                    first.get_or_insert(error);
                }
            }
            cx.progress(all.len() as u64, Some(total as u64), format!("{} of {total}", all.len()));
        }
        match first {
            Some(error) if failed == total => return Err(error),
            Some(_) => cx.note(format!("{failed} of {total} could not be tested: `error` says why")),
            None => {}
        }
        let units = all.iter().fold(Units::default(), |sum, (_, units)| sum.and(*units));
        let tested = all.iter().filter(|(row, _)| row.verdict.is_some()).count();
        let right = all.iter().filter(|(row, _)| row.verdict == Some("ok")).count();
        if tested > 0 {
            cx.note(format!("{right} of {tested} test cases are as expected"));
        }
        cx.note(units.told());
        Ok(cx.page(all.into_iter().map(|(row, _)| row), None))
    }
}

impl ApplyGuardrail {
    async fn applied(&self, cx: &Call<Bedrock>, case: &Case) -> Result<(Row, Units)> {
        let source = match case.source.unwrap_or(self.source) {
            Source::Input => GuardrailContentSource::Input,
            Source::Output => GuardrailContentSource::Output,
        };
        let has_grounding = case.grounding.is_some() || case.query.is_some();
        let parts = [
            (&case.grounding, GuardrailContentQualifier::GroundingSource),
            (&case.query, GuardrailContentQualifier::Query),
        ];
        let mut content = Vec::new();
        for (text, qualifier) in parts {
            if let Some(text) = text {
                content.push(block(text, Some(qualifier))?);
            }
        }
        if !case.text.trim().is_empty() {
            let qualifier = has_grounding.then_some(GuardrailContentQualifier::GuardContent);
            content.push(block(&case.text, qualifier)?);
        }
        for image in images(case.images.as_deref().unwrap_or_default())? {
            content.push(shown(image)?);
        }
        let version = self.version.as_ref().map_or("DRAFT", GuardrailVersion::as_str);
        let out = cx
            .client()
            .runtime
            .apply_guardrail()
            .guardrail_identifier(self.guardrail.as_str())
            .guardrail_version(version)
            .source(source)
            .set_content(Some(content))
            .set_output_scope(self.full.then_some(GuardrailOutputScope::Full))
            .send()
            .await?;
        let found: Vec<Finding> = out.assessments.iter().flat_map(findings).collect();
        let intervened = out.action == GuardrailAction::GuardrailIntervened;
        let blocked = found.iter().any(|found| found.action == "BLOCKED");
        let masked = found.iter().any(|found| found.action == "ANONYMIZED");
        let outcome = match (intervened, blocked, masked) {
            (false, _, _) => Expected::Passed,
            (true, false, true) => Expected::Masked,
            (true, _, _) => Expected::Blocked,
        };
        let shown: String = out.outputs.into_iter().filter_map(|output| output.text).collect();
        let row = Row {
            verdict: case.expect.map(|expected| if expected == outcome { "ok" } else { "WRONG" }),
            outcome: outcome.word(),
            expected: case.expect.filter(|expected| *expected != outcome).map(Expected::word),
            text: shortened(&case.text),
            findings: found,
            shown: Some(shown).filter(|text| intervened && !text.is_empty()),
            error: None,
        };
        Ok((row, out.usage.as_ref().map(Units::of).unwrap_or_default()))
    }
}

fn block(text: &str, qualifier: Option<GuardrailContentQualifier>) -> Result<GuardrailContentBlock> {
    let built =
        GuardrailTextBlock::builder().text(text).set_qualifiers(qualifier.map(|qualifier| vec![qualifier]));
    Ok(GuardrailContentBlock::Text(built.build().map_err(missing)?))
}

fn shown(block: ContentBlock) -> Result<GuardrailContentBlock> {
    let ContentBlock::Image(image) = block else {
        return Err(Error::invalid("`images` takes images only").with_next("good ones end with .png or .jpg"));
    };
    let (format, Some(ImageSource::Bytes(bytes))) = (image.format.as_str(), image.source) else {
        return Err(Error::internal("an image without bytes"));
    };
    let format = GuardrailImageFormat::from(format);
    let block = GuardrailImageBlock::builder().format(format).source(GuardrailImageSource::Bytes(bytes));
    Ok(GuardrailContentBlock::Image(block.build().map_err(missing)?))
}

/// Whoever gave the text knows it by its beginning.
fn shortened(text: &str) -> String {
    const MOST: usize = 80;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
