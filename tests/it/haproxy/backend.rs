//! A backend of the shop: answers users, counts what it did, and turns bad when it is told.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use std::fmt::Write;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const BOUNDS: [f64; 8] = [0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5];

#[derive(Default)]
struct Counted {
    bad: AtomicBool,
    asked: AtomicU64,
    ok: AtomicU64,
    failed: AtomicU64,
    kept: AtomicU64,
    seconds: Mutex<Vec<f64>>,
}

/// A running backend; gone when dropped.
pub struct Backend {
    pub port: u16,
    counted: Arc<Counted>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Backend {
    pub fn start() -> Backend {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let counted = Arc::new(Counted::default());
        let router = Router::new()
            .route("/", get(work))
            .route("/health", get(|| async { "ok\n" }))
            .route("/metrics", get(metrics))
            .with_state(counted.clone());
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                tokio::select! {
                    _ = stopped => {}
                    _ = async { axum::serve(listener, router).await } => {}
                }
            });
        });
        Backend { port, counted, stop: Some(stop), thread: Some(thread) }
    }

    /// From now on every second answer is an error, all are slow, and memory grows.
    pub fn go_bad(&self) {
        self.counted.bad.store(true, Ordering::Relaxed);
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        drop(self.stop.take());
        let _ = self.thread.take().unwrap().join();
    }
}

async fn work(State(counted): State<Arc<Counted>>) -> (StatusCode, &'static str) {
    let began = Instant::now();
    let bad = counted.bad.load(Ordering::Relaxed);
    let n = counted.asked.fetch_add(1, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_millis(if bad { 600 } else { 5 })).await;
    counted.seconds.lock().unwrap().push(began.elapsed().as_secs_f64());
    if !bad {
        counted.ok.fetch_add(1, Ordering::Relaxed);
        return (StatusCode::OK, "ok\n");
    }
    counted.kept.fetch_add(500_000, Ordering::Relaxed);
    if n % 2 == 0 {
        counted.ok.fetch_add(1, Ordering::Relaxed);
        return (StatusCode::OK, "ok, late\n");
    }
    counted.failed.fetch_add(1, Ordering::Relaxed);
    (StatusCode::INTERNAL_SERVER_ERROR, "error\n")
}

async fn metrics(State(counted): State<Arc<Counted>>) -> String {
    let mut out = String::from("# TYPE http_requests_total counter\n");
    // Like many real services: a series of errors does not exist before the first error.
    let of = |n: &AtomicU64| n.load(Ordering::Relaxed);
    let _ = writeln!(out, "http_requests_total{{code=\"200\"}} {}", of(&counted.ok));
    if of(&counted.failed) > 0 {
        let _ = writeln!(out, "http_requests_total{{code=\"500\"}} {}", of(&counted.failed));
    }
    let seconds = counted.seconds.lock().unwrap();
    let name = "http_request_duration_seconds";
    let _ = writeln!(out, "# TYPE {name} histogram");
    for bound in BOUNDS {
        let n = seconds.iter().filter(|s| **s <= bound).count();
        let _ = writeln!(out, "{name}_bucket{{le=\"{bound}\"}} {n}");
    }
    let _ = writeln!(out, "{name}_bucket{{le=\"+Inf\"}} {}", seconds.len());
    let _ = writeln!(out, "{name}_sum {}\n{name}_count {}", seconds.iter().sum::<f64>(), seconds.len());
    let _ = writeln!(out, "# TYPE process_resident_memory_bytes gauge");
    let _ = writeln!(out, "process_resident_memory_bytes {}", 150_000_000 + of(&counted.kept));
    out
}
