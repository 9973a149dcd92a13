//! A ticket's command: what it prints, when it fails, when it hangs.

use super::*;
use crate::model::playbook::{Environment, Ticket};
use crate::model::probe::Command;
use crate::supervisor::context;
use std::path::Path;

fn playbook(argv: &[&str], timeout: u64) -> Playbook {
    let argv = argv.iter().map(|a| (*a).into()).collect();
    let mut p = Playbook::default();
    p.environments.insert("prod".into(), Environment::default());
    p.ticket = Some(Ticket { command: Command { argv, ..Command::default() }, timeout });
    p
}

async fn opened(argv: &[&str], timeout: u64) -> Result<String, String> {
    let context = context("ticket", "Errors fires", None, "", Path::new("/nonexistent"));
    let incident = Incident {
        id: "INC-2026-11-21-3".into(),
        reason: "Errors fires".into(),
        since: context.now.clone(),
        ..Incident::default()
    };
    open(&playbook(argv, timeout), "prod", &context, &incident, 3).await
}

#[tokio::test]
async fn the_first_line_that_is_not_blank_is_its_name_without_control_characters() {
    let name =
        opened(&["printf", "\n  OPS-\x1b[31m%s-%s  \nmore\n", "{{ count }}", "{{ incident.id }}"], 5_000);
    assert_eq!(name.await.as_deref(), Ok("OPS-3-INC-2026-11-21-3"));
    // What stands in the arguments is nothing to a shell.
    let name = opened(&["printf", "%s\n", "$(id) {{ incident.reason }}; {{ severity }}"], 5_000).await;
    assert_eq!(name.as_deref(), Ok("$(id) Errors fires; -"));
}

#[tokio::test]
async fn a_command_that_fails_hangs_or_says_nothing_or_too_much_opens_none() {
    assert!(opened(&["false"], 5_000).await.unwrap_err().contains("exit"));
    assert!(opened(&["true"], 5_000).await.unwrap_err().contains("said no name"));
    assert!(opened(&["sleep", "60"], 200).await.is_err());
    assert!(opened(&["/nowhere/ticket"], 5_000).await.unwrap_err().contains("/nowhere/ticket"));
    assert!(opened(&[], 5_000).await.is_err(), "nothing is run in a rehearsal");
    let long = "x".repeat(101);
    assert!(opened(&["printf", &long], 5_000).await.unwrap_err().contains("100 characters"));
}
