//! The local AWS that both sides of a comparison use.

use std::io::{Read, Write};
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

    /// Makes a bucket.
    pub(super) fn create_bucket(&self, bucket: &str) -> Result<()> {
        self.put(bucket, "")
    }

    /// Puts a small object there.
    pub(super) fn put_object(&self, bucket: &str, key: &str) -> Result<()> {
        self.put(&format!("{bucket}/{key}"), "a small object")
    }

    /// It checks no signatures.
    fn put(&self, path: &str, body: &str) -> Result<()> {
        let mut stream = TcpStream::connect(&self.address)?;
        let length = body.len();
        write!(
            stream,
            "PUT /{path} HTTP/1.1\r\nhost: {}\r\nauthorization: AWS4-HMAC-SHA256 \
             Credential=bench/20261122/us-east-1/s3/aws4_request\r\nconnection: close\r\ncontent-length: \
             {length}\r\n\r\n{body}",
            self.address
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        if !answer.starts_with("HTTP/1.1 200") {
            bail!("ministack does not take {path}: {answer}");
        }
        Ok(())
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
