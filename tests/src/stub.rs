//! An HTTP server that answers what a test tells it to: what no emulator serves.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use awsmcp_testing::fail;

/// A request as it came in.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Such as `GET`.
    pub method: String,
    /// The path and the query, encoded.
    pub target: String,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// A header's value; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// The target without its query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// A parameter of the query, as it was encoded.
    pub fn query(&self, name: &str) -> Option<&str> {
        let (_, query) = self.target.split_once('?')?;
        query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(found, _)| *found == name)
            .map(|(_, value)| value)
    }

    /// The access key that signed it.
    pub fn key(&self) -> Option<&str> {
        self.credential()?.split('/').next()
    }

    /// The region that it was signed for.
    pub fn region(&self) -> Option<&str> {
        self.credential()?.split('/').nth(2)
    }

    /// The service that it was signed for.
    pub fn service(&self) -> Option<&str> {
        self.credential()?.split('/').nth(3)
    }

    fn credential(&self) -> Option<&str> {
        let (_, rest) = self.header("authorization")?.split_once("Credential=")?;
        rest.split(',').next()
    }
}

/// What the stub does with a request.
#[derive(Clone, Debug)]
pub enum Response {
    /// Answers.
    Answer {
        /// The status.
        status: u16,
        /// The headers.
        headers: Vec<(String, String)>,
        /// The body.
        body: String,
    },
    /// Does something, but only after a while; whoever hangs up first is counted.
    Late(Duration, Box<Response>),
    /// Never answers; whoever hangs up is counted.
    Never,
    /// Hangs up without an answer.
    HangUp,
}

impl Response {
    /// An answer with a request id and this body.
    pub fn new(status: u16, body: impl Into<String>) -> Response {
        Response::Answer {
            status,
            headers: vec![("x-amz-request-id".to_owned(), "REQ1234567890".to_owned())],
            body: body.into(),
        }
    }

    /// With one more header.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Response {
        if let Response::Answer { headers, .. } = &mut self {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// An error as S3 writes it.
    pub fn s3_error(status: u16, code: &str, message: &str) -> Response {
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message>\
             <RequestId>REQ1234567890</RequestId><HostId>host</HostId></Error>"
        );
        Response::new(status, body).with("content-type", "application/xml")
    }

    /// A page of `ListObjectsV2`.
    pub fn objects(keys: &[String], next: Option<&str>) -> Response {
        let contents: String = keys
            .iter()
            .map(|key| {
                format!("<Contents><Key>{key}</Key><LastModified>2026-11-22T10:00:00.000Z</LastModified><ETag>&quot;e&quot;</ETag><Size>1</Size><StorageClass>STANDARD</StorageClass></Contents>")
            })
            .collect();
        let next = match next {
            Some(next) => format!(
                "<IsTruncated>true</IsTruncated><NextContinuationToken>{next}</NextContinuationToken>"
            ),
            None => "<IsTruncated>false</IsTruncated>".to_owned(),
        };
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
             <Name>b</Name><KeyCount>{}</KeyCount><MaxKeys>1000</MaxKeys>{next}{contents}</ListBucketResult>",
            keys.len()
        );
        Response::new(200, body).with("content-type", "application/xml")
    }

    /// A page of `ListBuckets`.
    pub fn buckets(names: &[&str], next: Option<&str>) -> Response {
        let buckets: String = names
            .iter()
            .map(|name| format!("<Bucket><Name>{name}</Name><CreationDate>2026-11-22T10:00:00.000Z</CreationDate></Bucket>"))
            .collect();
        let next =
            next.map(|next| format!("<ContinuationToken>{next}</ContinuationToken>")).unwrap_or_default();
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListAllMyBucketsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
             <Owner><ID>o</ID></Owner><Buckets>{buckets}</Buckets>{next}</ListAllMyBucketsResult>"
        );
        Response::new(200, body).with("content-type", "application/xml")
    }

    /// What `GetCallerIdentity` answers.
    pub fn identity(account: &str, arn: &str) -> Response {
        let body = format!(
            "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
             <Arn>{arn}</Arn><UserId>AIDA</UserId><Account>{account}</Account></GetCallerIdentityResult>\
             <ResponseMetadata><RequestId>STS1234567890</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
        );
        Response::new(200, body).with("content-type", "text/xml")
    }
}

/// A running stub. It ends when this is dropped.
pub struct Stub {
    address: String,
    state: Arc<State>,
}

struct State {
    answer: Box<dyn Fn(&Request) -> Response + Send + Sync>,
    requests: Mutex<Vec<Request>>,
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
    hung_up: AtomicUsize,
    over: AtomicBool,
}

impl Stub {
    /// Answers every request by `answer`, many at once. Requests to STS are answered too, unless the test uses
    /// [`Stub::bare`].
    #[track_caller]
    pub fn start(answer: impl Fn(&Request) -> Response + Send + Sync + 'static) -> Stub {
        Stub::bare(move |request| match request.service() {
            Some("sts") => Response::identity("123456789012", "arn:aws:iam::123456789012:user/stub"),
            _ => answer(request),
        })
    }

