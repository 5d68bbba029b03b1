//! An AWS that answers what a test tells it to: what no emulator serves, and what it would get wrong.

mod head;
mod refusal;
mod serving;

use std::collections::HashMap;
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

pub(crate) use self::head::read_head;
use crate::fail::OrFail;
use crate::model;
use crate::request::Request;
use crate::response::Response;
use crate::{LocalAws, fail};

/// A running stub: a server that speaks all of AWS's protocols, answers the operations that a test scripts, and hands
/// the others on to a local AWS. It ends when dropped, and fails the test there if a scripted answer was none that
/// AWS would give: [`Response::output`] and [`Response::events`] are held to the service's model.
///
/// ```no_run
/// # use awsmcp_testing::{LocalAws, Response, Stub};
/// # use serde_json::json;
/// let stub = Stub::before(LocalAws::shared(), |request| match (request.operation(), request.nth) {
///     // Of the first BatchWriteItem, one write is left over. AWS takes the second.
///     ("BatchWriteItem", 1) => Response::output(json!({"UnprocessedItems": request.json()["RequestItems"]})),
///     ("Query", _) => Response::throttled(),
///     _ => Response::HandOn,
/// });
/// // Start a server with `stub.env()`, call it, and look at what it sent:
/// assert_eq!(stub.of("BatchWriteItem").len(), 2);
/// ```
pub struct Stub {
    address: String,
    env: Vec<(String, String)>,
    state: Arc<State>,
}

type Script = Box<dyn Fn(&Request) -> Response + Send + Sync>;

struct State {
    script: Script,
    /// The address of the local AWS behind it.
    behind: Option<String>,
    requests: Mutex<Vec<Request>>,
    seen: Mutex<HashMap<String, usize>>,
    wrong: Mutex<Vec<String>>,
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
    hung_up: AtomicUsize,
    over: AtomicBool,
}

impl Stub {
    /// Answers every request by `script`, many at once. Requests to STS are answered too, unless the test uses
    /// [`Stub::bare`].
    #[track_caller]
    pub fn start(script: impl Fn(&Request) -> Response + Send + Sync + 'static) -> Stub {
        Stub::bare(move |request| match request.service() {
            Some("sts") => Response::identity("123456789012", "arn:aws:iam::123456789012:user/stub"),
            _ => script(request),
        })
    }

    /// As [`Stub::start`], for STS too.
    #[track_caller]
    pub fn bare(script: impl Fn(&Request) -> Response + Send + Sync + 'static) -> Stub {
        Stub::launch(None, Vec::new(), Box::new(script))
    }

    /// Stands before a local AWS: [`Response::HandOn`] is what that answers. [`Stub::env`] is that of its root.
    #[track_caller]
    pub fn before(aws: &LocalAws, script: impl Fn(&Request) -> Response + Send + Sync + 'static) -> Stub {
        let behind = aws.endpoint().trim_start_matches("http://").to_owned();
        Stub::launch(Some(behind), aws.env(), Box::new(script))
    }

