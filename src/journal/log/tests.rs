//! Logs cut, damaged, raced for and written to failing disks.

use super::super::recording::{Crash, Recording};
use super::super::{Tail, read, real, verify};
use super::*;
use rustix::io::Errno;
use std::fs;
use std::path::PathBuf;

const WAIT: Duration = Duration::from_secs(20);

fn now() -> Now {
    Now { boot: 5, boot_id: "b".into(), wall: 7 }
}

fn open(path: &Path) -> Result<(Log, Vec<Record>), LogError> {
    Log::open(real(), path, &now(), WAIT)
}

/// A log of `n` records and its bytes.
fn written(dir: &Path, n: u64) -> (PathBuf, Vec<u8>) {
    let path = dir.join("journal.jsonl");
    let (mut log, _) = open(&path).unwrap();
    for i in 1..=n {
        log.append(&now(), "Step", &json!({"n": i, "name": "grüße ✓"})).unwrap();
    }
    drop(log);
    let bytes = fs::read(&path).unwrap();
    (path, bytes)
}

fn kinds(records: &[Record]) -> Vec<&str> {
    records.iter().map(|r| r.kind.as_str()).collect()
}

#[test]
fn what_was_appended_is_read_back_by_every_reader() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.jsonl");
    let mut tail = Tail::new(&path);
    assert!(tail.poll().unwrap().is_empty(), "a log that does not exist yet is empty");
    let (mut log, before) = open(&path).unwrap();
    assert!(before.is_empty());
    let first = log.append(&now(), "A", &json!({"x": 1})).unwrap();
    assert_eq!((first.seq, first.prev.as_str()), (1, "0".repeat(64).as_str()));
    assert_eq!(tail.poll().unwrap(), std::slice::from_ref(&first));
    let second = log.append(&now(), "B", &json!([])).unwrap();
    assert_eq!(tail.poll().unwrap(), std::slice::from_ref(&second));
    assert!(tail.poll().unwrap().is_empty());
    assert_eq!(read(&path).unwrap(), [first.clone(), second.clone()]);
    let verified = verify(&path).unwrap();
    assert_eq!((verified.records, verified.torn, verified.head.as_str()), (2, 0, log.head()));
    drop(log);
    let (mut log, records) = open(&path).unwrap();
    assert_eq!(records, [first, second]);
    assert_eq!(log.append(&now(), "C", &json!(null)).unwrap().seq, 3);
}

#[test]
fn the_hash_is_sha256_of_the_line_before_without_its_newline() {
    use sha2::{Digest, Sha256};
    let dir = tempfile::tempdir().unwrap();
    let (path, bytes) = written(dir.path(), 2);
    let line = bytes.split(|b| *b == b'\n').next().unwrap();
    let expected: String = Sha256::digest(line).iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(read(&path).unwrap()[1].prev, expected);
}

#[test]
fn a_log_cut_at_any_byte_keeps_every_whole_record_and_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let (_, bytes) = written(dir.path(), 4);
    for cut in 0..=bytes.len() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.jsonl");
        fs::write(&path, &bytes[..cut]).unwrap();
        let whole = bytes[..cut].iter().filter(|b| **b == b'\n').count();
        let start = bytes[..cut].iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);

        assert_eq!(read(&path).unwrap().len(), whole, "cut at {cut}");
        assert_eq!(verify(&path).unwrap().torn, (cut - start) as u64);
        let mut tail = Tail::new(&path);
        assert_eq!(tail.poll().unwrap().len(), whole);

        let (mut log, records) = open(&path).unwrap();
        let torn = cut > start;
        assert_eq!(records.len(), whole + usize::from(torn), "cut at {cut}");
        if torn {
            let note = records.last().unwrap();
            assert_eq!(note.kind, "TornTail");
            assert_eq!(note.body["bytes"], cut - start);
            let aside = dir.path().join(note.body["saved"].as_str().unwrap());
            assert_eq!(fs::read(aside).unwrap(), &bytes[start..cut]);
        }
        log.append(&now(), "After", &json!({})).unwrap();
        let after = read(&path).unwrap();
        assert_eq!(after.len(), records.len() + 1);
        assert_eq!(tail.poll().unwrap().len(), after.len() - whole, "a reader follows over the repair");
    }
}

