//! An AWS on this machine: ministack or fakecloud, in a process group and a directory of its own.

use std::io::Write;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::fail::{OrFail, tell_if_failing};
use crate::model::Model;
use crate::sign::{self, Credentials, Unsigned};
use crate::{Reply, cbor, fail, http, tool, workspace};

/// Runs the command in `$2` and following with its state in `$1`, and ends it with everything that it started when
/// standard input closes: on drop, and also when this process dies in any other way. After the word `keep` it ends
/// only when told to.
const SUPERVISOR: &str = r#"
exec 3<&0
directory=$1
shift
trap 'touch "$directory/stop"; kill -KILL $server' TERM
"$@" >"$directory/log" 2>&1 3<&- &
server=$!
(read word <&3; [ "$word" = keep ] && exit; touch "$directory/stop"; kill -KILL $server) &
wait $server
wait $server
[ -e "$directory/stop" ] && rm -rf "$directory"
kill -KILL 0
"#;

/// What runs ministack, beside this file.
const PROGRAM: &str = "shared/testing/src/local_aws.py";

/// A running local AWS. It ends when this is dropped, or with the test process.
#[derive(Debug)]
pub struct LocalAws {
    /// The path that makes it forget everything.
    reset: &'static str,
    supervisor: Child,
    address: String,
    directory: PathBuf,
    /// What serves what this one only checks.
    behind: Option<Box<LocalAws>>,
}

#[derive(Clone, Copy, Debug)]
enum Emulator<'a> {
    Ministack { iam: bool, behind: Option<&'a str> },
    Fakecloud,
}

impl LocalAws {
    /// The account that everything lives in.
    pub const ACCOUNT: &str = "123456789012";
    /// The region that [`LocalAws::env`] sets.
    pub const REGION: &str = "us-east-1";

    /// Starts one that lets everybody do everything.
    #[track_caller]
    pub fn start() -> LocalAws {
        LocalAws::launch(Emulator::Ministack { iam: false, behind: None })
    }

    /// Starts one that checks signatures and IAM policies. [`LocalAws::env`] is the account's root.
    #[track_caller]
    pub fn with_iam() -> LocalAws {
        LocalAws::launch(Emulator::Ministack { iam: true, behind: None })
    }

    /// Starts fakecloud instead: it pages where ministack answers everything at once, runs no functions, and lets
    /// everybody do everything. Its build takes minutes, so mark a test of it `#[ignore = "runs fakecloud"]`:
    /// `cargo xtask test` runs that, and with `--quick` says that it did not.
    #[track_caller]
    pub fn fakecloud() -> LocalAws {
        LocalAws::launch(Emulator::Fakecloud)
    }

    /// Starts fakecloud behind a ministack that checks signatures and IAM policies, and serves only IAM, STS and S3 itself:
    /// fakecloud checks few services. [`LocalAws::env`] is the account's root.
    #[track_caller]
    pub fn fakecloud_with_iam() -> LocalAws {
        let behind = LocalAws::fakecloud();
        let mut front = LocalAws::launch(Emulator::Ministack { iam: true, behind: Some(&behind.address) });
        front.behind = Some(Box::new(behind));
        front
    }

