//! When this process should end.

#[cfg(unix)]
use std::time::Duration;

/// Completes when this process should end: it is told to by a signal, or the process that started it is gone.
pub(crate) async fn signalled_or_orphaned() {
    tokio::select! {
        () = signalled() => {}
        () = orphaned() => {}
    }
}

/// Completes when this process is told to end: by SIGTERM or SIGINT.
#[cfg(unix)]
pub(crate) async fn signalled() {
    use tokio::signal::unix::SignalKind;

    tokio::select! {
        () = received(SignalKind::terminate()) => {}
        () = received(SignalKind::interrupt()) => {}
    }
}

#[cfg(unix)]
async fn received(kind: tokio::signal::unix::SignalKind) {
    match tokio::signal::unix::signal(kind) {
        Ok(mut signal) => {
            signal.recv().await;
        }
        Err(error) => {
            tracing::warn!(%error, "cannot listen for a signal");
            std::future::pending().await
        }
    }
}

/// Completes when this process is told to end: by Ctrl-C.
#[cfg(not(unix))]
pub(crate) async fn signalled() {
    if let Err(error) = tokio::signal::ctrl_c().await {
        tracing::warn!(%error, "cannot listen for Ctrl-C");
        std::future::pending().await
    }
}

/// Completes when the process that started this one is gone.
///
/// A client that is killed need not close the pipes: a process it started may hold them too.
#[cfg(unix)]
async fn orphaned() {
    use std::os::unix::process::parent_id;

    let parent = parent_id();
    if parent <= 1 {
        // Started by init, or in a container of its own: nothing to watch.
        return std::future::pending().await;
    }
    while parent_id() == parent {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

#[cfg(not(unix))]
async fn orphaned() {
    std::future::pending().await
}

#[cfg(all(test, unix))]
mod tests {
    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn nothing_tells_a_healthy_process_to_stop() {
        assert!(timeout(Duration::from_millis(1500), signalled_or_orphaned()).await.is_err());
    }
}
