//! An endpoint that answers what no emulator does.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
};

use crate::aws::aws;

pub(crate) struct Stub(String);

impl Stub {
    /// Answers each request, head and body, with what `answer` says, one after the other.
    pub(crate) fn start(mut answer: impl FnMut(&str) -> String + Send + 'static) -> Stub {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let Some(request) = read(&stream) else { continue };
                let (head, body) =
                    (answer(&request)).split_once("\r\n").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
                let _ = write!(&stream, "{head}\r\nconnection: close\r\n{body}");
            }
        });
        Stub(format!("http://{address}"))
    }

    pub(crate) fn env(&self) -> Vec<(String, String)> {
        let mut env = aws().env();
        for (name, value) in &mut env {
            if name == "AWS_ENDPOINT_URL" {
                value.clone_from(&self.0);
            }
        }
        env
    }
}

fn read(stream: &TcpStream) -> Option<String> {
    let mut reader = BufReader::new(stream);
    let mut text = String::new();
    loop {
        let start = text.len();
        if reader.read_line(&mut text).ok()? == 0 {
            return None;
        }
        if text[start..].trim().is_empty() {
            break;
        }
    }
    let length = text
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    text.push_str(&String::from_utf8_lossy(&body));
    Some(text)
}
