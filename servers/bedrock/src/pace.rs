//! Signs of life: clients give up on a call that says nothing for a minute, and a model may think for longer.

use std::time::{Duration, Instant};

use awsmcp_mcp::Call;

use crate::Bedrock;

/// Tells a caller how far a call has come, and now and then that it is still at work.
pub(crate) struct Pace<'a> {
    cx: &'a Call<Bedrock>,
    began: Instant,
    last: Instant,
    /// What was told as done: it must grow with each sign.
    done: u64,
}

impl<'a> Pace<'a> {
    /// The longest silence.
    const PAUSE: Duration = Duration::from_secs(5);

    pub(crate) fn new(cx: &'a Call<Bedrock>) -> Pace<'a> {
        let now = Instant::now();
        Pace { cx, began: now, last: now, done: 0 }
    }

    /// Waits for `work`, and is not silent for long.
    pub(crate) async fn of<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = Box::pin(work);
        loop {
            let left = Self::PAUSE.saturating_sub(self.last.elapsed());
            match tokio::time::timeout(left, &mut work).await {
                Ok(done) => return done,
                Err(_) => self.alive(),
            }
        }
    }

    /// Tells something, of which so much is done since the last sign.
    pub(crate) fn tell(&mut self, more: u64, message: impl Into<String>) {
        self.last = Instant::now();
        self.done += more.max(1);
        self.cx.progress(self.done, None, message);
    }

    /// Says that work goes on, if nothing was said for long.
    pub(crate) fn keep(&mut self) {
        if self.last.elapsed() >= Self::PAUSE {
            self.alive();
        }
    }

    fn alive(&mut self) {
        let seconds = self.began.elapsed().as_secs();
        self.tell(1, format!("at work for {seconds} s"));
    }

    pub(crate) fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
