//! The services whose every operation can be called.

use awsmcp_api::{
    BEDROCK, BEDROCK_AGENT, BEDROCK_AGENT_RUNTIME, BEDROCK_AGENTCORE, BEDROCK_AGENTCORE_CONTROL,
    BEDROCK_DATA_AUTOMATION, BEDROCK_DATA_AUTOMATION_RUNTIME, BEDROCK_RUNTIME, Service,
};
use awsmcp_operations::Operations;

use crate::Bedrock;

/// Amazon Bedrock with its agents, AgentCore and data automation.
static SERVICES: [&Service; 8] = [
    &BEDROCK,
    &BEDROCK_RUNTIME,
    &BEDROCK_AGENT,
    &BEDROCK_AGENT_RUNTIME,
    &BEDROCK_AGENTCORE,
    &BEDROCK_AGENTCORE_CONTROL,
    &BEDROCK_DATA_AUTOMATION,
    &BEDROCK_DATA_AUTOMATION_RUNTIME,
];

impl Operations for Bedrock {
    fn services() -> &'static [&'static Service] {
        &SERVICES
    }
}
