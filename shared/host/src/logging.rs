//! The log: stderr or a file, never stdout, and never a payload.

use std::{fs::OpenOptions, sync::Mutex};

use anyhow::{Context, Result};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{Layer, filter::Targets, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::options::{Level, Options};

/// Starts the log.
///
/// # Errors
/// When its file cannot be opened.
pub(crate) fn start(options: &Options) -> Result<()> {
    // Over HTTP each request leaves a line, as of any server on a network.
    let usual = if options.web.http.is_some() { Level::Info } else { Level::Warn };
    let level = match options.log_level.unwrap_or(usual) {
        Level::Off => LevelFilter::OFF,
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
    };
    // Libraries print whole requests from `info` on down: only their faults are logged, whatever the level.
    let filter = Targets::new()
        .with_default(level.min(LevelFilter::ERROR))
        .with_target("awsmcp", level)
        .with_target("awsmcp_sdk", level)
        .with_target("awsmcp_host", level)
        .with_target("awsmcp_mcp", level)
        // Its faults are callers who are gone, which the line of their request tells.
        .with_target("rmcp::service", LevelFilter::OFF);
    let lines = fmt::layer().with_ansi(false).with_target(false);
    let lines = match &options.log_file {
        Some(path) => {
            let file = OpenOptions::new().create(true).append(true).open(path);
            let file = file.with_context(|| format!("--log-file {}", path.display()))?;
            lines.with_writer(Mutex::new(file)).boxed()
        }
        None => lines.with_writer(std::io::stderr).boxed(),
    };
    tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .try_init()
        .context("the log was already started")
}
