//! Scenario files: what goes wrong when in a drill of one playbook, and how it is to end.

use super::names::Known;
use super::playbook::{self, chaos::chaos};
use super::problem::{Problem, Severity};
use super::syntax;
use super::walk::{Cx, Node, Table};
use crate::model::drill::{Chaos, Drill, Ending, Outcome, Script};
use std::path::{Path, PathBuf};

/// Why a playbook cannot be had, and what to do about it.
type Missing = (String, String);

/// Reads and checks a scenario. Its playbook is looked for beside it, in `../playbooks`, and in `folder`.
///
/// # Errors
/// Every problem of the file.
pub fn load(path: &Path, folder: Option<&Path>) -> Result<Script, Vec<Problem>> {
    let src = playbook::read(path).map_err(|p| vec![*p])?;
    read(&src, &path.display().to_string(), &|id| beside(path, folder, id))
}

/// Checks the text of a scenario against the text of its playbook; `name` stands in the problems.
///
/// # Errors
/// As [`load`].
pub fn parse(src: &str, name: &str, playbook: &str) -> Result<Script, Vec<Problem>> {
    read(src, name, &|_| Ok(playbook.to_string()))
}

/// Where the playbook of a scenario may lie, in the order in which it is looked for.
fn places(path: &Path, folder: Option<&Path>, id: &str) -> Vec<PathBuf> {
    let here = path.parent().unwrap_or_else(|| Path::new(""));
    let shipped = here.join("..").join("playbooks");
    let folders = [Some(here), Some(shipped.as_path()), folder];
    folders.into_iter().flatten().map(|f| f.join(format!("{id}.toml"))).collect()
}

/// The text of the playbook of this name.
fn beside(path: &Path, folder: Option<&Path>, id: &str) -> Result<String, Missing> {
    let places = places(path, folder, id);
    let Some(found) = places.iter().find(|p| p.is_file()) else {
        let looked: Vec<String> = places.iter().map(|p| p.display().to_string()).collect();
        return Err((format!("there is no playbook `{id}`"), format!("looked for {}", looked.join(", "))));
    };
    playbook::read(found).map_err(|p| (format!("{}: {}", p.file, p.message), p.hint))
}

/// What a scenario may name.
fn cast(id: &str, text: &str) -> Result<(Known, Drill), Missing> {
    let check = |what: &str| (format!("playbook `{id}` {what}"), "see `ripcord check` of it".to_string());
    let loaded = playbook::parse(text, id).map_err(|_| check("has mistakes"))?;
    let Some(drill) = loaded.playbook.drill else {
        let hint = "write [drill] with its environment, state, signals and chaos";
        return Err((format!("playbook `{id}` has no [drill]"), hint.to_string()));
    };
    let tree = syntax::parse(id, text).tree.ok_or_else(|| check("cannot be read"))?;
    Ok((Known::read(tree.get_ref()), drill))
}

fn read(
    src: &str,
    name: &str,
    find: &dyn Fn(&str) -> Result<String, Missing>,
) -> Result<Script, Vec<Problem>> {
    let syntax::Parsed { tree, mut problems, whole } = syntax::parse(name, src);
    let script = tree.and_then(|tree| {
        let id = tree.get_ref().iter().find(|(k, _)| k.get_ref() == "playbook");
        let id = id.and_then(|(_, v)| v.get_ref().as_str()).filter(|id| !id.is_empty());
        let (known, drill) = match id.map(|id| find(id).and_then(|text| cast(id, &text))) {
            Some(Ok((known, drill))) => (known, Ok(drill)),
            Some(Err(why)) => (Known::default(), Err(Some(why))),
            None => (Known::default(), Err(None)),
        };
        let cx = Cx::new(name, src, known);
        let script = script(&Table::new(&cx, tree.get_ref(), 0..0, String::new()), drill);
        problems.extend(cx.into_problems(whole));
        script
    });
    problems.sort_by_key(|p| (p.line, p.column));
    match script {
        Some(script) if problems.iter().all(|p| p.severity == Severity::Warning) => Ok(script),
        _ => Err(problems),
    }
}

