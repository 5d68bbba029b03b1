//! Waiting for what AWS does on its own: until an instance runs, a table is there, an update is through.

use std::time::Duration;

use tokio::time::Instant;

use crate::{Call, Error, Result, Service};

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

/// How many looks in a row may fail before a wait ends with the error of the last.
const MOST_FAILED: u32 = 5;

/// The looks that failed in a row. What is waited for goes on in AWS whether or not it can be looked at: one answer that is
/// lost must not end the wait, and with it what is known of something that runs and may be paid for.
#[derive(Debug, Default)]
struct Failed(u32);

impl Failed {
    /// Whether it is worth another look after this one failed.
    fn may_pass(&mut self, error: &Error) -> bool {
        self.0 += 1;
        error.retryable() && self.0 < MOST_FAILED
    }
}

/// When the last look must be over of a wait that begins at `now` in a call that ends at `ends`. The first one always gets
/// a moment.
fn last_look(ends: Instant, now: Instant) -> Instant {
    ends.checked_sub(FOR_THE_ANSWER).unwrap_or(ends).max(now + FIRST).min(ends)
}

impl<S: Service> Call<S> {
    /// Looks again and again, slower each time, until `look` says that it is there, `most` is over, or the call's own time
    /// nears its end. Tells the caller how it stands, with the seconds that the call has taken. A look that fails in a way
    /// that may pass, such as a throttle or a connection that broke, is made again.
    ///
    /// # Errors
    /// Those of `look` that do not pass, and the last of those that come again and again.
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
        let mut failed = Failed::default();
        let mut how = "AWS did not say how it stands".to_owned();
        loop {
            // A look that gets no answer must not outlast the wait.
            match tokio::time::timeout_at(last, look()).await {
                Ok(Ok(Waited::Ready(there))) => return Ok(Waited::Ready(there)),
                Ok(Ok(Waited::Still(stands))) => (how, failed) = (stands, Failed::default()),
                Ok(Err(error)) if failed.may_pass(&error) => {}
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
    use crate::Kind;

    #[test]
    fn what_may_pass_is_looked_at_again_and_the_rest_ends_the_wait() {
        let throttle = Error::new(Kind::Throttled, "Rate exceeded");
        let mut failed = Failed::default();
        let again = (0..10).take_while(|_| failed.may_pass(&throttle)).count();
        assert_eq!(again, 4, "it does not look for ever");
        assert!(!Failed::default().may_pass(&Error::new(Kind::AccessDenied, "no")));
        assert!(Failed::default().may_pass(&Error::timeout("no answer")));
    }

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
