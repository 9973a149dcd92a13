//! Two real accounts of one shared bastion: who may agree, whose requests count, and going on with another's lost run.
//! Needs root to become them; says so where it is not.

use crate::run::{Case, VERIFY, eventually, gated, quick};
use ripcord::run::plan::{Approval, RoleFacts};
use ripcord::run::state::Need;
use ripcord::run::{Kind, Outcome, Plan, Verdict};
use ripcord::supervisor::{self, home, run_dir};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Group of the shared folder; nobody else has it.
const GROUP: u32 = 61_000;

/// An account of this host.
#[derive(Clone)]
struct Account {
    name: String,
    uid: u32,
}

/// Two accounts that every host has and nobody logs in as; none where this test cannot become them.
fn accounts() -> Option<(Account, Account)> {
    let cannot = |why: &str| {
        println!("skipped: {why}");
        None
    };
    if !rustix::process::getuid().is_root() {
        return cannot("becoming two accounts needs root");
    }
    if Command::new("setpriv").arg("--version").output().is_err() {
        return cannot("there is no setpriv");
    }
    if supervisor::person().login_uid.is_some() {
        return cannot("this session has a login, which all accounts here would share");
    }
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let mut found = ["daemon", "games", "mail", "bin"].into_iter().filter_map(|name| {
        let line = passwd.lines().find(|l| l.split(':').next() == Some(name))?;
        Some(Account { name: name.into(), uid: line.split(':').nth(2)?.parse().ok()? })
    });
    match (found.next(), found.next()) {
        (Some(ana), Some(ben)) => Some((ana, ben)),
        _ => cannot("the usual accounts are missing"),
    }
}

impl Account {
    /// A program as this account, in the group of the shared folder.
    fn run(&self, words: &[&str]) -> Command {
        let mut command = Command::new("setpriv");
        command
            .args([format!("--reuid={}", self.uid), format!("--regid={GROUP}")])
            .arg("--clear-groups")
            .arg("--");
        command.args(words).current_dir("/").env("HOME", "/nonexistent");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn ripcord(&self, words: &[&str]) -> Command {
        let mut all = vec![env!("CARGO_BIN_EXE_ripcord")];
        all.extend(words);
        self.run(&all)
    }
}

/// A case on a folder that both accounts share, with a plan of the first one.
struct Shared {
    case: Case,
    ana: Account,
    ben: Account,
}

impl Shared {
    fn new(steps: &[String]) -> Option<Shared> {
        let (ana, ben) = accounts()?;
        let case = Case::new(steps);
        let mode = |path: &Path, bits| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(bits)).unwrap();
        };
        chown(case.dir.path(), None, Some(GROUP)).unwrap();
        mode(case.dir.path(), 0o2775);
        mode(&case.work(""), 0o777);
        std::fs::write(case.work("effects"), "").unwrap();
        mode(&case.work("effects"), 0o666);
        let source = case.source();
        std::fs::write(case.dir.path().join("shop.toml"), source).unwrap();
        Some(Shared { case, ana, ben })
    }

    fn playbook(&self) -> String {
        self.case.dir.path().join("shop.toml").display().to_string()
    }

    /// `ripcord` on this folder and playbook, as an account.
    fn ripcord(&self, who: &Account, words: &[&str]) -> Command {
        let mut command = who.ripcord(words);
        command.arg("--state-dir").arg(self.case.dir.path());
        command
    }

    /// A plan of ana's, put in its place as her launcher does.
    fn place(&self, id: &str, change: impl FnOnce(&mut Plan)) -> crate::run::Run {
        let mut plan = self.case.plan(id);
        plan.who.user = self.ana.name.clone();
        plan.who.uid = self.ana.uid;
        change(&mut plan);
        let dir = run_dir(&self.case.home(), &plan.id);
        let set = |path: &Path, bits: u32| {
            chown(path, Some(self.ana.uid), Some(GROUP)).unwrap();
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(bits)).unwrap();
        };
        std::fs::create_dir_all(dir.join("control")).unwrap();
        std::fs::write(dir.join("plan.json"), serde_json::to_vec(&plan).unwrap()).unwrap();
        let folders: [(PathBuf, u32); 4] = [
            (self.case.home(), 0o2770),
            (self.case.home().join("runs"), 0o2770),
            (dir.clone(), 0o2770),
            (dir.join("control"), 0o3770),
        ];
        folders.iter().for_each(|(path, bits)| set(path, *bits));
        set(&dir.join("plan.json"), 0o640);
        crate::run::Run { dir, plan }
    }

    /// Ana's supervisor; answers its pid.
    fn supervise(&mut self, run: &crate::run::Run) -> u32 {
        let dir = run.dir.display().to_string();
        let mut child =
            self.ana.ripcord(&["__supervise", "--run", &dir]).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("Accepted"), "{line}");
        self.case.children.push(child);
        self.case.children.last().unwrap().id()
    }

    fn approve(&self, who: &Account, run: &crate::run::Run) -> Output {
        self.ripcord(who, &["approve", &run.plan.id, "--yes"]).output().unwrap()
    }
}

