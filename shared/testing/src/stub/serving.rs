//! How a stub answers one connection.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::State;
use super::head::{lines, read};
use super::refusal::{denied, error};
use crate::model::{self, Written};
use crate::request::Request;
use crate::response::{REQUEST_ID, Response};
use crate::routing;

/// What is done to whatever answer goes out.
#[derive(Clone, Default)]
struct Manner {
    headers: Vec<(String, String)>,
    /// How much of the body goes out.
    most: Option<usize>,
    /// Whether the first byte of the body is another.
    corrupted: bool,
    /// How long it is held back.
    held: Option<Duration>,
}

impl State {
    pub(super) fn serve(&self, stream: &TcpStream) {
        let Ok(clone) = stream.try_clone() else { return };
        let mut reader = BufReader::new(clone);
        while let Some(mut request) = read(&mut reader, stream) {
            routing::recognise(&mut request, model::signed_as);
            request.nth = {
                let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
                let seen = seen.entry(request.operation().to_owned()).or_default();
                *seen += 1;
                *seen
            };
            self.requests.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
            let now = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
            self.most_at_once.fetch_max(now, Ordering::SeqCst);
            let goes_on = self.respond(stream, &request, (self.script)(&request), Manner::default());
            self.at_once.fetch_sub(1, Ordering::SeqCst);
            if !goes_on {
                break;
            }
        }
        let _ = stream.shutdown(Shutdown::Both);
    }

    /// Whether the connection goes on.
    fn respond(&self, stream: &TcpStream, request: &Request, response: Response, mut manner: Manner) -> bool {
        match response {
            Response::With(name, value, response) => {
                manner.headers.push((name, value));
                self.respond(stream, request, *response, manner)
            }
            Response::CutOff(after, response) => {
                manner.most = Some(after);
                self.respond(stream, request, *response, manner)
            }
            Response::Corrupted(response) => {
                manner.corrupted = true;
                self.respond(stream, request, *response, manner)
            }
            Response::Held(during, response) => {
                manner.held = Some(during);
                self.respond(stream, request, *response, manner)
            }
            Response::Late(after, response) => {
                self.waits(stream, Some(after)) && self.respond(stream, request, *response, manner)
            }
            Response::Never => self.waits(stream, None),
            Response::HangUp => false,
            Response::HandOn => self.hand_on(stream, request, &manner).unwrap_or(false),
            Response::Chunks(chunks) => self.stream(stream, chunks, &manner).unwrap_or(false),
            Response::Events(events) => {
                let model = request.model.as_ref();
                for event in &events {
                    let wrong = model.map(|model| model.wrong_event(request.operation(), event));
                    self.tell(wrong.unwrap_or_default());
                }
                manner
                    .headers
                    .push(("content-type".to_owned(), "application/vnd.amazon.eventstream".to_owned()));
                let frames = events.into_iter().map(|event| (event.after, event.encode())).collect();
                self.stream(stream, frames, &manner).unwrap_or(false)
            }
            Response::Answer { status, headers, body } => {
                self.answer(stream, request, Written { status, headers, body }, manner)
            }
            Response::Output(output) => self.answer(stream, request, self.output(request, &output), manner),
            Response::Error { status, code, message } => {
                self.answer(stream, request, error(request, status, &code, &message), manner)
            }
            Response::Denied(action) => self.answer(stream, request, denied(request, &action), manner),
        }
    }

    /// Writes an answer whose length is known.
    fn answer(&self, mut stream: &TcpStream, request: &Request, written: Written, manner: Manner) -> bool {
        let mut headers = written.headers;
        headers.retain(|(name, _)| manner.headers.iter().all(|(new, _)| !new.eq_ignore_ascii_case(name)));
        headers.extend(manner.headers);
        let length = if written.status == 204 {
            String::new()
        } else {
            format!("content-length: {}\r\n", written.body.len())
        };
        let mut bytes =
            format!("HTTP/1.1 {} Stub\r\n{length}{}\r\n", written.status, lines(&headers)).into_bytes();
        if request.method != "HEAD" {
            let mut body = written.body;
            if let Some(first) = body.first_mut().filter(|_| manner.corrupted) {
                *first = first.wrapping_add(1);
            }
            bytes.extend(body.iter().take(manner.most.unwrap_or(usize::MAX)));
        }
        if manner.held.is_some() && !self.waits(stream, manner.held) {
            return false;
        }
        stream.write_all(&bytes).is_ok() && manner.most.is_none()
    }