#[test]
fn a_second_torn_tail_is_saved_beside_the_first() {
    let dir = tempfile::tempdir().unwrap();
    let (path, _) = written(dir.path(), 1);
    for n in 1..=2 {
        let mut bytes = fs::read(&path).unwrap();
        bytes.extend_from_slice(b"{\"v\":1");
        fs::write(&path, bytes).unwrap();
        let (_, records) = open(&path).unwrap();
        assert_eq!(records.last().unwrap().body["saved"], format!("journal.jsonl.torn-{n}"));
    }
}

#[test]
fn any_changed_byte_in_the_middle_is_refused_by_line_and_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let (path, bytes) = written(dir.path(), 4);
    let lines: Vec<usize> = bytes.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(i, _)| i).collect();
    for at in 0..lines[2] {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x01;
        fs::write(&path, &damaged).unwrap();
        let line = lines.iter().filter(|i| **i < at).count() as u64 + 1;
        let e = verify(&path).unwrap_err();
        match &e {
            // A changed byte that still reads as a record shows in the next line's hash.
            LogError::Broken { line: found, .. } => {
                assert!(*found == line || *found == line + 1, "byte {at} of line {line}: {e}");
            }
            LogError::Schema { line: found, .. } => assert_eq!(*found, line),
            other => panic!("byte {at}: {other}"),
        }
        assert!(e.to_string().contains("journal.jsonl:"), "{e}");
        assert!(open(&path).is_err());
        assert!(Tail::new(&path).poll().is_err());
        assert_eq!(fs::read(&path).unwrap(), damaged);
    }
}

/// No line follows the last one to vouch for it: a changed byte that still reads as this record cannot be seen.
#[test]
fn any_changed_byte_in_the_last_line_leaves_every_record_before_it() {
    let dir = tempfile::tempdir().unwrap();
    let (path, bytes) = written(dir.path(), 4);
    let whole = read(&path).unwrap();
    let last = bytes[..bytes.len() - 1].iter().rposition(|b| *b == b'\n').unwrap() + 1;
    let (mut refused, mut torn, mut unseen) = (0, 0, 0);
    for at in last..bytes.len() {
        for bit in 0..8 {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << bit;
            fs::write(&path, &damaged).unwrap();
            match (read(&path), verify(&path)) {
                (Ok(records), Ok(verified)) if verified.torn > 0 => {
                    assert_eq!(records, whole[..3], "byte {at}, bit {bit}");
                    torn += 1;
                }
                (Ok(records), Ok(_)) => {
                    assert_eq!((records.len(), &records[..3]), (4, &whole[..3]), "byte {at}, bit {bit}");
                    assert_eq!((records[3].seq, &records[3].prev), (4, &whole[3].prev));
                    unseen += 1;
                }
                (Err(e), Err(_)) => {
                    // A byte that became a newline leaves a rest: that one is the line after.
                    let place = e.to_string();
                    assert!(
                        place.contains("jsonl:4:") || place.contains("jsonl:5:"),
                        "byte {at}, bit {bit}: {e}"
                    );
                    refused += 1;
                }
                (read, _) => panic!("byte {at}, bit {bit}: {read:?}"),
            }
        }
    }
    assert!(refused > 1_000 && torn == 8, "{refused} refused, {torn} torn, {unseen} unseen");
}

#[test]
fn a_hole_in_the_middle_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (path, bytes) = written(dir.path(), 3);
    let lines: Vec<&[u8]> = bytes.split_inclusive(|b| *b == b'\n').collect();
    fs::write(&path, [lines[0], lines[2]].concat()).unwrap();
    let e = open(&path).unwrap_err().to_string();
    assert!(e.contains(":2: sequence 3 where 2 was due"), "{e}");
    fs::write(&path, [lines[0], &lines[1][..20], lines[2]].concat()).unwrap();
    let e = open(&path).unwrap_err().to_string();
    assert!(e.contains(":2: not a record"), "{e}");
}

#[test]
fn a_record_of_another_schema_is_refused_even_when_its_other_fields_are_unknown() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.jsonl");
    fs::write(&path, "{\"v\":2,\"shape\":\"new\"}\n").unwrap();
    let e = open(&path).unwrap_err();
    assert!(matches!(e, LogError::Schema { line: 1, found: 2, .. }), "{e}");
    assert!(e.hint().contains("version"), "{}", e.hint());
}

