//! Who answers the steps that ask others: a web server and a unix socket that note each request they were given, once.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::Duration;

/// The path of a request that only wants to come after all others.
const AFTER: &str = "/after";

/// Both servers. Each takes one request after the other, so an answer means that all requests before it are noted.
pub struct Desk {
    port: u16,
    socket: PathBuf,
    threads: Vec<JoinHandle<()>>,
}

/// Appends a line in one write, as the commands do.
fn note(work: &Path, name: &str, line: &str) {
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(work.join(name)).unwrap();
    file.write_all(format!("{line}\n").as_bytes()).unwrap();
}

impl Desk {
    /// Notes go to `work`. Each request takes `slow` before and after it is noted.
    pub fn open(work: &Path, slow: Duration) -> Desk {
        let web = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = web.local_addr().unwrap().port();
        let socket = work.join("desk");
        let line = UnixListener::bind(&socket).unwrap();
        let (a, b) = (work.to_owned(), work.to_owned());
        let web = std::thread::spawn(move || {
            while let Ok((stream, _)) = web.accept() {
                if serve_web(stream, &a, slow).is_none() {
                    break;
                }
            }
        });
        let line = std::thread::spawn(move || {
            while let Ok((stream, _)) = line.accept() {
                if serve_line(stream, &b, slow).is_none() {
                    break;
                }
            }
        });
        Desk { port, socket, threads: vec![web, line] }
    }

    /// Port of the web server.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns once all that was asked before is noted or lost.
    pub fn after_all(&self) {
        let mut answer = String::new();
        let mut web = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(web, "GET {AFTER} HTTP/1.1\r\n\r\n").unwrap();
        web.read_to_string(&mut answer).unwrap();
        assert!(answer.contains("200"), "{answer}");
        let mut line = UnixStream::connect(&self.socket).unwrap();
        line.write_all(format!("{AFTER}\n").as_bytes()).unwrap();
        line.read_to_string(&mut answer).unwrap();
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = TcpStream::connect(("127.0.0.1", self.port))
            .map(|mut s| s.write_all(b"GET /end HTTP/1.1\r\n\r\n"));
        let _ = UnixStream::connect(&self.socket).map(|mut s| s.write_all(b"/end\n"));
        self.threads.drain(..).for_each(|t| drop(t.join()));
    }
}

/// `None`: it was the last one.
fn serve_web(stream: TcpStream, work: &Path, slow: Duration) -> Option<()> {
    let mut lines = BufReader::new(&stream).lines();
    let Some(Ok(first)) = lines.next() else { return Some(()) };
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    if path == "/end" {
        return None;
    }
    let (mut token, mut whole) = (None, false);
    for line in lines.by_ref().map_while(Result::ok) {
        if line.is_empty() {
            whole = true;
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("idempotency-key")
        {
            token = Some(value.trim().to_owned());
        }
    }
    drop(lines);
    // A request that was cut short is not carried out.
    if whole && path != AFTER {
        std::thread::sleep(slow);
        note(work, path.trim_start_matches('/'), &token.expect("the attempt's token"));
        std::thread::sleep(slow);
    }
    // Whoever asked may be dead.
    let _ = (&stream).write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    Some(())
}

/// `None`: it was the last one.
fn serve_line(stream: UnixStream, work: &Path, slow: Duration) -> Option<()> {
    let mut line = String::new();
    let read = BufReader::new(&stream).read_line(&mut line);
    match (read, line.strip_suffix('\n')) {
        (Ok(_), Some("/end")) => return None,
        (Ok(_), Some(name)) if name != AFTER => {
            std::thread::sleep(slow);
            note(work, name, "done");
            std::thread::sleep(slow);
        }
        _ => {}
    }
    Some(())
}