fn script(top: &Table<'_>, drill: Result<Drill, Option<Missing>>) -> Option<Script> {
    let playbook = top.req("playbook", "write the name of the playbook's file, without .toml");
    let title = top.req("title", "write its name for people").and_then(|n| n.text());
    let seed = top.opt("seed").map_or(Some(1), |n| n.int(0..=i64::MAX)).and_then(|n| u64::try_from(n).ok());
    let (list, expect) = (top.opt("chaos"), top.opt("expect"));
    let (id, node) = playbook.and_then(|n| Some((n.text()?, n)))?;
    let drill = match drill {
        Ok(drill) => drill,
        // Without its playbook nothing can be said of the rest.
        Err(why) => {
            if let Some((message, hint)) = why {
                node.error(message, hint);
            }
            return None;
        }
    };
    let usual = title.clone().unwrap_or_default();
    let wrong: Vec<Option<(u64, Chaos)>> =
        list.iter().flat_map(Node::array).map(|n| one(&n, &drill, &usual)).collect();
    let expect = expect.map(|n| ending(&n));
    let expect = match expect {
        Some(None) => return None,
        found => found.flatten(),
    };
    Some(Script {
        playbook: id,
        title: title?,
        seed: seed?,
        chaos: wrong.into_iter().collect::<Option<_>>()?,
        expect,
    })
}

/// One `[[chaos]]`.
fn one(n: &Node<'_>, drill: &Drill, usual: &str) -> Option<(u64, Chaos)> {
    let t = n.table()?;
    let at = t.req("at", "write when it begins: at = \"30s\"").and_then(|n| n.dur());
    let found = match t.opt("name") {
        Some(n) => drill.chaos.get(&n.reference("chaos", &t.cx.known.drill.as_ref()?.chaos)?).cloned(),
        None => chaos(&t, Some(usual)),
    };
    Some((at?, found?))
}

