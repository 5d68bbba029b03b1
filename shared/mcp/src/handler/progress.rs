//! Progress notifications: how far a call has come, for a client that gave a token for them.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use rmcp::{
    RoleServer,
    model::{ProgressNotificationParam, ProgressToken},
    service::{Peer, RequestContext},
};
use tokio_util::task::TaskTracker;

use crate::Progress;

/// The progress notifications of one request, on their way to the client.
#[derive(Default)]
pub(super) struct Notifications(TaskTracker);

impl Notifications {
    /// What reports progress to the client; none where it does not want any.
    pub(super) fn reporter(&self, context: &RequestContext<RoleServer>) -> Option<Progress> {
        let token = context.meta.get_progress_token()?;
        Some(reporter(context.peer.clone(), token, self.0.clone()))
    }

    /// Waits until all of them are sent: the answer ends the request, and behind it a client must not see them.
    pub(super) async fn sent(self, context: &RequestContext<RoleServer>) {
        self.0.close();
        tokio::select! {
            () = self.0.wait() => {}
            () = context.ct.cancelled() => {}
        }
    }
}

/// Sends notifications, at most ten a second; what is done never goes back.
fn reporter(peer: Peer<RoleServer>, token: ProgressToken, sending: TaskTracker) -> Progress {
    const APART: Duration = Duration::from_millis(100);
    let last = Mutex::new((None::<Instant>, f64::MIN));
    Arc::new(move |done, total, message| {
        {
            let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
            let soon = last.0.is_some_and(|at| at.elapsed() < APART) && total != Some(done);
            if soon || done <= last.1 {
                return;
            }
            *last = (Some(Instant::now()), done);
        }
        let mut param = ProgressNotificationParam::new(token.clone(), done).with_message(message);
        if let Some(total) = total {
            param = param.with_total(total);
        }
        let peer = peer.clone();
        sending.spawn(async move {
            // Progress is a courtesy: a caller that is gone misses nothing.
            let _ = peer.notify_progress(param).await;
        });
    })
}
