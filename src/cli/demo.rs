//! `ripcord demo`: an embedded service whose canary goes bad, watched and rolled back for real.

use super::args::{Look, Target};
use super::{exit, fleet, look, runtime, screen, target};
use crate::config;
use crate::config::problem::Problem;
use crate::driver::fleet::{Desk, Sources};
use crate::driver::{Driver, Request, Setup, Update};
use crate::run::record::{Verdict, Wish};
use crate::run::view::RunState;
use crate::session::Seen;
use crate::session::outbox::Fate;
use crate::session::view::{Gravity, View};
use crate::sim;
use crate::supervisor::{home, outbox};
use crate::tui;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const PLAYBOOK: &str = include_str!("../../assets/playbooks/demo.toml");
/// The longest that the story without a terminal may take.
const LIMIT: Duration = Duration::from_secs(180);

/// Plays the demo.
pub fn play(headless: bool, seed: u64, state_dir: Option<PathBuf>, look: &Look) -> u8 {
    let service = match sim::Service::start(seed) {
        Ok(service) => service,
        Err(e) => {
            eprintln!("error: the embedded service: {e}");
            return exit::USAGE;
        }
    };
    let Ok(settings) = target::settings_of(None) else { return exit::USAGE };
    let Ok(setup) = setup(&service, state_dir, &settings) else { return exit::USAGE };
    if !headless {
        let Ok(look) = look::look(look, &settings) else { return exit::USAGE };
        let desk = |world| Desk::new(Some(setup), Sources::default(), fleet::none(), world);
        return screen::show(desk, tui::app::Look { window: 300_000, ..look });
    }
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(e) => {
            eprintln!("error: {e}");
            return exit::USAGE;
        }
    };
    println!(
        "An embedded service on {}; its canary goes bad soon. Nothing outside is touched.",
        service.url()
    );
    let code = runtime.block_on(story(setup));
    runtime.shutdown_background();
    code
}

fn setup(
    service: &sim::Service,
    state_dir: Option<PathBuf>,
    settings: &config::settings::Settings,
) -> Result<Setup, ()> {
    let loaded = config::playbook::parse(PLAYBOOK, "demo.toml")
        .map_err(|p: Vec<Problem>| p.iter().for_each(|p| eprintln!("{}", p.render(false))))?;
    let target = Target {
        playbook: None,
        env: None,
        vars: vec![format!("url={}", service.url())],
        state_dir,
        config: None,
    };
    Ok(Setup { demo: Some(service.control()), ..target::setup(loaded, &target, settings)? })
}

/// What the story waits for next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chapter {
    Quiet,
    Resolving,
    Starting,
    Running,
}

async fn story(setup: Setup) -> u8 {
    let (folder, begin) = (setup.folder.clone(), Instant::now());
    let mut driver = Driver::start(setup);
    let mut told = Told::default();
    let mut chapter = Chapter::Quiet;
    let mut ours = None;
    loop {
        if begin.elapsed() > LIMIT {
            eprintln!("error: the story did not end within {} s", LIMIT.as_secs());
            return exit::TIMED_OUT;
        }
        let Ok(update) = tokio::time::timeout(Duration::from_secs(1), driver.next()).await else { continue };
        let view = driver.view();
        told.tell(&view);
        match update {
            Update::Refused(why) => {
                eprintln!("error: refused: {why}");
                return exit::REFUSED;
            }
            Update::Accepted(id) => {
                ours = Some(id);
                chapter = Chapter::Running;
            }
            Update::Changed | Update::Bell => {}
        }
        match chapter {
            Chapter::Quiet => {
                if let Some(old) = driver.session().run().filter(|r| r.is_open()) {
                    // The service of an earlier demo is gone with it: its run can never verify.
                    let wish = Wish::Abandon { reason: "the embedded service of that demo is gone".into() };
                    let (run, seq) = (old.plan().id.clone(), old.view().seq);
                    driver.ask(Request::Run { seen: Seen { run, step: None, attempt: None, seq }, wish });
                    tokio::time::sleep(Duration::from_millis(500)).await;
                    continue;
                }
                let suggested = view.procedures.iter().find(|p| p.suggested);
                if let (Gravity::Critical, Some(p)) = (view.verdict.gravity, suggested) {
                    told.say(&view, &format!("{}: {}", view.verdict.word, view.verdict.text));
                    view.verdict.evidence.iter().for_each(|e| told.say(&view, &format!("  because {e}")));
                    told.say(&view, &format!("press {}: {}", p.key.unwrap_or('?'), p.title));
                    driver.ask(Request::Prepare {
                        procedure: p.id.clone(),
                        given: Default::default(),
                        stops: None,
                        scenario: None,
                    });
                    chapter = Chapter::Resolving;
                }
            }
            Chapter::Resolving => {
                let Some(draft) = view.draft.as_ref().filter(|d| !d.steps.is_empty() || d.refused.is_some())
                else {
                    continue;
                };
                if let Some(why) = &draft.refused {
                    eprintln!("error: refused: {why}");
                    return exit::REFUSED;
                }
                told.say(&view, &format!("proved: {}", draft.proof));
                told.say(&view, &format!("{} → {}", draft.from, draft.to));
                for (number, name, line) in &draft.steps {
                    told.say(&view, &format!("  {number} {name}: {line}"));
                }
                told.say(&view, "confirmed");
                driver.ask(Request::Confirm { draft: draft.id.clone(), decides: None });
                chapter = Chapter::Starting;
            }
            Chapter::Starting => {}
            Chapter::Running => {
                let Some(run) = view.run.as_ref().filter(|r| ours.as_ref() == Some(&r.id)) else { continue };
                let report = home::run_dir(&folder, &run.id).join("report.md");
                match (run.state, run.verdict) {
                    (RunState::Finished, Some(Verdict::Verified)) => {
                        // It is written after the last record; and who is told lives no longer than this story.
                        if !report.is_file() || !is_told(&folder, &run.id) {
                            continue;
                        }
                        told.say(&view, &format!("VERIFIED. The report is at {}", report.display()));
                        return exit::OK;
                    }
                    (RunState::Finished, Some(Verdict::Failed)) => return exit::FAILED,
                    (RunState::Finished | RunState::NotVerified, _) => return exit::UNVERIFIED,
                    (RunState::Waiting, _) => return exit::UNKNOWN,
                    _ => {}
                }
            }
        }
    }
}

/// Whether people know that it is verified, as the demo's playbook wants it.
fn is_told(folder: &Path, run: &str) -> bool {
    let Ok(outbox) = outbox::load(folder) else { return false };
    let last = format!("run {run} verified");
    outbox.letters.values().any(|p| p.letter.id.starts_with(&last) && p.fate != Fate::Waiting)
}

/// What has been printed.
#[derive(Default)]
struct Told(HashSet<(i64, String)>);

impl Told {
    /// Prints what is new on the timeline.
    fn tell(&mut self, view: &View) {
        for h in &view.timeline {
            if self.0.insert((h.wall, h.text.clone())) {
                let who = h.who.as_ref().map(|w| format!("  by {w}")).unwrap_or_default();
                println!("{}  {:<9} {}{who}", clock(h.wall), h.kind, h.text);
            }
        }
    }

    fn say(&self, view: &View, text: &str) {
        println!("{}  {:<9} {text}", clock(view.now.wall), "operator");
    }
}

fn clock(wall: i64) -> String {
    jiff::Timestamp::from_millisecond(wall).map_or_else(
        |_| "??:??:??".into(),
        |t| t.to_zoned(jiff::tz::TimeZone::system()).strftime("%H:%M:%S").to_string(),
    )
}