    #[track_caller]
    fn launch(behind: Option<String>, env: Vec<(String, String)>, script: Script) -> Stub {
        // Fails here, in the test's own thread, where they are not installed.
        model::models();
        let listener = TcpListener::bind("127.0.0.1:0").or_fail("no free port");
        let address = listener.local_addr().or_fail("no free port").to_string();
        let state = Arc::new(State {
            script,
            behind,
            requests: Mutex::default(),
            seen: Mutex::default(),
            wrong: Mutex::default(),
            at_once: AtomicUsize::new(0),
            most_at_once: AtomicUsize::new(0),
            hung_up: AtomicUsize::new(0),
            over: AtomicBool::new(false),
        });
        let shared = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.over.load(Ordering::Relaxed) {
                    break;
                }
                let Ok(stream) = stream else { break };
                let shared = shared.clone();
                std::thread::spawn(move || shared.serve(&stream));
            }
        });
        let endpoint = format!("http://{address}");
        let env = if env.is_empty() {
            endpoint_env(&endpoint)
        } else {
            with(env, &[("AWS_ENDPOINT_URL", &endpoint), ("AWS_MAX_ATTEMPTS", "1")])
        };
        Stub { address, env, state }
    }

    /// Where it listens.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens, without the scheme.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// An environment that sends all requests here, tried once each: [`with`] changes it.
    pub fn env(&self) -> Vec<(String, String)> {
        self.env.clone()
    }

    /// What came in so far.
    pub fn requests(&self) -> Vec<Request> {
        self.state.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What came in so far, without what went to STS.
    pub fn calls(&self) -> Vec<Request> {
        self.requests().into_iter().filter(|request| request.service() != Some("sts")).collect()
    }

    /// What came in so far for one operation.
    pub fn of(&self, operation: &str) -> Vec<Request> {
        self.requests().into_iter().filter(|request| request.operation() == operation).collect()
    }

    /// The most requests that waited for their answers at the same time.
    pub fn most_at_once(&self) -> usize {
        self.state.most_at_once.load(Ordering::SeqCst)
    }

    /// How many clients hung up before they had their answer, whole.
    pub fn hung_up(&self) -> usize {
        self.state.hung_up.load(Ordering::SeqCst)
    }

    /// Waits until `what` holds.
    #[track_caller]
    pub fn wait(&self, why: &str, what: impl Fn(&Stub) -> bool) {
        let until = Instant::now() + Duration::from_secs(20);
        while !what(self) {
            if Instant::now() > until {
                fail(format!("{why}: not within 20 s; requests: {:?}", self.requests()));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.state.over.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(&self.address);
        let wrong = self.state.wrong.lock().map(|wrong| wrong.join("\n- ")).unwrap_or_default();
        if !wrong.is_empty() && !std::thread::panicking() {
            fail(format!("the stub could not answer as AWS would:\n- {wrong}"));
        }
    }
}

/// An environment that sends all requests to `endpoint`, tried once each, with keys of its own.
pub fn endpoint_env(endpoint: &str) -> Vec<(String, String)> {
    [
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "AKIASTUBSTUBSTUBSTUB"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_CONFIG_FILE", "/dev/null"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
        ("AWS_MAX_ATTEMPTS", "1"),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect()
}

/// The environment with some variables set anew, or left out where the value is empty.
pub fn with(env: Vec<(String, String)>, changes: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut env: Vec<_> =
        env.into_iter().filter(|(name, _)| changes.iter().all(|(changed, _)| changed != name)).collect();
    env.extend(
        changes
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
    );
    env
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use serde_json::json;

    use super::*;
    use crate::event_stream::Event;
    use crate::{Reply, http};

    fn scope(service: &str) -> (String, String) {
        ("authorization".to_owned(), format!("X Credential=K/20261122/us-east-1/{service}/aws4_request, S"))
    }

    fn post(stub: &Stub, service: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let mut all = vec![scope(service)];
        all.extend(headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        http::send(stub.address(), "POST", target, &all, body.as_bytes()).unwrap()
    }

    const GET_ITEM: [(&str, &str); 1] = [("x-amz-target", "DynamoDB_20120810.GetItem")];
    const METRICS: &str = "/service/GraniteServiceVersion20100801/operation/ListMetrics";

    #[test]
    fn scripted_operations_are_answered_and_the_others_handed_on() {
        let stub = Stub::before(LocalAws::shared(), |request| match (request.operation(), request.nth) {
            ("GetItem", 2) => Response::output(json!({"Item": {"id": {"S": "two"}}})),
            ("GetItem", _) => Response::throttled(),
            ("ListBuckets", _) => Response::HandOn.with("x-added", "yes"),
            _ => Response::HandOn,
        });
        let first = post(&stub, "dynamodb", "/", &GET_ITEM, "{\"TableName\":\"t\"}");
        assert_eq!(first.status, 400);
        assert!(first.text().contains("#ThrottlingException"), "{}", first.text());
        let second = post(&stub, "dynamodb", "/", &GET_ITEM, "{}");
        assert_eq!((second.status, second.text().as_str()), (200, "{\"Item\":{\"id\":{\"S\":\"two\"}}}"));
        let tables = post(&stub, "dynamodb", "/", &[("x-amz-target", "DynamoDB_20120810.ListTables")], "{}");
        assert!(tables.text().contains("TableNames"), "{}", tables.text());
        let buckets = http::send(stub.address(), "GET", "/", &[scope("s3")], b"").unwrap();
        assert_eq!((buckets.status, buckets.header("x-added")), (200, Some("yes")));
        assert!(buckets.text().contains("ListAllMyBucketsResult"), "{}", buckets.text());

        assert_eq!(stub.of("GetItem")[0].json(), json!({"TableName": "t"}));
        assert_eq!(stub.calls().len(), 4);
    }

    #[test]
    fn a_refusal_is_what_the_protocol_wants() {
        let stub = Stub::bare(|_| Response::denied("x:Do"));
        let json = post(&stub, "dynamodb", "/", &GET_ITEM, "{}");
        assert_eq!(json.status, 400);
        assert!(json.text().contains("AccessDeniedException\",\"message\":\"User: arn"), "{}", json.text());
        let rest = post(&stub, "lambda", "/2015-03-31/functions/f/invocations", &[], "");
        assert_eq!((rest.status, rest.header("x-amzn-errortype")), (403, Some("AccessDeniedException")));
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let query = post(&stub, "iam", "/", &form, "Action=ListUsers");
        assert_eq!((query.status, query.element("Code").as_deref()), (403, Some("AccessDenied")));
        let ec2 = post(&stub, "ec2", "/", &form, "Action=RunInstances");
        assert_eq!(ec2.element("Code").as_deref(), Some("UnauthorizedOperation"));
        let modes = [("smithy-protocol", "rpc-v2-cbor"), ("x-amzn-query-mode", "true")];
        let cbor = post(&stub, "monitoring", METRICS, &modes, "");
        assert_eq!((cbor.status, cbor.header("x-amzn-query-error")), (403, Some("AccessDenied;Sender")));
        assert!(
            crate::cbor::read(&cbor.body).unwrap()["message"].as_str().unwrap().contains("perform: x:Do on")
        );
        let s3 = post(&stub, "s3", "/b?delete", &[], "");
        assert_eq!((s3.status, s3.element("Code").as_deref()), (403, Some("AccessDenied")));
    }

    #[test]
    fn an_answer_that_aws_would_not_give_fails_the_test() {
        let stub = Stub::bare(|_| Response::output(json!({"Items": []})));
        assert_eq!(post(&stub, "dynamodb", "/", &GET_ITEM, "{}").status, 500);
        let failure = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(stub))).unwrap_err();
        let message = failure.downcast_ref::<String>().unwrap();
        assert!(message.contains("GetItem has no member \"Items\"; it has Item"), "{message}");
    }

    #[test]
    fn streams_are_timed_and_can_be_cut_off() {
        let stub = Stub::bare(|request| match request.nth {
            1 => Response::events([
                Event::new("initial-response", json!({})),
                Event::new("sessionUpdate", json!({"sessionResults": []})).after(Duration::from_millis(60)),
                Event::exception("SessionTimeoutException", "over"),
            ]),
            2 => Response::chunks([(Duration::ZERO, "abc"), (Duration::ZERO, "def")]).cut_off(4),
            _ => Response::new(200, "abcdef").cut_off(4),
        });
        let tail = [("x-amz-target", "Logs_20140328.StartLiveTail")];
        let start = Instant::now();
        let events = post(&stub, "logs", "/", &tail, "{}");
        assert!(start.elapsed() >= Duration::from_millis(60));
        assert_eq!(events.header("content-type"), Some("application/vnd.amazon.eventstream"));
        assert!(events.text().contains("sessionUpdate") && events.text().contains("SessionTimeoutException"));
        let send = || {
            http::send(
                stub.address(),
                "POST",
                "/",
                &[scope("logs"), ("x-amz-target".to_owned(), "Logs_20140328.StartLiveTail".to_owned())],
                b"",
            )
        };
        assert!(send().unwrap_err().to_string().contains("ended inside its chunks"));
        assert_eq!(send().unwrap().text(), "abcd");
    }

    #[test]
    fn an_answer_can_be_corrupted_and_held_back() {
        let aws = LocalAws::shared();
        aws.create_bucket("stubbed");
        aws.put_object("stubbed", "k", &[], "abc");
        let held = Duration::from_millis(60);
        let stub = Stub::before(aws, move |request| match request.method.as_str() {
            "GET" => Response::HandOn.corrupted(),
            _ => Response::HandOn.held(held),
        });
        let get = || http::send(stub.address(), "GET", "/stubbed/k", &[scope("s3")], b"").unwrap();
        assert_eq!(get().text(), "bbc");
        let start = Instant::now();
        http::send(stub.address(), "DELETE", "http://any.example/stubbed/k", &[scope("s3")], b"").unwrap();
        assert!(start.elapsed() >= held);
        assert_eq!(get().status, 404);
        assert_eq!(stub.of("DeleteObject").len(), 1);
    }

    #[test]
    fn whoever_hangs_up_is_counted() {
        let stub = Stub::bare(|_| Response::Never);
        let mut client = TcpStream::connect(stub.address()).unwrap();
        client.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        stub.wait("a request", |stub| stub.requests().len() == 1);
        assert_eq!(stub.hung_up(), 0);
        drop(client);
        stub.wait("a client that is gone", |stub| stub.hung_up() == 1);
    }
}