fn said(out: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr))
}

/// Both roles that are asked: one by name, one by group.
fn asks(plan: &mut Plan, lead: &str) {
    let role = |id: &str, users: &[&str]| RoleFacts {
        id: id.into(),
        title: id.to_uppercase(),
        users: users.iter().map(|u| (*u).to_owned()).collect(),
        ..RoleFacts::default()
    };
    let lead = RoleFacts { groups: vec![lead.to_owned()], ..role("lead", &[]) };
    plan.approval = Some(Approval { roles: vec![lead], people: 1, within: 600_000, ..Approval::default() });
}

#[test]
fn ana_starts_ben_approves_and_neither_ana_nor_root_nor_a_forged_file_does() {
    let Some(mut shared) = Shared::new(&[quick("one"), VERIFY.into()]) else { return };
    let (ana, ben) = (shared.ana.clone(), shared.ben.clone());
    let run = shared.place("1121-000001-c", |plan| asks(plan, &ben.name));
    shared.supervise(&run);
    run.wait_for("people to be asked", |s| (s.need(&run.plan) == Some(Need::Approve)).then_some(()));

    let out = shared.approve(&ana, &run);
    assert_eq!(out.status.code(), Some(3), "{}", said(&out));
    assert!(said(&out).contains("on one account nobody can prove"), "{}", said(&out));

    let mut as_root = Command::new(env!("CARGO_BIN_EXE_ripcord"));
    as_root.args(["approve", &run.plan.id, "--yes", "--state-dir"]).arg(shared.case.dir.path());
    let out = as_root.output().unwrap();
    assert_eq!(out.status.code(), Some(3), "{}", said(&out));
    assert!(said(&out).contains("root is never the second person"), "{}", said(&out));

    // Ana leaves a file that says it is ben's.
    let forged = serde_json::json!({
        "id": "forged-1", "run": run.plan.id, "step": null, "attempt": null, "seen": 1,
        "expires": ripcord::model::time::Deadline::after(&ripcord::clock::now(), 30_000),
        "who": { "user": ben.name, "uid": ben.uid, "login_uid": null, "tty": null, "ssh_key": null },
        "ask": { "Approve": { "name": null } },
    });
    let place = run.dir.join("control").join("forged.jsonl").display().to_string();
    let script = format!("umask 027; cat > {place}");
    let mut writer = ana.run(&["sh", "-c", &script]).stdin(Stdio::piped()).spawn().unwrap();
    writeln!(writer.stdin.take().unwrap(), "{forged}").unwrap();
    assert!(writer.wait().unwrap().success());
    assert!(run.state().need(&run.plan) == Some(Need::Approve) && shared.case.effects().is_empty());

    let out = shared.approve(&ben, &run);
    assert_eq!(out.status.code(), Some(0), "{}", said(&out));
    assert!(
        said(&out).contains("may approve for: LEAD") && said(&out).contains("Nothing more"),
        "{}",
        said(&out)
    );
    assert_eq!(run.verdict(), Verdict::Verified);
    assert_eq!(shared.case.effects(), ["one"]);
    let approved: Vec<Kind> =
        run.kinds().into_iter().filter(|k| matches!(k, Kind::Approved { .. })).collect();
    assert!(
        matches!(&approved[..], [Kind::Approved { who, roles, asserted: None }]
            if who.uid == ben.uid && who.user == ben.name && roles == &["lead"]),
        "{approved:?}"
    );
    let forged_was_handled =
        |k: &Kind| matches!(k, Kind::RequestHandled { request, .. } if request.id == "forged-1");
    assert!(!run.kinds().iter().any(forged_was_handled));

    // What several people write may be written by the group, what one writes only by them; nobody else reads anything.
    let mode = |path: PathBuf| {
        let meta = path.metadata().unwrap();
        (meta.permissions().mode() & 0o7777, meta.gid())
    };
    assert_eq!(mode(home::journal_path(&run.dir)), (0o660, GROUP));
    assert_eq!(mode(home::lock_path(&shared.case.home())), (0o660, GROUP));
    assert_eq!(mode(run.attempt(1, 1).path().to_owned()), (0o2770, GROUP));
    assert_eq!(mode(run.attempt(1, 1).out()), (0o640, GROUP));
    let asked: Vec<PathBuf> = std::fs::read_dir(run.dir.join("control"))
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.metadata().unwrap().uid() == ben.uid)
        .collect();
    assert_eq!(asked.len(), 1);
    assert_eq!(mode(asked[0].clone()), (0o640, GROUP));
}

