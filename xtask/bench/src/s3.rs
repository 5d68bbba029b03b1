//! s3s-fs: an S3 over a directory, fast enough not to be what is measured.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::tool;

pub(super) const KEY: &str = "bench";
pub(super) const SECRET: &str = "bench-secret";

/// A running S3. It ends when this is dropped.
pub(super) struct S3 {
    child: Child,
    address: String,
    directory: PathBuf,
}

impl S3 {
    /// Starts one that keeps its buckets as folders of `directory`.
    pub(super) fn start(directory: &Path) -> Result<S3> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        drop(listener);
        let child = Command::new(tool("s3s-fs", "bin/s3s-fs"))
            .args(["--host", "127.0.0.1", "--port", &address.port().to_string()])
            .args(["--access-key", KEY, "--secret-key", SECRET])
            .arg(directory)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot run s3s-fs")?;
        let mut s3 = S3 { child, address: address.to_string(), directory: directory.to_path_buf() };
        let start = Instant::now();
        while TcpStream::connect(&s3.address).is_err() {
            if s3.child.try_wait()?.is_some() || start.elapsed() > Duration::from_secs(30) {
                bail!("s3s-fs does not start");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(s3)
    }

    pub(super) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The folder that is a bucket.
    pub(super) fn bucket(&self, name: &str) -> Result<PathBuf> {
        let folder = self.directory.join(name);
        std::fs::create_dir_all(&folder)?;
        Ok(folder)
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
