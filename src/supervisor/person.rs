//! Who asks, which roles they have, and what their commands may see.

use crate::model::playbook::Role;
use crate::model::text::clean_line;
use crate::run::plan::RoleFacts;
use crate::run::{Person, Plan};
use indexmap::IndexMap;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long the host may take to say who somebody is; a directory service that hangs must not hold a run.
const PATIENCE: Duration = Duration::from_secs(2);

/// Variables that commands may see; all others are left behind.
const ALLOWED: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "TZ",
    "TMPDIR",
    "XDG_RUNTIME_DIR",
    "XDG_CONFIG_HOME",
    "DBUS_SESSION_BUS_ADDRESS",
    "SSH_AUTH_SOCK",
    "KRB5CCNAME",
    "KUBECONFIG",
    "DOCKER_HOST",
    "DOCKER_CONFIG",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "CLOUDSDK_CONFIG",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
];

/// How long an account's groups are remembered: screens ask at every turn.
const REMEMBERED: Duration = Duration::from_secs(20);

/// The person behind this process.
pub fn person() -> Person {
    let uid = rustix::process::getuid().as_raw();
    let login = fs::read_to_string("/proc/self/loginuid").ok().and_then(|t| t.trim().parse::<u32>().ok());
    let tty = fs::read_link("/proc/self/fd/0").ok().map(|p| p.to_string_lossy().into_owned());
    Person {
        user: user_name(uid),
        uid,
        login_uid: login.filter(|l| *l != u32::MAX),
        tty: tty.filter(|t| t.starts_with("/dev/pts/") || t.starts_with("/dev/tty")),
        ssh_key: std::env::var_os("SSH_USER_AUTH")
            .and_then(|p| fs::read_to_string(p).ok())
            .and_then(|t| key_of(&t)),
    }
}

/// Name of an account as the host knows it; `uid 1234` when it does not.
pub fn user_name(uid: u32) -> String {
    let known = fs::read_to_string("/etc/passwd").ok().and_then(|text| name_of(&text, uid));
    let asked = || name_of(&ask_host(&["getent", "passwd", &uid.to_string()])?, uid);
    known.or_else(asked).map_or_else(|| format!("uid {uid}"), |name| clean_line(&name))
}

/// Ids of the playbook's roles that a person has, by their account and its groups. Blocks up to 4 s where a directory
/// service hangs; who cannot be looked up has the roles that name them as a user only.
pub fn roles_of(person: &Person, roles: &IndexMap<String, Role>) -> Vec<String> {
    let with_all = |id: &String| {
        let (mut users, mut groups, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            if let Some(role) = roles.get(id).filter(|_| seen.insert(id)) {
                users.extend(role.users.iter().cloned());
                groups.extend(role.groups.iter().cloned());
                open.extend(&role.includes);
            }
        }
        (id.clone(), users, groups)
    };
    let all: Vec<_> = roles.keys().map(with_all).collect();
    members(&user_name(person.uid), all.iter().map(|(id, users, groups)| (id, users, groups)))
}

/// Ids of the roles a plan asks for that the sender of a request has: by their account, or by the name they say where the
/// plan takes that. Blocks as [`roles_of`] does.
pub fn roles_asked(plan: &Plan, who: &Person, asserted: Option<&str>) -> Vec<String> {
    let Some(asked) = &plan.approval else { return Vec::new() };
    let name = asserted.map(str::trim).filter(|n| asked.trust_asserted_names && !n.is_empty());
    let name = name.map_or_else(|| user_name(who.uid), str::to_owned);
    members(&name, facts(&asked.roles))
}

/// Which of these roles somebody has. Blocks as [`roles_of`] does.
pub fn roles_among(who: &Person, roles: &[RoleFacts]) -> Vec<String> {
    members(&user_name(who.uid), facts(roles))
}

/// Ids of the roles that may answer a plan's questions and that somebody has. Blocks as [`roles_of`] does.
pub fn roles_answering(plan: &Plan, who: &Person) -> Vec<String> {
    members(&user_name(who.uid), facts(&plan.playbook.roles))
}

fn facts(roles: &[RoleFacts]) -> impl Iterator<Item = (&String, &Vec<String>, &Vec<String>)> {
    roles.iter().map(|r| (&r.id, &r.users, &r.groups))
}

/// Which of the roles (id, users, groups) somebody has. Their groups are asked only when a group could matter.
fn members<'a>(
    user: &str,
    roles: impl Iterator<Item = (&'a String, &'a Vec<String>, &'a Vec<String>)>,
) -> Vec<String> {
    let mut known: Option<Vec<String>> = None;
    let mut of_group = |groups: &[String]| {
        !groups.is_empty() && known.get_or_insert_with(|| groups_of(user)).iter().any(|g| groups.contains(g))
    };
    roles
        .filter(|(_, users, groups)| users.iter().any(|u| u == user) || of_group(groups))
        .map(|(id, ..)| id.clone())
        .collect()
}

