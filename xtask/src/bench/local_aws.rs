//! The local AWS that both sides of a comparison use.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::{Bench, alone, tool};

/// A running ministack. It ends when this is dropped.
pub(super) struct LocalAws {
    child: Child,
    address: String,
}

impl LocalAws {
    pub(super) fn start(bench: &Bench) -> Result<LocalAws> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        drop(listener);
        let state = bench.memory.directory("ministack")?;
        let mut command = Command::new(tool("ministack", "bin/ministack"));
        alone(&mut command, &state, &[]);
        command
            .env("BIND_HOST", "127.0.0.1")
            .env("GATEWAY_PORT", address.port().to_string())
            .env("MINISTACK_ACCOUNT_ID", "123456789012")
            .env("STATE_DIR", &state)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let child = command.spawn().context("cannot run ministack")?;
        let mut local = LocalAws { child, address: address.to_string() };
        let start = Instant::now();
        while TcpStream::connect(&local.address).is_err() {
            if local.child.try_wait()?.is_some() || start.elapsed() > Duration::from_secs(60) {
                bail!("ministack does not start");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(local)
    }

    pub(super) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for LocalAws {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
