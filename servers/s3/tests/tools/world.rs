//! The server as its tests start it, the local AWS behind it, and what a test puts there and finds there.

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use async_compression::tokio::bufread::{GzipEncoder, ZstdEncoder};
use awsmcp_testing::{Answer, Id, LocalAws, Response, Rig, Server, Stub, rig};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::AsyncReadExt;

/// With every tool that needs no directory, and every risk but `reveal`.
pub(crate) const S3: Rig = rig!("s3").flags(&["--toolsets", "all", "--allow", "write,destroy"]);

/// As it is without any flag: it may only read.
pub(crate) const READER: Rig = S3.flags(&[]);

/// Where everything lives.
pub(crate) fn aws() -> &'static LocalAws {
    S3.aws()
}

/// A new bucket of the local AWS, which is answered.
pub(crate) fn bucket(name: &str) -> &'static LocalAws {
    aws().create_bucket(name);
    aws()
}

pub(crate) fn versioned(bucket: &str) {
    aws().create_bucket(bucket);
    versioning(bucket, "Enabled");
}

pub(crate) fn versioning(bucket: &str, status: &str) {
    let body = format!("<VersioningConfiguration><Status>{status}</Status></VersioningConfiguration>");
    aws().expect("s3", "PUT", &format!("/{bucket}"), &[("versioning", "")], body);
}

/// The contents of an object; none where there is none.
pub(crate) fn contents(bucket: &str, key: &str) -> Option<String> {
    stored(bucket, key).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

fn stored(bucket: &str, key: &str) -> Option<Vec<u8>> {
    let reply = aws().request("s3", "GET", &format!("/{bucket}/{key}"), &[], &[], b"");
    (reply.status == 200).then_some(reply.body)
}

/// How many tags an object has.
pub(crate) fn tag_count(bucket: &str, key: &str) -> usize {
    let reply = aws().expect("s3", "GET", &format!("/{bucket}/{key}"), &[("tagging", "")], b"");
    reply.text().matches("<Tag>").count()
}

/// The ids of a key's versions, the newest first.
pub(crate) fn version_ids(server: &mut Server, bucket: &str, key: &str) -> Vec<String> {
    let rows = server.call("list_versions", json!({"bucket": bucket, "key": key, "query": "[].version_id"}));
    rows.ok().lines().filter(|line| !line.contains(' ')).map(str::to_owned).collect()
}

/// All that `bucket_overview` says of a bucket.
pub(crate) fn overview(server: &mut Server, bucket: &str) -> Value {
    server.call("bucket_overview", json!({"bucket": bucket})).object()
}

/// Confirms a plan that was shown earlier.
pub(crate) fn confirm(server: &mut Server, tool: &str, mut arguments: Value, plan: &Answer) -> Answer {
    let text = plan.ok();
    assert!(text.contains("nothing was done yet"), "{text}");
    arguments["confirm"] = json!(plan.token());
    server.call(tool, arguments)
}

/// The whole text of a plan.
pub(crate) fn planned(server: &mut Server, tool: &str, arguments: Value) -> String {
    let answer = server.plan(tool, arguments);
    let text = answer.ok();
    assert!(text.starts_with("dry run, nothing was changed. "), "{text}");
    text.to_owned()
}

/// The answer of a call that must have succeeded.
pub(crate) fn done(answer: &Answer) -> Value {
    serde_json::from_str(answer.ok().lines().next().unwrap()).unwrap()
}

/// What is between the marks; nothing where there are none.
pub(crate) fn data(text: &str) -> &str {
    let Some((_, rest)) = text.split_once("<data ") else { return "" };
    let (mark, rest) = rest.split_once(">\n").unwrap();
    rest.split_once(&format!("</data {mark}>")).unwrap().0
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    runtime().block_on(GzipEncoder::new(bytes).read_to_end(&mut out)).unwrap();
    out
}

pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    runtime().block_on(ZstdEncoder::new(bytes).read_to_end(&mut out)).unwrap();
    out
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().unwrap()
}

/// A log of requests, of which every hundredth is an error.
pub(crate) fn log(lines: usize) -> String {
    let level = |at: usize| if at.is_multiple_of(100) { "ERROR" } else { "INFO" };
    (1..=lines).map(|at| format!("{} request {at} took {} ms\n", level(at), at % 97)).collect()
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

/// The most memory that a process has had, in MiB.
pub(crate) fn peak(server: &Server) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<u64>().unwrap() / 1024
}

/// A local AWS that takes this long for each part.
pub(crate) fn slow(pause: Duration) -> Stub {
    Stub::before(aws(), move |request| {
        if request.query("partNumber").is_some() || request.header("range").is_some() {
            Response::HandOn.late(pause)
        } else {
            Response::HandOn
        }
    })
}

/// A local AWS that lies: the first byte of all that is fetched is another.
pub(crate) fn lying() -> Stub {
    Stub::before(aws(), |request| match request.operation() {
        "GetObject" => Response::HandOn.corrupted(),
        _ => Response::HandOn,
    })
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

/// A directory and a bucket of its own, and servers that may use both.
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

    pub(crate) fn server_with(&self, variables: &[(&str, &str)]) -> Server {
        self.server_allowing("write,destroy", variables)
    }

    pub(crate) fn server_allowing(&self, risks: &str, variables: &[(&str, &str)]) -> Server {
        let directory = self.dir.path().to_str().unwrap();
        let start = S3.only(&["--toolsets", "all", "--allow", risks, "--allow-dir", directory]);
        variables.iter().fold(start, |start, (name, value)| start.set(name, value)).start()
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
        stored(&self.bucket, key)
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
