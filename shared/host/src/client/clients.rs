//! The clients: where each keeps its servers, under which key, and how it takes up a change.

use std::path::PathBuf;

use anyhow::Result;
use clap::ValueEnum;

use super::machine::Machine;

/// What starts the servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Client {
    ClaudeCode,
    ClaudeDesktop,
    Cursor,
    Vscode,
    Kiro,
}

impl Client {
    /// Where its file has the servers.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Vscode => "servers",
            _ => "mcpServers",
        }
    }

    /// The person's own file; for Claude Code the project's, since it rewrites the person's own while it runs.
    pub(super) fn file(self, machine: &Machine) -> Result<PathBuf> {
        Ok(match self {
            Self::ClaudeCode => machine.directory.join(".mcp.json"),
            Self::ClaudeDesktop => {
                let directory = match machine.packaged_claude() {
                    Some(directory) => directory,
                    None => machine.config()?.join("Claude"),
                };
                directory.join("claude_desktop_config.json")
            }
            Self::Cursor => machine.home()?.join(".cursor").join("mcp.json"),
            Self::Vscode => machine.config()?.join("Code").join("User").join("mcp.json"),
            Self::Kiro => machine.home()?.join(".kiro").join("settings").join("mcp.json"),
        })
    }

    /// How it takes up a change.
    pub(super) fn next(self) -> &'static str {
        match self {
            Self::ClaudeCode => {
                "Start a new session of Claude Code there and allow it; `/mcp` lists its tools."
            }
            Self::ClaudeDesktop => "Restart Claude Desktop.",
            Self::Cursor => {
                "Settings, MCP in Cursor shows whether it runs; if it is not there, restart Cursor."
            }
            Self::Vscode => "\"MCP: List Servers\" in VS Code starts it.",
            Self::Kiro => "Kiro's MCP view shows whether it runs; if it is not there, restart Kiro.",
        }
    }
}
