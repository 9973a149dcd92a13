//! The book of reference: what stays the same of it is made once, what depends on the moment is judged at each look.

use super::Session;
use super::decision::Call;
use super::decision::ladder::Stands;
use super::view::guide::{BookView, ContactView, GoalView, HoursView, ListView, RungView, Stand, ToldView};
use super::view::{GuideView, Verdict};
use crate::engine::eval::Truth;
use crate::model::condition::duration;
use crate::model::hours::{Hours, Reached};
use crate::model::playbook::{From, Goal, Guide, Objective, ParamKind, Playbook, Role, Rung, To};
use crate::model::text::clean_line;
use crate::model::time::Now;
use crate::run::plan::describe;
use crate::run::view::between;
use indexmap::IndexMap;
use std::sync::Arc;

/// What of the book does not change while the playbook does not.
#[derive(Debug, Default)]
pub(super) struct Book {
    guides: Arc<IndexMap<String, GuideView>>,
    contacts: Vec<ContactView>,
    /// When each of them is reached, as far as that can be read.
    hours: Vec<Option<Hours>>,
    backups: Vec<ListView>,
}

impl Book {
    pub(super) fn of(playbook: &Playbook) -> Book {
        let roles = &playbook.roles;
        Book {
            guides: Arc::new(playbook.guides.iter().map(|(id, g)| (id.clone(), guide(g))).collect()),
            contacts: roles.iter().map(|(id, role)| contact(playbook, id, role)).collect(),
            hours: roles.values().map(|r| Hours::parse(r.available.as_ref()?).ok()).collect(),
            backups: backups(playbook),
        }
    }
}

impl Session {
    /// The book as it is now. What was run or listed from here is the driver's to add.
    pub(super) fn book(&self, now: &Now, verdict: &Verdict) -> BookView {
        let (book, service) = (&self.book, &self.playbook.service);
        let run = self.run.as_ref();
        let stands = self.stands(now);
        BookView {
            service: clean_line(if service.title.is_empty() { &service.name } else { &service.title }),
            owner: clean_line(&service.owner),
            incident: self.decisions.incident.as_ref().map(|i| i.since.wall),
            ladder: self
                .playbook
                .escalation
                .iter()
                .enumerate()
                .map(|(i, r)| self.rung(i, r, &stands, now))
                .collect(),
            taken: self.taken(now),
            call: self.call(&stands, now),
            contacts: book
                .contacts
                .iter()
                .zip(&book.hours)
                .map(|(c, hours)| ContactView {
                    hours: match hours.as_ref().map(|h| h.at(now.wall)) {
                        Some(Reached::Yes(until)) => HoursView::Now(until),
                        Some(Reached::No(from)) => HoursView::From(from),
                        None => c.hours.clone(),
                    },
                    told: self.decisions.called.get(&c.id).map(called),
                    ..c.clone()
                })
                .collect(),
            message: self.call_for(now, verdict),
            guides: book.guides.clone(),
            probes: Vec::new(),
            backups: book.backups.clone(),
            objectives: self.playbook.objectives.iter().map(|(id, o)| self.goal(id, o, now)).collect(),
            judged: run.map(|r| (clean_line(&r.view().title), r.is_open())),
        }
    }

    /// What a role is told when a person asks for it now: subject and text.
    fn call_for(&self, now: &Now, verdict: &Verdict) -> (String, String) {
        let service = &self.playbook.service;
        let name = if service.title.is_empty() { &service.name } else { &service.title };
        let place = format!("{name} {}", self.facts.environment);
        let open = match &self.decisions.incident {
            Some(i) => format!("{} open for {}", i.id, duration(minutes(between(&i.since, now)))),
            None => "no incident is open".to_owned(),
        };
        let what = match verdict.text.is_empty() {
            true => verdict.word.clone(),
            false => format!("{}, {}", verdict.word, verdict.text),
        };
        let user = &self.facts.user;
        (
            clean_line(&format!("{place}: {user} asks for you")),
            clean_line(&format!("{place}: {open}. {what}. {user} asks for you.")),
        )
    }

