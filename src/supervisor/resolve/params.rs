//! Parameters that need a look at the world: what is read, what a command or URL lists, which files exist. Never through
//! a shell.

use super::super::ask::{World, ask};
use crate::model::playbook::{Param, ParamKind, Playbook, Rows};
use crate::model::probe::{Ask, Expectation, Probe};
use crate::model::template::Template;
use crate::model::text::clean_line;
use crate::run::Answer;
use crate::run::choice::{
    Choice, MOST_ROWS, ParamChoices, Source, among, check, default, file_row, rows, settle, sort,
};
use crate::run::expand::within;
use crate::run::fill::Filler;
use indexmap::IndexMap;
use jiff::tz::TimeZone;
use std::path::Path;
use std::time::Duration;

/// What became of all parameters.
#[derive(Debug, Default)]
pub(super) struct Params {
    /// Values: own by name, those of procedures within as `ID.NAME`.
    pub(super) values: IndexMap<String, String>,
    /// What may be chosen.
    pub(super) choices: Vec<ParamChoices>,
    /// Why some have no value.
    pub(super) problems: Vec<String>,
}

/// Finds the value of every parameter of a procedure and of those within it.
pub(super) async fn params(
    world: &World,
    playbook: &Playbook,
    procedure: &str,
    given: &IndexMap<String, String>,
    names: &IndexMap<String, String>,
) -> Params {
    let mut out = Params::default();
    let Some(p) = playbook.procedures.get(procedure) else { return out };
    let inner = within(&playbook.procedures, procedure);
    for name in given.keys().filter(|n| !p.params.contains_key(*n) && !inner.iter().any(|(k, ..)| k == *n)) {
        out.problems.push(format!("the procedure has no parameter `{}`", clean_line(name)));
    }
    // Of the parameters within only those are asked for that have no value by themselves.
    let own = p.params.iter().map(|(name, param)| (name.clone(), param));
    let inner = inner.into_iter().map(|(key, _, param)| (key, param)).filter(|(key, param)| {
        let looked =
            matches!(param.kind, ParamKind::Read { .. } | ParamKind::List { .. } | ParamKind::Files { .. });
        looked || given.contains_key(key)
    });
    for (key, param) in own.chain(inner) {
        let mut known = names.clone();
        known.extend(out.values.clone());
        let fill = Filler::new(playbook, known);
        let given = given.get(&key).map(String::as_str);
        let (found, listed) = value(world, fill, &key, param, given).await;
        let (chosen, why_not) = match found {
            Ok(value) => (value, None),
            Err(e) => (None, Some(e)),
        };
        if let Some(value) = &chosen {
            out.values.insert(key.clone(), value.clone());
        }
        out.problems.extend(why_not.clone());
        out.choices.push(ParamChoices {
            name: key,
            title: clean_line(&param.title),
            kind: Source::of(&param.kind),
            chosen,
            why_not: why_not.map(|e| clean_line(&e)),
            rows: listed,
        });
    }
    if out.problems.is_empty() {
        let own = out.values.iter().filter(|(k, _)| p.params.contains_key(*k));
        match settle(&p.params, &own.map(|(k, v)| (k.clone(), v.clone())).collect()) {
            Ok(all) => {
                for c in &mut out.choices {
                    c.chosen = c.chosen.take().or_else(|| all.get(&c.name).cloned());
                }
            }
            Err(problems) => out.problems = problems,
        }
    }
    out
}

/// What there is to choose from for one parameter of a procedure. Those before it are asked only as far as they have a value
/// by themselves: it may be made with them.
pub(super) async fn listed(
    world: &World,
    playbook: &Playbook,
    (procedure, wanted): (&str, &str),
    names: &IndexMap<String, String>,
) -> Result<Vec<Choice>, String> {
    let p = playbook.procedures.get(procedure).ok_or("there is no such procedure")?;
    let mut known = names.clone();
    for (name, param) in &p.params {
        let (found, rows) = value(world, Filler::new(playbook, known.clone()), name, param, None).await;
        if name == wanted {
            return match found {
                // That none stands by itself does not matter here.
                Err(why) if rows.is_empty() => Err(why),
                _ => Ok(rows),
            };
        }
        if let Ok(Some(value)) = found {
            known.insert(name.clone(), value);
        }
    }
    Err("there is no such parameter".to_owned())
}

