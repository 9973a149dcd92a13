//! Where files lie: configuration, playbooks, state. The XDG base directories, overridable.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Looks a variable of the environment up.
pub type Var<'v> = &'v dyn Fn(&str) -> Option<OsString>;

/// The process environment, for [`state_root`] and the others.
pub fn environment(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// An XDG base directory: the variable when it is absolute (the standard says to ignore it else), or below the home.
fn base(var: Var<'_>, name: &str, below_home: &str) -> Option<PathBuf> {
    let set = var(name).map(PathBuf::from).filter(|p| p.is_absolute());
    set.or_else(|| home(var).map(|h| h.join(below_home)))
}

fn home(var: Var<'_>) -> Option<PathBuf> {
    var("HOME").map(PathBuf::from).filter(|p| p.is_absolute())
}

/// The configuration file: `$XDG_CONFIG_HOME/ripcord/config.toml`; `None` without a home.
pub fn config_file(var: Var<'_>) -> Option<PathBuf> {
    Some(base(var, "XDG_CONFIG_HOME", ".config")?.join("ripcord").join("config.toml"))
}

/// The folder of playbooks when the configuration names none: `$XDG_CONFIG_HOME/ripcord/playbooks`.
pub fn playbook_dir(var: Var<'_>) -> Option<PathBuf> {
    Some(base(var, "XDG_CONFIG_HOME", ".config")?.join("ripcord").join("playbooks"))
}

/// The folder of all records: `$XDG_STATE_HOME/ripcord`; `None` without a home.
pub fn state_root(var: Var<'_>) -> Option<PathBuf> {
    Some(base(var, "XDG_STATE_HOME", ".local/state")?.join("ripcord"))
}

/// The folder of one service in one environment. Both names are checked ids: they hold no separator.
pub fn service_dir(state_root: &Path, service: &str, environment: &str) -> PathBuf {
    state_root.join(format!("{service}@{environment}"))
}

/// A path as people write it: `~/` is the home.
pub fn expand(path: &str, var: Var<'_>) -> PathBuf {
    match (path.strip_prefix("~/"), home(var)) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(path),
    }
}

/// A playbook by file, or by name in a folder (with or without `.toml`).
pub fn find_playbook(name: &str, folder: Option<&Path>) -> PathBuf {
    let as_given = PathBuf::from(name);
    let Some(folder) = folder.filter(|_| !as_given.exists() && !name.contains('/')) else { return as_given };
    let named = [folder.join(name), folder.join(format!("{name}.toml"))];
    named.into_iter().find(|p| p.is_file()).unwrap_or(as_given)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vars(set: &'static [(&'static str, &'static str)]) -> impl Fn(&str) -> Option<OsString> {
        move |n| set.iter().find(|(k, _)| *k == n).map(|(_, v)| (*v).into())
    }

    #[test]
    fn the_standard_is_kept() {
        let home = vars(&[("HOME", "/home/a")]);
        assert_eq!(state_root(&home), Some("/home/a/.local/state/ripcord".into()));
        assert_eq!(config_file(&home), Some("/home/a/.config/ripcord/config.toml".into()));
        let set = vars(&[("HOME", "/home/a"), ("XDG_STATE_HOME", "/s"), ("XDG_CONFIG_HOME", "relative")]);
        assert_eq!(state_root(&set), Some("/s/ripcord".into()));
        assert_eq!(
            config_file(&set),
            Some("/home/a/.config/ripcord/config.toml".into()),
            "a relative one is ignored"
        );
        assert_eq!(state_root(&vars(&[])), None);
        assert_eq!(service_dir(Path::new("/s"), "shop", "production"), Path::new("/s/shop@production"));
        assert_eq!(expand("~/x", &home), Path::new("/home/a/x"));
    }

    #[test]
    fn a_playbook_is_found_by_file_or_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let shop = folder.path().join("shop.toml");
        std::fs::write(&shop, "").unwrap();
        assert_eq!(find_playbook("shop", Some(folder.path())), shop);
        assert_eq!(find_playbook("shop.toml", Some(folder.path())), shop);
        assert_eq!(find_playbook("other", Some(folder.path())), Path::new("other"));
        assert_eq!(find_playbook("./shop", Some(folder.path())), Path::new("./shop"));
    }
}
