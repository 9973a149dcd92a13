//! A line to a unix socket, and what it answers.

use std::io;
use std::path::Path;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

/// Bytes of an answer that are read.
const MOST: u64 = 1024 * 1024;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Nobody took the connection: nothing was done.
    Refused(String),
    /// The line may have been read, and no whole answer came back.
    NoAnswer(String),
}

/// Sends a line with its newline and reads until the other side is done.
pub(super) async fn call(path: &Path, line: &str, limit: Duration) -> Result<String, Trouble> {
    let named = |e: io::Error| format!("{}: {e}", path.display());
    let talk = async {
        let mut stream = UnixStream::connect(path).await.map_err(|e| Trouble::Refused(named(e)))?;
        let lost = |e| Trouble::NoAnswer(named(e));
        stream.write_all(format!("{line}\n").as_bytes()).await.map_err(lost)?;
        let mut answer = Vec::new();
        stream.take(MOST).read_to_end(&mut answer).await.map_err(lost)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    };
    match tokio::time::timeout(limit, talk).await {
        Ok(said) => said,
        Err(_) => Err(Trouble::NoAnswer(format!("{}: no answer in time", path.display()))),
    }
}