    fn rung(&self, at: usize, rung: &Rung, stands: &[Stands], now: &Now) -> RungView {
        let titles = self.titles(&rung.roles);
        let own = || {
            let roles = rung.roles.iter().filter_map(|r| self.playbook.roles.get(r));
            roles.flat_map(|r| r.channels.iter()).collect::<Vec<_>>()
        };
        let channels = if rung.channels.is_empty() { own() } else { rung.channels.iter().collect() };
        let mut how: Vec<String> = Vec::new();
        for id in channels {
            let title = self.playbook.channels.get(id).map_or(id.as_str(), |c| c.title.as_str());
            if !how.iter().any(|h| h == title) {
                how.push(clean_line(title));
            }
        }
        let truth = |c: &crate::model::condition::Condition| {
            (clean_line(&c.text), self.engine.judge(&c.expr, now.boot as i64, None).0)
        };
        let since = self.decisions.incident.as_ref().map(|_| self.decisions.ladder.from.wall);
        let told = since.and_then(|wall| self.told_since(&rung.roles, &titles, wall));
        RungView {
            after_ms: rung.after,
            who: titles.join(", "),
            how: how.join(", "),
            only_if: rung.when.as_ref().map(truth),
            state: self.rung_state(at, &stands[at], told),
        }
    }

    /// The last time that all of these were told together by themselves, or one of them by hand, since then.
    fn told_since(&self, roles: &[String], titles: &[String], wall: i64) -> Option<ToldView> {
        let alone = self.decisions.firings.values().filter_map(|f| {
            let (_, to, _) = f.escalated.as_ref()?;
            let same = to.len() == titles.len() && to.iter().zip(titles).all(|(a, b)| clean_line(a) == *b);
            let (ok, detail, at) = f.paged.as_ref().filter(|_| same)?;
            Some(ToldView { wall: at.wall, ok: *ok, detail: clean_line(detail), who: None })
        });
        let called = roles.iter().filter_map(|r| self.decisions.called.get(r)).map(called);
        let run = self.run.as_ref().map(|r| r.view().paged.as_slice()).unwrap_or_default();
        let joined = titles.join(", ");
        let run = run.iter().filter(|(_, title, ..)| clean_line(title) == joined);
        let run = run.map(|(at, _, detail, ok)| ToldView {
            wall: at.wall,
            ok: *ok,
            detail: clean_line(detail),
            who: None,
        });
        alone.chain(called).chain(run).filter(|t| t.wall >= wall).max_by_key(|t| t.wall)
    }

    fn titles(&self, roles: &[String]) -> Vec<String> {
        let title = |id| self.playbook.roles.get(id).map_or(id, |r| &r.title);
        roles.iter().map(|id| clean_line(title(id))).collect()
    }

    fn goal(&self, id: &str, o: &Objective, now: &Now) -> GoalView {
        let mut found = (!matches!(o.goal, Goal::Time { .. })).then(String::new);
        let stand = self.run.as_ref().and_then(|r| {
            let place = r.plan().playbook.objectives.get_index_of(id)?;
            let mut seen = r.view().objectives.get(place)?.clone();
            self.judge_goals(&r.view().id, std::slice::from_mut(&mut seen));
            found = seen.other.as_ref().map(|o| o.found.clone());
            // What did not come to its end counts no further than the run went.
            let until = r.view().ended.as_ref().unwrap_or(now);
            Some(Stand {
                took_ms: seen.took(until),
                kept: seen.kept(until).or_else(|| {
                    let over = seen.other.is_none() && r.view().ended.is_some();
                    over.then_some(seen.to.is_some() && !seen.provisional)
                }),
                provisional: seen.provisional,
            })
        });
        let title = |id| self.playbook.procedures.get(id).map_or(id, |p| &p.title);
        GoalView {
            title: clean_line(&o.title),
            within_ms: match o.goal {
                Goal::Time { within, .. } => within,
                _ => 0,
            },
            found,
            span: span(o),
            procedures: o.procedures.iter().map(|id| clean_line(title(id))).collect(),
            stand,
        }
    }
}

/// Whole minutes, once there is one: what is told to people does not count seconds.
fn minutes(ms: u64) -> u64 {
    if ms < 60_000 { ms / 1000 * 1000 } else { ms / 60_000 * 60_000 }
}

fn called(call: &Call) -> ToldView {
    ToldView {
        wall: call.at.wall,
        ok: call.ok,
        detail: clean_line(&call.detail),
        who: Some(clean_line(&call.who.user)),
    }
}

fn span(o: &Objective) -> String {
    let (from, to) = match &o.goal {
        Goal::Time { from, to, .. } => (from, to),
        other => return clean_line(&other.asks()),
    };
    let from = match from {
        From::Firing => "from firing",
        From::Decision => "from the decision",
        From::Confirmed => "from the confirmation",
        From::Start => "from the run's start",
    };
    let to = match to {
        To::Effect => "to the effect".to_owned(),
        To::Recovered => "to recovered".to_owned(),
        To::Verified => "to verified".to_owned(),
        To::End => "to the run's end".to_owned(),
        To::Step(id) => format!("to step {}", clean_line(id)),
    };
    format!("{from} {to}")
}

