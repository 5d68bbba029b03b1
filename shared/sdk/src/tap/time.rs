//! How long an operation may take.

use std::time::Duration;

use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::timeout::TimeoutConfig;

use crate::client::SHORT;

/// Sets the time of an operation whose request has this body. It gets no less than the session gives.
pub(super) fn allow(patience: Option<Duration>, body: &SdkBody, cfg: &mut ConfigBag) {
    let Some(session) = cfg.load::<TimeoutConfig>().cloned() else { return };
    // A long upload takes its time; it ends when nothing moves.
    let long = body.content_length().is_none_or(|length| length > SHORT);
    if patience.is_none() && !long {
        return;
    }
    let more = |limit: Duration| patience.map_or(limit, |patience| patience.max(limit));
    let mut times = session.to_builder();
    if let Some(silence) = session.read_timeout() {
        times.set_read_timeout(Some(more(silence)));
    }
    if let Some(attempt) = session.operation_attempt_timeout() {
        times.set_operation_attempt_timeout(Some(more(attempt)).filter(|_| !long));
    }
    cfg.interceptor_state().store_put(times.build());
    if let Some(streams) = cfg.load::<StalledStreamProtectionConfig>().filter(|streams| streams.is_enabled())
    {
        let streams = StalledStreamProtectionConfig::enabled()
            .upload_enabled(streams.upload_enabled())
            .download_enabled(streams.download_enabled())
            .grace_period(more(streams.grace_period()))
            .build();
        cfg.interceptor_state().store_put(streams);
    }
}
