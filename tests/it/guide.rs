//! The guide's driver: commands that only look, listings, people who are paged by hand; for real.

use indexmap::IndexMap;
use ripcord::config::playbook::parse;
use ripcord::driver::{Driver, Request, Setup, Update};
use ripcord::journal::read;
use ripcord::model::resolve::resolve;
use ripcord::session::decision::Kind;
use ripcord::session::view::View;
use ripcord::session::view::guide::{ListState, ProbeState};
use ripcord::supervisor::decisions::path;
use std::path::Path;
use std::time::Duration;

fn playbook(dir: &Path) -> String {
    let dir = dir.display();
    format!(
        r#"
schema = 1
[service]
name = "shop"
owner = "ana"
[environments.here]
tone = "calm"
cwd = "{dir}"
[sources.page]
every = "1s"
command = {{ run = ["echo", "1"] }}
[signals.one]
source = "page"
output = "(?<value>\\d)"
unit = "count"
[channels.good]
run = ["sh", "-c", "printf '%s' \"$MESSAGE\" >told"]
env = {{ MESSAGE = "{{{{ message }}}}" }}
[channels.bad]
run = ["sh", "-c", "echo no such user >&2; exit 9"]
[roles.lead]
title = "Lead"
users = ["lea"]
channels = ["good"]
[roles.cto]
title = "CTO"
users = ["cee"]
channels = ["bad"]
[guides.g]
title = "Stuck"
steps = [{{ text = "Look", run = ["sh", "-c", "echo seen in $PWD; exit 4"] }},
         {{ text = "Wait", run = ["sh", "-c", "echo $$ >pid.new; mv pid.new pid; sleep 600"] }}]
[procedures.back]
title = "Back"
expect = {{ duration = "1m", downtime = "none", data_loss = "none" }}
[procedures.back.params.backup]
title = "Backup"
files = {{ glob = "*.tar", sort = "name" }}
[procedures.back.params.revision]
title = "Revision"
list = {{ run = ["sh", "-c", "exit 3"], pattern = "(?<value>.+)" }}
[[procedures.back.steps]]
name = "back"
run = ["true"]
timeout = "5s"
"#
    )
}

struct Lab {
    dir: tempfile::TempDir,
    driver: Driver,
}

impl Lab {
    fn start() -> Lab {
        let dir = tempfile::tempdir().unwrap();
        for name in ["b.tar", "a.tar"] {
            std::fs::write(dir.path().join(name), "12345").unwrap();
        }
        let told =
            |p: Vec<ripcord::config::problem::Problem>| p.iter().map(|p| p.render(false)).collect::<String>();
        let loaded = parse(&playbook(dir.path()), "shop.toml").unwrap_or_else(|p| panic!("{}", told(p)));
        let playbook = resolve(&loaded.playbook, "here", &IndexMap::new()).unwrap();
        let folder = dir.path().join("shop@here");
        std::fs::create_dir(&folder).unwrap();
        let setup = Setup {
            playbook,
            hash: "h".into(),
            environment: "here".into(),
            folder,
            watch: Vec::new(),
            demo: None,
            read_only: false,
        };
        let driver = Driver::start(setup);
        Lab { dir, driver }
    }

