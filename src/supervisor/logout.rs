//! What becomes of a detached process, and of what its commands use, when its owner logs out of this host.

use super::person::ask_host;
use crate::model::playbook::StepKind;
use crate::run::Plan;
use std::path::Path;

/// What is known of this host and account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Facts {
    /// The host ends this account's processes when its session ends (`KillUserProcesses`).
    pub kills: bool,
    /// The account's own manager goes on after the last session (`loginctl enable-linger`).
    pub lingers: bool,
    /// That manager answers, so that it can hold a process for us.
    pub manager: bool,
}

/// How a supervisor outlives its owner's session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stay {
    /// A session of its own is enough.
    Detached,
    /// In a scope of the account's manager.
    Scope,
    /// Not at all, and why.
    Dies(&'static str),
}

const NOT_LINGERING: &str = "this host ends your processes when you leave: the run would stop in the middle. Stay logged in, or run `loginctl enable-linger` first";
const NO_MANAGER: &str = "this host ends your processes when you leave, and your account's systemd does not answer: the run would stop in the middle. Stay logged in";

/// What follows from the facts (logind.conf(5): lingering keeps the account's manager, not what runs in a session).
pub fn decide(facts: Facts) -> Stay {
    match facts {
        Facts { lingers: true, manager: true, .. } => Stay::Scope,
        Facts { kills: false, .. } => Stay::Detached,
        Facts { lingers: true, manager: false, .. } => Stay::Dies(NO_MANAGER),
        Facts { lingers: false, .. } => Stay::Dies(NOT_LINGERING),
    }
}

/// How a supervisor of this account would outlive its session here, as things are. Changes nothing; blocks as [`stay`] does.
pub fn foresee(user: &str) -> Stay {
    decide(observe(user))
}

/// How a supervisor of this account outlives its session here, asked when one is started. Where only lingering is missing, it is asked for, which an
/// account may do for itself unless the host's rules forbid it. Blocks for a moment, at most 8 s.
pub fn stay(user: &str) -> Stay {
    let facts = observe(user);
    match decide(facts) {
        Stay::Dies(NOT_LINGERING) => {
            ask_host(&["loginctl", "--no-ask-password", "enable-linger"]);
            decide(observe(user))
        }
        other => other,
    }
}

/// Looks at the host. Where logind does not answer nobody ends processes at logout.
fn observe(user: &str) -> Facts {
    let asked = ["KillUserProcesses", "KillOnlyUsers", "KillExcludeUsers"].map(|p| format!("--property={p}"));
    let mut argv = vec!["loginctl", "show-session"];
    argv.extend(asked.iter().map(String::as_str));
    let Some(logind) = ask_host(&argv) else { return Facts::default() };
    let linger = ask_host(&["loginctl", "show-user", user, "--property=Linger"]);
    let lingers = linger.is_some_and(|text| property(&text, "Linger") == Some("yes"));
    Facts {
        kills: kills(&logind, user),
        lingers,
        manager: lingers && ask_host(&["systemctl", "--user", "show", "--property=Version"]).is_some(),
    }
}

/// Whether logind, with these settings, ends the processes of an account.
fn kills(settings: &str, user: &str) -> bool {
    let names = |name| property(settings, name).unwrap_or_default().split_whitespace();
    let only: Vec<&str> = names("KillOnlyUsers").collect();
    property(settings, "KillUserProcesses") == Some("yes")
        && (only.is_empty() || only.contains(&user))
        && !names("KillExcludeUsers").any(|excluded| excluded == user)
}

/// A line `NAME=VALUE` of what loginctl shows.
fn property<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).map(str::trim)
}

/// The words that start a program in a scope of the account's manager; its own follow.
pub(super) fn scope(unit: &str) -> [String; 8] {
    [
        "systemd-run",
        "--user",
        "--scope",
        "--collect",
        "--quiet",
        "--same-dir",
        &format!("--unit={unit}"),
        "--",
    ]
    .map(str::to_owned)
}

/// What the plan's steps use and the end of the session takes away, in words; each with the first step that uses it.
pub fn lost_at_logout(plan: &Plan) -> Vec<String> {
    let var = |name: &str| plan.env.get(name).map(String::as_str).filter(|v| !v.is_empty());
    let first = |uses: &dyn Fn(&[&str], &str) -> bool| {
        plan.steps.iter().find_map(|p| {
            let StepKind::Run(c) = &p.step.kind else { return None };
            let words: Vec<&str> = c.argv.iter().map(|a| a.0.as_str()).collect();
            let program = p.program.as_deref().or(words.first().copied()).unwrap_or_default();
            let program = Path::new(program).file_name().map_or("", |n| n.to_str().unwrap_or_default());
            uses(&words, program).then(|| format!("step {} ({})", p.label, p.step.name))
        })
    };
    let mut out = Vec::new();
    let over_ssh = |_: &[&str], program: &str| {
        ["ssh", "scp", "sftp", "rsync", "git", "ansible", "ansible-playbook", "mosh"].contains(&program)
    };
    if let Some(socket) = var("SSH_AUTH_SOCK").filter(|s| forwarded(s))
        && let Some(step) = first(&over_ssh)
    {
        out.push(format!("{step} may use the forwarded SSH agent ({socket}), which is gone when you leave"));
    }
    if let Some(folder) = var("XDG_RUNTIME_DIR") {
        let bus = |words: &[&str], program: &str| {
            let user_manager = ["systemctl", "systemd-run", "busctl", "journalctl"].contains(&program)
                && words.contains(&"--user");
            let rootless = ["podman", "buildah", "skopeo"].contains(&program);
            let docker =
                program.starts_with("docker") && var("DOCKER_HOST").is_some_and(|h| h.contains(folder));
            user_manager || rootless || docker || words.iter().any(|w| w.contains(folder))
        };
        if let Some(step) = first(&bus) {
            out.push(format!(
                "{step} uses {folder}, which is taken away with your last session unless you linger"
            ));
        }
    }
    let with_ticket = |words: &[&str], program: &str| {
        over_ssh(words, program)
            || ["curl", "psql", "ldapmodify", "ldapsearch", "smbclient", "klist"].contains(&program)
    };
    if let Some(cache) = var("KRB5CCNAME").filter(|c| !lasting(c))
        && let Some(step) = first(&with_ticket)
    {
        out.push(format!(
            "{step} may use the Kerberos tickets in {cache}, which the end of the session may destroy"
        ));
    }
    out.iter().map(|text| crate::model::text::clean_line(text)).collect()
}

