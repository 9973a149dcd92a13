//! The embedded service of a rehearsal: it takes every request on a port of loopback and says what it was asked.

use axum::http::{HeaderMap, Method, StatusCode, Uri};
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::oneshot;

/// Header by which the service is told to answer badly, as what is rehearsed wants it.
const SICK: &str = "x-rehearsed-sick";

/// A running service. It ends when this is dropped.
#[derive(Debug)]
pub struct Echo {
    port: u16,
    taken: Arc<AtomicU64>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Echo {
    /// Starts it on a free port of loopback.
    ///
    /// # Errors
    /// When no port can be bound, or no thread started.
    pub fn start() -> io::Result<Echo> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel();
        let taken = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&taken);
        let answer = move |method: Method, uri: Uri, headers: HeaderMap, body: String| async move {
            counter.fetch_add(1, Ordering::Relaxed);
            let body: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
            let answer = serde_json::json!({
                "rehearsed": true, "method": method.as_str(), "path": uri.path(), "asked": body,
            });
            let status = match headers.contains_key(SICK) {
                true => StatusCode::SERVICE_UNAVAILABLE,
                false => StatusCode::OK,
            };
            (status, axum::Json(answer))
        };
        let thread = std::thread::Builder::new().name("rehearsed".into()).spawn(move || {
            runtime.block_on(async move {
                let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
                let router = axum::Router::new().fallback(answer);
                tokio::select! {
                    _ = stopped => {}
                    _ = axum::serve(listener, router) => {}
                }
            });
        })?;
        Ok(Echo { port, taken, stop: Some(stop), thread: Some(thread) })
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Requests that it has taken.
    pub fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the service's thread has been printed; there is nothing to add to it here.
            let _ = thread.join();
        }
    }
}

/// Sends a request to a port of 127.0.0.1; the status of its answer. The service is to answer well, or not.
///
/// # Errors
/// When it cannot be sent, or what comes back is no answer.
pub async fn send(port: u16, method: &str, path: &str, body: &str, good: bool) -> io::Result<u16> {
    let clean = |text: &str| text.chars().filter(|c| c.is_ascii_graphic()).collect::<String>();
    let (method, path) = (clean(method), clean(path));
    let sick = if good { String::new() } else { format!("{SICK}: yes\r\n") };
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n{sick}content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let mut stream = tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let text = String::from_utf8_lossy(&answer);
    let status = text.split_whitespace().nth(1).and_then(|s| s.parse().ok());
    status.ok_or_else(|| io::ErrorKind::InvalidData.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whatever_is_asked_is_taken() {
        let service = Echo::start().unwrap();
        assert_eq!(send(service.port(), "POST", "/a/b?c=1", "{\"x\":1}", true).await.unwrap(), 200);
        assert_eq!(send(service.port(), "GET", "/", "", false).await.unwrap(), 503);
        assert_eq!(service.taken(), 2);
    }
}
