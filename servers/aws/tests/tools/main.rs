//! The tools, through the built server and a local AWS.
#![cfg(test)]

mod access;
mod asks;
mod calling;
mod commands;
mod finding;
mod held;
mod permitted;
mod served;
mod tasks;
mod world;
