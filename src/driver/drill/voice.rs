//! The embedded service's voice: requests of a rehearsal are really sent, to a port of loopback and nowhere else.

use crate::drill::stage::Speech;
use crate::sim::echo::Echo;
use std::io;
use std::time::Duration;

/// How long one request may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// A client of the embedded service; it knows a port, and no other address can be given to it.
pub struct Voice {
    service: Echo,
    runtime: tokio::runtime::Runtime,
}

impl Voice {
    /// Starts the service on a free port of loopback.
    ///
    /// # Errors
    /// When no port can be bound, or no thread started.
    pub fn start() -> io::Result<Voice> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Voice { service: Echo::start()?, runtime })
    }

    /// Sends a request and waits for its answer: its status in words, or why it is none.
    pub fn speak(&self, speech: &Speech) -> Result<String, String> {
        let what = &speech.what;
        let body = what.json.as_ref().map(|v| v.to_string()).unwrap_or_default();
        let sent =
            crate::sim::echo::send(self.service.port(), &what.method, &what.path.0, &body, speech.good);
        let answer = self.runtime.block_on(async { tokio::time::timeout(PATIENCE, sent).await });
        match answer {
            Err(_) => Err(format!("no answer in {} s", PATIENCE.as_secs())),
            Ok(Err(e)) => Err(e.to_string()),
            Ok(Ok(status)) if (200..300).contains(&status) => Ok(status.to_string()),
            Ok(Ok(status)) => Err(format!("status {status}")),
        }
    }
}
