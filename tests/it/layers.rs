//! The walls of the house: reads the source tree and fails where a layer reaches up, or a pure folder out.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Layer of each folder; an import may only point to a smaller number (or stay in its folder).
const LAYERS: &[(&str, u8)] = &[
    ("model", 0),
    ("engine", 1),
    ("run", 1),
    ("session", 2),
    ("drill", 3),
    ("report", 3),
    ("clock", 4),
    ("config", 4),
    ("journal", 4),
    ("sim", 4),
    ("sources", 5),
    ("notify", 5),
    ("supervisor", 6),
    ("driver", 7),
    ("tui", 8),
    ("cli", 9),
];

/// Neighbours on one layer that may see each other, and what a layer may not see although it is lower.
const ALSO: &[(&str, &str)] = &[("journal", "clock"), ("sim", "clock"), ("config", "clock")];
const TUI_SEES: &[&str] = &["model", "engine", "run", "session", "report", "config"];
/// The one file of the screen that may see the driver.
const LOOP: &str = "tui/app.rs";

const PURE: &[&str] = &["model", "engine", "run", "session", "drill", "report"];
const IMPURE_NAMES: &[&str] = &[
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
    "std::env",
    "std::os",
    "std::io",
    "Instant::now",
    "SystemTime",
    "std::time::Instant",
    "tokio",
    "reqwest",
    "axum",
    "rustix",
    "sysinfo",
    "ratatui",
    "crossterm",
    "println!",
    "eprintln!",
    "Timestamp::now",
    "Zoned::now",
];

/// Crates that only these folders may name.
const CRATES: &[(&str, &[&str])] = &[
    ("ratatui", &["tui"]),
    ("crossterm", &["tui"]),
    ("tui_textarea", &["tui"]),
    ("nucleo_matcher", &["tui"]),
    ("clap", &["cli"]),
    ("color_eyre", &["cli"]),
    ("axum", &["sim"]),
    ("sysinfo", &["sources"]),
    ("reqwest", &["sources", "supervisor", "notify", "sim"]),
    ("annotate_snippets", &["config"]),
    ("toml", &["config", "tui"]),
    ("tokio", &["sources", "notify", "supervisor", "driver", "tui", "cli", "sim"]),
];

struct Source {
    path: PathBuf,
    folder: String,
    text: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut out, mut todo) = (Vec::new(), vec![root.clone()]);
    while let Some(dir) = todo.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                todo.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let relative = path.strip_prefix(&root).unwrap().to_path_buf();
                let folder = match relative.components().count() {
                    1 => String::new(),
                    _ => relative.components().next().unwrap().as_os_str().to_string_lossy().into_owned(),
                };
                out.push(Source { text: fs::read_to_string(&path).unwrap(), path: relative, folder });
            }
        }
    }
    assert!(out.len() > 15, "the tree was read");
    out
}

/// The code of a file: comments and the test module dropped.
fn code(source: &Source) -> String {
    if source.path.file_name().is_some_and(|n| n == "tests.rs") || source.path.iter().any(|p| p == "tests") {
        return String::new();
    }
    let text = source.text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    text.lines().filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Whether `word` stands in `code` as a path of its own.
fn names(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + word.len()..].chars().next();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '.')
            && !after.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

/// Folders of this crate that the code names: `crate::x`, `crate::{x, y}`.
fn imports(code: &str) -> Vec<String> {
    let mut out = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + 7..];
        if let Some(group) = rest.strip_prefix('{') {
            let (mut depth, mut item) = (1, String::new());
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    _ => {}
                }
                if depth == 0 || (depth == 1 && c == ',') {
                    out.push(item.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
                    item.clear();
                } else {
                    item.push(c);
                }
                if depth == 0 {
                    break;
                }
            }
        } else {
            out.push(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    out
}

fn layer(folder: &str) -> Option<u8> {
    LAYERS.iter().find(|(f, _)| *f == folder).map(|(_, n)| *n)
}

#[test]
fn imports_only_point_down() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|s| !s.folder.is_empty()) {
        let own = layer(&source.folder).unwrap_or_else(|| panic!("{} has no layer", source.folder));
        for to in imports(&code(source)) {
            let Some(n) = layer(&to) else { continue };
            let path = source.path.to_string_lossy();
            let allowed = to == source.folder
                || ALSO.contains(&(source.folder.as_str(), to.as_str()))
                || match source.folder.as_str() {
                    "tui" => TUI_SEES.contains(&to.as_str()) || path == LOOP,
                    _ => n < own,
                };
            if !allowed {
                wrong.push(format!("{path} imports {to}"));
            }
        }
    }
    assert!(wrong.is_empty(), "against the layers:\n{}", wrong.join("\n"));
}

#[test]
fn the_pure_folders_reach_nothing_outside() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|s| PURE.contains(&s.folder.as_str())) {
        let code = code(source);
        for name in IMPURE_NAMES.iter().filter(|n| names(&code, n)) {
            wrong.push(format!("{} names {name}", source.path.display()));
        }
    }
    assert!(wrong.is_empty(), "outside the pure core:\n{}", wrong.join("\n"));
}

#[test]
fn each_crate_stays_in_its_layers() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|s| !s.folder.is_empty()) {
        let code = code(source);
        for (krate, folders) in CRATES {
            if names(&code, &format!("{krate}::")) && !folders.contains(&source.folder.as_str()) {
                wrong.push(format!("{} names {krate}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "a crate in the wrong layer:\n{}", wrong.join("\n"));
}

#[test]
fn every_module_says_what_lives_in_it() {
    let silent: Vec<_> = sources()
        .iter()
        .filter(|s| s.path != Path::new("lib.rs") && !s.text.starts_with("//!"))
        .map(|s| s.path.display().to_string())
        .collect();
    assert!(silent.is_empty(), "no `//!`: {silent:?}");
}

#[test]
fn no_file_is_a_drawer_for_anything() {
    let drawers = ["utils", "common", "helpers", "manager", "util", "misc"];
    for source in sources() {
        let stem = source.path.file_stem().unwrap().to_string_lossy().into_owned();
        assert!(!drawers.contains(&stem.as_str()), "{}", source.path.display());
    }
}

#[test]
fn the_reader_of_imports_sees_every_form() {
    let seen =
        imports("use crate::model::time;\nuse crate::{engine::Engine, run::{plan, view}};\ncrate::tui::x()");
    assert_eq!(seen, ["model", "engine", "run", "tui"]);
    assert!(names("tokio::spawn", "tokio") && !names("my_tokio", "tokio") && !names("tokio_like", "tokio"));
    let layers: BTreeMap<_, _> = LAYERS.iter().copied().collect();
    assert!(layers["model"] < layers["cli"]);
}
