//! Opens a ticket for an incident: a command of the playbook, whose first line is the ticket's name.

use super::ask::{Keep, World, command};
use super::expect::judge;
use super::resolve;
use super::secrets::Secrets;
use crate::model::playbook::Playbook;
use crate::model::text::clean_line;
use crate::run::fill::Filler;
use crate::run::freeze;
use crate::run::plan::Context;
use crate::session::decision::Incident;
use std::time::Duration;

/// Characters that a ticket's name may have.
const LONGEST: usize = 100;

/// Runs the ticket's command once, within its time; its first line that is not blank. `count` is the incident's number.
///
/// # Errors
/// Why there is no ticket, in words, safe to show.
pub async fn open(
    playbook: &Playbook,
    environment: &str,
    context: &Context,
    incident: &Incident,
    count: u32,
) -> Result<String, String> {
    let ticket = playbook.ticket.as_ref().ok_or("the playbook opens no tickets")?;
    let context =
        Context { incident: Some((incident.id.clone(), incident.since.clone())), ..context.clone() };
    let mut names = freeze::names(playbook, environment, &context);
    names.insert("incident.reason".to_owned(), incident.reason.clone());
    names.insert("count".to_owned(), count.to_string());
    names.insert("severity".to_owned(), incident.severity(playbook).unwrap_or("-").to_owned());
    let cwd = resolve::folder(playbook, environment, &context, &names);
    let mut fill = Filler::new(playbook, names);
    let spelled = fill.command(&ticket.command);
    let problems = fill.problems();
    if !problems.is_empty() {
        return Err(clean_line(&problems.join("; ")));
    }
    let world = World {
        telling: Default::default(),
        env: context.env.clone(),
        cwd,
        secrets: Secrets::new(playbook.secrets.clone()),
        home: context.home.clone().into(),
        run: None,
    };
    world.secrets.learn();
    let limit = Duration::from_millis(ticket.timeout.max(100));
    let asked = async {
        let reply = command(&world, &spelled, limit, Keep::First).await?;
        judge(&reply, &spelled.expect)?;
        let first = reply.out.lines().map(clean_line).find(|l| !l.trim().is_empty());
        first.map(|l| l.trim().to_owned()).ok_or_else(|| "its command said no name".to_owned())
    };
    match asked.await {
        Ok(name) if name.chars().count() > LONGEST => {
            Err(format!("its command said a name of more than {LONGEST} characters"))
        }
        Ok(name) => Ok(world.secrets.safe(&name)),
        Err(why) => Err(world.secrets.safe(&why)),
    }
}

#[cfg(test)]
mod tests;
