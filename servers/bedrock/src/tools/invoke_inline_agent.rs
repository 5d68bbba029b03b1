use std::collections::{BTreeMap, HashMap};

use aws_sdk_bedrockagentruntime::types::{
    ActionGroupExecutor, ActionGroupSignature, AgentActionGroup, CustomControlMethod, FunctionDefinition,
    FunctionSchema, GuardrailConfigurationWithArn, InlineAgentResponseStream as Event, InlineSessionState,
    KnowledgeBase, ParameterDetail, ParameterType, RequireConfirmation,
};
use awsmcp_mcp::{Call, Error, Result, Spec, Tool};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    Bedrock,
    answered::{Answered, new_session},
    arns,
    builders::missing,
    control::Results,
    names::{GuardrailId, GuardrailVersion, KnowledgeBaseId, ModelId},
    once::once,
    pace::Pace,
    spending::Caps,
};

/// Runs an agent that is made for this call: a model with instructions, knowledge bases, and functions that its caller runs.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InvokeInlineAgent {
    model: ModelId,
    /// What it is for, in 40 characters or more. The same in every call of a session.
    #[schemars(length(min = 40))]
    instruction: String,
    #[serde(default)]
    prompt: String,
    /// Goes on with the conversation of an earlier answer.
    session: Option<String>,
    /// What `return_control` of that answer asked for, in place of `prompt`.
    results: Option<Results>,
    /// What it may ask its caller to run, by `return_control`.
    functions: Option<Vec<Function>>,
    knowledge_bases: Option<Vec<Base>>,
    guardrail: Option<GuardrailId>,
    /// Default: the draft.
    guardrail_version: Option<GuardrailVersion>,
    /// Lets it write code and run it.
    #[serde(default)]
    code: bool,
    /// Attributes of the session.
    attributes: Option<BTreeMap<String, String>>,
    /// Shows the files that its code makes.
    #[serde(default)]
    show_files: bool,
    /// Leaves the steps out.
    #[serde(default)]
    no_trace: bool,
    #[serde(default)]
    end_session: bool,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Function {
    name: String,
    description: Option<String>,
    #[serde(default)]
    parameters: BTreeMap<String, Parameter>,
    /// The user is asked before.
    #[serde(default)]
    confirm: bool,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Parameter {
    #[serde(rename = "type")]
    sort: Sort,
    description: Option<String>,
    #[serde(default)]
    required: bool,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Sort {
    String,
    Number,
    Integer,
    Boolean,
    Array,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Base {
    id: KnowledgeBaseId,
    /// What is found in it.
    description: String,
}

/// The action group of the functions.
const FUNCTIONS: &str = "functions";

impl Tool for InvokeInlineAgent {
    type Service = Bedrock;
    type Output = Answered;
    const SPEC: Spec = arns::on_models(
        Spec::invoke("invoke_inline_agent", "Invoke inline agent").on("*", &["bedrock:InvokeInlineAgent"]),
        &["bedrock:InvokeModel"],
    )
    .when("knowledge_bases")
    .on(arns::INLINE_KNOWLEDGE_BASE, &["bedrock:Retrieve"])
    .when("guardrail")
    .on(arns::GUARDRAIL, &["bedrock:ApplyGuardrail"])
    .names_no_resource()
    .minutes(30)
    .quotes()
    .optional();

    async fn call(self, cx: &Call<Bedrock>) -> Result<Self::Output> {
        Caps::of(cx)?.unmetered("an agent")?;
        if self.prompt.trim().is_empty() && !self.end_session && self.results.is_none() {
            return Err(Error::invalid("`prompt` is empty"));
        }
        if self.guardrail.is_none() && self.guardrail_version.is_some() {
            return Err(Error::invalid("`guardrail_version` goes with `guardrail`"));
        }
        let mut pace = Pace::new(cx);
        let session = self.session.clone().filter(|session| !session.trim().is_empty());
        let state = self.state()?;
        let session = session.unwrap_or_else(new_session);
        let sent = cx
            .client()
            .agent_runtime
            .invoke_inline_agent()
            .foundation_model(self.model.as_str())
            .instruction(&self.instruction)
            .session_id(&session)
            .set_input_text(Some(self.prompt.clone()).filter(|prompt| !prompt.trim().is_empty()))
            .enable_trace(!self.no_trace)
            .end_session(self.end_session)
            .set_action_groups(Some(self.action_groups()?).filter(|groups| !groups.is_empty()))
            .set_knowledge_bases(self.bases()?)
            .set_guardrail_configuration(self.guarded()?)
            .set_inline_session_state(state)
            .customize()
            .config_override(once())
            .send();
        let mut out = pace.of(sent).await?;
        let mut answer = Answered::of(session);
        loop {
            match pace.of(out.completion.recv()).await {
                Ok(Some(event)) => take(&mut answer, event, &mut pace),
                Ok(None) => break,
                Err(error) => return Err(answer.broken(Error::from(error))),
            }
        }
        Ok(answer.ended(cx, &pace, self.show_files))
    }
}

fn take(answer: &mut Answered, event: Event, pace: &mut Pace<'_>) {
    match event {
        Event::Chunk(chunk) => answer.text(chunk.bytes, chunk.attribution, pace),
        Event::Trace(part) => answer.trace(part.trace, part.collaborator_name, pace),
        Event::ReturnControl(asks) => answer.control(asks.invocation_id, asks.invocation_inputs),
        Event::Files(files) => answer.files(files.files),
        _ => {}
    }
}

impl InvokeInlineAgent {
    fn action_groups(&self) -> Result<Vec<AgentActionGroup>> {
        let mut groups = Vec::new();
        let functions = self.functions.as_deref().unwrap_or_default();
        if !functions.is_empty() {
            let functions = functions.iter().map(Function::definition).collect::<Result<_>>()?;
            let group = AgentActionGroup::builder()
                .action_group_name(FUNCTIONS)
                .action_group_executor(ActionGroupExecutor::CustomControl(CustomControlMethod::ReturnControl))
                .function_schema(FunctionSchema::Functions(functions));
            groups.push(group.build().map_err(missing)?);
        }
        if self.code {
            let group = AgentActionGroup::builder()
                .action_group_name("code")
                .parent_action_group_signature(ActionGroupSignature::AmazonCodeinterpreter);
            groups.push(group.build().map_err(missing)?);
        }
        Ok(groups)
    }

    fn bases(&self) -> Result<Option<Vec<KnowledgeBase>>> {
        let base = |base: &Base| {
            let named = KnowledgeBase::builder().knowledge_base_id(base.id.as_str());
            named.description(&base.description).build().map_err(missing)
        };
        let all: Vec<_> = self.knowledge_bases.iter().flatten().map(base).collect::<Result<_>>()?;
        Ok(Some(all).filter(|all| !all.is_empty()))
    }

    fn guarded(&self) -> Result<Option<GuardrailConfigurationWithArn>> {
        let Some(guardrail) = &self.guardrail else { return Ok(None) };
        let version = self.guardrail_version.as_ref().map_or("DRAFT", GuardrailVersion::as_str);
        let built = GuardrailConfigurationWithArn::builder()
            .guardrail_identifier(guardrail.as_str())
            .guardrail_version(version);
        built.build().map(Some).map_err(missing)
    }

    /// What goes along with the prompt.
    fn state(&self) -> Result<Option<InlineSessionState>> {
        if self.results.is_some() && self.session.is_none() {
            return Err(Error::invalid("`results` goes with the `session` whose agent asked for them"));
        }
        if self.attributes.is_none() && self.results.is_none() {
            return Ok(None);
        }
        let attributes = self.attributes.clone().map(|all| all.into_iter().collect());
        let mut state = InlineSessionState::builder().set_session_attributes(attributes);
        if let Some(results) = &self.results {
            state = state
                .invocation_id(results.id())
                .set_return_control_invocation_results(Some(results.members()?));
        }
        Ok(Some(state.build()))
    }
}

impl Function {
    fn definition(&self) -> Result<FunctionDefinition> {
        let parameter = |(name, parameter): (&String, &Parameter)| {
            let detail = ParameterDetail::builder()
                .r#type(parameter.sort.of_aws())
                .set_description(parameter.description.clone())
                .required(parameter.required);
            Ok((name.clone(), detail.build().map_err(missing)?))
        };
        let parameters: HashMap<_, _> = self.parameters.iter().map(parameter).collect::<Result<_>>()?;
        let definition = FunctionDefinition::builder()
            .name(&self.name)
            .set_description(self.description.clone())
            .set_parameters(Some(parameters).filter(|all| !all.is_empty()))
            .set_require_confirmation(self.confirm.then_some(RequireConfirmation::Enabled));
        definition.build().map_err(missing)
    }
}

impl Sort {
    fn of_aws(self) -> ParameterType {
        match self {
            Sort::String => ParameterType::String,
            Sort::Number => ParameterType::Number,
            Sort::Integer => ParameterType::Integer,
            Sort::Boolean => ParameterType::Boolean,
            Sort::Array => ParameterType::Array,
        }
    }
}