#[test]
fn a_reader_notices_that_lines_it_had_read_are_gone() {
    let dir = tempfile::tempdir().unwrap();
    let (path, bytes) = written(dir.path(), 2);
    let mut tail = Tail::new(&path);
    tail.poll().unwrap();
    fs::write(&path, &bytes[..10]).unwrap();
    let e = tail.poll().unwrap_err().to_string();
    assert!(e.contains("gone"), "{e}");
}

#[test]
fn an_acknowledged_record_survives_every_crash() {
    let dir = tempfile::tempdir().unwrap();
    let disk = Arc::new(Recording::new(dir.path()));
    let path = dir.path().join("journal.jsonl");
    let (mut log, _) = Log::open(disk.clone(), &path, &now(), WAIT).unwrap();
    let mut acknowledged = Vec::new();
    for n in 1..=3 {
        log.append(&now(), "Step", &json!({"n": n})).unwrap();
        acknowledged.push(disk.count());
    }
    for crash in disk.crashes() {
        let root = tempfile::tempdir().unwrap();
        crash.build(root.path());
        let (_, records) =
            open(&root.path().join("journal.jsonl")).unwrap_or_else(|e| panic!("{}: {e}", crash.label));
        let promised = acknowledged.iter().filter(|count| **count <= crash.after).count();
        assert!(records.len() >= promised, "{}: {records:?}", crash.label);
        for (i, record) in records.iter().enumerate() {
            assert_eq!(record.body["n"], i + 1, "{}", crash.label);
        }
    }
}

#[test]
fn a_crash_within_the_repair_of_a_torn_tail_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let disk = Arc::new(Recording::new(dir.path()));
    let path = dir.path().join("journal.jsonl");
    let (mut log, _) = Log::open(disk.clone(), &path, &now(), WAIT).unwrap();
    log.append(&now(), "Kept", &json!({})).unwrap();
    disk.fail("append", 0, Errno::IO);
    log.append(&now(), "Torn", &json!({})).unwrap_err();
    drop(log);
    let before = disk.count();
    let torn = fs::read(&path).unwrap();
    let torn = torn[torn.iter().rposition(|b| *b == b'\n').unwrap() + 1..].to_vec();
    assert!(!torn.is_empty());
    Log::open(disk.clone(), &path, &now(), WAIT).unwrap();
    let states = disk.crashes();
    let journal = |c: &Crash| c.tree[Path::new("journal.jsonl")].clone().unwrap();
    // The last of the four states after an operation is what the running system saw.
    let cut =
        states.iter().skip(before * 4 + 3).step_by(4).find(|c| !journal(c).ends_with(&torn)).unwrap().after;
    for crash in states.iter().filter(|c| c.after >= before) {
        let saved = crash.tree.get(Path::new("journal.jsonl.torn-1"));
        assert!(
            crash.after < cut || saved == Some(&Some(torn.clone())),
            "{}: the torn bytes are gone",
            crash.label
        );
        let root = tempfile::tempdir().unwrap();
        crash.build(root.path());
        let (_, records) =
            open(&root.path().join("journal.jsonl")).unwrap_or_else(|e| panic!("{}: {e}", crash.label));
        assert_eq!(records[0].kind, "Kept");
        assert!(records[1..].iter().all(|r| r.kind == "TornTail"), "{}", crash.label);
    }
}

#[test]
fn after_the_first_failure_nothing_more_is_written() {
    for operation in ["append", "sync_file"] {
        let dir = tempfile::tempdir().unwrap();
        let disk = Arc::new(Recording::new(dir.path()));
        let path = dir.path().join("journal.jsonl");
        let (mut log, _) = Log::open(disk.clone(), &path, &now(), WAIT).unwrap();
        log.append(&now(), "A", &json!({})).unwrap();
        disk.fail(operation, 0, Errno::IO);
        let first = log.append(&now(), "B", &json!({})).unwrap_err().to_string();
        let size = fs::metadata(&path).unwrap().len();
        for _ in 0..2 {
            // The disk works again, and still nothing may follow.
            let e = log.append(&now(), "C", &json!({})).unwrap_err();
            assert!(matches!(&e, LogError::Poisoned { first: f, .. } if *f == first), "{e}");
        }
        assert_eq!(log.failure(), Some(first.as_str()));
        assert_eq!(fs::metadata(&path).unwrap().len(), size);
        assert_eq!(read(&path).unwrap()[0].kind, "A");
    }
}