/// The value of one parameter (none for one that follows from another), and what there was to choose from.
async fn value(
    world: &World,
    mut fill: Filler<'_>,
    name: &str,
    param: &Param,
    given: Option<&str>,
) -> (Result<Option<String>, String>, Vec<Choice>) {
    let plain = |values: &[&str]| -> Vec<Choice> {
        values.iter().map(|v| Choice { value: (*v).to_owned(), ..Choice::default() }).collect()
    };
    match &param.kind {
        ParamKind::Read { .. } if given.is_some() => {
            (Err(format!("`{name}` is read, not given")), Vec::new())
        }
        ParamKind::Read { probe, pattern } => {
            let probe = fill.probe(probe);
            let found = match fill.problems() {
                problems if problems.is_empty() => read(world, &probe, pattern).await,
                problems => Err(problems.join("; ")),
            };
            let found = found.map_err(|e| format!("`{name}` cannot be read: {e}"));
            (found.and_then(|v| check(name, param, &v)).map(Some), Vec::new())
        }
        ParamKind::List { probe, rows } => {
            let probe = fill.probe(probe);
            let listed = match fill.problems() {
                problems if problems.is_empty() => list(world, &probe, rows).await,
                problems => Err(problems.join("; ")),
            };
            match listed {
                Ok(rows) => (among(name, param, given, &rows).map(Some), rows),
                Err(e) => (Err(format!("`{name}` cannot be listed: {e}")), Vec::new()),
            }
        }
        ParamKind::Files { glob, newest, pattern, time_format } => {
            let glob = fill.text(glob);
            let problems = fill.problems();
            let listed = match problems.is_empty() {
                true => files(&world.cwd, &glob, *newest, pattern.as_deref(), time_format.as_deref()),
                false => Err(problems.join("; ")),
            };
            match listed {
                Ok(rows) if rows.is_empty() => (Err(format!("`{name}`: no file matches {glob}")), rows),
                Ok(rows) => (among(name, param, given, &rows).map(Some), rows),
                Err(e) => (Err(format!("`{name}` cannot be listed: {e}")), Vec::new()),
            }
        }
        ParamKind::Map { .. } => (given.map_or(Ok(None), |v| check(name, param, v).map(Some)), Vec::new()),
        kind => {
            let rows = match kind {
                ParamKind::Values(values) => plain(&values.iter().map(String::as_str).collect::<Vec<_>>()),
                ParamKind::Switch(_) => plain(&["true", "false"]),
                _ => Vec::new(),
            };
            let value = given.map(str::to_owned).or_else(|| default(param));
            let value = value.ok_or_else(|| format!("choose `{name}` ({})", param.title));
            (value.and_then(|v| check(name, param, &v)).map(Some), rows)
        }
    }
}

/// A probe that is asked for what it says, not for whether it is good.
async fn said(world: &World, probe: &Probe, socket_says: &str) -> Result<String, String> {
    let mut probe = probe.clone();
    if matches!(probe.ask, Ask::Socket { .. }) && probe.expect == Expectation::default() {
        // A socket is good when it says nothing; here it is asked for what it says.
        probe.expect.stdout = Some(socket_says.to_owned());
    }
    let told = ask(world, &probe, probe.within.map(Duration::from_millis)).await;
    match told.answer {
        Answer::Holds => Ok(told.raw),
        _ => Err(told.detail),
    }
}

