//! What `cargo xtask` and `cargo xtask bench` share: where things are, how programs are run and installed, how a person is
//! spoken to.
#![expect(
    clippy::disallowed_methods,
    reason = "tasks read what cargo and CI set, and hand their environment on to other programs"
)]

pub mod figures;
pub mod place;
pub mod run;
pub mod say;
pub mod source;
pub mod tools;
