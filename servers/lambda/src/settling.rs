//! Updates take a while; until they are through, the next change is refused.

use std::time::Duration;

use aws_sdk_lambda::{
    operation::get_function_configuration::GetFunctionConfigurationOutput,
    types::{LastUpdateStatus, State},
};
use awsmcp_mcp::{Call, Error, Result};

use crate::{Lambda, configuration::current};

/// Waits until the function's last update is through.
///
/// # Errors
/// When the update failed, or takes longer than AWS's updates take.
pub(crate) async fn settled(cx: &Call<Lambda>, function: &str) -> Result<GetFunctionConfigurationOutput> {
    const TRIES: u64 = 150;
    let mut pause = Duration::from_millis(200);
    for tried in 0..TRIES {
        let config = current(cx, function, None).await?;
        let failed = config.last_update_status == Some(LastUpdateStatus::Failed);
        if failed || config.state == Some(State::Failed) {
            let why = config.last_update_status_reason.or(config.state_reason);
            return Err(Error::conflict(format!(
                "AWS took the change but could not carry it out: {}",
                why.as_deref().unwrap_or("no reason was given")
            ))
            .with_next("correct that and call again; get_function shows the state"));
        }
        let waits = config.last_update_status == Some(LastUpdateStatus::InProgress)
            || config.state == Some(State::Pending);
        if !waits {
            return Ok(config);
        }
        cx.progress(tried, Some(TRIES), "AWS carries out the update");
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(3));
    }
    Err(Error::timeout("the change was taken but is not through yet")
        .with_next("get_function shows when it is"))
}
