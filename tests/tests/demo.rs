//! What a newcomer sees first works, and what it leaves running can be used and ended.
#![cfg(test)]
#![expect(
    clippy::disallowed_methods,
    reason = "tests hand parts of their own environment to the programs they start"
)]

use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use awsmcp_testing::{tool, tools_dir};

/// Ends the local AWS of the demo, whatever became of the test.
struct Kept {
    pid: String,
}

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(&self.pid).status();
    }
}

fn demo(args: &[&str]) -> (bool, String) {
    let said = Command::new(env!("CARGO_BIN_EXE_demo")).args(args).output().unwrap();
    let text = [said.stdout, said.stderr].concat();
    (said.status.success(), String::from_utf8(text).unwrap())
}

/// What stands between two texts.
fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let (_, rest) = text.split_once(start).unwrap_or_else(|| panic!("no {start:?} in:\n{text}"));
    rest.split_once(end).unwrap_or_else(|| panic!("no {end:?} in:\n{rest}")).0
}

#[test]
#[ignore = "drives the demo"]
fn every_answer_is_what_it_should_be() {
    let (passed, text) = demo(&[]);
    assert!(passed, "{text}");
    assert!(text.contains("needs --allow write"), "{text}");
    assert!(text.contains("a confirmed delete"), "{text}");
    assert!(!text.contains('\x1b'), "colours in a pipe:\n{text}");
    assert!(!text.contains("claude mcp add"), "{text}");
}

#[test]
#[ignore = "drives the demo and Claude Code"]
fn what_it_keeps_running_serves_claude_code_until_it_is_ended() {
    let (passed, text) = demo(&["--keep"]);
    assert!(passed, "{text}");
    let kept = Kept { pid: between(&text, "kill ", "\n").to_owned() };
    let address = between(&text, "http://", "\n").split([',', ' ']).next().unwrap();
    let directory = PathBuf::from(between(&text, "its data in ", ".\n"));

    // The line as a person would paste it, in a home of its own.
    let home = tempfile::tempdir().unwrap();
    let claude = tool("claude-code", "node_modules/.bin/claude");
    let mut path = vec![tools_dir().join("node/bin"), claude.with_file_name("")];
    path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let shell = |line: &str| {
        let said = Command::new("sh")
            .args(["-c", line])
            .current_dir(home.path())
            .env_clear()
            .env("PATH", std::env::join_paths(&path).unwrap())
            .env("HOME", home.path())
            .env("CLAUDE_CONFIG_DIR", home.path().join("claude"))
            .env("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1")
            .output()
            .unwrap();
        let text = String::from_utf8([said.stdout, said.stderr].concat()).unwrap();
        assert!(said.status.success(), "{line}\n{text}");
        text
    };
    shell(&format!("claude mcp add {}", between(&text, "claude mcp add ", "\n")));
    let listed = shell("claude mcp list");
    assert!(listed.contains("✔ Connected"), "{listed}");

    assert!(TcpStream::connect(address).is_ok());
    drop(kept);
    let told = Instant::now();
    while TcpStream::connect(address).is_ok() || directory.exists() {
        assert!(told.elapsed() < Duration::from_secs(10), "the local AWS still runs");
        std::thread::sleep(Duration::from_millis(20));
    }
}
