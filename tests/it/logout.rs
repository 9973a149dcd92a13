//! Living on after logout. logind and the account's manager are **stand-ins** here: shell scripts called `loginctl`,
//! `systemctl` and `systemd-run`, first on the PATH, which answer as the real ones do (systemd 252) and note how they were
//! called. What they cannot show is that a real scope outlives a real session.

use crate::run::{Case, VERIFY, quick};
use std::os::unix::fs::PermissionsExt;
use std::process::Output;

/// A host by its stand-ins: whether logind ends processes, lingers already, lets one linger, and has a manager that answers.
struct Host {
    case: Case,
}

impl Host {
    fn new(kills: bool, lingers: bool, allowed: bool, manager: bool) -> Host {
        let case = Case::new(&[quick("one"), VERIFY.into()]);
        let bin = case.dir.path().join("bin");
        std::fs::create_dir(&bin).unwrap();
        let dir = bin.display();
        let word = |yes: bool| if yes { "yes" } else { "no" };
        if lingers {
            std::fs::write(bin.join("lingers"), "").unwrap();
        }
        let loginctl = format!(
            "echo \"loginctl $*\" >> {dir}/calls\ncase \"$1\" in\n\
             show-session) echo KillUserProcesses={}; echo KillOnlyUsers=; echo KillExcludeUsers=;;\n\
             show-user) [ -e {dir}/lingers ] && echo Linger=yes || echo Linger=no;;\n\
             --no-ask-password) {};;\nesac\n",
            word(kills),
            if allowed { format!("touch {dir}/lingers") } else { "exit 1".into() }
        );
        let systemctl = format!("exit {}\n", u8::from(!manager));
        let systemd_run = format!(
            "echo \"systemd-run $*\" >> {dir}/calls\nwhile [ \"$1\" != -- ]; do shift; done\nshift\nIN_SCOPE=1 exec \"$@\"\n"
        );
        for (name, body) in [("loginctl", loginctl), ("systemctl", systemctl), ("systemd-run", systemd_run)] {
            let path = bin.join(name);
            std::fs::write(&path, format!("#!/bin/sh\n{body}")).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        Host { case }
    }

    fn run(&self) -> Output {
        let path = std::env::var("PATH").unwrap();
        let mut command = self.case.ripcord(&["run", "back", "--yes"]);
        command.env("PATH", format!("{}:{path}", self.case.dir.path().join("bin").display()));
        let out = command.output().unwrap();
        assert_eq!(out.status.code(), Some(0), "{out:?}");
        assert_eq!(self.case.effects(), ["one"], "it runs in any case");
        out
    }

    fn calls(&self) -> String {
        std::fs::read_to_string(self.case.dir.path().join("bin/calls")).unwrap_or_default()
    }
}

fn says_it_dies(out: &Output) -> bool {
    String::from_utf8_lossy(&out.stdout).contains("DIES AT LOGOUT")
}

#[test]
fn where_one_lingers_the_supervisor_is_started_in_a_scope() {
    let host = Host::new(true, true, false, true);
    assert!(!says_it_dies(&host.run()));
    let calls = host.calls();
    let started = calls.lines().find(|l| l.starts_with("systemd-run")).unwrap();
    for word in ["--user --scope --collect", "--unit=ripcord-", "/exe __supervise --run"] {
        assert!(started.contains(word), "{word}: {started}");
    }
    assert!(!calls.contains("enable-linger"), "{calls}");
}

#[test]
fn where_processes_are_left_alone_nothing_is_asked_of_the_manager() {
    let host = Host::new(false, false, true, true);
    assert!(!says_it_dies(&host.run()));
    assert!(!host.calls().contains("systemd-run") && !host.calls().contains("enable-linger"));
}

#[test]
fn where_only_lingering_is_missing_it_is_asked_for() {
    let host = Host::new(true, false, true, true);
    assert!(!says_it_dies(&host.run()));
    let calls = host.calls();
    assert!(calls.contains("enable-linger") && calls.contains("systemd-run --user --scope"), "{calls}");
}

#[test]
fn where_it_cannot_be_helped_that_is_said() {
    for (lingers, manager) in [(false, true), (true, false)] {
        let host = Host::new(true, lingers, false, manager);
        assert!(says_it_dies(&host.run()));
        assert!(!host.calls().contains("systemd-run"));
    }
}

#[test]
fn a_manager_that_will_not_have_it_does_not_stop_the_run() {
    let host = Host::new(true, true, false, true);
    let refuses = host.case.dir.path().join("bin/systemd-run");
    std::fs::write(&refuses, "#!/bin/sh\necho 'Failed to start transient scope unit' >&2; exit 1\n").unwrap();
    host.run();
}
