//! The heads of requests and answers.

use std::io::{BufRead, Read, Write};
use std::net::TcpStream;

use crate::request::Request;

pub(super) fn lines(headers: &[(String, String)]) -> String {
    headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect()
}

/// Reads a request up to its body.
pub(crate) fn read_head(from: &mut impl BufRead) -> Option<Request> {
    let mut line = String::new();
    from.read_line(&mut line).ok().filter(|count| *count > 0)?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?);
    // Asked as a proxy, it is told the whole address.
    let path =
        target.split_once("://").map(|(_, rest)| rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/"));
    let mut request = Request { method, target: path.unwrap_or(target).to_owned(), ..Request::default() };
    loop {
        line.clear();
        from.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        request.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    Some(request)
}

pub(super) fn read(from: &mut impl BufRead, mut to: &TcpStream) -> Option<Request> {
    let mut request = read_head(from)?;
    let mut line = String::new();
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
