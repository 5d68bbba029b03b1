//! The tools, through the built server and a local AWS.
#![cfg(test)]

mod alarms;
mod dashboards;
mod held;
mod insights;
mod kept;
mod linked;
mod log_groups;
mod logs;
mod metrics;
mod moved;
mod pipelines;
mod puts;
mod world;