/// A guide in words and commands.
pub(super) fn guide(g: &Guide) -> GuideView {
    let step = |s: &crate::model::playbook::GuideStep| {
        let command = s.run.as_ref().map(|c| {
            let argv = shell_words::join(c.argv.iter().map(|a| a.0.as_str()));
            let on = c.on.as_ref().map(|host| format!("  (on {host})")).unwrap_or_default();
            clean_line(&format!("{argv}{on}"))
        });
        (clean_line(&s.text.0), command)
    };
    GuideView {
        title: clean_line(&g.title),
        symptom: clean_line(&g.symptom),
        steps: g.steps.iter().map(step).collect(),
    }
}

fn contact(playbook: &Playbook, id: &str, role: &Role) -> ContactView {
    let clean = |all: &[String]| all.iter().map(|t| clean_line(t)).collect();
    let reach = [("phone", &role.phone), ("slack", &role.slack), ("mail", &role.mail)];
    let mut channels: Vec<String> = Vec::new();
    let mut ids: Vec<&str> = vec![id];
    let mut at = 0;
    // As those are told: a role, and whoever it includes.
    while let Some(role) = ids.get(at).and_then(|id| playbook.roles.get(*id)) {
        at += 1;
        for c in &role.channels {
            let title = clean_line(playbook.channels.get(c).map_or(c.as_str(), |c| &c.title));
            if !channels.contains(&title) {
                channels.push(title);
            }
        }
        for more in &role.includes {
            if playbook.roles.contains_key(more) && !ids.contains(&more.as_str()) {
                ids.push(more);
            }
        }
    }
    let title = |id| playbook.roles.get(id).map_or(id, |r| &r.title);
    ContactView {
        id: id.to_owned(),
        title: clean_line(&role.title),
        when: role.notify_when.as_ref().map_or_else(|| when(playbook, id), |w| clean_line(w)),
        hours: role.available.as_ref().map_or(HoursView::Unknown, |w| HoursView::Written(clean_line(w))),
        reach: reach.into_iter().filter_map(|(k, v)| Some((k, clean_line(v.as_ref()?)))).collect(),
        users: clean(&role.users),
        groups: clean(&role.groups),
        includes: role.includes.iter().map(|id| clean_line(title(id))).collect(),
        channels,
        telling: false,
        told: None,
    }
}

/// When a role comes in, by what else the playbook says of it.
fn when(playbook: &Playbook, id: &str) -> String {
    let holds = |roles: &[String]| roles.iter().any(|r| r == id);
    if let Some(rung) = playbook.escalation.iter().find(|r| holds(&r.roles)) {
        return match rung.after {
            0 => "at once".to_owned(),
            after => format!("open > {}", duration(after)),
        };
    }
    let rows = playbook.severities.iter().filter(|(_, s)| holds(&s.approval));
    let rows: Vec<&str> = rows.map(|(id, _)| id.as_str()).collect();
    if !rows.is_empty() {
        return format!("decides {}", rows.join(", "));
    }
    let decides = |a: &crate::model::playbook::Authority| holds(&a.all) || a.at.values().any(|r| holds(r));
    match playbook.authority.values().find(|a| decides(a)) {
        Some(a) => format!("decides: {}", clean_line(&a.title)),
        None => String::new(),
    }
}

/// What procedures can go back to: their parameters that are listed.
fn backups(playbook: &Playbook) -> Vec<ListView> {
    let params = playbook
        .procedures
        .iter()
        .flat_map(|(id, p)| p.params.iter().map(move |(name, param)| (id, p, name, param)));
    params
        .filter_map(|(id, p, name, param)| {
            let source = match &param.kind {
                ParamKind::Files { glob, .. } => format!("files {glob}"),
                ParamKind::List { probe, .. } => describe(probe),
                _ => return None,
            };
            Some(ListView {
                procedure: id.clone(),
                of: clean_line(&p.title),
                param: name.clone(),
                title: clean_line(&param.title),
                source: clean_line(&source),
                ..ListView::default()
            })
        })
        .collect()
}

impl RungView {
    /// Whether its condition, if it has one, is known not to hold.
    pub fn is_out(&self) -> bool {
        matches!(self.only_if, Some((_, Truth::False)))
    }
}
