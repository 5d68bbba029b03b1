//! What `cargo xtask` and `cargo xtask bench` share: where things are, how programs are run and installed, how a person is
//! spoken to.

pub mod figures;
pub mod place;
pub mod run;
pub mod say;
pub mod tools;
