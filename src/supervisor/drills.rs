//! Where drills are kept: `drills/<service>/<id>.json` with journal and report, apart from the service's own records.

use crate::journal::{atomic_write, hash, real};
use crate::model::record::Record;
use crate::model::rehearsal::Drilled;
use std::io;
use std::path::{Path, PathBuf};

/// Folder of a service's drills below a state folder.
pub fn folder(root: &Path, service: &str) -> PathBuf {
    let name: String = service
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || "-_".contains(c) { c } else { '-' })
        .collect();
    root.join("drills").join(name)
}

/// Keeps one drill: what came of it, its records and its report (`text`, in Markdown); answers the report's file. Each line of
/// the records holds the hash of the line before.
///
/// # Errors
/// When it cannot be written.
pub fn keep(
    root: &Path,
    drilled: &Drilled,
    records: &[(Option<String>, Record)],
    text: &str,
) -> io::Result<PathBuf> {
    let folder = folder(root, &drilled.service);
    std::fs::create_dir_all(&folder)?;
    let file = folder.join(format!("{}.json", drilled.id));
    let bytes = serde_json::to_vec_pretty(drilled)?;
    atomic_write(&*real(), &file, &bytes, 0o644).map_err(io::Error::other)?;
    let (mut journal, mut prev) = (Vec::new(), "0".repeat(64));
    for (run, record) in records {
        let line = serde_json::to_vec(&serde_json::json!({ "run": run, "record": record, "prev": prev }))?;
        prev = hash(&line);
        journal.extend(line);
        journal.push(b'\n');
    }
    let journal_file = folder.join(format!("{}.jsonl", drilled.id));
    atomic_write(&*real(), &journal_file, &journal, 0o644).map_err(io::Error::other)?;
    let report = folder.join(format!("{}.md", drilled.id));
    atomic_write(&*real(), &report, text.as_bytes(), 0o644).map_err(io::Error::other)?;
    Ok(report)
}

/// The drills that are kept of a service, oldest first. What cannot be read is left out.
pub fn all(root: &Path, service: &str) -> Vec<Drilled> {
    let entries = std::fs::read_dir(folder(root, service)).into_iter().flatten().flatten();
    let files = entries.map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "json"));
    let mut out: Vec<Drilled> =
        files.filter_map(|p| serde_json::from_slice(&std::fs::read(p).ok()?).ok()).collect();
    out.sort_by(|a, b| (a.wall, &a.id).cmp(&(b.wall, &b.id)));
    out
}

/// Services of which drills are kept.
pub fn services(root: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(root.join("drills")).into_iter().flatten().flatten();
    let mut out: Vec<String> = entries.filter_map(|e| e.file_name().into_string().ok()).collect();
    out.sort();
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use crate::model::probe::{Ask, Probe};
    use crate::model::rehearsal::Score;
    use crate::run::Answer;
    use crate::supervisor::ask::{World, ask};
    use crate::supervisor::secrets::Secrets;

    fn drill(id: &str, procedure: &str, days: i64, verified: Option<u64>) -> Drilled {
        Drilled {
            id: id.into(),
            service: "shop".into(),
            procedure: Some(procedure.into()),
            wall: clock::now().wall - days * 86_400_000,
            score: Score { verified, ..Score::default() },
            ..Drilled::default()
        }
    }

    #[tokio::test]
    async fn a_probe_asks_when_a_procedure_was_rehearsed_to_its_verified_end() {
        let root = tempfile::tempdir().unwrap();
        for d in
            [drill("a", "back", 3, Some(5)), drill("b", "back", 1, None), drill("c", "other", 1, Some(5))]
        {
            keep(root.path(), &d, &[], &crate::report::drill::one(&d).print(crate::report::Form::Markdown))
                .unwrap();
        }
        assert_eq!(
            all(root.path(), "shop").iter().map(|d| d.id.as_str()).collect::<Vec<_>>(),
            ["a", "b", "c"]
        );
        assert_eq!(services(root.path()), ["shop"]);
        let report = std::fs::read_to_string(root.path().join("drills/shop/a.md")).unwrap();
        assert!(report.starts_with("# Drill of shop: "), "{report}");
        let world = World {
            env: Default::default(),
            cwd: "/".into(),
            secrets: Secrets::new(Default::default()),
            home: root.path().join("shop@prod"),
            run: None,
            telling: Default::default(),
        };
        let day = 86_400_000;
        let asked = |procedure: &str, newer_than| Probe {
            ask: Ask::Drill { procedure: procedure.into(), newer_than },
            expect: Default::default(),
            within: None,
            every: 1_000,
            rehearse: None,
        };
        for (procedure, newer_than, answer, words) in [
            ("back", 4 * day, Answer::Holds, "verified 3d ago"),
            ("back", 2 * day, Answer::Fails, "newer than 2d"),
            ("never", 4 * day, Answer::Fails, "none was ever verified"),
        ] {
            let told = ask(&world, &asked(procedure, newer_than), None).await;
            assert!(told.answer == answer && told.detail.contains(words), "{procedure}: {told:?}");
        }
    }
}
