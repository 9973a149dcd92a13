//! The coverage table (`tests/requirements.toml`): every requirement has a home that is there, and a test or a
//! rehearsal that shows it.

use regex::Regex;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::LazyLock;

const TABLE: &str = "tests/requirements.toml";

/// Each part: its letter, how many ids it has, and the playbook that it is about.
const PARTS: [(char, u32, Option<&str>); 6] = [
    ('A', 14, Some("lapce-ai-cst")),
    ('B', 12, Some("rust-ai-ide")),
    ('C', 7, Some("rag-api")),
    ('D', 8, Some("sprint-1-search")),
    ('E', 9, Some("riptide-eventmesh")),
    ('F', 6, None),
];

/// One requirement.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// What it is, in a few words.
    title: String,
    /// Where it is met: a file of this repository, and a text that stands in it.
    home: Vec<(String, String)>,
    /// Names of tests that show it.
    #[serde(default)]
    tests: Vec<String>,
    /// Rehearsals that show it: `playbook/procedure`, or `playbook/procedure/chaos`.
    #[serde(default)]
    drills: Vec<String>,
}

/// What the table is held against.
#[derive(Clone)]
struct Tree {
    root: PathBuf,
    /// Names of all tests.
    tests: BTreeSet<String>,
    /// Text of each shipped playbook, by its file's name without `.toml`.
    playbooks: BTreeMap<String, String>,
    /// The same, read.
    parsed: BTreeMap<String, toml::Table>,
}

impl Tree {
    fn read() -> Tree {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let test = Regex::new(
            r"(?m)^\s*#\[(?:tokio::)?test\b[^\n]*\]\s*\n(?:\s*#\[[^\n]*\]\s*\n)*\s*(?:async )?fn (\w+)",
        )
        .unwrap();
        let mut tests = BTreeSet::new();
        let mut todo = vec![root.join("src"), root.join("tests/it")];
        while let Some(dir) = todo.pop() {
            for path in fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()) {
                if path.is_dir() {
                    todo.push(path);
                } else if path.extension().is_some_and(|e| e == "rs") {
                    let text = fs::read_to_string(path).unwrap();
                    tests.extend(test.captures_iter(&text).map(|c| c[1].to_string()));
                }
            }
        }
        let files = fs::read_dir(root.join("assets/playbooks")).unwrap().map(|e| e.unwrap().path());
        let playbooks: BTreeMap<String, String> = files
            .filter(|p| p.extension().is_some_and(|e| e == "toml"))
            .map(|p| {
                let name = p.file_stem().unwrap().to_string_lossy().into_owned();
                (name, fs::read_to_string(p).unwrap())
            })
            .collect();
        let parsed = playbooks.iter().map(|(name, text)| (name.clone(), text.parse().unwrap())).collect();
        Tree { root, tests, playbooks, parsed }
    }
}

fn ids() -> Vec<String> {
    PARTS.iter().flat_map(|(part, last, _)| (1..=*last).map(move |n| format!("{part}{n}"))).collect()
}

/// The comments of a TOML text; a `#` within a string begins none.
fn comments(text: &str) -> Vec<&str> {
    let (mut out, mut rest) = (Vec::new(), text);
    while let Some(at) = rest.find(['#', '"', '\'']) {
        let here = &rest[at..];
        let close = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| here.starts_with(quote));
        let Some(quote) = close else {
            let end = here.find('\n').unwrap_or(here.len());
            out.push(&here[1..end]);
            rest = &here[end..];
            continue;
        };
        let (mut end, inner) = (quote.len(), quote.starts_with('"'));
        while end < here.len() && !here[end..].starts_with(quote) {
            end += match here[end..].chars().next() {
                Some('\\') if inner => 1 + here[end + 1..].chars().next().map_or(0, char::len_utf8),
                Some(c) => c.len_utf8(),
                None => 0,
            };
        }
        rest = here.get(end + quote.len()..).unwrap_or_default();
    }
    out
}

/// An id.
static ID: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\b[A-F]\d{1,2}\b").unwrap());

/// The ids that a playbook's comments name.
fn named(text: &str) -> BTreeSet<String> {
    comments(text).iter().flat_map(|c| ID.find_iter(c)).map(|m| m.as_str().to_string()).collect()
}

/// Everything that is wrong with a table.
fn problems(tree: &Tree, table: &BTreeMap<String, Entry>) -> Vec<String> {
    let mut out = Vec::new();
    let ids = ids();
    let named: BTreeMap<&str, BTreeSet<String>> =
        tree.playbooks.iter().map(|(name, text)| (name.as_str(), named(text))).collect();
    for id in table.keys().filter(|id| !ids.contains(id)) {
        out.push(format!("{id}: there is no such requirement"));
    }
    for (name, found) in &named {
        for id in found.iter().filter(|id| !ids.contains(id)) {
            out.push(format!("{name}: a comment names {id}, and there is no such requirement"));
        }
    }
    for id in &ids {
        let Some(entry) = table.get(id) else {
            out.push(format!("{id}: it is not in the table"));
            continue;
        };
        let part = PARTS.iter().find(|(part, ..)| id.starts_with(*part)).and_then(|(.., playbook)| *playbook);
        if let Some(playbook) = part {
            match named.get(playbook) {
                None => out.push(format!("{id}: there is no playbook {playbook}")),
                Some(found) if found.contains(id) => {}
                Some(_) => out.push(format!("{id}: no comment of {playbook} names it")),
            }
        }
        entry_problems(tree, entry, &mut |what| out.push(format!("{id}: {what}")));
    }
    out
}

