//! Requests to a run: one file per asker under `control/`, lines appended by the asker, read by the supervisor. Who asks is
//! the file's owner; their name and login are looked up, not taken as written.

use super::home::{alive, journal_path};
use super::person::user_name;
use super::secrets::{guard, hide};
use crate::clock;
use crate::journal::access::{Sharing, open_left_by_another};
use crate::journal::{Disk, LogError, Opened, Tail};
use crate::model::time::Deadline;
use crate::run::record::{REQUEST, Wish};
use crate::run::{Kind, Person, Request};
use std::collections::BTreeMap;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Bytes of one asker's file that are read in all.
const MOST: u64 = 256 * 1024;

/// The folder of requests.
pub(super) fn control_dir(run: &Path) -> PathBuf {
    run.join("control")
}

/// One asker: a program that may ask things of a run.
#[derive(Debug)]
pub struct Asker {
    disk: Arc<dyn Disk>,
    file: Opened,
    name: String,
    run: String,
    who: Person,
    count: u32,
}

impl Asker {
    /// Opens this program's file of requests to a run.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn open(disk: Arc<dyn Disk>, run: &Path, who: Person) -> Result<Asker, LogError> {
        // What is asked is written down: without the secrets that the run has.
        if let Ok(plan) = super::home::read_plan(run) {
            guard(&plan.playbook.secrets);
        }
        let folder = control_dir(run);
        let io = |path: &Path, doing| {
            let path = path.to_owned();
            move |source| LogError::Io { path, doing, source }
        };
        let mode = Sharing::of(&folder).map_err(io(&folder, "look at"))?.own_mode();
        let own = super::attempt::Process::own();
        let boot: String = clock::now().boot_id.chars().filter(char::is_ascii_alphanumeric).take(8).collect();
        let name = format!("{}-{boot}-{}-{}", who.uid, own.pid, own.start);
        let path = folder.join(format!("{name}.jsonl"));
        let file = disk.open(&path, mode).map_err(io(&path, "open"))?;
        disk.sync_dir(&folder).map_err(io(&folder, "sync"))?;
        let run = run.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // A second asker of the same process goes on counting.
        let count = file.file.metadata().map_or(0, |m| m.len() as u32);
        Ok(Asker { disk, file, name, run, who, count })
    }

    /// Asks; answers the request's id, by which the journal answers.
    ///
    /// # Errors
    /// When the line cannot be written.
    pub fn ask(
        &mut self,
        wish: Wish,
        step: Option<usize>,
        attempt: Option<u32>,
        seen: u64,
    ) -> Result<String, LogError> {
        self.count += 1;
        let request = Request {
            id: format!("{}-{}", self.name, self.count),
            run: self.run.clone(),
            step,
            attempt,
            seen,
            expires: Deadline::after(&clock::now(), REQUEST),
            who: self.who.clone(),
            ask: wish,
        };
        let mut value = serde_json::to_value(&request).expect("a request has string keys only");
        hide(&mut value);
        let mut line = value.to_string().into_bytes();
        line.push(b'\n');
        let io = |doing| {
            let path = self.file.path.clone();
            move |source| LogError::Io { path, doing, source }
        };
        self.disk.append(&self.file, &line).map_err(io("write"))?;
        self.disk.sync_file(&self.file).map_err(io("sync"))?;
        Ok(request.id)
    }
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answered {
    /// It was granted; what follows, in words.
    Accepted(String),
    /// It was not, and why.
    Refused(String),
    /// Nobody drives the run, so nobody answers.
    Nobody,
    /// No answer came as long as it was good.
    Nothing,
}

