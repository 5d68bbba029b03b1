//! What a call of a model used.

use schemars::JsonSchema;
use serde::Serialize;

/// What a call used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Usage {
    pub(crate) input_tokens: u64,
    pub(crate) output_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cache_read_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cache_write_tokens: Option<u64>,
    /// Of those written, the ones that are kept for an hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cache_write_1h_tokens: Option<u64>,
    /// By the operator's prices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cost_usd: Option<f64>,
}

impl Usage {
    /// As AWS tells it.
    pub(crate) fn of(usage: &aws_sdk_bedrockruntime::types::TokenUsage) -> Usage {
        let count = |count: i32| u64::try_from(count).unwrap_or(0);
        let some = |number: Option<i32>| number.map(count).filter(|number| *number > 0);
        let for_an_hour = usage.cache_details().iter().filter(|detail| detail.ttl.as_str() == "1h");
        Usage {
            cache_write_1h_tokens: some(Some(for_an_hour.map(|detail| detail.input_tokens).sum())),
            input_tokens: count(usage.input_tokens),
            output_tokens: count(usage.output_tokens),
            cache_read_tokens: some(usage.cache_read_input_tokens),
            cache_write_tokens: some(usage.cache_write_input_tokens),
            cost_usd: None,
        }
    }

    /// All that went in, whether it was read from a cache, written to it, or neither.
    pub(crate) fn input(&self) -> u64 {
        self.input_tokens + self.cache_read_tokens.unwrap_or(0) + self.cache_write_tokens.unwrap_or(0)
    }
}
