//! Between a server and the local AWS: slow, or lying, or AWS itself as far as the server can tell.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    time::Duration,
};

use crate::place::aws;

pub(crate) struct Proxy {
    pub(crate) endpoint: String,
    seen: Arc<Mutex<Vec<String>>>,
}

/// A request, or an answer.
#[derive(Clone)]
pub(crate) struct Http {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Http {
    pub(crate) fn answer(status: &str, headers: &str, body: &str) -> Http {
        let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n{headers}\r\n", body.len());
        Http { head, body: body.as_bytes().to_vec() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

impl Proxy {
    /// Each part takes this long.
    pub(crate) fn slow(pause: Duration) -> Proxy {
        Proxy::start(move |request| {
            if request.head.contains("partNumber=") || request.header("range").is_some() {
                std::thread::sleep(pause);
            }
            forward(request)
        })
    }

    /// The first byte of all that is fetched is another.
    pub(crate) fn lying() -> Proxy {
        Proxy::start(|request| {
            let fetches = request.head.starts_with("GET");
            let mut answer = forward(request);
            if let Some(first) = answer.body.first_mut().filter(|_| fetches) {
                *first = first.wrapping_add(1);
            }
            answer
        })
    }

    pub(crate) fn start(answer: impl Fn(Http) -> Http + Send + Sync + 'static) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let seen: Arc<Mutex<Vec<String>>> = Arc::default();
        let (answer, log) = (Arc::new(answer), seen.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answer, log) = (answer.clone(), log.clone());
                std::thread::spawn(move || {
                    let mut reader = BufReader::new(stream.try_clone().unwrap());
                    while let Some(request) = read(&mut reader) {
                        log.lock().unwrap().push(request.head.clone());
                        let head = request.head.starts_with("HEAD");
                        let answer = answer(request);
                        let body = if head { &[][..] } else { &answer.body };
                        if (&stream)
                            .write_all(answer.head.as_bytes())
                            .and_then(|()| (&stream).write_all(body))
                            .is_err()
                        {
                            break;
                        }
                    }
                });
            }
        });
        Proxy { endpoint, seen }
    }

    /// The heads of the requests so far.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

fn forward(request: Http) -> Http {
    let address = aws().endpoint().trim_start_matches("http://").to_owned();
    let stream = TcpStream::connect(address).unwrap();
    (&stream).write_all(request.head.as_bytes()).unwrap();
    (&stream).write_all(&request.body).unwrap();
    let is_head = request.head.starts_with("HEAD");
    let mut reader = BufReader::new(stream);
    let head = read_head(&mut reader).unwrap();
    let mut answer = Http { head, body: Vec::new() };
    if !is_head {
        answer.body = vec![0; answer.header("content-length").map_or(0, |length| length.parse().unwrap())];
        reader.read_exact(&mut answer.body).unwrap();
    }
    answer
}

fn read(reader: &mut impl BufRead) -> Option<Http> {
    let mut request = Http { head: read_head(reader)?, body: Vec::new() };
    request.body = vec![0; request.header("content-length").map_or(0, |length| length.parse().unwrap())];
    reader.read_exact(&mut request.body).ok()?;
    Some(request)
}

fn read_head(reader: &mut impl BufRead) -> Option<String> {
    let mut head = String::new();
    loop {
        let start = head.len();
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
        if head[start..].trim().is_empty() {
            return Some(head);
        }
    }
}
