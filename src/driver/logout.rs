//! Whether a detached process lives on when its owner logs out of this host.

use std::path::Path;

/// Why the host would end this account's processes at logout; `None` when it would not.
///
/// systemd's logind ends them where `KillUserProcesses=yes` and the account does not linger (logind.conf(5)).
pub fn dies_at_logout(user: &str) -> Option<String> {
    if !Path::new("/run/systemd/system").exists() || user == "root" {
        return None;
    }
    let lingers = Path::new("/var/lib/systemd/linger").join(user).exists();
    (kills() && !lingers).then(|| {
        "DIES AT LOGOUT: this host ends your processes when you leave; stay, or run `loginctl enable-linger` first".into()
    })
}

fn kills() -> bool {
    let mut files = vec!["/usr/lib/systemd/logind.conf".into(), "/etc/systemd/logind.conf".into()];
    for folder in
        ["/usr/lib/systemd/logind.conf.d", "/run/systemd/logind.conf.d", "/etc/systemd/logind.conf.d"]
    {
        let mut drop_ins: Vec<_> =
            std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).collect();
        drop_ins.sort();
        files.extend(drop_ins);
    }
    files
        .iter()
        .filter_map(|f| std::fs::read_to_string(f).ok())
        .fold(false, |so_far, text| setting(&text).unwrap_or(so_far))
}

/// The last word of a file on `KillUserProcesses`.
fn setting(text: &str) -> Option<bool> {
    let mut values = text
        .lines()
        .filter_map(|l| l.trim().strip_prefix("KillUserProcesses")?.trim_start().strip_prefix('='));
    values.next_back().map(|v| matches!(v.trim().to_ascii_lowercase().as_str(), "yes" | "true" | "1" | "on"))
}

#[cfg(test)]
mod tests {
    use super::setting;

    #[test]
    fn comments_do_not_count_and_the_last_word_does() {
        assert_eq!(setting("[Login]\n#KillUserProcesses=yes\n"), None);
        assert_eq!(setting("KillUserProcesses=yes\nKillUserProcesses = no\n"), Some(false));
        assert_eq!(setting("KillUserProcesses=Yes"), Some(true));
    }
}
