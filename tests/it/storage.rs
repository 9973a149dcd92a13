//! Disks that are full or read-only under a real supervisor, and journals cut short: nothing starts unrecorded, the
//! operator is told, and what runs is watched to its end by its stub.
//!
//! The small disks are tmpfs mounts, which only root can make; where that is not possible a line says so.

use crate::run::{Case, Run, VERIFY, eventually, gated, kill, quick};
use ripcord::journal::RESERVE_BYTES;
use ripcord::run::record::Wish;
use ripcord::run::state::Need;
use ripcord::run::{Kind, Outcome, State, Verdict};
use ripcord::supervisor::{self, Asker, home};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A small disk, gone at the end.
pub struct Mount {
    at: PathBuf,
}

fn mount(words: &[&str], at: &Path) -> Output {
    Command::new("mount").args(words).arg(at).output().unwrap()
}

impl Mount {
    /// A disk of `size` at `at`; `None` (and a line) where this host does not let us.
    pub fn tiny(at: &Path, size: u64) -> Option<Mount> {
        fs::create_dir_all(at).unwrap();
        let out = mount(&["-t", "tmpfs", "-o", &format!("size={size},mode=0700"), "none"], at);
        if out.status.success() {
            return Some(Mount { at: at.to_owned() });
        }
        assert!(std::env::var("RIPCORD_REQUIRE_MOUNT").as_deref() != Ok("1"), "{out:?}");
        // Past the capture of the test harness: a passing test's own prints are not shown.
        let _ = writeln!(std::io::stderr(), "skipped: a small disk cannot be mounted here (are you root?)");
        None
    }

    /// A folder that is read-only from now on, for whoever opens something in it anew.
    fn read_only(at: &Path) -> Mount {
        let out = mount(&["--bind", &at.display().to_string()], at);
        assert!(out.status.success(), "{out:?}");
        let mount_ = Mount { at: at.to_owned() };
        let out = mount(&["-o", "remount,bind,ro"], at);
        assert!(out.status.success(), "{out:?}");
        mount_
    }

    /// Takes all room that is left.
    pub fn fill(&self) {
        let mut file = fs::OpenOptions::new().create(true).append(true).open(self.filler()).unwrap();
        for size in [65_536, 4_096, 512, 1] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
    }

    fn filler(&self) -> PathBuf {
        self.at.join("filler")
    }

    pub fn free(&self) {
        fs::remove_file(self.filler()).unwrap();
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let done = Command::new("umount").arg("-l").arg(&self.at).status();
        assert!(done.is_ok_and(|s| s.success()) || std::thread::panicking(), "{} stays", self.at.display());
    }
}

fn signal(pid: u32, signal: rustix::process::Signal) {
    rustix::process::kill_process(rustix::process::Pid::from_raw(pid as i32).unwrap(), signal).unwrap();
}

/// Steps `one` (which waits for its file) and `two`, on a disk with room for the reserve and a little more.
fn on_a_small_disk() -> Option<(Case, Mount)> {
    let case = Case::new(&[gated("one"), quick("two"), VERIFY.into()]);
    let disk = Mount::tiny(&case.home(), RESERVE_BYTES + 2 * 1024 * 1024)?;
    Some((case, disk))
}

/// Waits until the run is paused; the reason.
fn paused(run: &Run) -> String {
    run.wait_for("a pause", |s| match s.need(&run.plan) {
        Some(Need::GoOn { why }) => Some(why),
        _ => None,
    })
}

fn says(case: &Case, words: &[&str]) -> String {
    let out = case.ripcord(words).output().unwrap();
    String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned()
}

#[test]
fn a_disk_that_fills_up_during_a_step_keeps_its_outcome_and_starts_no_other() {
    let Some((mut case, disk)) = on_a_small_disk() else { return };
    let (run, _) = case.start();
    case.command_pid("one");
    disk.fill();
    case.go("one");
    let why = paused(&run);
    assert!(why.contains("step 2") && why.contains("disk is full"), "{why}");
    assert!(matches!(run.outcome(1), Outcome::Success { .. }));
    assert_eq!(case.effects(), ["one"]);
    assert!(!case.home().join("reserve").exists(), "the room for what must be written yet is given back");
    let said = says(&case, &["runs"]);
    assert!(said.contains("WAITS FOR A PERSON"), "{said}");
    disk.free();
    case.ask(&run, Wish::GoOn, 2);
    assert_eq!(run.verdict(), Verdict::Verified);
    assert_eq!(case.effects(), ["one", "two"]);
}

