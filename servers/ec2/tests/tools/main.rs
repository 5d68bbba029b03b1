//! The tools through the real binary, against EC2 in a local AWS.
#![cfg(test)]

mod changing;
#[path = "../cloud/mod.rs"]
mod cloud;
mod commands;
mod deeds;
mod held;
mod looking;
mod pages;
mod query;
mod reaching;
mod recorded;
mod scaling;
mod scoping;
mod templates;
mod world;