fn ending(n: &Node<'_>) -> Option<Ending> {
    let t = n.table()?;
    let known = &n.cx.known;
    let words = [
        ("verified", Outcome::Verified),
        ("failed", Outcome::Failed),
        ("unverified", Outcome::Unverified),
        ("none", Outcome::None),
    ];
    let verdict = t.req("verdict", "write verified, failed, unverified or none");
    let verdict = verdict.and_then(|n| n.choice(&words));
    let procedure = t.opt("procedure").map(|n| n.reference("procedure", known.of("procedures")));
    let trigger = t.opt("trigger").map(|n| n.reference("trigger", known.of("triggers")));
    match (verdict, &procedure) {
        (Some(Outcome::None), Some(_)) => {
            let hint = "leave it out, or say how it ends";
            t.cx.error(t.key_span("procedure"), "no procedure is run when verdict = \"none\"", hint);
            return None;
        }
        (Some(Outcome::Verified | Outcome::Failed | Outcome::Unverified), None) => {
            t.req("procedure", "write which procedure is run");
            return None;
        }
        _ => {}
    }
    let whole = |part: Option<Option<String>>| match part {
        Some(None) => None,
        found => Some(found.flatten()),
    };
    Some(Ending { procedure: whole(procedure)?, verdict: verdict?, trigger: whole(trigger)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAYBOOK: &str = include_str!("../../tests/fixtures/drill.toml");
    const GOOD: &str = r#"
playbook = "shop"
title = "Errors, then silence"
seed = 5
[[chaos]]
at = "30s"
name = "errors"
[[chaos]]
at = "2m"
silence = ["prom"]
lasts = "1m"
cured_when = "not up"
[expect]
procedure = "revert"
verdict = "verified"
trigger = "errors"
"#;

    fn told(problems: &[Problem]) -> String {
        problems.iter().map(|p| p.render(false)).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_scenario_has_the_playbooks_chaos_and_its_own() {
        let script = parse(GOOD, "x.toml", PLAYBOOK).unwrap_or_else(|p| panic!("{}", told(&p)));
        assert_eq!((script.playbook.as_str(), script.seed), ("shop", 5));
        let [(first, errors), (second, silence)] = script.chaos.as_slice() else { panic!() };
        assert_eq!((*first, errors.title.as_str(), errors.key), (30_000, "Errors", Some('e')));
        assert_eq!((*second, silence.title.as_str()), (120_000, "Errors, then silence"));
        let expect = script.expect.unwrap();
        assert_eq!((expect.procedure.as_deref(), expect.verdict), (Some("revert"), Outcome::Verified));
        let plain = GOOD
            .replace("seed = 5\n", "")
            .replace("procedure = \"revert\"\nverdict = \"verified\"", "verdict = \"none\"");
        let script = parse(&plain, "x.toml", PLAYBOOK).unwrap();
        assert_eq!((script.seed, script.expect.unwrap().procedure), (1, None));
    }

    #[test]
    fn every_mistake_is_told_at_its_line() {
        for (was, is, line, said) in [
            ("title = ", "titel = ", 3, "unknown key `titel`"),
            ("seed = 5", "seed = -5", 4, "out of its range"),
            ("at = \"30s\"\n", "", 5, "lacks `at`"),
            ("name = \"errors\"", "name = \"erors\"", 7, "no chaos is named `erors`"),
            ("name = \"errors\"", "name = \"errors\"\nlasts = \"1m\"", 8, "unknown key `lasts`"),
            ("[\"prom\"]", "[\"prm\"]", 10, "no source is named `prm`"),
            ("not up", "not upp", 12, "state has no `upp`"),
            ("lasts = \"1m\"\n", "", 8, "lacks `lasts`"),
            ("\"verified\"", "\"good\"", 15, "cannot be `good`"),
            ("\"verified\"", "\"none\"", 14, "no procedure is run"),
            ("procedure = \"revert\"\n", "", 13, "lacks `procedure`"),
            ("trigger = \"errors\"", "trigger = \"eror\"", 16, "no trigger is named `eror`"),
        ] {
            assert!(GOOD.contains(was), "{was}");
            let problems = parse(&GOOD.replace(was, is), "x.toml", PLAYBOOK).unwrap_err();
            let found = problems.iter().find(|p| p.message.contains(said));
            let found = found.unwrap_or_else(|| panic!("{is}: {}", told(&problems)));
            assert_eq!((found.line, found.hint.is_empty()), (line, false), "{}", told(&problems));
        }
        let bare = &PLAYBOOK[..PLAYBOOK.find("[drill]\n").unwrap()];
        let problems = parse(GOOD, "x.toml", bare).unwrap_err();
        assert!(problems.len() == 1 && problems[0].message.contains("has no [drill]"), "{}", told(&problems));
        let problems = parse(GOOD, "x.toml", "schema = 2").unwrap_err();
        assert!(problems.len() == 1 && problems[0].message.contains("has mistakes"), "{}", told(&problems));
    }

    #[test]
    fn the_playbook_is_found_beside_it_and_in_the_folder_of_playbooks() {
        let folder = tempfile::tempdir().unwrap();
        let drills = folder.path().join("drills");
        std::fs::create_dir_all(&drills).unwrap();
        let file = drills.join("errors.toml");
        std::fs::write(&file, GOOD).unwrap();
        let problems = load(&file, None).unwrap_err();
        assert!(problems[0].message.contains("there is no playbook `shop`"), "{}", told(&problems));
        assert!(problems[0].hint.contains("../playbooks/shop.toml"), "{}", problems[0].hint);
        std::fs::write(folder.path().join("shop.toml"), PLAYBOOK).unwrap();
        assert!(load(&file, Some(folder.path())).is_ok());
        let shipped = folder.path().join("playbooks");
        std::fs::create_dir(&shipped).unwrap();
        std::fs::rename(folder.path().join("shop.toml"), shipped.join("shop.toml")).unwrap();
        assert!(load(&file, None).is_ok());
    }
}
