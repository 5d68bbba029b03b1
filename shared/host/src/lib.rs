//! The command line, the configuration and the transports that every server has.
//!
//! [`run`] is the whole of a server's binary, [`run_all`] that of the program that holds every server. Both read the
//! command line ([`options`]), start what they were told to (`launch`), and serve over stdin and stdout (`stdio`), over
//! HTTP (`http`, with `auth` for who may call) or as a Lambda function (`lambda`).

mod answer;
mod auth;
mod client;
mod commands;
mod environment;
mod http;
mod lambda;
mod launch;
mod logging;
mod options;
mod program;
mod reference;
mod served;
mod stdio;
mod stop;
mod terminal;
mod together;
mod transport;

pub use program::run;
pub use together::{Program, run_all};