    /// As [`Stub::start`], for STS too.
    #[track_caller]
    pub fn bare(answer: impl Fn(&Request) -> Response + Send + Sync + 'static) -> Stub {
        let listener = match TcpListener::bind("127.0.0.1:0") {
            Ok(listener) => listener,
            Err(error) => fail(format!("no free port: {error}")),
        };
        let address = match listener.local_addr() {
            Ok(address) => address.to_string(),
            Err(error) => fail(format!("no free port: {error}")),
        };
        let state = Arc::new(State {
            answer: Box::new(answer),
            requests: Mutex::default(),
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
        Stub { address, state }
    }

    /// Where it listens.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens, without the scheme.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// An environment that sends all requests here, tried once each.
    pub fn env(&self) -> Vec<(String, String)> {
        endpoint_env(&self.endpoint())
    }

    /// What came in so far.
    pub fn requests(&self) -> Vec<Request> {
        self.state.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What came in so far, without what went to STS.
    pub fn s3_requests(&self) -> Vec<Request> {
        self.requests().into_iter().filter(|request| request.service() != Some("sts")).collect()
    }

    /// The most requests that waited for their answers at the same time.
    pub fn most_at_once(&self) -> usize {
        self.state.most_at_once.load(Ordering::SeqCst)
    }

    /// How many clients hung up before they had their answer.
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
    }
}

impl State {
    fn serve(&self, stream: &TcpStream) {
        let Ok(clone) = stream.try_clone() else { return };
        let mut reader = BufReader::new(clone);
        while let Some(request) = read(&mut reader, stream) {
            self.requests.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
            let now = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
            self.most_at_once.fetch_max(now, Ordering::SeqCst);
            let goes_on = self.respond(stream, &request, (self.answer)(&request));
            self.at_once.fetch_sub(1, Ordering::SeqCst);
            if !goes_on {
                break;
            }
        }
        let _ = stream.shutdown(std::net::Shutdown::Both);
    }

    /// Whether the connection goes on.
    fn respond(&self, mut stream: &TcpStream, request: &Request, response: Response) -> bool {
        match response {
            Response::Answer { status, headers, body } => {
                let mut head = format!("HTTP/1.1 {status} Stub\r\ncontent-length: {}\r\n", body.len());
                for (name, value) in headers {
                    head.push_str(&format!("{name}: {value}\r\n"));
                }
                head.push_str("\r\n");
                if request.method != "HEAD" {
                    head.push_str(&body);
                }
                stream.write_all(head.as_bytes()).is_ok()
            }
            Response::Late(after, response) => {
                if self.waits(stream, Some(after)) {
                    self.respond(stream, request, *response)
                } else {
                    false
                }
            }
            Response::Never => self.waits(stream, None),
            Response::HangUp => false,
        }
    }

    /// Whether the client is still there in the end.
    fn waits(&self, stream: &TcpStream, during: Option<Duration>) -> bool {
        let start = Instant::now();
        let _ = stream.set_read_timeout(Some(Duration::from_millis(5)));
        let mut byte = [0];
        while during.is_none_or(|during| start.elapsed() < during) && !self.over.load(Ordering::Relaxed) {
            match stream.peek(&mut byte) {
                Ok(0) => {
                    self.hung_up.fetch_add(1, Ordering::SeqCst);
                    return false;
                }
                Err(error) if !is_timeout(&error) => {
                    self.hung_up.fetch_add(1, Ordering::SeqCst);
                    return false;
                }
                // A body that was not read yet would make this spin.
                Ok(_) => std::thread::sleep(Duration::from_millis(5)),
                Err(_) => {}
            }
        }
        let _ = stream.set_read_timeout(None);
        true
    }
}

fn is_timeout(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
}

fn read(from: &mut impl BufRead, mut to: &TcpStream) -> Option<Request> {
    let mut line = String::new();
    from.read_line(&mut line).ok().filter(|count| *count > 0)?;
    let mut words = line.split_whitespace();
    let mut request =
        Request { method: words.next()?.to_owned(), target: words.next()?.to_owned(), ..Request::default() };
    loop {
        line.clear();
        from.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        request.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    if request.header("expect").is_some() {
        to.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").ok()?;
    }
    if let Some(length) = request.header("content-length").and_then(|text| text.parse().ok()) {
        from.take(length).read_to_end(&mut request.body).ok()?;
    } else if request.header("transfer-encoding").is_some() {
        loop {
            line.clear();
            from.read_line(&mut line).ok()?;
            let size = u64::from_str_radix(line.trim(), 16).ok()?;
            from.take(size).read_to_end(&mut request.body).ok()?;
            line.clear();
            from.read_line(&mut line).ok()?;
            if size == 0 {
                break;
            }
        }
    }
    Some(request)
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