/// The value of a parameter: the group `value` of its pattern in what the probe answers.
async fn read(world: &World, probe: &Probe, pattern: &str) -> Result<String, String> {
    let regex = regex::Regex::new(pattern).map_err(|e| e.to_string())?;
    let raw = said(world, probe, pattern).await?;
    let found = regex.captures(&raw).and_then(|c| c.name("value").map(|m| m.as_str().to_owned()));
    let value = found.ok_or_else(|| format!("nothing in the answer matches {pattern}"))?;
    match value.chars().any(char::is_control) {
        true => Err("the value holds control characters".to_owned()),
        false => Ok(value),
    }
}

async fn list(world: &World, probe: &Probe, how: &Rows) -> Result<Vec<Choice>, String> {
    rows(&said(world, probe, "").await?, how, &TimeZone::system())
}

/// Files that match, in order. What cannot be looked at is left out.
fn files(
    cwd: &str,
    pattern: &Template,
    newest: bool,
    regex: Option<&str>,
    time_format: Option<&str>,
) -> Result<Vec<Choice>, String> {
    let whole = Path::new(cwd).join(&pattern.0);
    let paths = glob::glob(&whole.to_string_lossy()).map_err(|e| format!("{pattern}: {e}"))?;
    let (mut out, zone) = (Vec::new(), TimeZone::system());
    for path in paths.flatten() {
        let (Some(path), Ok(meta)) = (path.to_str(), path.metadata()) else { continue };
        let modified = meta.modified().ok().and_then(|at| jiff::Timestamp::try_from(at).ok());
        let modified = modified.map(jiff::Timestamp::as_millisecond);
        out.extend(file_row(path, meta.len(), modified, regex, time_format, &zone)?);
    }
    sort(&mut out, newest);
    out.truncate(MOST_ROWS);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::playbook::{Pick, Procedure};
    use crate::model::probe::Command;
    use crate::supervisor::secrets::Secrets;
    use std::io::{BufRead, BufReader, Write};
    use std::os::unix::net::UnixListener;

    fn world(cwd: &Path) -> World {
        let env = [("PATH".to_owned(), "/usr/bin:/bin".to_owned())].into_iter().collect();
        World {
            env,
            cwd: cwd.to_string_lossy().into_owned(),
            secrets: Secrets::new(IndexMap::new()),
            home: cwd.join("records"),
            run: None,
            telling: Default::default(),
        }
    }

    fn probe(ask: Ask) -> Probe {
        Probe { ask, expect: Expectation::default(), within: Some(5_000), every: 1_000, rehearse: None }
    }

    fn param(kind: ParamKind, pick: Pick) -> Param {
        Param { title: "It".into(), kind, pick, unit: None, rehearse: Vec::new() }
    }

    fn printed(text: &str) -> Probe {
        let argv = vec!["printf".into(), "%s".into(), text.into()];
        probe(Ask::Run(Command { argv, ..Command::default() }))
    }

    fn playbook(params: Vec<(&str, Param)>) -> Playbook {
        let params = params.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
        let p = Procedure { title: "P".into(), params, ..Procedure::default() };
        Playbook { procedures: [("p".to_owned(), p)].into_iter().collect(), ..Playbook::default() }
    }

    async fn asked(dir: &Path, params_of: Vec<(&str, Param)>, given: &[(&str, &str)]) -> Params {
        let given = given.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let playbook = playbook(params_of);
        params(&world(dir), &playbook, "p", &given, &IndexMap::new()).await
    }

    #[tokio::test]
    async fn a_value_is_read_from_what_a_socket_says() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let listener = UnixListener::bind(&path).unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut line = String::new();
            BufReader::new(stream.try_clone().unwrap()).read_line(&mut line).unwrap();
            stream.write_all(b"canary 25 (initial 25)\n").unwrap();
            line
        });
        let probe =
            probe(Ask::Socket { path: path.to_string_lossy().as_ref().into(), send: "get weight".into() });
        assert_eq!(read(&world(dir.path()), &probe, r"canary (?<value>\d+)").await.as_deref(), Ok("25"));
        assert_eq!(server.join().unwrap(), "get weight\n");
    }

    #[tokio::test]
    async fn files_are_offered_newest_first_and_a_missing_one_stops() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["app-2025-01-02.tar", "app-2025-03-04.tar", "app-x.tar"] {
            std::fs::write(dir.path().join(name), "12345").unwrap();
        }
        let kind = || ParamKind::Files {
            glob: "app-*.tar".into(),
            newest: true,
            pattern: Some(r"app-(?<value>(?<time>\d{4}-\d\d-\d\d))\.tar$".into()),
            time_format: Some("%Y-%m-%d".into()),
        };
        let of = |pick| vec![("backup", param(kind(), pick))];
        let found = asked(dir.path(), of(Pick::First), &[]).await;
        assert_eq!(found.values["backup"], "2025-03-04");
        let rows = &found.choices[0].rows;
        assert_eq!(rows.iter().map(|r| r.value.as_str()).collect::<Vec<_>>(), ["2025-03-04", "2025-01-02"]);
        assert!(rows.iter().all(|r| r.size == Some(5)) && rows[0].age_wall > rows[1].age_wall);
        let found = asked(dir.path(), of(Pick::None), &[]).await;
        assert!(found.problems[0].starts_with("choose `backup`") && found.choices[0].rows.len() == 2);
        assert_eq!(found.choices[0].chosen, None);
        let found = asked(dir.path(), of(Pick::First), &[("backup", "2024-01-01")]).await;
        assert!(found.problems[0].contains("there is no 2024-01-01"), "{:?}", found.problems);
        let empty = tempfile::tempdir().unwrap();
        let found = asked(empty.path(), of(Pick::First), &[]).await;
        assert!(found.problems[0].contains("no file matches"), "{:?}", found.problems);
    }

    #[tokio::test]
    async fn a_command_lists_and_one_follows_from_another() {
        let dir = tempfile::tempdir().unwrap();
        let rows = Rows::Pattern(r"^(?<value>\S+) (?<by>\S+)$".into());
        let all = || {
            let to = [("r1".to_owned(), "one".to_owned()), ("r2".to_owned(), "two".to_owned())];
            vec![
                (
                    "word",
                    param(ParamKind::Map { from: "rev".into(), to: to.into_iter().collect() }, Pick::First),
                ),
                (
                    "rev",
                    param(
                        ParamKind::List { probe: printed("r2 ana\nr1 ben"), rows: rows.clone() },
                        Pick::Last,
                    ),
                ),
                (
                    "seen",
                    param(
                        ParamKind::Read { probe: printed("is {{ rev }}"), pattern: "is (?<value>.+)".into() },
                        Pick::First,
                    ),
                ),
            ]
        };
        let found = asked(dir.path(), all(), &[]).await;
        assert!(found.problems.is_empty(), "{:?}", found.problems);
        assert_eq!((found.values["rev"].as_str(), found.values["seen"].as_str()), ("r1", "r1"));
        assert_eq!(found.choices[0].chosen.as_deref(), Some("one"));
        assert_eq!(found.choices[1].rows[0].columns, [("by".to_owned(), "ana".to_owned())]);
        let found = asked(dir.path(), all(), &[("rev", "r9"), ("seen", "x"), ("odd", "y")]).await;
        let told = found.problems.join("\n");
        assert!(
            told.contains("no r9") && told.contains("read, not given") && told.contains("`odd`"),
            "{told}"
        );
    }

    #[tokio::test]
    async fn a_listing_that_fails_says_so() {
        let dir = tempfile::tempdir().unwrap();
        let failing = probe(Ask::Run(Command { argv: vec!["false".into()], ..Command::default() }));
        let kind = ParamKind::List { probe: failing, rows: Rows::Pattern("(?<value>.*)".into()) };
        let found = asked(dir.path(), vec![("rev", param(kind, Pick::First))], &[]).await;
        assert!(found.problems[0].contains("cannot be listed"), "{:?}", found.problems);
    }
}