#[test]
fn through_sudo_ana_is_still_ana() {
    let Some(mut shared) = Shared::new(&[quick("one"), VERIFY.into()]) else { return };
    let (ana, ben) = (shared.ana.clone(), shared.ben.clone());
    // What `sudo -u ben` leaves as it is: the login of the session.
    let own = "/proc/self/loginuid";
    let sudo = format!("echo {} > {own} && exec \"$@\"", ana.uid);
    let as_ana = |command: &Command| {
        let mut out = Command::new("sh");
        out.args(["-c", &sudo, "sudo"]).arg(command.get_program()).args(command.get_args());
        out.current_dir("/").env("HOME", "/nonexistent").stdin(Stdio::null());
        out
    };
    if !as_ana(&Command::new("true")).output().unwrap().status.success() {
        println!("skipped: this kernel does not let a login be set");
        return;
    }
    let run = shared.place("1121-000001-c", |plan| {
        asks(plan, &ben.name);
        plan.who.login_uid = Some(ana.uid);
    });
    shared.supervise(&run);
    run.wait_for("people to be asked", |s| (s.need(&run.plan) == Some(Need::Approve)).then_some(()));
    let sudo = shared.ripcord(&ben, &["approve", &run.plan.id, "--yes"]);
    let out = as_ana(&sudo).output().unwrap();
    assert_eq!(out.status.code(), Some(3), "{}", said(&out));
    assert!(said(&out).contains("sudo makes nobody another person"), "{}", said(&out));
    let refuse =
        shared.ripcord(&ben, &["approve", &run.plan.id, "--refuse", "wrong night"]).output().unwrap();
    assert_eq!(refuse.status.code(), Some(0), "{}", said(&refuse));
    assert_eq!(run.verdict(), Verdict::Aborted);
    assert!(shared.case.effects().is_empty());
}

