//! Who asks, and what their commands may see: read from the process, once, when a plan is made.

use crate::run::Person;
use indexmap::IndexMap;
use sha2::{Digest, Sha256};
use std::fs;

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

/// The person behind this process.
pub fn person() -> Person {
    let uid = rustix::process::getuid().as_raw();
    let named = || fs::read_to_string("/etc/passwd").ok().and_then(|text| name_of(&text, uid));
    let login = fs::read_to_string("/proc/self/loginuid").ok().and_then(|t| t.trim().parse::<u32>().ok());
    let tty = fs::read_link("/proc/self/fd/0").ok().map(|p| p.to_string_lossy().into_owned());
    Person {
        user: named().unwrap_or_else(|| format!("uid {uid}")),
        uid,
        login_uid: login.filter(|l| *l != u32::MAX),
        tty: tty.filter(|t| t.starts_with("/dev/pts/") || t.starts_with("/dev/tty")),
        ssh_key: std::env::var_os("SSH_USER_AUTH")
            .and_then(|p| fs::read_to_string(p).ok())
            .and_then(|t| key_of(&t)),
    }
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

    #[test]
    fn only_named_variables_pass() {
        assert!(allowed_env().contains_key("PATH"));
        assert!(!allowed_env().contains_key("CARGO_MANIFEST_DIR"));
    }
}
