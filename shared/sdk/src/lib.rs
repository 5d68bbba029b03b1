//! All that awsmcp knows about AWS in general: where a call goes and as whom, what went wrong, and what it really did.
//!
//! A [`Session`] turns what the operator fixed and what a call asks for into a [`Target`], and a target into an
//! [`SdkConfig`]. An [`Error`] is every failure in plain words with a next step. A [`Tap`] sits in a client, refuses what
//! its [`Rules`] do not permit, and knows of each operation whether it was done, was not done, or may have been.

mod checkup;
mod client;
mod codes;
mod denied;
mod error;
mod kind;
mod lazy;
mod region;
mod role;
mod sender;
mod session;
mod state;
mod tap;
#[cfg(test)]
mod testing;
mod time;
mod view;
mod words;

pub use aws_smithy_runtime_api::client::http::SharedHttpClient;
pub use aws_types::SdkConfig;
pub use checkup::{Checkup, principal};
pub use client::fetch;
pub use denied::Denied;
pub use error::{Details, Error};
pub use kind::Kind;
pub use lazy::Lazy;
pub use region::partition;
pub use role::Role;
pub use session::{CredentialReport, Identity, Session, SessionConfig, Target, environment, in_region};
pub use state::State;
pub use tap::{Attempt, Made, Rules, Tap};
pub use time::utc_second;
pub use view::{Members, Node, RequestView};