#[test]
fn a_full_disk_takes_the_reserve_once_and_the_record_is_whole() {
    let dir = tempfile::tempdir().unwrap();
    let disk = Arc::new(Recording::new(dir.path()));
    let path = dir.path().join("journal.jsonl");
    let (mut log, _) = Log::open(disk.clone(), &path, &now(), WAIT).unwrap();
    log.set_reserve(Reserve::ensure(disk.clone(), dir.path(), 0o600).unwrap());
    log.append(&now(), "A", &json!({})).unwrap();
    assert!(!log.took_reserve());
    disk.fail("append", 0, Errno::NOSPC);
    log.append(&now(), "B", &json!({})).unwrap();
    assert!(log.took_reserve() && !log.took_reserve());
    assert!(!dir.path().join("reserve").exists());
    disk.fail("append", 0, Errno::NOSPC);
    let e = log.append(&now(), "C", &json!({})).unwrap_err();
    assert!(e.hint().contains("disk is full"), "{e}");
    assert!(log.failure().is_some());
    assert_eq!(kinds(&read(&path).unwrap()), ["A", "B"]);
}

#[test]
fn a_held_log_is_refused_with_its_holders_pid() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.jsonl");
    let (_log, _) = open(&path).unwrap();
    let e = append_if(real(), &path, &now(), Duration::from_millis(20), |_| panic!("asked without the lock"))
        .unwrap_err();
    assert!(matches!(e, LogError::Held { .. }), "{e}");
    let found = e.to_string();
    let ours = format!("held by pid {}", std::process::id());
    assert!(found.contains(&ours) || found.contains("held by another process"), "{found}");
}

#[test]
fn of_many_who_race_to_decide_exactly_one_wins() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("decisions.jsonl");
    for round in 0..5 {
        let wins: usize = std::thread::scope(|scope| {
            let racers: Vec<_> = (0..8)
                .map(|racer| {
                    let path = &path;
                    scope.spawn(move || {
                        append_if(real(), path, &now(), WAIT, |records| {
                            let open = !records.iter().any(|r| r.body["round"] == round);
                            open.then(|| ("Closed".to_owned(), json!({"round": round, "by": racer})))
                        })
                        .unwrap()
                        .is_some()
                    })
                })
                .collect();
            racers.into_iter().map(|r| usize::from(r.join().unwrap())).sum()
        });
        assert_eq!(wins, 1, "round {round}");
    }
    assert_eq!(verify(&path).unwrap().records, 5);
}

#[test]
fn a_failed_decision_is_taken_back() {
    let dir = tempfile::tempdir().unwrap();
    let disk = Arc::new(Recording::new(dir.path()));
    let path = dir.path().join("decisions.jsonl");
    let decide = |_: &[Record]| Some(("A".to_owned(), json!({})));
    append_if(disk.clone(), &path, &now(), WAIT, decide).unwrap();
    for operation in ["append", "sync_file"] {
        disk.fail(operation, 0, Errno::IO);
        append_if(disk.clone(), &path, &now(), WAIT, decide).unwrap_err();
        let verified = verify(&path).unwrap();
        assert_eq!((verified.records, verified.torn), (1, 0), "{operation}");
    }
}

#[test]
fn logs_are_private_or_the_groups_as_their_folder_is() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    for (folder, log) in [(0o700, 0o600), (0o2770, 0o660)] {
        let place = dir.path().join(format!("{folder:o}"));
        real().create_dir(&place, folder).unwrap();
        let path = place.join("journal.jsonl");
        open(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, log);
        assert_eq!(fs::metadata(&place).unwrap().permissions().mode() & 0o7777, folder);
    }
}

#[test]
fn a_log_is_never_opened_through_a_symbolic_link() {
    let dir = tempfile::tempdir().unwrap();
    let (path, _) = written(dir.path(), 1);
    let link = dir.path().join("link.jsonl");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    assert!(open(&link).is_err());
    assert!(read(&link).is_err());
}
