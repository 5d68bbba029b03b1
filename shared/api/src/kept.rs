//! Models that stay open for a while: who calls an operation soon calls another of the same service.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::model::Model;

/// How long a model stays open after its last use.
const IDLE: Duration = Duration::from_secs(60);

struct Kept {
    _model: Arc<Model>,
    used: Instant,
}

static KEPT: Mutex<BTreeMap<String, Kept>> = Mutex::new(BTreeMap::new());

fn kept() -> MutexGuard<'static, BTreeMap<String, Kept>> {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps a model open until nobody has used it for a minute. Its memory is given back then.
///
/// It must be called within a runtime.
pub fn keep(model: &Arc<Model>) {
    keep_for(model, IDLE);
}

fn keep_for(model: &Arc<Model>, idle: Duration) {
    let name = model.name.clone();
    let used = Instant::now();
    let before = kept().insert(name.clone(), Kept { _model: Arc::clone(model), used });
    if before.is_none() {
        tokio::spawn(async move {
            let mut until = used + idle;
            loop {
                sleep_until(until).await;
                let mut all = kept();
                match all.get(&name).map(|kept| kept.used + idle) {
                    Some(later) if later > Instant::now() => until = later,
                    _ => {
                        all.remove(&name);
                        return;
                    }
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::DAX;

    #[tokio::test]
    async fn a_model_stays_open_and_is_given_back_when_nobody_uses_it() {
        const SOON: Duration = Duration::from_millis(50);
        let model = DAX.model().unwrap();
        let weak = Arc::downgrade(&model);
        keep_for(&model, SOON);
        drop(model);
        keep_for(&weak.upgrade().expect("it is open"), SOON);
        let began = Instant::now();
        while weak.upgrade().is_some() && began.elapsed() < SOON * 200 {
            tokio::time::sleep(SOON).await;
        }
        assert!(weak.upgrade().is_none());
    }
}
