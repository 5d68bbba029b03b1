//! AWS's event streams: frames with headers, a payload and two checksums.

use std::time::Duration;

use serde_json::Value;

/// One frame of an event stream.
#[derive(Clone, Debug)]
pub struct Event {
    /// How long after the one before it is sent.
    pub(crate) after: Duration,
    /// The event's type, where it is an event and no exception.
    pub(crate) kind: Option<String>,
    headers: Vec<(String, String)>,
    pub(crate) payload: Vec<u8>,
    /// The payload, where it is JSON: held to the service's model.
    pub(crate) json: Option<Value>,
}

impl Event {
    /// An event whose payload is JSON, such as `Event::new("contentBlockDelta", json!({…}))`.
    ///
    /// The streams of JSON 1.1 services begin with `Event::new("initial-response", json!({}))`.
    pub fn new(kind: &str, payload: Value) -> Event {
        let mut event = Event::raw(kind, "application/json", payload.to_string());
        event.json = Some(payload);
        event
    }

    /// An event whose payload is bytes, such as `Event::bytes("PayloadChunk", "…")` of Lambda.
    pub fn bytes(kind: &str, payload: impl Into<Vec<u8>>) -> Event {
        Event::raw(kind, "application/octet-stream", payload)
    }

    /// The end of a stream that fails, such as `Event::exception("throttlingException", "Too many requests")`.
    /// `kind` is the name of the stream's member, as the model has it.
    pub fn exception(kind: &str, message: &str) -> Event {
        let payload = serde_json::json!({ "message": message }).to_string();
        Event::frame(
            &[
                (":message-type", "exception"),
                (":exception-type", kind),
                (":content-type", "application/json"),
            ],
            payload,
        )
    }

    /// The end of a stream that fails in a way its model does not know.
    pub fn error(code: &str, message: &str) -> Event {
        Event::frame(&[(":message-type", "error"), (":error-code", code), (":error-message", message)], "")
    }

    /// Sends it that long after the one before it.
    #[must_use]
    pub fn after(mut self, wait: Duration) -> Event {
        self.after = wait;
        self
    }

    fn raw(kind: &str, content: &str, payload: impl Into<Vec<u8>>) -> Event {
        let mut event = Event::frame(
            &[(":message-type", "event"), (":event-type", kind), (":content-type", content)],
            payload,
        );
        event.kind = Some(kind.to_owned());
        event
    }

    fn frame(headers: &[(&str, &str)], payload: impl Into<Vec<u8>>) -> Event {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Event { after: Duration::ZERO, kind: None, headers, payload: payload.into(), json: None }
    }

    /// The frame as it goes over the wire.
    pub fn encode(&self) -> Vec<u8> {
        /// The type of a header whose value is a string.
        const STRING: u8 = 7;
        let mut headers = Vec::new();
        for (name, value) in &self.headers {
            headers.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
            headers.extend(name.as_bytes());
            headers.push(STRING);
            headers.extend(u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes());
            headers.extend(value.as_bytes());
        }
        // Two lengths and a checksum before, a checksum behind.
        let total = 12 + headers.len() + self.payload.len() + 4;
        let mut frame = Vec::with_capacity(total);
        frame.extend(u32::try_from(total).unwrap_or(u32::MAX).to_be_bytes());
        frame.extend(u32::try_from(headers.len()).unwrap_or(u32::MAX).to_be_bytes());
        frame.extend(crc32fast::hash(&frame).to_be_bytes());
        frame.extend(&headers);
        frame.extend(&self.payload);
        frame.extend(crc32fast::hash(&frame).to_be_bytes());
        frame
    }
}

/// A stream of events with JSON payloads, in one piece.
pub fn event_stream(events: &[(&str, Value)]) -> Vec<u8> {
    events.iter().flat_map(|(kind, payload)| Event::new(kind, payload.clone()).encode()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// botocore, which did not learn it from us, reads what is written.
    #[test]
    fn botocore_reads_the_frames() {
        let mut bytes = event_stream(&[("chunk", serde_json::json!({"text": "héllo"}))]);
        bytes.extend(Event::bytes("PayloadChunk", [0, 255]).encode());
        bytes.extend(Event::exception("throttlingException", "slow down").encode());
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("stream"), bytes).unwrap();
        let program = "import sys\nfrom botocore.eventstream import EventStreamBuffer\n\
            buffer = EventStreamBuffer()\nbuffer.add_data(open(sys.argv[1], 'rb').read())\n\
            for event in buffer: print(event.headers[':message-type'], event.headers.get(':event-type'), event.payload)";
        let output = std::process::Command::new(crate::tool("ministack", "bin/python"))
            .args(["-c", program])
            .arg(dir.path().join("stream"))
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines,
            [
                "event chunk b'{\"text\":\"h\\xc3\\xa9llo\"}'",
                "event PayloadChunk b'\\x00\\xff'",
                "exception None b'{\"message\":\"slow down\"}'",
            ],
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}
