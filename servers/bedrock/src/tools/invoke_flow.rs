use aws_sdk_bedrockagentruntime::types::{
    FlowInput, FlowInputContent, FlowOutputContent, FlowResponseStream as Event, FlowTrace,
};
use awsmcp_mcp::{AsIs, Call, Error, One, Result, Spec, Tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Bedrock, arns,
    builders::missing,
    json::{Json, document, value},
    names::{FlowId, ShortId},
    once::once,
    pace::Pace,
    spending::Caps,
};

/// Runs a flow and shows its outputs, node by node with `trace`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InvokeFlow {
    /// An id of list_agents with `kind` flow.
    flow: FlowId,
    alias: ShortId,
    input: Json,
    /// Default: `FlowInputNode`.
    node: Option<String>,
    #[serde(default)]
    trace: bool,
    /// Goes on with an execution that asked for more.
    execution: Option<String>,
}

#[derive(Default, Serialize, JsonSchema)]
pub(crate) struct Ran {
    outputs: Vec<Output>,
    /// `SUCCESS`, `INPUT_REQUIRED`.
    ended: String,
    /// What the flow asks for.
    asks: Vec<Output>,
    steps: Vec<Node>,
    execution: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Output {
    node: String,
    value: AsIs,
}

#[derive(Serialize, JsonSchema)]
struct Node {
    node: String,
    what: &'static str,
    text: String,
}

impl Tool for InvokeFlow {
    type Service = Bedrock;
    type Output = One<Ran>;
    const SPEC: Spec = Spec::invoke("invoke_flow", "Invoke flow")
        .on(arns::FLOW_ALIAS, &["bedrock:InvokeFlow"])
        .minutes(30)
        .quotes()
        .optional();

    async fn call(self, cx: &Call<Bedrock>) -> Result<Self::Output> {
        Caps::of(cx)?.unmetered("a flow")?;
        let start = self.node.unwrap_or_else(|| "FlowInputNode".to_owned());
        let input = FlowInput::builder()
            .node_name(&start)
            .content(FlowInputContent::Document(document(&self.input.0)));
        // The node where a flow begins has one output, a node that asked has one input.
        let input = match self.execution {
            Some(_) => input.node_input_name("agentInputText"),
            None => input.node_output_name("document"),
        };
        let mut pace = Pace::new(cx);
        let asked = cx
            .client()
            .agent_runtime
            .invoke_flow()
            .flow_identifier(self.flow.as_str())
            .flow_alias_identifier(self.alias.as_str())
            .inputs(input.build().map_err(missing)?)
            .enable_trace(self.trace)
            .set_execution_id(self.execution)
            .customize()
            .config_override(once())
            .send();
        let mut out = pace.of(asked).await?;
        let mut ran = Ran { execution: out.execution_id.take(), ..Ran::default() };
        loop {
            let event = match pace.of(out.response_stream.recv()).await {
                Ok(Some(event)) => event,
                Ok(None) => break,
                Err(error) => return Err(ran.broken(Error::from(error))),
            };
            match event {
                Event::FlowOutputEvent(output) => {
                    pace.tell(1, format!("{} answered", output.node_name));
                    if let Some(FlowOutputContent::Document(content)) = output.content {
                        ran.outputs.push(Output { node: output.node_name, value: AsIs(value(&content)) });
                    }
                }
                Event::FlowMultiTurnInputRequestEvent(request) => {
                    use aws_sdk_bedrockagentruntime::types::FlowMultiTurnInputContent as Content;
                    if let Some(Content::Document(content)) = request.content {
                        ran.asks.push(Output { node: request.node_name, value: AsIs(value(&content)) });
                    }
                }
                Event::FlowTraceEvent(event) => ran.steps.extend(event.trace.and_then(node)),
                Event::FlowCompletionEvent(end) => ran.ended = end.completion_reason.to_string(),
                _ => {}
            }
        }
        if ran.ended.is_empty() {
            let message = format!("the flow's answer broke off after {} outputs", ran.outputs.len());
            return Err(ran.broken(Error::conflict(message)).with_next("`trace` shows how far it comes"));
        }
        if !ran.asks.is_empty() {
            cx.note("the flow asks for more: call again with `execution`, `node` and `input`");
        } else {
            ran.execution = None;
        }
        Ok(One(ran))
    }
}

impl Ran {
    /// What was answered, and is billed, before a stream broke off is not thrown away: the error tells it.
    fn broken(&self, mut error: Error) -> Error {
        const MOST: usize = 2_000;
        let came = serde_json::to_string(&self.outputs).unwrap_or_default();
        if !self.outputs.is_empty() {
            let shown: String = came.chars().take(MOST).collect();
            let more = if shown.len() < came.len() { " (cut)" } else { "" };
            error.message =
                format!("{}; until then it answered{more}: {shown}", error.message.trim_end_matches('.'));
        }
        error
    }
}

fn node(trace: FlowTrace) -> Option<Node> {
    let joined = |parts: Vec<String>| parts.join(", ");
    Some(match trace {
        FlowTrace::NodeInputTrace(event) => Node {
            text: joined(event.fields.iter().map(|field| field.node_input_name.clone()).collect()),
            node: event.node_name,
            what: "input",
        },
        FlowTrace::NodeOutputTrace(event) => Node {
            text: joined(event.fields.iter().map(|field| field.node_output_name.clone()).collect()),
            node: event.node_name,
            what: "output",
        },
        FlowTrace::NodeActionTrace(event) => Node {
            text: format!("{} {}", event.service_name, event.operation_name),
            node: event.node_name,
            what: "action",
        },
        FlowTrace::ConditionNodeResultTrace(event) => Node {
            text: joined(
                event.satisfied_conditions.iter().map(|condition| condition.condition_name.clone()).collect(),
            ),
            node: event.node_name,
            what: "condition",
        },
        _ => return None,
    })
}
