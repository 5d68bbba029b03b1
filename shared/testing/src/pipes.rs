//! The pipes of a server's process, each served by a thread of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

/// Writes on a thread, so that a server which stops reading cannot stop the test.
pub(crate) fn writer(mut to: impl Write + Send + 'static) -> Sender<Vec<u8>> {
    let (sender, lines) = channel::<Vec<u8>>();
    std::thread::spawn(move || {
        while let Ok(line) = lines.recv() {
            if to.write_all(&line).and_then(|()| to.flush()).is_err() {
                break;
            }
        }
    });
    sender
}

/// Reads lines on a thread, so that a wait for one can end.
pub(crate) fn reader(from: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(from).split(b'\n') {
            let Ok(line) = line else { break };
            if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                break;
            }
        }
    });
    lines
}

/// Appends all that comes `from` to `into`. The channel hangs up at its end.
pub(crate) fn collect(mut from: impl Read + Send + 'static, into: Arc<Mutex<String>>) -> Receiver<()> {
    let (sender, ended) = channel();
    std::thread::spawn(move || {
        let _until_here: Sender<()> = sender;
        let mut buffer = [0; 8192];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            if let (Ok(mut text), Some(bytes)) = (into.lock(), buffer.get(..count)) {
                text.push_str(&String::from_utf8_lossy(bytes));
            }
        }
    });
    ended
}
