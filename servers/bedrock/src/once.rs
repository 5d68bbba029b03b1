//! Requests that are sent once.

use aws_sdk_bedrockagentruntime::config::{Builder, StalledStreamProtectionConfig, retry::RetryConfig};

/// For what acts: a second try could act twice. It may think for minutes before its next word.
pub(crate) fn once() -> Builder {
    Builder::default()
        .retry_config(RetryConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
}
