//! The agent as a process, with a scripted model, real servers and a local AWS.
#![cfg(test)]

mod conversation;
mod http;
mod running;