/// Where sshd puts the socket of a forwarded agent.
fn forwarded(socket: &str) -> bool {
    socket.starts_with("/tmp/ssh-") || socket.contains("/.ssh/agent/")
}

/// Caches that no session's end takes away.
fn lasting(cache: &str) -> bool {
    cache.starts_with("KCM:") || cache.starts_with("KEYRING:persistent:")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::playbook::Step;
    use crate::model::probe::Command;
    use crate::model::template::Template;
    use crate::run::PlanStep;

    #[test]
    fn each_combination_of_facts_has_one_answer() {
        let facts = |kills, lingers, manager| Facts { kills, lingers, manager };
        for kills in [false, true] {
            assert_eq!(decide(facts(kills, true, true)), Stay::Scope);
        }
        assert_eq!(decide(facts(false, false, false)), Stay::Detached);
        assert_eq!(decide(facts(false, false, true)), Stay::Detached, "that manager ends with the session");
        assert_eq!(decide(facts(false, true, false)), Stay::Detached);
        assert_eq!(decide(facts(true, false, false)), Stay::Dies(NOT_LINGERING));
        assert_eq!(decide(facts(true, false, true)), Stay::Dies(NOT_LINGERING));
        assert_eq!(decide(facts(true, true, false)), Stay::Dies(NO_MANAGER));
    }

    #[test]
    fn logind_ends_processes_of_those_it_names() {
        let is = |settings: &str| kills(settings, "ana");
        assert!(is("KillUserProcesses=yes\nKillOnlyUsers=\nKillExcludeUsers=root\n"));
        assert!(!is("KillUserProcesses=no\nKillOnlyUsers=ana\n"));
        assert!(!is("KillUserProcesses=yes\nKillExcludeUsers=root ana\n"));
        assert!(is("KillUserProcesses=yes\nKillOnlyUsers=ben ana\n"));
        assert!(!is("KillUserProcesses=yes\nKillOnlyUsers=ben\n"));
        assert!(!is("nonsense"));
    }

    fn plan(env: &[(&str, &str)], argv: &[&str]) -> Plan {
        let argv = argv.iter().map(|a| Template((*a).to_owned())).collect();
        let kind = StepKind::Run(Command { argv, ..Command::default() });
        Plan {
            env: env.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
            steps: vec![PlanStep::new(1, Step::new("one", kind))],
            ..Plan::default()
        }
    }

    #[test]
    fn what_dies_with_the_session_is_named_only_when_a_step_uses_it() {
        let agent = [("SSH_AUTH_SOCK", "/tmp/ssh-XXab12/agent.4711")];
        let lost = lost_at_logout(&plan(&agent, &["/usr/bin/ssh", "web1", "true"]));
        assert!(lost[0].contains("step 1 (one)") && lost[0].contains("agent.4711"), "{lost:?}");
        assert!(lost_at_logout(&plan(&agent, &["true"])).is_empty());
        let own = [("SSH_AUTH_SOCK", "/run/user/1000/keyring/ssh")];
        assert!(lost_at_logout(&plan(&own, &["ssh", "web1"])).is_empty());

        let runtime = [("XDG_RUNTIME_DIR", "/run/user/1000")];
        assert_eq!(lost_at_logout(&plan(&runtime, &["systemctl", "--user", "restart", "x"])).len(), 1);
        assert_eq!(lost_at_logout(&plan(&runtime, &["podman", "ps"])).len(), 1);
        assert!(lost_at_logout(&plan(&runtime, &["systemctl", "restart", "x"])).is_empty());
        let rootless = [runtime[0], ("DOCKER_HOST", "unix:///run/user/1000/docker.sock")];
        assert_eq!(lost_at_logout(&plan(&rootless, &["docker", "ps"])).len(), 1);
        assert!(lost_at_logout(&plan(&runtime, &["docker", "ps"])).is_empty());

        let tickets = |cache| lost_at_logout(&plan(&[("KRB5CCNAME", cache)], &["ssh", "web1"])).len();
        assert_eq!((tickets("FILE:/tmp/krb5cc_1000_x"), tickets("KCM:1000")), (1, 0));
    }
}
