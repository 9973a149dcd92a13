//! What the tests of sources share: a signal, a time, servers that misbehave.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::model::playbook::{Better, ReadingKind, Signal};
use crate::model::time::Now;
use crate::model::unit::Unit;

pub(super) fn signal(reading: ReadingKind) -> Signal {
    Signal {
        title: "signal".into(),
        source: Some("source".into()),
        reading,
        unit: Unit::Score,
        raw: Unit::Score,
        series: None,
        counter: false,
        better: Better::Lower,
        baseline: None,
        min_samples: None,
        fresh: None,
        warn: None,
        critical: None,
        stale_after: 30_000,
        panel: None,
    }
}

pub(super) fn now(boot: u64) -> Now {
    Now { boot, boot_id: "boot".into(), wall: boot as i64 }
}

/// A server that reads one request head after the other and answers as `answer` does; it ends when dropped.
pub(super) struct Server {
    pub(super) base: String,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Serves each connection in a task of its own.
pub(super) async fn serve<F, R>(answer: F) -> Server
where
    F: Fn(String, TcpStream) -> R + Send + Sync + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let answer = std::sync::Arc::new(answer);
    let task = tokio::spawn(async move {
        let mut open = tokio::task::JoinSet::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = answer.clone();
            open.spawn(async move {
                if let Some(request) = request(&mut stream).await {
                    answer(request, stream).await;
                }
            });
        }
    });
    Server { base, task }
}

/// A request, head and body, as text.
pub(super) async fn request(stream: &mut TcpStream) -> Option<String> {
    let mut got = Vec::new();
    loop {
        let mut buffer = [0; 4096];
        let n = stream.read(&mut buffer).await.ok()?;
        if n == 0 {
            return None;
        }
        got.extend_from_slice(&buffer[..n]);
        let text = String::from_utf8_lossy(&got);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|l| l.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return Some(text.into_owned());
            }
        }
    }
}

/// Writes an answer with its length; the connection stays open.
pub(super) async fn reply(stream: &mut TcpStream, status: &str, headers: &str, body: &str) {
    let text = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len());
    let _ = stream.write_all(text.as_bytes()).await;
}