    /// The one of this test process, as from [`LocalAws::start`]. Give each test its own names.
    pub fn shared() -> &'static LocalAws {
        static SHARED: OnceLock<LocalAws> = OnceLock::new();
        SHARED.get_or_init(LocalAws::start)
    }

    /// The one of this test process that checks IAM, as from [`LocalAws::with_iam`].
    pub fn shared_with_iam() -> &'static LocalAws {
        static SHARED: OnceLock<LocalAws> = OnceLock::new();
        SHARED.get_or_init(LocalAws::with_iam)
    }

    /// The one of this test process as from [`LocalAws::fakecloud`].
    pub fn shared_fakecloud() -> &'static LocalAws {
        static SHARED: OnceLock<LocalAws> = OnceLock::new();
        SHARED.get_or_init(LocalAws::fakecloud)
    }

    /// The one of this test process as from [`LocalAws::fakecloud_with_iam`].
    pub fn shared_fakecloud_with_iam() -> &'static LocalAws {
        static SHARED: OnceLock<LocalAws> = OnceLock::new();
        SHARED.get_or_init(LocalAws::fakecloud_with_iam)
    }

    /// Where it listens: `http://127.0.0.1:<port>`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The environment of a process that may do everything.
    pub fn env(&self) -> Vec<(String, String)> {
        self.env_as(&root())
    }

    /// The environment of a process with these keys. Nothing of this machine's own configuration is left.
    pub fn env_as(&self, credentials: &Credentials) -> Vec<(String, String)> {
        let mut env = vec![
            ("AWS_ENDPOINT_URL", self.endpoint()),
            ("AWS_REGION", Self::REGION.to_owned()),
            ("AWS_ACCESS_KEY_ID", credentials.access_key_id.clone()),
            ("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key.clone()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            ("AWS_CONFIG_FILE", "/dev/null".to_owned()),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null".to_owned()),
        ];
        if let Some(token) = &credentials.session_token {
            env.push(("AWS_SESSION_TOKEN", token.clone()));
        }
        env.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Adds an IAM user that may do exactly what `policy` (JSON) allows.
    #[track_caller]
    pub fn create_user(&self, name: &str, policy: &str) -> Credentials {
        self.iam(&[("Action", "CreateUser"), ("UserName", name)]);
        self.iam(&[
            ("Action", "PutUserPolicy"),
            ("UserName", name),
            ("PolicyName", "test"),
            ("PolicyDocument", policy),
        ]);
        let reply = self.iam(&[("Action", "CreateAccessKey"), ("UserName", name)]);
        let element = |name| reply.element(name).ok_or(reply.text()).or_fail(format!("no {name}"));
        Credentials {
            access_key_id: element("AccessKeyId"),
            secret_access_key: element("SecretAccessKey"),
            session_token: None,
        }
    }

    /// Replaces what a user of [`LocalAws::create_user`] may do.
    #[track_caller]
    pub fn set_policy(&self, user: &str, policy: &str) {
        self.iam(&[
            ("Action", "PutUserPolicy"),
            ("UserName", user),
            ("PolicyName", "test"),
            ("PolicyDocument", policy),
        ]);
    }

    /// Creates a bucket.
    #[track_caller]
    pub fn create_bucket(&self, bucket: &str) {
        self.expect("s3", "PUT", &format!("/{bucket}"), &[], b"");
    }

    /// Puts an object. Headers such as `content-type` or `x-amz-meta-…` go along.
    #[track_caller]
    pub fn put_object(&self, bucket: &str, key: &str, headers: &[(&str, &str)], body: impl AsRef<[u8]>) {
        let reply = self.request("s3", "PUT", &format!("/{bucket}/{key}"), &[], headers, body.as_ref());
        check("PUT", key, &reply);
    }

    /// Puts as many small objects as there are keys.
    #[track_caller]
    pub fn put_objects<'a>(&self, bucket: &str, keys: impl IntoIterator<Item = &'a str>) {
        for key in keys {
            self.put_object(bucket, key, &[], key);
        }
    }

    /// Calls an operation as root and answers its output, both as AWS's API reference has them: members as named there,
    /// bytes in Base64, times RFC 3339 or seconds. `service` is what botocore calls it:
    /// `aws.call("lambda", "GetAlias", json!({"FunctionName": "f", "Name": "live"}))`.
    ///
    /// Of services that speak JSON or CBOR. The test fails with the answer unless it is a success.
    #[track_caller]
    pub fn call(&self, service: &str, operation: &str, input: Value) -> Value {
        let reply = self.call_as(&root(), service, operation, input);
        check(service, operation, &reply);
        match reply.header("content-type") {
            Some("application/cbor") => cbor::read(&reply.body).unwrap_or_default(),
            _ => serde_json::from_slice(&reply.body).unwrap_or_else(|_| Value::String(reply.text())),
        }
    }

    /// Calls an operation with these keys, and answers whatever comes.
    #[track_caller]
    pub fn call_as(&self, credentials: &Credentials, service: &str, operation: &str, input: Value) -> Reply {
        let model = Model::load(service).ok_or("botocore has no model of it").or_fail(service);
        let sent = model.request(operation, &input).or_fail(service);
        self.request_as(
            credentials,
            &sent.signed_as,
            &sent.method,
            &sent.path,
            &borrowed(&sent.query),
            &borrowed(&sent.headers),
            &sent.body,
        )
    }

    /// Sends any request as root and fails the test unless the answer is a success.
    #[track_caller]
    pub fn expect(
        &self,
        service: &str,
        method: &str,
        path: &str,
        query: &[(&str, &str)],
        body: impl AsRef<[u8]>,
    ) -> Reply {
        let reply = self.request(service, method, path, query, &[], body.as_ref());
        check(method, path, &reply);
        reply
    }

    /// Sends any request as root, signed. Path and query are not yet encoded.
    #[track_caller]
    pub fn request(
        &self,
        service: &str,
        method: &str,
        path: &str,
        query: &[(&str, &str)],
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Reply {
        self.request_as(&root(), service, method, path, query, headers, body)
    }

    /// Sends any request signed with these keys, and answers whatever comes.
    #[track_caller]
    #[expect(
        clippy::too_many_arguments,
        reason = "an HTTP request has that many parts, and whoever signs it"
    )]
    pub fn request_as(
        &self,
        credentials: &Credentials,
        service: &str,
        method: &str,
        path: &str,
        query: &[(&str, &str)],
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Reply {
        let path = sign::encode(path, "/");
        let mut query: Vec<String> = query
            .iter()
            .map(|(name, value)| format!("{}={}", sign::encode(name, ""), sign::encode(value, "")))
            .collect();
        query.sort();
        let query = query.join("&");
        let time = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
        let unsigned = Unsigned {
            service,
            region: Self::REGION,
            method,
            host: &self.address,
            path: &path,
            query: &query,
            body,
            time: &time,
        };
        let mut all = sign::headers(&unsigned, credentials);
        all.extend(headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let target = if query.is_empty() { path } else { format!("{path}?{query}") };
        http::send(&self.address, method, &target, &all, body)
            .or_fail(format!("{method} {target} of the local AWS, whose log ends\n{}", self.log()))
    }

    /// Forgets everything: buckets, objects, users. For one that a single test owns.
    #[track_caller]
    pub fn reset(&self) {
        let reply = http::send(&self.address, "POST", self.reset, &[], b"").or_fail("cannot reset");
        check("POST", self.reset, &reply);
        if let Some(behind) = &self.behind {
            behind.reset();
        }
    }

    /// Leaves it running after this process, until `kill <pid>` of the pid that this answers.
    #[track_caller]
    pub fn keep(mut self) -> u32 {
        let mut stdin = self.supervisor.stdin.take().ok_or("it is gone").or_fail("cannot keep the local AWS");
        stdin.write_all(b"keep\n").or_fail("cannot keep the local AWS");
        let pid = self.supervisor.id();
        std::mem::forget(self);
        pid
    }

    /// Where it keeps its state and its log.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The last lines of its log.
    pub fn log(&self) -> String {
        let text = std::fs::read_to_string(self.directory.join("log")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines.get(lines.len().saturating_sub(40)..).unwrap_or_default().join("\n")
    }

    #[track_caller]
    fn launch(emulator: Emulator<'_>) -> LocalAws {
        let mut log = String::new();
        // A port that was free a moment ago may be taken now.
        for _ in 0..3 {
            let mut aws = LocalAws::spawn(emulator);
            match aws.wait(emulator) {
                Ok(()) => return aws,
                Err(why) => log = format!("{why}; its log ends\n{}", aws.log()),
            }
        }
        fail(format!("the local AWS does not start: {log}"))
    }

    #[track_caller]
    fn spawn(emulator: Emulator<'_>) -> LocalAws {
        let listener = TcpListener::bind("127.0.0.1:0").or_fail("no free port");
        let port = listener.local_addr().or_fail("no free port").port();
        drop(listener);
        let directory =
            tempfile::Builder::new().prefix("awsmcp-").tempdir().or_fail("no temporary directory").keep();
        let mut command = Command::new("sh");
        command
            .args(["-c", SUPERVISOR, "sh"])
            .arg(&directory)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", &directory)
            .env("TMPDIR", &directory);
        match emulator {
            Emulator::Ministack { iam, behind } => command
                .arg(tool("ministack", "bin/python"))
                .arg(workspace().join(PROGRAM))
                .env("BIND_HOST", "127.0.0.1")
                .env("GATEWAY_PORT", port.to_string())
                .env("MINISTACK_HOST", "127.0.0.1")
                .env("MINISTACK_ACCOUNT_ID", Self::ACCOUNT)
                // Only shown by its health check: tells ours from another one on the same port.
                .env("MINISTACK_EDITION", &directory)
                .env("STATE_DIR", directory.join("state"))
                .env("S3_DATA_DIR", directory.join("s3"))
                .env("IOT_MTLS_ENABLED", "0")
                .env("AUTH", iam.to_string())
                .envs(behind.map(|address| ("HAND_ON_TO", address))),
            Emulator::Fakecloud => command
                .arg(tool("fakecloud", "bin/fakecloud"))
                .args(["--addr", &format!("127.0.0.1:{port}")])
                .args(["--account-id", Self::ACCOUNT])
                // Only shown with credentials that nobody asks for: tells ours from another one on the same port.
                .args(["--credentials-role-arn", &role(&directory)]),
        };
        let supervisor = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .or_fail("cannot run sh");
        let reset = match emulator {
            Emulator::Ministack { .. } => "/_ministack/reset",
            Emulator::Fakecloud => "/_reset",
        };
        LocalAws { reset, supervisor, address: format!("127.0.0.1:{port}"), directory, behind: None }
    }

    fn wait(&mut self, emulator: Emulator<'_>) -> Result<(), String> {
        let patience = Duration::from_secs(60);
        let start = Instant::now();
        let (path, ours) = match emulator {
            Emulator::Ministack { .. } => ("/_ministack/health", self.directory.display().to_string()),
            Emulator::Fakecloud => ("/_fakecloud/credentials", role(&self.directory)),
        };
        while start.elapsed() < patience {
            match http::send(&self.address, "GET", path, &[], b"") {
                Ok(reply) if reply.text().contains(&ours) => return Ok(()),
                Ok(_) => return Err(format!("{} belongs to another process", self.address)),
                Err(_) if !matches!(self.supervisor.try_wait(), Ok(None)) => {
                    return Err("it ended".to_owned());
                }
                Err(_) => std::thread::sleep(Duration::from_millis(30)),
            }
        }
        Err(format!("not ready after {} s", patience.as_secs()))
    }

    #[track_caller]
    fn iam(&self, form: &[(&str, &str)]) -> Reply {
        let mut body = vec!["Version=2010-05-08".to_owned()];
        body.extend(form.iter().map(|(name, value)| format!("{name}={}", sign::encode(value, ""))));
        let body = body.join("&");
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let reply = self.request("iam", "POST", "/", &[], &headers, body.as_bytes());
        check("IAM", form.first().map_or("", |(_, action)| action), &reply);
        reply
    }
}

impl Drop for LocalAws {
    fn drop(&mut self) {
        tell_if_failing(|| format!("the local AWS's log ends:\n{}", self.log()));
        drop(self.supervisor.stdin.take());
        let _ = self.supervisor.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn borrowed(pairs: &[(String, String)]) -> Vec<(&str, &str)> {
    pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// A role that only this one knows.
fn role(directory: &Path) -> String {
    let name = directory.file_name().unwrap_or_default().display();
    format!("arn:aws:iam::{}:role/{name}", LocalAws::ACCOUNT)
}

fn root() -> Credentials {
    Credentials {
        access_key_id: "test".to_owned(),
        secret_access_key: "test".to_owned(),
        session_token: None,
    }
}

#[track_caller]
fn check(method: &str, what: &str, reply: &Reply) {
    if !(200..300).contains(&reply.status) {
        fail(format!("{method} {what} of the local AWS: {} {}", reply.status, reply.text()));
    }
}
