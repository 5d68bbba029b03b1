//! The agent as a process, with a scripted model, real servers and a local AWS.
#![cfg(test)]
#![expect(clippy::disallowed_methods, reason = "the test hands its own PATH to the agent that it starts")]

mod conversation;
mod http;
mod running;
