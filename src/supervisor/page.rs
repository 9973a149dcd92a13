//! Telling people: a rung of the ladder that a run is not verified, or roles what no run tells.

use super::ask::{Keep, World, command};
use super::expect::judge;
use super::secrets::Secrets;
use super::{http, late, resolve};
use crate::model::playbook::{Playbook, Step, StepKind};
use crate::run::freeze;
use crate::run::plan::{Context, PageRung};
use std::time::Duration;
use tokio::task::JoinSet;

/// The longest that one channel may take, whatever its step says.
const PATIENCE: Duration = Duration::from_secs(30);

/// What came of it: in words, safe to show, and whether at least one channel took it.
pub(super) async fn tell(world: &std::sync::Arc<World>, rung: &PageRung, token: &str) -> (String, bool) {
    let mut tasks = JoinSet::new();
    for (i, step) in rung.steps.iter().enumerate() {
        let (world, step, token) = (world.clone(), step.clone(), format!("{token}.{}", i + 1));
        tasks.spawn(async move { (i, step.name.clone(), channel(&world, &step, &token).await) });
    }
    let mut told = Vec::new();
    while let Some(done) = tasks.join_next().await {
        told.extend(done.ok());
    }
    told.sort_by_key(|(i, ..)| *i);
    let took = told.iter().any(|(.., answer)| answer.is_ok());
    let words = told.iter().map(|(_, name, answer)| match answer {
        Ok(detail) => format!("{name}: {detail}"),
        Err(why) => format!("{name} failed: {why}"),
    });
    let detail = match told.is_empty() {
        true => "there is no channel to tell them by".to_owned(),
        false => words.collect::<Vec<_>>().join("; "),
    };
    (world.secrets.safe(&detail), took)
}

/// Tells these roles something outside of any run, by these channels or their own; what came of it, safe to show, and
/// whether at least one channel took it. What only a run knows is told as `-`.
pub async fn page(
    playbook: &Playbook,
    environment: &str,
    context: &Context,
    to: (&[String], &[String]),
    text: (&str, &str),
) -> (String, bool) {
    let mut rung = match freeze::page(playbook, environment, context, to, text) {
        Ok(Some(rung)) => rung,
        Ok(None) => return ("there is no channel".to_owned(), false),
        Err(problems) => return (problems.join("; "), false),
    };
    let secrets = Secrets::new(playbook.secrets.clone());
    let names = freeze::names(playbook, environment, context);
    let cwd = resolve::folder(playbook, environment, context, &names);
    let world = std::sync::Arc::new(World {
        env: context.env.clone(),
        cwd,
        home: context.home.clone().into(),
        run: None,
        secrets,
    });
    let unknown = late::names(&rung).into_iter().map(|name| (name, "-".to_owned())).collect();
    rung = match late::fill(&rung, &unknown) {
        Ok(filled) => filled,
        Err(why) => return (world.secrets.safe(&why), false),
    };
    tell(&world, &rung, &format!("{}.page", context.id)).await
}

async fn channel(world: &World, step: &Step, token: &str) -> Result<String, String> {
    let limit = match step.timeout {
        0 => PATIENCE,
        ms => PATIENCE.min(Duration::from_millis(ms)),
    };
    match &step.kind {
        StepKind::Run(c) => judge(&command(world, c, limit, Keep::First).await?, &c.expect),
        StepKind::Http(h) => match http::call(h, &world.secrets, Some(token), limit).await {
            Ok(reply) => judge(&reply, &h.expect),
            Err(trouble) => Err(trouble.text().to_owned()),
        },
        _ => Err("it tells nobody".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::probe::Command;
    use std::sync::Arc;

    fn rung(commands: &[&[&str]]) -> PageRung {
        let step = |(i, argv): (usize, &&[&str])| {
            let argv = argv.iter().map(|a| (*a).into()).collect();
            let mut step =
                Step::new(&format!("way {}", i + 1), StepKind::Run(Command { argv, ..Command::default() }));
            step.timeout = 2_000;
            step
        };
        PageRung { title: "On call".into(), steps: commands.iter().enumerate().map(step).collect() }
    }

    async fn told(commands: &[&[&str]]) -> (String, bool) {
        let world = World {
            env: [("PATH".to_owned(), "/usr/bin:/bin".to_owned())].into_iter().collect(),
            cwd: "/".into(),
            secrets: Secrets::new(Default::default()),
            home: "/nonexistent".into(),
            run: None,
        };
        tell(&Arc::new(world), &rung(commands), "t").await
    }

    #[tokio::test]
    async fn one_channel_that_takes_it_is_enough_and_each_is_named() {
        let (detail, took) = told(&[&["sh", "-c", "echo no mail >&2; exit 7"], &["true"]]).await;
        assert_eq!((detail.as_str(), took), ("way 1 failed: exit 7: no mail; way 2: exit 0", true));
        let (detail, took) = told(&[&["false"]]).await;
        assert!(!took && detail.contains("way 1 failed"), "{detail}");
        assert!(!told(&[]).await.1, "nobody was told");
    }

    #[tokio::test]
    async fn a_channel_that_hangs_holds_up_none_other() {
        let (detail, took) = told(&[&["sleep", "600"], &["true"]]).await;
        assert!(took && detail.contains("way 1 failed: ") && detail.contains("no answer in 2 s"), "{detail}");
    }
}
