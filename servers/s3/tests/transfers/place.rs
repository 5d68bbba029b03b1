//! A server on the local AWS with one allowed directory, and what a test puts on either side.

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use awsmcp_testing::{Answer, Id, LocalAws, Server};
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) fn aws() -> &'static LocalAws {
    LocalAws::shared()
}

/// A directory and a bucket of its own.
pub(crate) struct Place {
    pub(crate) dir: TempDir,
    pub(crate) bucket: String,
}

impl Place {
    pub(crate) fn new(bucket: &str) -> Place {
        aws().create_bucket(bucket);
        Place { dir: TempDir::new().unwrap(), bucket: bucket.to_owned() }
    }

    pub(crate) fn server(&self) -> Server {
        self.server_at(&aws().endpoint())
    }

    pub(crate) fn server_at(&self, endpoint: &str) -> Server {
        // The local AWS computes some checksums at 3 MB/s.
        self.server_with(&[
            ("AWS_ENDPOINT_URL", endpoint),
            ("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required"),
        ])
    }

    pub(crate) fn server_with(&self, also: &[(&str, &str)]) -> Server {
        self.server_allowing("write,destroy", also)
    }

    /// A server that may read only what its user may: root's right to read everything is taken from it.
    pub(crate) fn server_of_no_privilege(&self) -> Server {
        let binary = env!("CARGO_BIN_EXE_awsmcp-s3");
        let is_root = std::os::unix::fs::MetadataExt::uid(&fs::metadata(self.dir.path()).unwrap()) == 0;
        if !is_root {
            return self.server();
        }
        let dir = self.dir.path().to_str().unwrap();
        let mut flags = vec!["--bounding-set", "-all", "--inh-caps", "-all", "--", binary];
        flags.extend(["--allow", "write,destroy", "--toolsets", "all", "--allow-dir", dir]);
        let mut server = Server::spawn("setpriv", flags, aws().env());
        server.initialize();
        server
    }

    pub(crate) fn server_allowing(&self, risks: &str, also: &[(&str, &str)]) -> Server {
        let mut env = aws().env();
        env.retain(|(name, _)| also.iter().all(|(other, _)| name != other));
        env.extend(also.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let dir = self.dir.path().to_str().unwrap();
        let flags = ["--allow", risks, "--toolsets", "all", "--allow-dir", dir];
        let mut server = Server::spawn(env!("CARGO_BIN_EXE_awsmcp-s3"), flags, env);
        server.initialize();
        server
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    pub(crate) fn write(&self, path: &str, contents: impl AsRef<[u8]>) {
        fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
        fs::write(self.path(path), contents).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> Vec<u8> {
        fs::read(self.path(path)).unwrap()
    }

    /// The names in a directory, ours for unfinished files too.
    pub(crate) fn names(&self, path: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(path)).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    pub(crate) fn put(&self, key: &str, contents: impl AsRef<[u8]>) {
        aws().put_object(&self.bucket, key, &[], contents);
    }

    pub(crate) fn object(&self, key: &str) -> Option<Vec<u8>> {
        let reply = aws().request("s3", "GET", &format!("/{}/{key}", self.bucket), &[], &[], b"");
        (reply.status == 200).then_some(reply.body)
    }

    /// How many multipart uploads were begun and neither completed nor aborted.
    pub(crate) fn open_uploads(&self) -> usize {
        let reply = aws().expect("s3", "GET", &format!("/{}", self.bucket), &[("uploads", "")], "");
        reply.text().matches("<UploadId>").count()
    }

    pub(crate) fn has_no_open_uploads_soon(&self) {
        let start = Instant::now();
        while self.open_uploads() > 0 {
            assert!(start.elapsed() < Duration::from_secs(20), "an upload was left behind");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Bytes that repeat nowhere near a part's size.
pub(crate) fn bytes(count: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(count + 8);
    while bytes.len() < count {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes());
    }
    bytes.truncate(count);
    bytes
}

/// The answer of a call that must have succeeded.
pub(crate) fn done(answer: &Answer) -> Value {
    serde_json::from_str(answer.ok().lines().next().unwrap()).unwrap()
}

/// Starts a call and waits until it tells that it has come further than `bytes`.
pub(crate) fn under_way(server: &mut Server, tool: &str, arguments: Value, bytes: u64) -> Id {
    let id = server
        .send("tools/call", json!({"name": tool, "arguments": arguments, "_meta": {"progressToken": "p"}}));
    loop {
        let told = server.wait_notification("notifications/progress");
        if told["params"]["progress"].as_f64().unwrap() > bytes as f64 {
            return id;
        }
    }
}
