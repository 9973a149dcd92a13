//! The crash table of one attempt, row by row, and the race for the claim.

use super::super::spec::{Outcome, OutputSize};
use super::*;
use crate::journal::real;
use std::fs;

fn now() -> Now {
    Now { boot: 9, boot_id: "this".into(), wall: 9 }
}

fn nobody() -> Process {
    Process { pid: 0, start: 0, name: "x".into() }
}

fn claim(void: bool) -> Found {
    Found::Claim(Claim { token: "t".into(), void, by: nobody(), at: now() })
}

fn exit(token: &str) -> Exit {
    Exit {
        token: token.into(),
        outcome: Outcome::Exited { code: 3 },
        survivors: Vec::new(),
        output: OutputSize::default(),
        start: now(),
        end: now(),
    }
}

#[test]
fn the_table_row_by_row() {
    let valid = ExitFound::Valid(exit("t"));
    let finished = Conclusion::Finished(exit("t"));
    let damaged = ExitFound::Damaged("empty".into());
    let unknown = |part: &str| Conclusion::Unknown(part.into());
    // name, claim, alive held, exit.json, same boot, a process with the token, conclusion
    let rows = [
        (
            "6-7: recovery won the claim",
            claim(true),
            false,
            ExitFound::Missing,
            true,
            false,
            Conclusion::NotStarted,
        ),
        (
            "6-7: while a late stub looks",
            claim(true),
            true,
            ExitFound::Missing,
            true,
            false,
            Conclusion::NotStarted,
        ),
        (
            "8: stub dead before the start",
            claim(false),
            false,
            ExitFound::Missing,
            true,
            false,
            unknown("stub died"),
        ),
        ("9-10: supervisor dead", claim(false), true, ExitFound::Missing, true, true, Conclusion::Adopt),
        ("12: renamed, stub not gone yet", claim(false), true, valid.clone(), true, false, Conclusion::Adopt),
        (
            "9-11: both dead, child alive",
            claim(false),
            false,
            ExitFound::Missing,
            true,
            true,
            Conclusion::RunningWithoutWitness,
        ),
        ("11: nobody left", claim(false), false, ExitFound::Missing, true, false, unknown("stub died")),
        ("12: outcome written", claim(false), false, valid.clone(), true, false, finished.clone()),
        ("12: outcome, and a daemon stays", claim(false), false, valid.clone(), true, true, finished.clone()),
        ("reboot after the outcome", claim(false), false, valid, false, false, finished),
        (
            "reboot before the outcome",
            claim(false),
            false,
            ExitFound::Missing,
            false,
            false,
            unknown("restarted"),
        ),
        ("exit.json empty", claim(false), false, damaged.clone(), true, false, unknown("damaged")),
        (
            "exit.json empty, child alive",
            claim(false),
            false,
            damaged,
            true,
            true,
            Conclusion::RunningWithoutWitness,
        ),
        (
            "the claim itself is damaged",
            Found::Damaged,
            false,
            ExitFound::Missing,
            true,
            false,
            unknown("claim is damaged"),
        ),
    ];
    for (row, claim, held, exit, same_boot, stray, expected) in rows {
        let strays = if stray { vec![nobody()] } else { Vec::new() };
        let found = conclude(&Seen { claim, held, exit, same_boot, strays });
        match (&found, &expected) {
            (Conclusion::Unknown(why), Conclusion::Unknown(part)) => {
                assert!(why.contains(part), "{row}: {why}")
            }
            _ => assert_eq!(found, expected, "{row}"),
        }
    }
}

fn folder() -> (tempfile::TempDir, AttemptDir) {
    let dir = tempfile::tempdir().unwrap();
    let attempt = AttemptDir::at(dir.path());
    (dir, attempt)
}

fn write_claim(dir: &AttemptDir, void: bool) {
    let Found::Claim(content) = claim(void) else { unreachable!() };
    fs::write(dir.claim(), serde_json::to_vec(&content).unwrap()).unwrap();
}

#[test]
fn without_a_claim_it_is_made_void_for_ever() {
    let (_keep, dir) = folder();
    for _ in 0..2 {
        let found = recover(&*real(), &dir, "t", "this", &now()).unwrap();
        assert!(matches!(found, Recovered::NotStarted), "{found:?}");
    }
    assert!(matches!(claim::find(&dir, "t").unwrap(), Found::Claim(c) if c.void));
    let names: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["claim"], "no temporary name stays");
}

#[test]
fn an_exit_file_that_is_cut_anywhere_or_of_another_token_is_never_an_outcome() {
    let (_keep, dir) = folder();
    write_claim(&dir, false);
    let whole = serde_json::to_vec(&exit("t")).unwrap();
    for cut in 0..whole.len() {
        fs::write(dir.exit(), &whole[..cut]).unwrap();
        let found = find_exit(&dir, "t").unwrap();
        assert!(matches!(found, ExitFound::Damaged(_)), "cut at {cut}: {found:?}");
    }
    fs::write(dir.exit(), &whole).unwrap();
    let found = recover(&*real(), &dir, "t", "this", &now()).unwrap();
    assert!(matches!(found, Recovered::Finished(_)), "{found:?}");
    fs::write(dir.exit(), serde_json::to_vec(&exit("other")).unwrap()).unwrap();
    let found = recover(&*real(), &dir, "t", "this", &now()).unwrap();
    assert!(matches!(&found, Recovered::Unknown { why } if why.contains("another attempt")), "{found:?}");
}

#[test]
fn the_lock_decides_before_the_outcome_is_read() {
    let (_keep, dir) = folder();
    write_claim(&dir, false);
    fs::write(dir.exit(), serde_json::to_vec(&exit("t")).unwrap()).unwrap();
    let wait = std::time::Duration::from_secs(5);
    let hold = crate::journal::Hold::take(&*real(), &dir.alive(), 0o600, wait).unwrap();
    let Recovered::Adopt(witness) = recover(&*real(), &dir, "t", "this", &now()).unwrap() else {
        panic!("a held attempt is adopted")
    };
    assert!(!witness.is_over());
    drop(hold);
    assert!(witness.wait(wait));
    assert!(matches!(recover(&*real(), &dir, "t", "this", &now()).unwrap(), Recovered::Finished(_)));
}

#[test]
fn another_boot_never_searches_and_never_resumes() {
    let (_keep, dir) = folder();
    write_claim(&dir, false);
    let found = recover(&*real(), &dir, "t", "earlier", &now()).unwrap();
    assert!(matches!(&found, Recovered::Unknown { why } if why.contains("restarted")), "{found:?}");
}
