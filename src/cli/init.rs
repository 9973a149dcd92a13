//! `ripcord init`: six answers, and a commented playbook that passes `ripcord check` and can be rehearsed at once.

mod compose;

use super::args::Init;
use super::exit;
use crate::config::playbook;
use crate::model::text::clean_line;
use crate::model::unit::{Base, quantity};
use compose::compose;
use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};

/// What is asked, in this order: flag, question, an example, and what an empty answer means.
const QUESTIONS: [(&str, &str, &str, Option<&str>); 6] = [
    ("--name", "Name of the service", "web-shop", None),
    ("--env", "Environment it runs in", "production", Some("production")),
    (
        "--metrics",
        "Where its metrics are: a Prometheus server, or a /metrics page",
        "http://localhost:9090 or http://localhost:8080/metrics",
        None,
    ),
    ("--threshold", "Error rate from which it is to be rolled back", "2%", Some("2%")),
    ("--rollback", "Command that rolls it back", "/opt/shop/rollback.sh v1.2.2", None),
    (
        "--health",
        "What says that it is healthy: a URL, or a command that exits with 0",
        "http://localhost:8080/health",
        None,
    ),
];
/// Answers that stand for those that are not given yet, so that one can be tried alone.
const TRIED: [&str; 6] =
    ["shop", "production", "http://localhost:9090", "2%", "/bin/roll-back", "/bin/healthy"];

/// Asks for what the flags leave open and writes the playbook.
pub fn init(asked: &Init) -> u8 {
    let given = [&asked.name, &asked.env, &asked.metrics, &asked.threshold, &asked.rollback, &asked.health];
    let terminal = std::io::stdin().is_terminal();
    let answers = match terminal {
        true => answers(given, Some(&mut std::io::stdin().lock()), &mut std::io::stdout()),
        false => answers(given, None, &mut std::io::sink()),
    };
    let answers = match answers {
        Ok(answers) => answers,
        Err(why) => {
            eprintln!("error: {why}");
            return exit::USAGE;
        }
    };
    let file = asked.out.clone().unwrap_or_else(|| PathBuf::from(format!("{}.toml", answers[0])));
    if let Err(why) = write(&file, &compose(&answers)) {
        eprintln!("error: {why}");
        return exit::USAGE;
    }
    let file = clean_line(&file.display().to_string());
    println!("{file} is written and passes `ripcord check {file}`. Next:");
    println!("  ripcord drill {file}                    rehearse it: nothing outside is touched");
    println!("  ripcord drill {file} --all --headless   rehearse all of it without a screen, as in CI");
    println!("  ripcord {file}                          the real service");
    exit::OK
}

/// The six answers: those given, and what `input` says of the others. A bad answer is asked again.
///
/// # Errors
/// In words, with a hint: a given answer is bad, nobody is there to be asked, or nothing more comes.
fn answers(
    given: [&Option<String>; 6],
    mut input: Option<&mut dyn BufRead>,
    out: &mut dyn Write,
) -> Result<[String; 6], String> {
    let mut all = TRIED.map(str::to_string);
    for (i, (flag, question, example, usual)) in QUESTIONS.iter().enumerate() {
        if let Some(answer) = given[i] {
            all[i] = answer.trim().to_string();
            tried(&all, i).map_err(|why| format!("{flag}: {why}"))?;
            continue;
        }
        let Some(input) = input.as_mut() else {
            return Err(format!(
                "{flag} is missing, and nobody can be asked without a terminal\n  hint: {question}, such as {flag} {}",
                shell_words::quote(example.split(" or ").next().unwrap_or(example))
            ));
        };
        loop {
            let shown = usual.map_or(format!("such as {example}"), |u| format!("Enter: {u}"));
            let failed = |e: std::io::Error| format!("nobody can be asked: {e}");
            write!(out, "{question} ({shown}): ").and_then(|()| out.flush()).map_err(failed)?;
            let mut line = String::new();
            if input.read_line(&mut line).map_err(failed)? == 0 {
                return Err(format!("no answer came\n  hint: {flag} says it, too"));
            }
            all[i] = match (line.trim(), usual) {
                ("", Some(usual)) => (*usual).to_string(),
                (answer, _) => answer.to_string(),
            };
            match tried(&all, i) {
                Ok(()) => break,
                Err(why) => writeln!(out, "  {why}").map_err(failed)?,
            }
        }
    }
    Ok(all)
}

/// Whether an answer is good: it is what is asked for, and the playbook with it has nothing to be said against.
fn tried(all: &[String; 6], which: usize) -> Result<(), String> {
    let answer = &all[which];
    if answer.is_empty() {
        return Err(format!("something must be written\n  hint: such as {}", QUESTIONS[which].2));
    }
    if answer.contains("{{") {
        return Err("`{{` begins a name of a playbook\n  hint: write the value itself".to_string());
    }
    match which {
        2 if url(answer).is_none() => {
            return Err(format!(
                "`{answer}` is not an address\n  hint: begin with http:// or https://, such as {}",
                QUESTIONS[2].2
            ));
        }
        3 => {
            share(answer)?;
        }
        4 | 5 if url(answer).is_none() || which == 4 => {
            words(answer)?;
        }
        _ => {}
    }
    let problems = match playbook::parse(&compose(all), "it") {
        Ok(loaded) => loaded.warnings,
        Err(problems) => problems,
    };
    problems.first().map_or(Ok(()), |p| Err(format!("{}\n  hint: {}", p.message, p.hint)))
}

/// The answer, when it is an address.
fn url(answer: &str) -> Option<&str> {
    let rest = answer.strip_prefix("http://").or_else(|| answer.strip_prefix("https://"))?;
    (!rest.is_empty() && !rest.starts_with('/') && !answer.contains(char::is_whitespace)).then_some(answer)
}

/// A share between nothing and everything.
fn share(answer: &str) -> Result<f64, String> {
    match quantity(answer) {
        Ok(q) if q.dim.base == Base::Fraction && q.dim.per_time == 0 && q.value > 0.0 && q.value < 1.0 => {
            Ok(q.value)
        }
        _ => Err(format!("`{answer}` is not a share of the requests\n  hint: write it in percent: 2%")),
    }
}

/// The words of a command, which no shell will read.
fn words(answer: &str) -> Result<Vec<String>, String> {
    let words = shell_words::split(answer).map_err(|e| {
        format!("`{answer}` cannot be split into words: {e}\n  hint: close every quote that is opened")
    })?;
    let signs = ["|", "||", "&", "&&", ";", ">", ">>", "<"];
    let shell = |w: &&String| signs.contains(&w.as_str()) || w.contains("$(") || w.ends_with(';');
    match words.iter().find(shell) {
        Some(sign) => Err(format!(
            "no shell reads `{sign}`\n  hint: name one program and its arguments, or put the line into a script"
        )),
        None => Ok(words),
    }
}

/// Writes a new file; one that exists stays as it is.
fn write(file: &Path, text: &str) -> Result<(), String> {
    let shown = clean_line(&file.display().to_string());
    let opened = std::fs::OpenOptions::new().write(true).create_new(true).open(file);
    opened.and_then(|mut f| f.write_all(text.as_bytes())).map_err(|e| match e.kind() {
        std::io::ErrorKind::AlreadyExists => {
            format!("{shown} exists and is not overwritten\n  hint: --out FILE names another one")
        }
        _ => format!("{shown} cannot be written: {e}\n  hint: --out FILE names another place"),
    })
}

#[cfg(test)]
mod tests;