#[test]
fn a_lost_run_of_anas_is_gone_on_with_by_ben_as_a_run_of_his_own() {
    let Some(mut shared) = Shared::new(&[quick("zero"), gated("one"), quick("two"), VERIFY.into()]) else {
        return;
    };
    let ben = shared.ben.clone();
    let run = shared.place("1121-000001-c", |_| {});
    let pid = shared.supervise(&run);
    shared.case.command_pid("one");
    let playbook = shared.playbook();
    let name = run.plan.id.clone();

    // While ana's supervisor lives, ben's run is refused and his succession too.
    let out = shared.ripcord(&ben, &["run", "back", "--yes", &playbook]).output().unwrap();
    assert_eq!(out.status.code(), Some(7), "{}", said(&out));
    assert!(
        said(&out).contains(&format!("{} holds the lock: Back, step 2 of 4", shared.ana.name)),
        "{}",
        said(&out)
    );
    let succeed = ["resume", "--successor", "--yes", "--run", &name, "--reason", "ana is asleep", &playbook];
    let out = shared.ripcord(&ben, &succeed).output().unwrap();
    assert!(said(&out).contains("is driven by"), "{}", said(&out));

    shared.case.kill_supervisor(&run, pid);
    let out = shared.ripcord(&ben, &["resume", "--run", &name, &playbook]).output().unwrap();
    assert_eq!(out.status.code(), Some(3), "{}", said(&out));
    assert!(said(&out).contains("--successor"), "{}", said(&out));
    let out = shared.ripcord(&ben, &succeed).output().unwrap();
    assert!(said(&out).contains("NOT DEAD") && said(&out).contains("the stub of step 2"), "{}", said(&out));

    // Her stub ends; what it did is for ben to say.
    shared.case.go("one");
    eventually("the stub's end", || {
        let held = ripcord::journal::is_held(&run.attempt(2, 1).alive()).unwrap();
        held.is_none().then_some(())
    });
    let out = shared.ripcord(&ben, &succeed).output().unwrap();
    assert_eq!(out.status.code(), Some(8), "{}", said(&out));
    assert!(said(&out).contains("its command exited with 0"), "{}", said(&out));
    let (runs, broken) = supervisor::list(&shared.case.home()).unwrap();
    assert_eq!(broken, Vec::<String>::new());
    let heir = runs.iter().find(|r| r.alive).unwrap();
    assert_eq!((heir.plan.who.uid, heir.plan.who.user.as_str()), (ben.uid, ben.name.as_str()));
    eventually("the end of ana's run", || run.state().finished.map(|f| assert_eq!(f.1, Verdict::Abandoned)));

    let asked = shared
        .ripcord(&ben, &["ask", &heir.view.id, "done", "--reason", "the log says so"])
        .output()
        .unwrap();
    assert_eq!(asked.status.code(), Some(0), "{}", said(&asked));
    let heir = crate::run::Run { dir: heir.dir.clone(), plan: heir.plan.clone() };
    assert_eq!(heir.verdict(), Verdict::Verified);
    assert!(matches!(heir.outcome(2), Outcome::Settled { done: true, .. }));
    assert_eq!(shared.case.effects(), ["zero", "one", "two"], "nothing was done twice");
    // Ana comes back: there is nothing left to take up.
    let out = shared.ripcord(&shared.ana, &["resume", "--run", &name, &playbook]).output().unwrap();
    assert!(said(&out).contains("is over"), "{}", said(&out));
}

#[test]
fn each_of_two_accounts_in_turn_runs_in_the_shared_folder() {
    let Some(shared) = Shared::new(&[quick("one"), VERIFY.into()]) else { return };
    let playbook = shared.playbook();
    for who in [&shared.ana, &shared.ben, &shared.ana] {
        let out = shared.ripcord(who, &["run", "back", "--yes", &playbook]).output().unwrap();
        assert_eq!(out.status.code(), Some(0), "{}", said(&out));
    }
    assert_eq!(shared.case.effects(), ["one", "one", "one"]);
    let home = shared.case.home().metadata().unwrap();
    assert_eq!((home.permissions().mode() & 0o7777, home.gid()), (0o2770, GROUP), "shared as its root is");
}