    /// The output as the model of the service writes it. What is wrong with it fails the test in the end.
    fn output(&self, request: &Request, output: &Value) -> Written {
        let Some(model) = &request.model else {
            return self.unanswerable(format!("no model of {:?} to write its output", request.service()));
        };
        let wrong = model.wrong(request.operation(), output);
        if !wrong.is_empty() {
            let wrong = wrong.join("; ");
            return self.unanswerable(format!(
                "{} does not answer {} so: {wrong}",
                model.name,
                request.operation()
            ));
        }
        match model.write(request.operation(), output, request.protocol()) {
            Ok(mut written) => {
                written.headers.push(("x-amzn-requestid".to_owned(), REQUEST_ID.to_owned()));
                written
            }
            Err(why) => self.unanswerable(why),
        }
    }

    fn unanswerable(&self, why: String) -> Written {
        let body = format!("the stub: {why}").into_bytes();
        self.tell(vec![why]);
        Written { status: 500, headers: Vec::new(), body }
    }

    fn tell(&self, wrong: Vec<String>) {
        let mut all = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        for why in wrong {
            if !all.contains(&why) {
                all.push(why);
            }
        }
    }

    /// Writes an answer piece by piece.
    fn stream(
        &self,
        mut stream: &TcpStream,
        pieces: Vec<(Duration, Vec<u8>)>,
        manner: &Manner,
    ) -> std::io::Result<bool> {
        if manner.held.is_some() && !self.waits(stream, manner.held) {
            return Ok(false);
        }
        let id = format!("x-amzn-requestid: {REQUEST_ID}\r\n");
        let head =
            format!("HTTP/1.1 200 Stub\r\ntransfer-encoding: chunked\r\n{id}{}\r\n", lines(&manner.headers));
        stream.write_all(head.as_bytes())?;
        let mut left = manner.most.unwrap_or(usize::MAX);
        for (index, (after, mut piece)) in pieces.into_iter().enumerate() {
            if let Some(first) = piece.first_mut().filter(|_| manner.corrupted && index == 0) {
                *first = first.wrapping_add(1);
            }
            if !after.is_zero() && !self.waits(stream, Some(after)) {
                return Ok(false);
            }
            let piece = piece.get(..left.min(piece.len())).unwrap_or_default();
            left -= piece.len();
            let mut chunk = format!("{:x}\r\n", piece.len()).into_bytes();
            chunk.extend(piece);
            chunk.extend(b"\r\n");
            // An empty chunk would be the end.
            if !piece.is_empty() && stream.write_all(&chunk).is_err() {
                self.hung_up.fetch_add(1, Ordering::SeqCst);
                return Ok(false);
            }
            if left == 0 {
                return Ok(false);
            }
        }
        stream.write_all(b"0\r\n\r\n")?;
        Ok(manner.most.is_none())
    }

    /// What the local AWS answers, over a connection of its own.
    fn hand_on(&self, mut stream: &TcpStream, request: &Request, manner: &Manner) -> std::io::Result<bool> {
        let Some(behind) = &self.behind else {
            let why = "there is no local AWS to hand on to: Stub::before".to_owned();
            return Ok(self.answer(stream, request, self.unanswerable(why), Manner::default()));
        };
        let mut to = TcpStream::connect(behind)?;
        const OURS: [&str; 4] = ["connection", "expect", "transfer-encoding", "content-length"];
        let headers: Vec<_> =
            request.headers.iter().filter(|(name, _)| !OURS.contains(&name.as_str())).cloned().collect();
        let head = format!(
            "{} {} HTTP/1.1\r\nconnection: close\r\ncontent-length: {}\r\n{}\r\n",
            request.method,
            request.target,
            request.body.len(),
            lines(&headers)
        );
        to.write_all(head.as_bytes())?;
        to.write_all(&request.body)?;
        let mut from = BufReader::new(to);
        let mut head = String::new();
        from.read_line(&mut head)?;
        // Ours end with the answer.
        head.push_str("connection: close\r\n");
        head.push_str(&lines(&manner.headers));
        loop {
            let mut line = String::new();
            from.read_line(&mut line)?;
            let name = line.split(':').next().unwrap_or_default();
            let is_new = manner.headers.iter().any(|(new, _)| new.eq_ignore_ascii_case(name));
            if !is_new && !name.eq_ignore_ascii_case("connection") {
                head.push_str(&line);
            }
            if line.trim_end().is_empty() {
                break;
            }
        }
        if manner.held.is_some() && !self.waits(stream, manner.held) {
            return Ok(false);
        }
        stream.write_all(head.as_bytes())?;
        let most = manner.most.and_then(|most| u64::try_from(most).ok()).unwrap_or(u64::MAX);
        let mut body = from.take(most);
        let mut first = [0];
        if manner.corrupted && body.read(&mut first)? == 1 {
            stream.write_all(&[first[0].wrapping_add(1)])?;
        }
        if std::io::copy(&mut body, &mut stream).is_err() {
            self.hung_up.fetch_add(1, Ordering::SeqCst);
        }
        Ok(false)
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
                // A request that comes early would make this spin.
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