#[test]
fn a_journal_on_a_full_disk_takes_the_reserve_and_nothing_starts_before_a_person_knows() {
    let Some((mut case, disk)) = on_a_small_disk() else { return };
    let (run, pid) = case.start();
    case.command_pid("one");
    // More answers than the room that was set aside for the step, asked for before the disk was full.
    signal(pid, rustix::process::Signal::STOP);
    let mut asker = Asker::open(ripcord::journal::real(), &run.dir, supervisor::person()).unwrap();
    let seen = run.state().seq;
    (0..150).for_each(|_| drop(asker.ask(Wish::GoOn, None, None, seen).unwrap()));
    disk.fill();
    signal(pid, rustix::process::Signal::CONT);
    run.wait_for("all answers", |s| (s.handled.len() == 150).then_some(()));
    assert!(!case.home().join("reserve").exists(), "the reserve was needed");
    case.go("one");
    let why = paused(&run);
    assert!(why.contains("reserve"), "{why}");
    assert_eq!(case.effects(), ["one"]);
    disk.free();
    case.ask(&run, Wish::GoOn, 2);
    assert_eq!(run.verdict(), Verdict::Verified);
    assert_eq!(case.effects(), ["one", "two"]);
}

#[test]
fn beyond_the_reserve_the_supervisor_ends_the_stub_goes_on_and_nothing_is_lost() {
    let Some((mut case, disk)) = on_a_small_disk() else { return };
    let (run, pid) = case.start();
    case.command_pid("one");
    signal(pid, rustix::process::Signal::STOP);
    let mut asker = Asker::open(ripcord::journal::real(), &run.dir, supervisor::person()).unwrap();
    let seen = run.state().seq;
    (0..150).for_each(|_| drop(asker.ask(Wish::GoOn, None, None, seen).unwrap()));
    fs::remove_file(case.home().join("reserve")).unwrap();
    disk.fill();
    signal(pid, rustix::process::Signal::CONT);
    eventually("its end", || (!supervisor::alive(&run.dir)).then_some(()));
    assert!(run.state().seq < 150, "the journal holds what fitted");
    assert!(run.state().steps[0].outcome.is_none());
    let said = says(&case, &["runs"]);
    assert!(said.contains("NOBODY DRIVES IT"), "{said}");
    // With the disk as full as it is nobody can take it up, and says so.
    let refused = case.supervise(&run, true).unwrap_err();
    assert!(refused.contains("No space left"), "{refused}");
    case.go("one");
    eventually("exit.json, for which room was kept", || run.attempt(1, 1).exit().is_file().then_some(()));
    assert_eq!(case.effects(), ["one"]);
    disk.free();
    case.supervise(&run, true).unwrap();
    assert_eq!(run.verdict(), Verdict::Verified);
    assert!(matches!(run.outcome(1), Outcome::Success { .. }));
    assert_eq!(case.effects(), ["one", "two"]);
}

#[test]
fn a_disk_without_room_at_the_start_refuses_before_anything_is_changed() {
    let case = Case::new(&[quick("one"), VERIFY.into()]);
    let Some(disk) = Mount::tiny(&case.home(), 1024 * 1024) else { return };
    disk.fill();
    let out = case.ripcord(&["run", "back", "--yes"]).output().unwrap();
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(3), "{out:?}");
    assert!(said.contains("REFUSED") && said.contains("No space left"), "{said}");
    assert_eq!(case.effects(), [""; 0]);
    disk.free();
    assert_eq!(case.ripcord(&["run", "back", "--yes"]).output().unwrap().status.code(), Some(0));
    assert_eq!(case.effects(), ["one"]);
}

