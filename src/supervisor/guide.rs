//! Running what a guide names: a command that only looks, its output bounded and safe to show.

use super::ask::{Keep, World, command};
use super::resolve;
use super::secrets::Secrets;
use crate::clock;
use crate::model::playbook::Playbook;
use crate::model::text::clean;
use crate::run::fill::Filler;
use crate::run::freeze;
use crate::run::plan::Context;
use std::time::Duration;

/// The longest that one may take.
pub const LIMIT: Duration = Duration::from_secs(30);
/// Lines of its output that are kept: the last ones.
pub const LINES: usize = 200;
/// Characters of a line that are kept.
const LINE: usize = 1_000;

/// What a command said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Looked {
    /// Its exit code.
    pub exit: i32,
    /// Milliseconds it took.
    pub took: u64,
    /// The last lines, safe to show; what it said on standard error stands behind a line that says so.
    pub lines: Vec<String>,
    /// Lines there were in all.
    pub total: usize,
}

/// Runs the command of a guide's step (from 1). Dropped before its end, it kills the command with all that it started.
///
/// # Errors
/// Why it could not be run, or did not end within `limit`; safe to show.
pub async fn run(
    playbook: &Playbook,
    environment: &str,
    context: &Context,
    (guide, step): (&str, usize),
    limit: Duration,
) -> Result<Looked, String> {
    let names = freeze::names(playbook, environment, context);
    let cwd = resolve::folder(playbook, environment, context, &names);
    let wanted = playbook.guides.get(guide).and_then(|g| g.steps.get(step.checked_sub(1)?)?.run.as_ref());
    let mut fill = Filler::new(playbook, names);
    let asked = fill.command(wanted.ok_or("there is no such command")?);
    let world = World {
        env: context.env.clone(),
        cwd,
        secrets: Secrets::new(playbook.secrets.clone()),
        home: context.home.clone().into(),
        run: None,
        telling: Default::default(),
    };
    // A command may show what it was not given: all of them are masked.
    world.secrets.learn();
    let problems = fill.problems();
    if !problems.is_empty() {
        return Err(world.secrets.safe(&problems.join("; ")));
    }
    let began = clock::now().boot;
    let said = command(&world, &asked, limit, Keep::Last).await;
    let took = clock::now().boot.saturating_sub(began);
    let said = said.map_err(|why| world.secrets.safe(&why))?;
    let (lines, total) = shown(&world.secrets, &said.out, &said.err);
    Ok(Looked { exit: said.exit.unwrap_or(-1), took, lines, total })
}

/// The last lines of what was said, safe to show, and how many there were.
fn shown(secrets: &Secrets, out: &str, err: &str) -> (Vec<String>, usize) {
    let between = if out.is_empty() || err.is_empty() { "" } else { "--- standard error ---\n" };
    let end = if out.is_empty() || out.ends_with('\n') { "" } else { "\n" };
    // Taking controls out may bring the parts of a secret together.
    let text = secrets.mask(&clean(&secrets.mask(&format!("{out}{end}{between}{err}"))));
    let total = text.lines().count();
    let lines = text.lines().skip(total.saturating_sub(LINES));
    (lines.map(|l| l.chars().take(LINE).collect()).collect(), total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::playbook::{Guide, GuideStep, Secret};
    use crate::model::probe::Command;

    fn playbook(script: &str) -> Playbook {
        let argv = vec!["sh".into(), "-c".into(), script.into()];
        let run = Some(Command { argv, ..Command::default() });
        let steps =
            vec![GuideStep { text: "Look".into(), run }, GuideStep { text: "Think".into(), run: None }];
        let guide = Guide { title: "G".into(), symptom: String::new(), steps };
        Playbook { guides: [("g".to_owned(), guide)].into_iter().collect(), ..Playbook::default() }
    }

    async fn looked(playbook: &Playbook, step: usize, limit: Duration) -> Result<Looked, String> {
        let home = tempfile::tempdir().unwrap();
        let context = resolve::context("guide", "", None, "", home.path());
        run(playbook, "lab", &context, ("g", step), limit).await
    }

    #[tokio::test]
    async fn its_last_lines_are_shown_without_controls_and_secrets() {
        let token = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(token.path(), "hunter22").unwrap();
        let mut p =
            playbook("seq 1 300; printf 'tok\\033[31men hunter\\033[0m22\\n'; echo broken >&2; exit 3");
        let place = Secret::File(token.path().to_string_lossy().into_owned());
        p.secrets.insert("token".into(), place);
        let seen = looked(&p, 1, LIMIT).await.unwrap();
        assert_eq!((seen.exit, seen.total, seen.lines.len()), (3, 303, LINES));
        assert_eq!(seen.lines[LINES - 3..], ["token [masked]", "--- standard error ---", "broken"]);
        assert_eq!(seen.lines[0], "104");
    }

    #[tokio::test]
    async fn one_that_does_not_end_is_killed_with_what_it_started() {
        let dir = tempfile::tempdir().unwrap();
        let mark = dir.path().join("pid");
        let script = format!("sleep 600 & echo $! >{}; wait", mark.display());
        let e = looked(&playbook(&script), 1, Duration::from_millis(700)).await.unwrap_err();
        assert!(e.contains("no answer in 0.7 s"), "{e}");
        let pid: i32 = std::fs::read_to_string(&mark).unwrap().trim().parse().unwrap();
        gone(pid).await;
    }

    #[tokio::test]
    async fn one_that_nobody_waits_for_any_more_is_killed_too() {
        let dir = tempfile::tempdir().unwrap();
        let mark = dir.path().join("pid");
        let script = format!("sleep 600 & echo $! >{0}.new; mv {0}.new {0}; wait", mark.display());
        let p = playbook(&script);
        let task = tokio::spawn(async move { looked(&p, 1, LIMIT).await });
        while !mark.exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        task.abort();
        let pid: i32 = std::fs::read_to_string(&mark).unwrap().trim().parse().unwrap();
        gone(pid).await;
    }

    /// Waits until a process is not there any more, or only its name.
    async fn gone(pid: i32) {
        for _ in 0..2_000 {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            if stat.is_empty() || stat.contains(") Z") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{pid} is alive");
    }

    #[tokio::test]
    async fn a_step_without_a_command_is_not_run() {
        assert!(looked(&playbook("true"), 2, LIMIT).await.unwrap_err().contains("no such command"));
        assert!(looked(&playbook("true"), 0, LIMIT).await.unwrap_err().contains("no such command"));
    }
}
