//! A page that the tests control: a small HTTP server on loopback, thread per connection.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What a page answers.
pub enum Answer {
    /// 200 with this body.
    Body(String),
    /// Nothing, for ever.
    Hang,
}

/// The server. Its address; how many requests it has had.
pub struct Page {
    pub port: u16,
    pub asked: Arc<AtomicU64>,
    end: Arc<AtomicBool>,
}

impl Page {
    /// Serves `answer(number of the request, path)`.
    pub fn serve(answer: impl Fn(u64, &str) -> Answer + Send + Sync + 'static) -> Page {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (asked, end) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (count, over, answer) = (asked.clone(), end.clone(), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if over.load(Ordering::Relaxed) {
                    return;
                }
                let (count, over, answer) = (count.clone(), over.clone(), answer.clone());
                std::thread::spawn(move || talk(stream, &count, &over, &*answer));
            }
        });
        Page { port, asked, end }
    }

    /// Its base URL.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.end.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn talk(stream: TcpStream, count: &AtomicU64, over: &AtomicBool, answer: &dyn Fn(u64, &str) -> Answer) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    loop {
        let (mut first, mut length) = (String::new(), 0);
        if reader.read_line(&mut first).unwrap_or(0) == 0 {
            return;
        }
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if let Some(n) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = n.trim().parse().unwrap_or(0);
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let path = first.split(' ').nth(1).unwrap_or("/").to_string();
        match answer(count.fetch_add(1, Ordering::Relaxed), &path) {
            Answer::Body(body) => {
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n\r\n",
                    body.len()
                );
                if stream.write_all((head + &body).as_bytes()).is_err() {
                    return;
                }
            }
            Answer::Hang => {
                // Until the other side gives up, or the test ends.
                let mut byte = [0];
                stream.set_read_timeout(Some(std::time::Duration::from_millis(200))).unwrap();
                while !over.load(Ordering::Relaxed) {
                    match stream.read(&mut byte) {
                        Ok(0) => return,
                        Err(e)
                            if !matches!(
                                e.kind(),
                                std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                            ) =>
                        {
                            return;
                        }
                        _ => {}
                    }
                }
                return;
            }
        }
    }
}
