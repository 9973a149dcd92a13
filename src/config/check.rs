//! `ripcord check`: any number of files, every problem of each.

use super::keys::Keys;
use super::paths;
use super::problem::{Problem, Severity};
use super::{drill_file, playbook, settings, syntax};
use std::io::Write;
use std::path::{Path, PathBuf};

/// How problems are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people: the line, the mark, the hint.
    Text,
    /// For programs: one JSON array.
    Json,
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A playbook.
    Playbook,
    /// ripcord's own settings.
    Settings,
    /// A theme.
    Theme,
    /// A scenario of a drill.
    Drill,
}

/// What a file is, by what stands at its top, else by its name; a playbook when nothing says otherwise.
pub fn kind(path: &Path, src: &str) -> Kind {
    let tree = syntax::parse("", src).tree;
    let has = |key: &str| tree.as_ref().is_some_and(|t| t.get_ref().keys().any(|k| k.get_ref() == key));
    let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
    let inside = |folder: &str| path.parent().and_then(Path::file_name).is_some_and(|f| f == folder);
    if has("schema") || has("service") {
        Kind::Playbook
    } else if has("slots") || inside("themes") {
        Kind::Theme
    } else if has("chaos") || has("playbook") && has("title") || inside("drills") {
        Kind::Drill
    } else if matches!(name, "config.toml" | "config.example.toml") {
        Kind::Settings
    } else {
        Kind::Playbook
    }
}

/// What is checked by others: what it means belongs to the screen.
pub struct Others<'a> {
    /// A theme, by its file's name and text.
    pub theme: &'a dyn Fn(&str, &str) -> Vec<Problem>,
    /// `[keys]` of the settings.
    pub keys: &'a dyn Fn(&Keys) -> Vec<Problem>,
}

/// Checks files and prints every problem.
/// The answer is the exit code: 0 when all may be used, 2 when one may not or `out` cannot be written.
pub fn run(files: &[PathBuf], format: Format, color: bool, others: &Others<'_>, out: &mut dyn Write) -> i32 {
    let problems: Vec<(String, Vec<Problem>)> = files.iter().map(|f| file(f, others)).collect();
    let all = || problems.iter().flat_map(|(_, p)| p);
    let good = all().all(|p| p.severity == Severity::Warning);
    let written = match format {
        Format::Json => json(&all().collect::<Vec<_>>(), out),
        Format::Text => text(&problems, color, out),
    };
    if good && written.is_ok() { 0 } else { 2 }
}

fn json(all: &[&Problem], out: &mut dyn Write) -> std::io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, all)?;
    writeln!(out)
}

fn text(files: &[(String, Vec<Problem>)], color: bool, out: &mut dyn Write) -> std::io::Result<()> {
    for (name, problems) in files {
        for p in problems {
            writeln!(out, "{}\n", p.render(color))?;
        }
        let count = |s: Severity| problems.iter().filter(|p| p.severity == s).count();
        let name = crate::model::text::clean_line(name);
        match (count(Severity::Error), count(Severity::Warning)) {
            (0, 0) => writeln!(out, "{name}: good")?,
            (0, w) => writeln!(out, "{name}: good, with {}", many(w, "warning"))?,
            (e, 0) => writeln!(out, "{name}: {}", many(e, "error"))?,
            (e, w) => writeln!(out, "{name}: {} and {}", many(e, "error"), many(w, "warning"))?,
        }
    }
    Ok(())
}

fn many(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// The problems of one file.
fn file(path: &Path, others: &Others<'_>) -> (String, Vec<Problem>) {
    let name = path.display().to_string();
    let src = match playbook::read(path) {
        Ok(src) => src,
        Err(p) => return (name, vec![*p]),
    };
    let problems = match kind(path, &src) {
        Kind::Playbook => playbook::parse(&src, &name).map_or_else(|p| p, |l| l.warnings),
        Kind::Settings => settings::parse(&src, &name, &paths::environment)
            .map_or_else(|problems| problems, |s| (others.keys)(&s.keys)),
        Kind::Theme => (others.theme)(&name, &src),
        Kind::Drill => {
            let folder = paths::playbook_dir(&paths::environment);
            drill_file::load(path, folder.as_deref()).err().unwrap_or_default()
        }
    };
    (name, problems)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Others<'_> = Others { theme: &|_, _| vec![], keys: &|_| vec![] };

    #[test]
    fn a_file_is_known_by_its_content_then_by_its_name() {
        for (path, src, want) in [
            ("x.toml", "schema = 1", Kind::Playbook),
            ("config.toml", "schema = 1", Kind::Playbook),
            ("x.toml", "[slots]\n", Kind::Theme),
            ("themes/x.toml", "name = \"x\"", Kind::Theme),
            ("config.toml", "thme = 1", Kind::Settings),
            ("x.toml", "playbook = \"shop\"\ntitle = \"Errors\"", Kind::Drill),
            ("drills/x.toml", "", Kind::Drill),
            ("config.toml", "playbook = \"shop\"", Kind::Settings),
            ("x.toml", "", Kind::Playbook),
        ] {
            assert_eq!(kind(Path::new(path), src), want, "{path}: {src}");
        }
    }

    #[test]
    fn one_bad_file_among_good_ones_gives_2_and_the_others_are_checked_too() {
        let folder = tempfile::tempdir().unwrap();
        let good = folder.path().join("good.toml");
        std::fs::write(&good, include_str!("../../tests/fixtures/canary.toml")).unwrap();
        let none = folder.path().join("none.toml");
        let mut out = Vec::new();
        assert_eq!(run(&[none, good.clone()], Format::Text, false, &NONE, &mut out), 2);
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("cannot be read") && text.contains("good.toml: good\n"), "{text}");
        let mut out = Vec::new();
        assert_eq!(run(&[good], Format::Json, false, &NONE, &mut out), 0);
        assert_eq!(String::from_utf8(out).unwrap(), "[]\n");
    }
}
