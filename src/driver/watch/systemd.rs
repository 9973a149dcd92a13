//! What a service manager is told: `sd_notify`'s few words over its socket.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// The way to the service manager; none where nobody listens.
#[derive(Debug, Default)]
pub struct Systemd {
    to: Option<(UnixDatagram, SocketAddr)>,
    every: Option<Duration>,
}

impl Systemd {
    /// As the environment says: `NOTIFY_SOCKET`, `WATCHDOG_USEC`, `WATCHDOG_PID`.
    pub fn of(env: &dyn Fn(&str) -> Option<String>, pid: u32) -> Systemd {
        let address = env("NOTIFY_SOCKET").and_then(|name| match name.strip_prefix('@') {
            Some(name) => SocketAddr::from_abstract_name(name).ok(),
            None => SocketAddr::from_pathname(name).ok(),
        });
        let to = address.and_then(|address| {
            let socket = UnixDatagram::unbound().ok()?;
            socket.set_nonblocking(true).ok()?;
            Some((socket, address))
        });
        let mine = env("WATCHDOG_PID").is_none_or(|p| p == pid.to_string());
        let limit = env("WATCHDOG_USEC").and_then(|us| us.parse().ok()).filter(|us| mine && *us > 0);
        Systemd { to, every: limit.map(|us: u64| Duration::from_micros(us / 2)) }
    }

    /// How often `WATCHDOG=1` is wanted: half of the limit.
    pub fn every(&self) -> Option<Duration> {
        self.every
    }

    /// Tells it `READY=1`, `STATUS=…`, `WATCHDOG=1`, `STOPPING=1`. One that does not read is not waited for.
    pub fn tell(&self, words: &str) {
        if let Some((socket, address)) = &self.to {
            let _ = socket.send_to_addr(words.as_bytes(), address);
        }
    }

    /// Tells it where things stand, on one line.
    pub fn status(&self, text: &str) {
        self.tell(&format!("STATUS={}", text.replace('\n', " ")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(of: Vec<(&'static str, String)>) -> impl Fn(&str) -> Option<String> {
        move |name| of.iter().find(|(n, _)| *n == name).map(|(_, v)| v.clone())
    }

    fn heard(socket: &UnixDatagram) -> String {
        let mut bytes = [0; 256];
        let n = socket.recv(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..n]).into_owned()
    }

    #[test]
    fn it_speaks_to_a_path_and_to_an_abstract_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        let there = env(vec![
            ("NOTIFY_SOCKET", path.display().to_string()),
            ("WATCHDOG_USEC", "3000000".into()),
            ("WATCHDOG_PID", "7".into()),
        ]);
        let systemd = Systemd::of(&there, 7);
        systemd.status("all\nquiet");
        assert_eq!(heard(&socket), "STATUS=all quiet");
        assert_eq!(systemd.every(), Some(Duration::from_millis(1500)));
        assert_eq!(Systemd::of(&there, 8).every(), None, "another process is watched");

        let name = format!("ripcord-test-{}", std::process::id());
        let socket = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
        Systemd::of(&env(vec![("NOTIFY_SOCKET", format!("@{name}"))]), 7).tell("READY=1");
        assert_eq!(heard(&socket), "READY=1");
    }

    #[test]
    fn nobody_listens_and_nothing_happens() {
        let nobody = Systemd::of(&env(vec![("NOTIFY_SOCKET", "/nowhere/at/all".into())]), 7);
        nobody.tell("READY=1");
        Systemd::of(&env(vec![]), 7).tell("READY=1");
        assert_eq!(nobody.every(), None);
    }
}