fn entry_problems(tree: &Tree, entry: &Entry, tell: &mut dyn FnMut(String)) {
    if entry.title.trim().is_empty() {
        tell("it has no title".into());
    }
    if entry.home.is_empty() {
        tell("it has no home".into());
    }
    for (file, text) in &entry.home {
        let path = Path::new(file);
        if !path.components().all(|c| matches!(c, Component::Normal(_))) {
            tell(format!("{file} is not a file of this repository"));
            continue;
        }
        match fs::read_to_string(tree.root.join(path)) {
            Err(e) => tell(format!("{file}: {e}")),
            Ok(found) if text.trim().is_empty() || !found.contains(text.as_str()) => {
                tell(format!("{file} does not hold `{text}`"))
            }
            Ok(_) => {}
        }
    }
    if entry.tests.is_empty() && entry.drills.is_empty() {
        tell("nothing shows it".into());
    }
    for test in entry.tests.iter().filter(|t| !tree.tests.contains(*t)) {
        tell(format!("there is no test {test}"));
    }
    for drill in entry.drills.iter().filter(|d| !rehearsable(tree, d)) {
        tell(format!("there is no drill {drill}"));
    }
}

/// Whether there is such a playbook with such a procedure and such a chaos.
fn rehearsable(tree: &Tree, drill: &str) -> bool {
    let words: Vec<&str> = drill.split('/').collect();
    let Some(playbook) = tree.parsed.get(words[0]) else { return false };
    let has = |way: &[&str]| {
        let (first, inner) = way.split_first().expect("a way");
        inner.iter().try_fold(playbook.get(*first)?, |v, key| v.get(key)).map(|_| ())
    };
    match words[1..] {
        [procedure] => has(&["procedures", procedure]).is_some() && has(&["drill"]).is_some(),
        [procedure, chaos] => {
            has(&["procedures", procedure]).is_some() && has(&["drill", "chaos", chaos]).is_some()
        }
        _ => false,
    }
}

fn table() -> BTreeMap<String, Entry> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(TABLE)).unwrap();
    toml::from_str(&text).unwrap_or_else(|e| panic!("{TABLE}: {e}"))
}

#[test]
fn every_requirement_has_a_home_and_is_shown() {
    let found = problems(&Tree::read(), &table());
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_hole_in_the_table_is_found() {
    type Change = fn(&mut BTreeMap<String, Entry>, &mut Tree);
    let changes: [(&str, Change); 11] = [
        ("E1: it is not in the table", |t, _| drop(t.remove("E1"))),
        ("E10: there is no such requirement", |t, _| drop(t.insert("E10".into(), t["E1"].clone()))),
        ("E1: it has no home", |t, _| t.get_mut("E1").unwrap().home.clear()),
        ("E1: README.md does not hold `no such text`", |t, _| {
            t.get_mut("E1").unwrap().home.push(("README.md".into(), "no such text".into()))
        }),
        ("E1: ../x is not a file of this repository", |t, _| {
            t.get_mut("E1").unwrap().home.push(("../x".into(), "x".into()))
        }),
        ("E1: nothing shows it", |t, _| {
            t.get_mut("E1").unwrap().tests.clear();
            t.get_mut("E1").unwrap().drills.clear();
        }),
        ("E1: there is no test of_nothing", |t, _| t.get_mut("E1").unwrap().tests.push("of_nothing".into())),
        ("E1: there is no drill riptide-eventmesh/kept/of-nothing", |t, _| {
            t.get_mut("E1").unwrap().drills.push("riptide-eventmesh/kept/of-nothing".into())
        }),
        ("E1: there is no drill riptide-eventmesh/of-nothing", |t, _| {
            t.get_mut("E1").unwrap().drills.push("riptide-eventmesh/of-nothing".into())
        }),
        ("riptide-eventmesh: a comment names E10, and there is no such requirement", |_, tree| {
            tree.playbooks.get_mut("riptide-eventmesh").unwrap().push_str("# E10 something\n")
        }),
        ("E9: no comment of riptide-eventmesh names it", |_, tree| {
            let text = tree.playbooks.get_mut("riptide-eventmesh").unwrap();
            *text = text.replace("E9", "")
        }),
    ];
    let (whole, table) = (Tree::read(), table());
    for (told, change) in changes {
        let (mut tree, mut changed) = (whole.clone(), table.clone());
        change(&mut changed, &mut tree);
        let found = problems(&tree, &changed);
        assert!(found.iter().any(|p| p == told), "`{told}` is not among: {found:?}");
    }
}

#[test]
fn only_comments_name_ids() {
    let text = "a = \"# A1\" # B2, C3\nb = '''\n# A4 \"\n''' # D5\nc = \"\\\"# A6\" # E7\nd = \"\"\"\nF1 # A8\"\"\"\n# F6 PA9 A123";
    assert_eq!(named(text).into_iter().collect::<Vec<_>>(), ["B2", "C3", "D5", "E7", "F6"]);
}