    /// Lets the driver work until the picture is as wanted; what was refused on the way.
    async fn until(&mut self, wanted: impl Fn(&View) -> bool) -> Vec<String> {
        let mut refused = Vec::new();
        for _ in 0..1_000 {
            if wanted(&self.driver.view()) {
                return refused;
            }
            let next = tokio::time::timeout(Duration::from_secs(30), self.driver.next()).await;
            if let Update::Refused(why) = next.expect("the driver never waits for long") {
                refused.push(why);
            }
        }
        panic!("it did not come: {:?}", self.driver.view().book);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_of_a_guide_is_run_and_its_output_is_shown() {
    let mut lab = Lab::start();
    lab.driver.ask(Request::Probe { guide: "g".into(), step: 1 });
    assert!(matches!(lab.driver.view().book.probes[0].state, ProbeState::Running(_)));
    lab.until(|v| matches!(v.book.probes[0].state, ProbeState::Ended { .. })).await;
    let view = lab.driver.view();
    let ProbeState::Ended { exit, lines, total, .. } = &view.book.probes[0].state else { panic!("ended") };
    assert_eq!((*exit, *total), (4, 1));
    let cwd = lab.dir.path().canonicalize().unwrap();
    assert_eq!(lines[0], format!("seen in {}", cwd.display()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_that_nobody_waits_for_any_more_is_ended() {
    let mut lab = Lab::start();
    lab.driver.ask(Request::Probe { guide: "g".into(), step: 2 });
    let pid = lab.dir.path().join("pid");
    lab.until(|_| pid.exists()).await;
    lab.driver.ask(Request::StopProbes);
    let view = lab.driver.view();
    assert!(
        matches!(&view.book.probes[0].state, ProbeState::Failed { why, .. } if why.contains("cancelled"))
    );
    let pid = std::fs::read_to_string(&pid).unwrap();
    let stat = format!("/proc/{}/stat", pid.trim());
    lab.until(|_| std::fs::read_to_string(&stat).map_or(true, |s| s.contains(") Z"))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_there_is_to_go_back_to_is_listed_when_asked() {
    let mut lab = Lab::start();
    assert!(lab.driver.view().book.backups.iter().all(|b| b.state == ListState::NotAsked));
    lab.driver.ask(Request::List { procedure: "back".into(), param: "backup".into() });
    lab.driver.ask(Request::List { procedure: "back".into(), param: "revision".into() });
    let known = |state: &ListState| matches!(state, ListState::Listed { .. } | ListState::Failed { .. });
    lab.until(|v| v.book.backups.iter().all(|b| known(&b.state))).await;
    let view = lab.driver.view();
    let ListState::Listed { rows, .. } = &view.book.backups[0].state else {
        panic!("{:?}", view.book.backups)
    };
    assert_eq!(rows.len(), 2);
    assert!(
        rows[0].value.ends_with("a.tar") && rows[0].size == Some(5) && rows[0].age_ms.is_some(),
        "{rows:?}"
    );
    let ListState::Failed { why, .. } = &view.book.backups[1].state else {
        panic!("{:?}", view.book.backups)
    };
    assert!(why.contains("cannot be listed") && why.contains("exit 3"), "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_is_told_by_hand_and_that_is_on_record() {
    let mut lab = Lab::start();
    lab.driver.ask(Request::PageRole { role: "lead".into(), text: "come\u{1b}[31m quickly".into() });
    assert!(lab.driver.view().book.contacts[0].telling);
    let told = |v: &View, at: usize| v.book.contacts[at].told.is_some() && !v.book.contacts[at].telling;
    let refused = lab.until(|v| told(v, 0)).await;
    assert!(refused.is_empty(), "{refused:?}");
    assert_eq!(std::fs::read_to_string(lab.dir.path().join("told")).unwrap(), "come quickly");
    lab.driver.ask(Request::PageRole { role: "cto".into(), text: "come".into() });
    let refused = lab.until(|v| told(v, 1)).await;
    assert!(
        refused.iter().any(|why| why.contains("CTO was NOT told") && why.contains("no such user")),
        "{refused:?}"
    );
    let records = read(&path(&lab.dir.path().join("shop@here"))).unwrap();
    let calls: Vec<(String, bool)> = records
        .iter()
        .filter_map(|r| match Kind::read(r) {
            Ok(Kind::Called { role, ok, .. }) => Some((role, ok)),
            _ => None,
        })
        .collect();
    assert_eq!(calls, [("lead".to_owned(), true), ("cto".to_owned(), false)]);
    let view = lab.driver.view();
    assert!(view.timeline.iter().any(|h| h.text.starts_with("Lead was told by hand")), "{:?}", view.timeline);
}
