//! The users: real requests over loopback, at a steady rate with the usual unevenness.

use super::noise::Noise;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

/// Requests in flight at most; beyond it a user gives up rather than wait in line.
const IN_FLIGHT: usize = 200;
/// A request that takes longer is given up.
const PATIENCE: Duration = Duration::from_secs(10);

/// A load generator.
#[derive(Debug)]
pub struct Load {
    rate: f64,
    seed: u64,
    users: Arc<Users>,
}

/// Connections that wait for their next request.
#[derive(Debug)]
struct Users {
    address: SocketAddr,
    idle: Mutex<Vec<TcpStream>>,
}

impl Load {
    /// Load of `rate` requests a second on an address.
    pub fn new(address: SocketAddr, seed: u64, rate: f64) -> Load {
        Load { rate, seed, users: Arc::new(Users { address, idle: Mutex::default() }) }
    }

    /// Sends requests until it is dropped; it waits for no answer before the next one.
    pub async fn run(self) {
        let slots = Arc::new(Semaphore::new(IN_FLIGHT));
        let mut due = tokio::time::Instant::now();
        for n in 0.. {
            // Arrivals of many independent users: exponential gaps.
            let gap = -(1.0 - Noise::of(self.seed.rotate_left(17), n).unit()).ln() / self.rate;
            due += Duration::from_secs_f64(gap);
            tokio::time::sleep_until(due).await;
            let Ok(slot) = Arc::clone(&slots).try_acquire_owned() else { continue };
            let users = Arc::clone(&self.users);
            tokio::spawn(async move {
                let _slot = slot;
                // An answer that never comes or is broken is not counted by the service either.
                let _ = tokio::time::timeout(PATIENCE, users.ask()).await;
            });
        }
    }
}

impl Users {
    /// One request, on a kept connection when there is one.
    async fn ask(&self) -> io::Result<()> {
        let kept = self.idle().pop();
        let mut stream = match kept {
            Some(stream) => stream,
            None => TcpStream::connect(self.address).await?,
        };
        stream.set_nodelay(true)?;
        stream.write_all(b"GET / HTTP/1.1\r\nhost: demo-shop\r\n\r\n").await?;
        let (mut answer, mut chunk) = (Vec::new(), [0; 1024]);
        while !complete(&answer) {
            match stream.read(&mut chunk).await? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                n => answer.extend_from_slice(&chunk[..n]),
            }
        }
        self.idle().push(stream);
        Ok(())
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<TcpStream>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether an answer with a content length is there to its end.
fn complete(answer: &[u8]) -> bool {
    let Some(end) = memchr::memmem::find(answer, b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|l| l.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    answer.len() >= end + 4 + length.unwrap_or(0)
}
