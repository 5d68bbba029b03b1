//! The tools through the real binary: against fakecloud's SageMaker, and against scripted answers for what runs over time,
//! fails, or is served by no emulator.
#![cfg(test)]

mod components;
mod confirmed;
mod data;
mod deploying;
mod ending;
mod endpoints;
mod invoking;
mod jobs;
mod listing;
mod logs;
mod machines;
mod making;
mod pipelines;
mod scoping;
mod world;
