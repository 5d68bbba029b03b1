//! The tools through the real binary.
#![cfg(test)]

mod agents;
mod called;
mod conversing;
mod guardrails;
mod jobs;
mod knowledge;
mod models;
mod spending;
mod turns;
mod world;
