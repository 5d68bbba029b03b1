//! Waiting for what AWS does on its own: until an instance runs, a table is there, an update is through.

use std::time::Duration;

use tokio::time::Instant;

use crate::{Call, Result, Service};

/// How a wait ended, and how one look at what is waited for did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waited<T> {
    /// It is there.
    Ready(T),
    /// It goes on in AWS; in a few words, how it stands.
    Still(String),
}

/// What is left of a call's time for its answer, when a wait ends.
const FOR_THE_ANSWER: Duration = Duration::from_secs(3);

/// The first pause between two looks; each is twice the one before.
const FIRST: Duration = Duration::from_millis(250);

/// The longest pause.
const LONGEST: Duration = Duration::from_secs(5);

/// When the last look must be over of a wait that begins at `now` in a call that ends at `ends`. The first one always gets
/// a moment.
fn last_look(ends: Instant, now: Instant) -> Instant {
    ends.checked_sub(FOR_THE_ANSWER).unwrap_or(ends).max(now + FIRST).min(ends)
}

impl<S: Service> Call<S> {
    /// Looks again and again, slower each time, until `look` says that it is there, `most` is over, or the call's own time
    /// nears its end. Tells the caller how it stands, with the seconds that the call has taken.
    ///
    /// # Errors
    /// Those of `look`.
    pub async fn until<T, F, Fut>(&self, most: Duration, mut look: F) -> Result<Waited<T>>
    where
        F: FnMut() -> Fut + Send,
        Fut: Future<Output = Result<Waited<T>>> + Send,
        T: Send,
    {
        let now = Instant::now();
        let last = last_look(self.ends(), now);
        let ends = last.min(now + most);
        let mut pause = FIRST;
        let mut how = "AWS did not say how it stands".to_owned();
        loop {
            // A look that gets no answer must not outlast the wait.
            match tokio::time::timeout_at(last, look()).await {
                Ok(Ok(Waited::Ready(there))) => return Ok(Waited::Ready(there)),
                Ok(Ok(Waited::Still(stands))) => how = stands,
                Ok(Err(error)) => return Err(error),
                Err(_) => return Ok(Waited::Still(how)),
            }
            self.progress(self.began.elapsed().as_secs(), None, &how);
            if Instant::now() + pause > ends {
                return Ok(Waited::Still(how));
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever a tool declares in `.minutes`, and whatever was used up before: a wait ends before its call does, with
        /// time for the answer.
        #[test]
        fn a_wait_ends_before_its_call_does(minutes in 0u64..=60, timeout in 1u64..=3600, used in 0u64..=3600) {
            let patience = Duration::from_secs((minutes * 60).max(timeout));
            let began = Instant::now();
            let (ends, now) = (began + patience, began + Duration::from_secs(used.min(patience.as_secs())));
            let last = last_look(ends, now);
            prop_assert!(last <= ends && last >= now.min(ends));
            prop_assert!(ends - now <= FOR_THE_ANSWER + FIRST || last + FOR_THE_ANSWER <= ends);
        }
    }
}
