//! A front of a local AWS that does what AWS does and the local AWS does not: refuses, adds a header.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Result, bail};

use crate::fail::OrFail;

/// The head of an HTTP request.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Such as `PUT`.
    pub method: String,
    /// The path with its query, encoded.
    pub target: String,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
}

impl Request {
    /// A header's value; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

/// Picks requests.
pub(crate) type Picks = fn(&Request) -> bool;

/// How a front differs from the local AWS behind it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Manners {
    /// Requests that are refused with 403 and AWS's own sentence, for want of an action.
    pub(crate) refuses: Option<(Picks, String)>,
    /// A header to put into the answer to a request.
    pub(crate) adds: Option<fn(&Request) -> Option<&'static str>>,
}

/// Hands requests on to a local AWS, and is more like AWS where it is told to. It ends when dropped.
pub(crate) struct Front {
    address: String,
    stop: Arc<AtomicBool>,
}

impl Front {
    #[track_caller]
    pub(crate) fn start(endpoint: &str, manners: Manners) -> Front {
        let listener = TcpListener::bind("127.0.0.1:0").or_fail("no free port");
        let address = listener.local_addr().or_fail("no free port").to_string();
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, upstream) = (stop.clone(), endpoint.trim_start_matches("http://").to_owned());
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                if stopped.load(Ordering::Acquire) {
                    break;
                }
                let (upstream, manners) = (upstream.clone(), manners.clone());
                // A connection that breaks is the client's to notice.
                std::thread::spawn(move || serve(connection, &upstream, &manners));
            }
        });
        Front { address, stop }
    }

    /// Where it listens.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        let _ = TcpStream::connect(&self.address);
    }
}

/// One request of one connection.
fn serve(client: TcpStream, upstream: &str, manners: &Manners) -> Result<()> {
    client.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut from = BufReader::new(client.try_clone()?);
    let request = head(&mut from)?;
    let length = request.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = from.take(length);
    if let Some((refuses, action)) = &manners.refuses
        && refuses(&request)
    {
        if request.header("expect").is_none() {
            // Closing while bytes arrive would reset the connection, and the answer with it.
            std::io::copy(&mut body, &mut std::io::sink())?;
        }
        (&client).write_all(refusal(&request.method, action).as_bytes())?;
        client.shutdown(Shutdown::Both)?;
        return Ok(());
    }
    let server = TcpStream::connect(upstream)?;
    let mut text = format!("{} {} HTTP/1.1\r\nconnection: close\r\n", request.method, request.target);
    for (name, value) in request.headers.iter().filter(|(name, _)| name != "connection") {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    (&server).write_all(format!("{text}\r\n").as_bytes())?;
    let mut to = server.try_clone()?;
    std::thread::spawn(move || std::io::copy(&mut body, &mut to));
    let mut answer = BufReader::new(server);
    if let Some(header) = manners.adds.and_then(|adds| adds(&request)) {
        let mut status = String::new();
        answer.read_line(&mut status)?;
        (&client).write_all(format!("{status}{header}\r\n").as_bytes())?;
    }
    std::io::copy(&mut answer, &mut &client)?;
    client.shutdown(Shutdown::Both)?;
    Ok(())
}

fn head(from: &mut impl BufRead) -> Result<Request> {
    let mut line = String::new();
    from.read_line(&mut line)?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (Some(method), Some(target)) = (words.next(), words.next()) else { bail!("not a request: {line:?}") };
    let mut request = Request { method, target, headers: Vec::new() };
    loop {
        line.clear();
        if from.read_line(&mut line)? == 0 || line.trim_end().is_empty() {
            return Ok(request);
        }
        if let Some((name, value)) = line.split_once(':') {
            request.headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
}

/// The answer of a service that speaks XML. A HEAD has no body, as on AWS.
fn refusal(method: &str, action: &str) -> String {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>AccessDenied</Code><Message>User: \
         arn:aws:iam::123456789012:user/refused is not authorized to perform: {action} on resource: \
         \"arn:aws:example:::thing\" because no identity-based policy allows the {action} action</Message>\
         <RequestId>REFUSED</RequestId></Error>"
    );
    let length = body.len();
    let body = if method == "HEAD" { "" } else { body.as_str() };
    format!(
        "HTTP/1.1 403 Forbidden\r\ncontent-type: application/xml\r\ncontent-length: {length}\r\n\
         x-amz-request-id: REFUSED\r\nconnection: close\r\n\r\n{body}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LocalAws, http};

    #[test]
    fn a_front_hands_on_adds_and_refuses() {
        let manners = Manners {
            refuses: Some((|request| request.header("x-refuse").is_some(), "s3:X".to_owned())),
            adds: Some(|request| (request.method == "GET").then_some("x-added: yes")),
        };
        let front = Front::start(&LocalAws::shared().endpoint(), manners);
        let address = front.endpoint().replace("http://", "");
        let get = |headers: &[(String, String)]| {
            http::send(&address, "GET", "/_ministack/health", headers, b"").unwrap()
        };
        let reply = get(&[]);
        assert_eq!((reply.status, reply.header("x-added")), (200, Some("yes")));
        let reply = get(&[("x-refuse".to_owned(), "1".to_owned())]);
        assert_eq!((reply.status, reply.element("Code").as_deref()), (403, Some("AccessDenied")));
        assert!(reply.text().contains("not authorized to perform: s3:X on resource"), "{}", reply.text());
    }
}
