//! The tools through the real binary.
#![cfg(test)]

mod agents;
mod around;
mod conversing;
mod guardrails;
mod jobs;
mod knowledge;
mod models;
mod spending;
