//! Real programs beside ours: found, started on free loopback ports, waited for, and ended whatever happens.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a program may take to answer for the first time, on a busy machine.
const READY: Duration = Duration::from_secs(60);

/// Whether all these programs are installed (program, Debian package). When one is not, says so and is false;
/// with `RIPCORD_REQUIRE_COMPONENTS=1`, as CI sets it, that is a failure.
pub fn installed(programs: &[(&str, &str)]) -> bool {
    for (program, package) in programs {
        if find(program).is_none() {
            assert!(
                std::env::var("RIPCORD_REQUIRE_COMPONENTS").as_deref() != Ok("1"),
                "{program} is required but not installed (apt-get install {package})"
            );
            // Past the capture of the test harness: a passing test's own prints are not shown.
            let _ = writeln!(
                std::io::stderr(),
                "skipped: {program} is not installed (apt-get install {package})"
            );
            return false;
        }
    }
    true
}

/// Where a program is; Debian keeps servers in /usr/sbin, which a user's PATH may lack.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default();
    std::env::split_paths(&format!("{path}:/usr/local/sbin:/usr/sbin:/sbin"))
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// A free loopback port. Another process may take it before it is used: start through [`Server::start`], which
/// tries again.
pub fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// Waits until something holds; panics with `why` when it never does.
pub fn eventually<T>(why: &str, limit: Duration, mut what: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = what() {
            return found;
        }
        assert!(began.elapsed() < limit, "never came: {why}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// A running program. It is asked to end when this is dropped, and killed when it does not.
pub struct Server {
    child: Child,
    /// The ports it was given.
    pub ports: Vec<u16>,
    log: PathBuf,
}

impl Server {
    /// Starts `program` on `ports` free ports and waits until the first of them answers 200 at `ready`. What it
    /// prints goes to a file in `folder`.
    pub fn start(
        program: &str,
        folder: &Path,
        ports: usize,
        ready: &str,
        arguments: impl Fn(&[u16]) -> Vec<String>,
    ) -> Server {
        let mut tried = String::new();
        for _ in 0..5 {
            let ports: Vec<u16> = (0..ports).map(|_| free_port()).collect();
            let mut server = Server::spawn(program, folder, &arguments(&ports), ports);
            match server.wait(ready) {
                Ok(()) => return server,
                Err(why) => tried = why,
            }
        }
        panic!("{program} does not start: {tried}");
    }

    /// Starts `program` without waiting for it.
    pub fn spawn(program: &str, folder: &Path, arguments: &[String], ports: Vec<u16>) -> Server {
        let log = folder.join(format!("{program}-{}.log", ports[0]));
        let out = File::options().create(true).append(true).open(&log).unwrap();
        let child = Command::new(find(program).unwrap())
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(out.try_clone().unwrap())
            .stderr(out)
            .spawn()
            .unwrap();
        Server { child, ports, log }
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has printed.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Whether it runs.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for the first good answer; an error when it ends before, as it does when a port was taken meanwhile.
    fn wait(&mut self, ready: &str) -> Result<(), String> {
        let began = Instant::now();
        while began.elapsed() < READY {
            if let Some(status) = self.child.try_wait().unwrap() {
                return Err(format!("{status}\n{}", self.log()));
            }
            if get(self.ports[0], ready).is_ok_and(|(status, _)| status == 200) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err(format!("no answer within {READY:?}\n{}", self.log()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(pid) = rustix::process::Pid::from_raw(self.child.id() as i32)
            && self.runs()
        {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
            let began = Instant::now();
            while self.runs() && began.elapsed() < Duration::from_secs(5) {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One GET on loopback; status and body.
pub fn get(port: u16, path: &str) -> std::io::Result<(u16, Vec<u8>)> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    // HTTP/1.0: no kept connection, so that the answer is all that comes. HAProxy sends chunks nevertheless.
    write!(stream, "GET {path} HTTP/1.0\r\nhost: 127.0.0.1:{port}\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let broken = || std::io::Error::from(std::io::ErrorKind::InvalidData);
    let head = answer.windows(4).position(|w| w == b"\r\n\r\n").ok_or_else(broken)?;
    let status = std::str::from_utf8(answer.get(9..12).ok_or_else(broken)?).ok().and_then(|s| s.parse().ok());
    let body = answer.split_off(head + 4);
    let chunked = String::from_utf8_lossy(&answer).to_lowercase().contains("transfer-encoding: chunked");
    let body = if chunked { joined(&body).ok_or_else(broken)? } else { body };
    Ok((status.ok_or_else(broken)?, body))
}

/// A chunked body in one piece.
fn joined(mut chunks: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = chunks.windows(2).position(|w| w == b"\r\n")?;
        let length = usize::from_str_radix(std::str::from_utf8(&chunks[..line]).ok()?.trim(), 16).ok()?;
        if length == 0 {
            return Some(body);
        }
        body.extend_from_slice(chunks.get(line + 2..line + 2 + length)?);
        chunks = chunks.get(line + 2 + length + 2..)?;
    }
}

/// The body of a GET that must succeed.
pub fn body(port: u16, path: &str) -> Vec<u8> {
    let (status, body) = get(port, path).unwrap();
    assert_eq!(status, 200, "{path}: {}", String::from_utf8_lossy(&body));
    body
}

#[test]
fn a_server_is_ended_with_its_guard() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::spawn("sleep", folder.path(), &["600".into()], vec![0]);
    assert!(server.runs());
    let proc = format!("/proc/{}", server.pid());
    drop(server);
    assert!(!Path::new(&proc).exists());
}

#[test]
fn a_program_that_is_not_there_is_not_found() {
    assert!(find("sh").is_some());
    assert!(find("ripcord-has-no-such-program").is_none());
}
