//! Telling a rung of the ladder that a run is not verified.

use super::ask::{Keep, World, command};
use super::expect::judge;
use super::http;
use crate::model::playbook::{Step, StepKind};
use crate::run::plan::PageRung;
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
