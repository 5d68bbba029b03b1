//! What must still be done when a call is dropped.

use std::time::Duration;

use tokio_util::task::TaskTracker;

/// Runs the short work that a dropped call leaves behind: an upload to abort, a query to stop. The process waits for
/// it before it ends.
#[derive(Clone, Debug, Default)]
pub struct Cleanup(TaskTracker);

impl Cleanup {
    /// The longest that one piece of work may take.
    const LIMIT: Duration = Duration::from_secs(20);

    /// Starts the work. It may be called while a future is dropped.
    pub fn start(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.0.spawn(async move {
            if tokio::time::timeout(Self::LIMIT, work).await.is_err() {
                tracing::warn!("what a dropped call left behind was not cleaned up in time");
            }
        });
    }

    /// Waits until all of it is done.
    pub(crate) async fn settled(&self) {
        self.0.close();
        self.0.wait().await;
    }
}
