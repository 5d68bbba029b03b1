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
        let last = self.ends.checked_sub(FOR_THE_ANSWER).unwrap_or(self.ends);
        let ends = last.min(Instant::now() + most);
        let mut pause = FIRST;
        loop {
            let how = match look().await? {
                Waited::Ready(there) => return Ok(Waited::Ready(there)),
                Waited::Still(how) => how,
            };
            self.progress(self.began.elapsed().as_secs(), None, &how);
            if Instant::now() + pause > ends {
                return Ok(Waited::Still(how));
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST);
        }
    }
}