/// Names of an account's groups, as they were at most [`REMEMBERED`] ago.
fn groups_of(user: &str) -> Vec<String> {
    static KNOWN: Mutex<BTreeMap<String, (Instant, Vec<String>)>> = Mutex::new(BTreeMap::new());
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((at, groups)) = known().get(user)
        && at.elapsed() < REMEMBERED
    {
        return groups.clone();
    }
    // An argument that looks like an option is no account.
    let plain = !user.starts_with('-');
    let text = plain.then(|| ask_host(&["id", "-Gn", user])).flatten().unwrap_or_default();
    let groups: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    known().insert(user.to_owned(), (Instant::now(), groups.clone()));
    groups
}

/// What a program of the host answers, when it does so in time and with success.
pub(super) fn ask_host(argv: &[&str]) -> Option<String> {
    let mut child = Command::new(argv[0])
        .args(&argv[1..])
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let since = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if since.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(2)),
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
        }
    };
    let mut text = String::new();
    child.stdout.take()?.read_to_string(&mut text).ok()?;
    status.success().then_some(text)
}

/// Variables of this process that commands may see.
pub fn allowed_env() -> IndexMap<String, String> {
    let allowed = |name: &str| ALLOWED.contains(&name) || name.starts_with("LC_");
    let mut all: Vec<_> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| allowed(name))
        .collect();
    all.sort();
    all.into_iter().collect()
}

fn name_of(passwd: &str, uid: u32) -> Option<String> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

/// Fingerprint of the key in sshd's ExposeAuthInfo file (`publickey ssh-ed25519 AAAA…`), as `ssh-keygen -l` shows it.
fn key_of(info: &str) -> Option<String> {
    info.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        (words.next()? == "publickey").then_some(())?;
        let kind = words.next()?;
        let blob = base64_decode(words.next()?)?;
        Some(format!("{kind} SHA256:{}", base64_encode(&Sha256::digest(&blob))))
    })
}

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn base64_encode(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0u32, |n, b| n << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        for i in 0..=chunk.len() {
            out.push(char::from(LETTERS[(bits >> (18 - 6 * i) & 63) as usize]));
        }
    }
    out
}

fn base64_decode(text: &str) -> Option<Vec<u8>> {
    let (mut out, mut bits, mut held) = (Vec::new(), 0u32, 0);
    for byte in text.trim_end_matches('=').bytes() {
        let six = LETTERS.iter().position(|l| *l == byte)? as u32;
        (bits, held) = (bits << 6 | six, held + 6);
        if held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fingerprint_is_the_one_ssh_keygen_shows() {
        // ssh-keygen -lf of this public key.
        let info =
            "publickey ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEzHYD9gfWCIYehHNNKNQ3ZdIFa/sibkRaj17jaIxm+e\n";
        let shown = key_of(info).unwrap();
        assert_eq!(shown, "ssh-ed25519 SHA256:tB+9OIE3YJDxwQ8+49nLdXUApDJxA35OVVHHThf7qqs");
        assert_eq!(key_of("password\n"), None);
    }

    #[test]
    fn names_come_from_the_account_not_from_the_environment() {
        let passwd = "root:x:0:0::/root:/bin/sh\nana:x:1000:1000::/home/ana:/bin/sh\n";
        assert_eq!(name_of(passwd, 1000).as_deref(), Some("ana"));
        assert_eq!(name_of(passwd, 7), None);
    }

    fn role(users: &[&str], groups: &[&str], includes: &[&str]) -> Role {
        let all = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect();
        Role { users: all(users), groups: all(groups), includes: all(includes), ..Role::default() }
    }

    #[test]
    fn roles_are_had_by_account_by_group_and_by_what_a_role_includes() {
        let me = person();
        let group = groups_of(&me.user).into_iter().next().expect("everybody has a group");
        let roles = IndexMap::from([
            ("lead".to_owned(), role(&[&me.user], &[], &[])),
            ("ops".to_owned(), role(&[], &["no-such-group", &group], &[])),
            ("either".to_owned(), role(&[], &[], &["qa", "lead", "either", "no-such-role"])),
            ("qa".to_owned(), role(&["nobody-of-this-name"], &["no-such-group"], &[])),
        ]);
        assert_eq!(roles_of(&me, &roles), ["lead", "ops", "either"]);
        let stranger = Person { uid: 3_999_999, ..me };
        assert_eq!(
            roles_of(&stranger, &roles),
            Vec::<String>::new(),
            "by the account, not by the name they give"
        );
    }

    #[test]
    fn a_name_is_taken_as_said_only_where_the_plan_says_so() {
        let lead = RoleFacts { id: "lead".into(), users: vec!["ben".into()], ..RoleFacts::default() };
        let mut asked = crate::run::plan::Approval { roles: vec![lead], ..Default::default() };
        let plan =
            |asked: &crate::run::plan::Approval| Plan { approval: Some(asked.clone()), ..Plan::default() };
        assert_eq!(roles_asked(&plan(&asked), &person(), Some("ben")), Vec::<String>::new());
        asked.trust_asserted_names = true;
        assert_eq!(roles_asked(&plan(&asked), &person(), Some("ben ")), ["lead"]);
        assert_eq!(roles_asked(&plan(&asked), &person(), Some("")), Vec::<String>::new());
    }

    #[test]
    fn only_named_variables_pass() {
        assert!(allowed_env().contains_key("PATH"));
        assert!(!allowed_env().contains_key("CARGO_MANIFEST_DIR"));
    }
}
