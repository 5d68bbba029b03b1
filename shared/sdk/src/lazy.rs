//! Clients that are made when they are first used.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use aws_types::SdkConfig;

use crate::Tap;

/// A client of one call that is made when it is first used: a call uses one or two of those that its server has, and each
/// costs time to make.
pub struct Lazy<C> {
    sdk: Arc<SdkConfig>,
    tap: Tap,
    make: fn(&SdkConfig, Tap) -> C,
    made: OnceLock<C>,
}

impl<C> Lazy<C> {
    /// Says how the client is made.
    pub fn new(sdk: &Arc<SdkConfig>, tap: &Tap, make: fn(&SdkConfig, Tap) -> C) -> Lazy<C> {
        Lazy { sdk: sdk.clone(), tap: tap.clone(), make, made: OnceLock::new() }
    }
}

/// The [`Lazy`] client of an SDK crate, such as `lazily!(aws_sdk_s3, &sdk, &tap)`.
#[macro_export]
macro_rules! lazily {
    ($crate_of_sdk:ident, $sdk:expr, $tap:expr) => {
        $crate::Lazy::new($sdk, $tap, |sdk, tap| {
            let config = $crate_of_sdk::config::Config::from(sdk).to_builder().interceptor(tap);
            $crate_of_sdk::Client::from_conf(config.build())
        })
    };
}

impl<C> Deref for Lazy<C> {
    type Target = C;

    fn deref(&self) -> &C {
        self.made.get_or_init(|| (self.make)(&self.sdk, self.tap.clone()))
    }
}

impl<C: fmt::Debug> fmt::Debug for Lazy<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.made.get().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    static MADE: AtomicU32 = AtomicU32::new(0);

    #[test]
    fn a_client_is_made_once_and_not_before_it_is_used() {
        let sdk = Arc::new(SdkConfig::builder().build());
        let client = Lazy::new(&sdk, &Tap::open(), |_, _| MADE.fetch_add(1, Ordering::Relaxed));
        assert_eq!((MADE.load(Ordering::Relaxed), format!("{client:?}").as_str()), (0, "None"));
        assert_eq!((*client, *client), (0, 0));
        assert_eq!((MADE.load(Ordering::Relaxed), format!("{client:?}").as_str()), (1, "Some(0)"));
    }
}