#[test]
fn a_read_only_disk_refuses_at_the_start_and_pauses_before_a_step() {
    let case = Case::new(&[quick("one"), VERIFY.into()]);
    let Some(disk) = Mount::tiny(&case.home(), 1024 * 1024) else { return };
    let out = mount(&["-o", "remount,ro"], &disk.at);
    assert!(out.status.success(), "{out:?}");
    let out = case.ripcord(&["run", "back", "--yes"]).output().unwrap();
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(3), "{out:?}");
    assert!(said.contains("REFUSED") && said.contains("Read-only file system"), "{said}");
    assert_eq!(case.effects(), [""; 0]);
    drop(disk);

    let mut case = Case::new(&[quick("one"), quick("two"), VERIFY.into()]);
    let run = case.place(&case.plan("1121-000001-c"));
    fs::create_dir(run.dir.join("steps")).unwrap();
    let steps = Mount::read_only(&run.dir.join("steps"));
    case.supervise(&run, false).unwrap();
    let why = paused(&run);
    assert!(why.contains("step 1") && why.contains("Read-only file system"), "{why}");
    assert_eq!(case.effects(), [""; 0]);
    drop(steps);
    case.ask(&run, Wish::GoOn, 1);
    assert_eq!(run.verdict(), Verdict::Verified);
    assert_eq!(case.effects(), ["one", "two"]);
}

/// The journal's bytes and where its lines end.
fn journal(run: &Run) -> (Vec<u8>, Vec<usize>) {
    let bytes = fs::read(home::journal_path(&run.dir)).unwrap();
    let ends = bytes.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(i, _)| i + 1).collect();
    (bytes, ends)
}

#[test]
fn a_run_whose_journal_is_cut_at_any_byte_of_its_last_two_records_is_what_the_whole_ones_say() {
    let mut case = Case::new(&[gated("one"), quick("two"), VERIFY.into()]);
    let (run, pid) = case.start();
    case.command_pid("one");
    run.wait_for("the stub's record", |s| s.steps[0].stub);
    case.kill_supervisor(&run, pid);
    case.go("one");
    eventually("its outcome", || run.attempt(1, 1).exit().is_file().then_some(()));
    let (bytes, ends) = journal(&run);
    let two_back = ends[ends.len() - 3];
    let (plan, whole) = supervisor::read_run(&run.dir).unwrap();
    for cut in two_back..=bytes.len() {
        fs::write(home::journal_path(&run.dir), &bytes[..cut]).unwrap();
        let (_, records) = supervisor::read_run(&run.dir).unwrap();
        let left = ends.iter().filter(|end| **end <= cut).count();
        assert_eq!(records, whole[..left], "cut at {cut}");
        assert_eq!(State::fold(&plan, &records).unwrap(), State::fold(&plan, &whole[..left]).unwrap());
    }
    // A supervisor mends what is torn and goes on. Where the intent is lost its attempt had not begun for anybody: a
    // real crash cannot leave that, for the intent is synced before the stub is started.
    fs::write(home::journal_path(&run.dir), &bytes[..bytes.len() - 7]).unwrap();
    case.supervise(&run, true).unwrap();
    assert_eq!(run.verdict(), Verdict::Verified);
    assert!(run.kinds().iter().any(|k| matches!(k, Kind::TornTail { .. })));
    assert_eq!(case.effects(), ["one", "two"]);
}

#[test]
fn a_damaged_journal_is_refused_by_its_line_and_nothing_is_done() {
    let mut case = Case::new(&[gated("one"), quick("two"), VERIFY.into()]);
    let (run, pid) = case.start();
    let command = case.command_pid("one");
    case.kill_supervisor(&run, pid);
    kill(run.stub(1, 1));
    kill(command);
    let (bytes, ends) = journal(&run);
    let before_last = ends[ends.len() - 2];
    for at in (0..before_last).step_by(bytes.len() / 12) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x04;
        fs::write(home::journal_path(&run.dir), &damaged).unwrap();
        let refused = case.supervise(&run, true).unwrap_err();
        assert!(refused.contains("journal.jsonl:"), "byte {at}: {refused}");
        assert_eq!(fs::read(home::journal_path(&run.dir)).unwrap(), damaged, "it is left as it is");
        let said = says(&case, &["runs"]);
        assert!(said.contains("journal.jsonl:"), "{said}");
    }
    assert_eq!(case.effects(), [""; 0]);
}
