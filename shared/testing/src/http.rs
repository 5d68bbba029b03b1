//! One HTTP/1.1 request over a fresh connection: enough for a server on this machine.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// An HTTP response.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, unchunked.
    pub body: Vec<u8>,
}

impl Reply {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header's value; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// The text of the first XML element of that name.
    pub fn element(&self, name: &str) -> Option<String> {
        let text = self.text();
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        rest.split_once(&format!("</{name}>")).map(|(value, _)| value.to_owned())
    }
}

/// Sends one request to `host:port`. `target` is the encoded path with its query.
pub(crate) fn send(
    address: &str,
    method: &str,
    target: &str,
    headers: &[(String, String)],
    body: &[u8],
) -> Result<Reply> {
    let mut stream = TcpStream::connect(address).with_context(|| format!("cannot connect to {address}"))?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    stream.set_write_timeout(Some(Duration::from_secs(30)))?;
    let mut head =
        format!("{method} {target} HTTP/1.1\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
    if !headers.iter().any(|(name, _)| name == "host") {
        head.push_str(&format!("host: {address}\r\n"));
    }
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    read(BufReader::new(stream), method == "HEAD")
}

fn read(mut from: impl BufRead, no_body: bool) -> Result<Reply> {
    let mut line = String::new();
    from.read_line(&mut line)?;
    let status = line
        .split_whitespace()
        .nth(1)
        .and_then(|code| code.parse().ok())
        .with_context(|| format!("not an HTTP answer: {line:?}"))?;
    let mut headers = Vec::new();
    loop {
        line.clear();
        if from.read_line(&mut line)? == 0 || line.trim_end().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    let mut reply = Reply { status, headers, body: Vec::new() };
    if no_body {
        return Ok(reply);
    }
    if reply.header("transfer-encoding").is_some_and(|coding| coding.contains("chunked")) {
        loop {
            line.clear();
            if from.read_line(&mut line)? == 0 {
                bail!("the answer ended inside its chunks");
            }
            let size = line.trim().split(';').next().unwrap_or_default();
            let size =
                u64::from_str_radix(size, 16).with_context(|| format!("not a chunk size: {line:?}"))?;
            if size == 0 {
                break;
            }
            from.by_ref().take(size).read_to_end(&mut reply.body)?;
            line.clear();
            from.read_line(&mut line)?;
        }
    } else if let Some(length) = reply.header("content-length").and_then(|text| text.parse().ok()) {
        from.take(length).read_to_end(&mut reply.body)?;
    } else {
        from.read_to_end(&mut reply.body)?;
    }
    Ok(reply)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_become_one_body() {
        let wire =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=1\r\nde\r\n0\r\n\r\n";
        let reply = read(wire.as_bytes(), false).unwrap();
        assert_eq!((reply.status, reply.text().as_str()), (200, "abcde"));
    }
}
