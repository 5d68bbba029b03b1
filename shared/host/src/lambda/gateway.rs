//! AgentCore Gateway: an event is the arguments of one tool, and the client context says which.
//!
//! <https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/gateway-add-target-lambda.html>

use awsmcp_mcp::{Answer, Caller, Engine, Handler, Principal, Service, content};
use awsmcp_spec::from_gateway;
use serde_json::{Map, Value, json};

/// Between the name of a target and the name of its tool.
const DELIMITER: &str = "___";

/// A call of one tool through a gateway.
#[derive(Debug)]
pub(super) struct GatewayCall {
    tool: String,
    /// The gateway: it does not say for whom it calls.
    caller: Principal,
}

impl GatewayCall {
    /// The call that an event is, by its client context; `None` if a gateway did not send it.
    pub(super) fn read(context: &Value) -> Option<GatewayCall> {
        let custom = |name: &str| {
            context.pointer("/custom").and_then(|custom| custom.get(name)).and_then(Value::as_str)
        };
        let name = custom("bedrockAgentCoreToolName")?;
        // The name of a target has no underscores, a tool's may have.
        let tool = name.split_once(DELIMITER).map_or(name, |(_, tool)| tool).to_owned();
        let gateway = custom("bedrockAgentCoreGatewayId").unwrap_or("unnamed");
        Some(GatewayCall { tool, caller: Principal::new(format!("agentcore-gateway/{gateway}")) })
    }

    /// Runs it, and answers as a tool's result of MCP: a failure is one with `isError`, so that the model reads why.
    pub(super) async fn answer<S: Service>(
        self,
        engine: &Engine<S>,
        handler: &Handler<S>,
        arguments: Value,
    ) -> Value {
        let listed = handler.tools().iter().find(|tool| tool.name == self.tool);
        let schema = listed.map(|tool| Value::Object(tool.input_schema.as_ref().clone())).unwrap_or_default();
        let Value::Object(arguments) = from_gateway(&schema, arguments) else {
            return failed(&format!("the arguments of {} must be a JSON object", self.tool));
        };
        let caller = Caller { principal: Some(self.caller), ..Caller::default() };
        match Box::pin(engine.call(&self.tool, arguments, &caller)).await {
            Ok(Answer::Done { text, parts, structured, failed }) => {
                let mut result = Map::from_iter([("content".to_owned(), json!(content(text, parts)))]);
                result.extend(structured.map(|structured| ("structuredContent".to_owned(), structured)));
                result.extend(failed.then(|| ("isError".to_owned(), json!(true))));
                Value::Object(result)
            }
            Ok(Answer::Planned { text } | Answer::Ask { question: text, .. }) => {
                json!({"content": content(text, Vec::new())})
            }
            Ok(Answer::Failed { text, .. }) => failed(&text),
            Err(message) => failed(&message),
        }
    }
}

/// The result of a call that failed.
pub(super) fn failed(text: &str) -> Value {
    json!({"content": content(text, Vec::new()), "isError": true})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_context_names_the_tool() {
        let read = |context: Value| GatewayCall::read(&context).map(|call| (call.tool, call.caller.name));
        let context = json!({
            "custom": {
                "bedrockAgentCoreToolName": "my-target___list_buckets",
                "bedrockAgentCoreGatewayId": "gw-1",
                // Not a text, as every other value there.
                "bedrockAgentCorePropagatedHeaders": {"x-tenant": "a"}
            },
            "env": {}
        });
        let expected = ("list_buckets".to_owned(), "agentcore-gateway/gw-1".to_owned());
        assert_eq!(read(context), Some(expected));
        let bare = read(json!({"custom": {"bedrockAgentCoreToolName": "list_buckets"}}));
        assert_eq!(bare.map(|(tool, _)| tool).as_deref(), Some("list_buckets"));
        for none in [json!(null), json!({"custom": {}}), json!({"custom": {"bedrockAgentCoreToolName": 1}})] {
            assert_eq!(read(none), None);
        }
    }
}
