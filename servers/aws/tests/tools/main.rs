//! The tools, through the built server and a local AWS.
#![cfg(test)]

mod access;
mod calling;
mod finding;
mod held;
mod world;
