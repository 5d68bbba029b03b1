//! HTTP/1.1 as the bench speaks it, on either end of a kept connection.

use std::io::{BufRead, Read};

use anyhow::{Result, ensure};

/// A request or a response, read whole.
pub(super) struct Message {
    /// The first line.
    pub(super) first: String,
    /// The headers, names in lower case.
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Message {
    /// The next message that has a body if its headers say so; none where the connection ends before it.
    pub(super) fn read(input: &mut impl BufRead) -> Result<Option<Message>> {
        let mut first = String::new();
        if input.read_line(&mut first)? == 0 {
            return Ok(None);
        }
        let mut message =
            Message { first: first.trim_end().to_owned(), headers: Vec::new(), body: Vec::new() };
        loop {
            let line = line(input)?;
            let Some((name, value)) = line.split_once(':') else { break };
            message.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        if message.header("transfer-encoding").is_some_and(|coding| coding.contains("chunked")) {
            loop {
                let size = usize::from_str_radix(&line(input)?, 16)?;
                message.take(input, size)?;
                line(input)?;
                if size == 0 {
                    break;
                }
            }
        } else if let Some(length) = message.header("content-length") {
            let length = length.parse()?;
            message.take(input, length)?;
        }
        Ok(Some(message))
    }

    /// A header; `name` in lower case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn take(&mut self, input: &mut impl Read, size: usize) -> Result<()> {
        let start = self.body.len();
        self.body.resize(start + size, 0);
        Ok(input.read_exact(self.body.get_mut(start..).unwrap_or_default())?)
    }
}

fn line(input: &mut impl BufRead) -> Result<String> {
    let mut line = String::new();
    ensure!(input.read_line(&mut line)? > 0, "the other side hung up");
    Ok(line.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read_by_its_length_or_in_chunks() {
        let mut wire = "POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nab\
            HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n\
            GET /x HTTP/1.1\r\n\r\n"
            .as_bytes();
        let mut next = || Message::read(&mut wire).unwrap();
        let (post, answer, get) = (next().unwrap(), next().unwrap(), next().unwrap());
        assert_eq!((post.header("content-length"), &post.body[..]), (Some("2"), &b"ab"[..]));
        assert_eq!((answer.first.as_str(), &answer.body[..]), ("HTTP/1.1 200 OK", &b"abcd"[..]));
        assert_eq!((get.first.as_str(), get.body.len()), ("GET /x HTTP/1.1", 0));
        assert!(next().is_none());
        assert!(Message::read(&mut "GET / HTTP/1.1\r\nhost: x".as_bytes()).is_err());
    }
}