/// Waits for the journal's answer to a request; blocks for as long as a request is good.
///
/// # Errors
/// When the journal cannot be read.
pub fn answer(run: &Path, id: &str) -> Result<Answered, LogError> {
    let mut tail = Tail::new(journal_path(run));
    let until = Instant::now() + Duration::from_millis(REQUEST) + GRACE;
    let mut driven_at = Instant::now();
    loop {
        let driven = alive(run);
        for record in tail.poll()? {
            match Kind::read(&record) {
                Ok(Kind::RequestHandled { request, accepted, why }) if request.id == id => {
                    return Ok(if accepted { Answered::Accepted(why) } else { Answered::Refused(why) });
                }
                _ => {}
            }
        }
        if driven {
            driven_at = Instant::now();
        } else if driven_at.elapsed() > GRACE {
            return Ok(Answered::Nobody);
        }
        if Instant::now() >= until {
            return Ok(Answered::Nothing);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// How long a supervisor may be missing or slow before that is said.
const GRACE: Duration = Duration::from_secs(2);

/// Reads what askers wrote.
#[derive(Debug)]
pub(super) struct Inbox {
    folder: PathBuf,
    read: BTreeMap<PathBuf, u64>,
    names: BTreeMap<u32, String>,
}

impl Inbox {
    pub(super) fn new(run: &Path) -> Inbox {
        Inbox { folder: control_dir(run), read: BTreeMap::new(), names: BTreeMap::new() }
    }

    /// Whole lines that came since the last look. What is not a request, or pretends to be somebody else's, is named in
    /// the second part.
    pub(super) fn poll(&mut self) -> (Vec<Request>, Vec<String>) {
        let (mut requests, mut odd) = (Vec::new(), Vec::new());
        let Ok(entries) = std::fs::read_dir(&self.folder) else { return (requests, odd) };
        let mut paths: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
        paths.retain(|p| p.extension().is_some_and(|e| e == "jsonl"));
        paths.sort();
        for path in paths {
            let from = self.read.get(&path).copied().unwrap_or(0);
            if path.symlink_metadata().is_ok_and(|m| m.size() <= from) {
                continue;
            }
            match read_lines(&path, from) {
                Ok((lines, owner, upto)) => {
                    self.read.insert(path.clone(), upto);
                    for line in lines {
                        match serde_json::from_str::<Request>(&line) {
                            Ok(mut r) if r.who.uid == owner => match login_of(&path) {
                                Some(login) if login != r.who.login_uid => {
                                    odd.push(format!("{}: its process has another login", path.display()));
                                }
                                _ => {
                                    let name = self.names.entry(owner).or_insert_with(|| user_name(owner));
                                    r.who.user.clone_from(name);
                                    requests.push(r);
                                }
                            },
                            Ok(_) => odd.push(format!("{}: a request in another's name", path.display())),
                            Err(e) => odd.push(format!("{}: {e}", path.display())),
                        }
                    }
                }
                Err(e) => {
                    // Named once, not five times a second.
                    self.read.insert(path.clone(), u64::MAX);
                    odd.push(format!("{}: {e}", path.display()));
                }
            }
        }
        (requests, odd)
    }
}

/// The login of the process that a file of requests is named after (`uid-boot-pid-start`), while it lives: what it writes of
/// itself is checked by it.
fn login_of(path: &Path) -> Option<Option<u32>> {
    let name = path.file_stem()?.to_str()?;
    let mut parts = name.rsplit('-');
    let (start, pid) = (parts.next()?.parse::<u64>().ok()?, parts.next()?.parse::<i32>().ok()?);
    super::attempt::Process::read(pid).filter(|p| p.start == start)?;
    let login = std::fs::read_to_string(format!("/proc/{pid}/loginuid")).ok()?.trim().parse::<u32>().ok()?;
    Some((login != u32::MAX).then_some(login))
}

/// Lines after `from` up to the last newline, the file's owner, and how far that is.
fn read_lines(path: &Path, from: u64) -> Result<(Vec<String>, u32, u64), String> {
    let (mut file, owner) = open_left_by_another(path).map_err(|e| e.to_string())?;
    let read = |e: io::Error| e.to_string();
    file.seek(SeekFrom::Start(from)).map_err(read)?;
    let mut bytes = Vec::new();
    file.take(MOST.saturating_sub(from)).read_to_end(&mut bytes).map_err(read)?;
    if bytes.is_empty() && from >= MOST {
        return Err(format!("more than {MOST} bytes of requests"));
    }
    let whole = memchr::memrchr(b'\n', &bytes).map_or(0, |at| at + 1);
    let text = String::from_utf8_lossy(&bytes[..whole]);
    Ok((text.lines().map(str::to_owned).collect(), owner, from + whole as u64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::real;
    use std::io::Write;

    fn run() -> (tempfile::TempDir, PathBuf, Person) {
        let dir = tempfile::tempdir().unwrap();
        let run = dir.path().join("1121-0314-c-00aa");
        std::fs::create_dir_all(control_dir(&run)).unwrap();
        (dir, run, super::super::person::person())
    }

    #[test]
    fn each_request_is_read_once_and_only_when_its_line_is_whole() {
        let (_dir, run, me) = run();
        let mut asker = Asker::open(real(), &run, me).unwrap();
        let mut inbox = Inbox::new(&run);
        assert!(inbox.poll().0.is_empty());
        let first = asker.ask(Wish::GoOn, None, None, 4).unwrap();
        let second = asker.ask(Wish::Abort { reason: "wrong one".into() }, Some(2), Some(1), 5).unwrap();
        let (got, odd) = inbox.poll();
        assert_eq!(got.iter().map(|r| r.id.clone()).collect::<Vec<_>>(), [first, second.clone()]);
        assert!(odd.is_empty() && inbox.poll().0.is_empty());
        let line = serde_json::to_string(&got[1]).unwrap();
        (&asker.file.file).write_all(&line.as_bytes()[..20]).unwrap();
        assert!(inbox.poll().0.is_empty());
        (&asker.file.file).write_all(format!("{}\n", &line[20..]).as_bytes()).unwrap();
        assert_eq!(inbox.poll().0[0].id, second);
    }

    #[test]
    fn who_asks_is_the_files_owner_by_the_hosts_name_and_with_their_processs_login() {
        let (_dir, run, me) = run();
        let liar = Person { user: "somebody else".into(), ..me.clone() };
        Asker::open(real(), &run, liar).unwrap().ask(Wish::GoOn, None, None, 1).unwrap();
        let mut inbox = Inbox::new(&run);
        assert_eq!(inbox.poll().0[0].who.user, me.user);
        let login = Person { login_uid: Some(me.login_uid.map_or(4_711, |l| l + 1)), ..me };
        Asker::open(real(), &run, login).unwrap().ask(Wish::GoOn, None, None, 1).unwrap();
        let (got, odd) = inbox.poll();
        assert!(got.is_empty() && odd[0].contains("another login"), "{odd:?}");
    }

    #[test]
    fn a_request_in_anothers_name_or_in_a_file_others_may_write_is_refused_by_name() {
        use std::os::unix::fs::PermissionsExt;
        let (_dir, run, me) = run();
        let somebody = Person { uid: me.uid + 1, ..me.clone() };
        Asker::open(real(), &run, somebody).unwrap().ask(Wish::GoOn, None, None, 1).unwrap();
        let mut inbox = Inbox::new(&run);
        let (got, odd) = inbox.poll();
        assert!(got.is_empty() && odd[0].contains("another's name"), "{odd:?}");
        let open = control_dir(&run).join("open.jsonl");
        std::fs::write(&open, "x\n").unwrap();
        std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o666)).unwrap();
        let (got, odd) = inbox.poll();
        assert!(got.is_empty() && odd[0].contains("others may write"), "{odd:?}");
        assert!(inbox.poll().1.is_empty(), "said once");
    }
}
