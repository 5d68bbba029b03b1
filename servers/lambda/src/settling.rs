//! Updates take a while; until they are through, the next change is refused.

use std::time::Duration;

use aws_sdk_lambda::{
    operation::get_function_configuration::GetFunctionConfigurationOutput,
    types::{LastUpdateStatus, State},
};
use awsmcp_mcp::{Call, Error, Result, Waited};

use crate::{Lambda, configuration::current};

/// Longer than any update takes; the call's own time ends before.
const MOST: Duration = Duration::from_secs(3600);

/// Waits until the function's last update is through, as long as the call may take. An update that takes longer goes on in
/// AWS: the answer is then how it stands, and a note says so.
///
/// # Errors
/// When AWS could not carry out the update.
pub(crate) async fn settled(cx: &Call<Lambda>, function: &str) -> Result<GetFunctionConfigurationOutput> {
    let look = || async {
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
        let goes_on = config.last_update_status == Some(LastUpdateStatus::InProgress)
            || config.state == Some(State::Pending);
        Ok(if goes_on {
            Waited::Still("AWS carries out the update".to_owned())
        } else {
            Waited::Ready(config)
        })
    };
    match cx.until(MOST, look).await? {
        Waited::Ready(config) => Ok(config),
        Waited::Still(_) => {
            cx.note("the change was taken but is not through yet: get_function shows when it is");
            current(cx, function, None).await
        }
    }
}
