//! The tools, through the built server and a local AWS.
#![cfg(test)]

mod bulk;
mod exact;
mod items;
mod partiql;
mod scaling;
mod tables;
mod trouble;
mod vectors;
mod world;
mod writes;
