//! Lines that fit paper, and shells that read them as they are meant.

use super::paper::{Paper, Word, ascii, variable};
use crate::model::template::Template;

fn printed(words: &[Word]) -> String {
    let mut paper = Paper::default();
    paper.command(words, &|name| variable(name));
    paper.text()
}

#[test]
fn a_shell_reads_back_what_was_meant() {
    let long = "x".repeat(200);
    let odd = format!("it's \"{long}\" $HOME `a` \\ ; rm -rf / * {}", "two words ".repeat(30));
    let given = ["say", "a b", "", "-n", "it's", odd.as_str(), &long, "a\nb", "#no"];
    let words: Vec<Word> = given.iter().map(|w| Word::plain(w)).collect();
    let text = printed(&words);
    assert!(text.lines().all(|l| l.len() <= 80), "{text}");
    assert_eq!(shell_words::split(&text).unwrap(), given);
}

#[test]
fn names_are_variables_in_quotes_and_other_letters_are_bytes() {
    let text = printed(&[Word::raw("rm"), Word::Text(Template("/a b/{{ run.dir }}/ü".into()))]);
    assert_eq!(text, "  rm '/a b/'\"${run_dir}\"/\"$(printf '\\303\\274')\"\n");
    assert_eq!(variable("secret.redis_password"), "redis_password");
    assert_eq!(variable("steps.to-zero.value"), "steps_to_zero_value");
}

#[test]
fn comments_are_wrapped_and_ascii() {
    let mut paper = Paper::default();
    paper.say(2, &format!("größe → … {} {}", "word ".repeat(40), "y".repeat(200)));
    let text = paper.text();
    assert!(text.lines().all(|l| l.len() <= 80 && l.starts_with("# ") && l.is_ascii()), "{text}");
    assert_eq!(ascii("a → b\n≥ 2"), "a -> b >= 2");
}

#[test]
fn a_resolved_plan_is_commands_for_a_bare_shell() {
    use crate::model::playbook::{Playbook, Step, StepKind};
    use crate::model::probe::Command;
    use crate::run::plan::{Plan, PlanStep};
    let run = |argv: &[&str]| {
        let argv = argv.iter().map(|a| Template((*a).into())).collect();
        StepKind::Run(Command { argv, ..Command::default() })
    };
    let step = |name: &str, kind| Step { name: name.into(), ..Step::new(name, kind) };
    let mut plan = Plan { service_title: "Shop".into(), environment: "lab".into(), ..Plan::default() };
    plan.procedure.title = "Canary off".into();
    plan.cwd = "/srv/shop".into();
    plan.steps = vec![
        PlanStep::new(1, step("Say it's off", run(&["echo", "it's off"]))),
        PlanStep {
            fallback_of: Some(1),
            label: "1b".into(),
            ..PlanStep::new(2, step("Else", run(&["false"])))
        },
    ];
    let text = super::shell(&Playbook::default(), &plan, "2026-01-01 10:00");
    for wanted in ["# Canary off: Shop / LAB", "cd /srv/shop", "# 1. Say it's off", "only if step 1 failed"] {
        assert!(text.contains(wanted), "{wanted} in\n{text}");
    }
    let line = text.lines().find(|l| l.trim_start().starts_with("echo")).unwrap();
    assert_eq!(shell_words::split(line).unwrap(), ["echo", "it's off"]);
    assert!(text.contains("case $- in *i*) ;; *) exit 1 ;; esac"), "run as a file it ends at once");
}
