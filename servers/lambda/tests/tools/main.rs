//! The tools through the real binary, with functions that really run.
#![cfg(test)]

mod changing;
mod durable;
mod function_tools;
mod invoking;
mod kept;
mod looking;
mod world;
