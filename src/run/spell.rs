//! Commands spelled out: `shell` by `sh -c`, hosts by ssh with everything quoted for the far shell, or by their prefix.

use crate::model::playbook::Host;
use crate::model::probe::Command;
use crate::model::template::Template;

/// Seconds ssh may take to get there, where its options say nothing.
const CONNECT: u32 = 5;

/// Runs what follows two words (`sh`, a folder) in that folder.
const IN_FOLDER: &str = r#"cd "$1" && shift && exec "$@""#;

/// Whether a shell takes the text as it stands, with no quotes around it.
pub fn is_plain(value: &str) -> bool {
    !value.is_empty()
        && value.chars().all(|c| c.is_ascii_alphanumeric() || "._-/:@%+=,".contains(c))
        && !value.starts_with('-')
}

/// The command as it is run on this machine. `on` and `shell` stay, for what is filled in later.
///
/// # Errors
/// In words: what cannot be said to the host.
pub fn spell(c: Command, host: Option<&Host>) -> Result<Command, String> {
    let mut argv = c.argv.clone();
    if c.shell {
        let script = argv.iter().map(|t| t.0.as_str()).collect::<Vec<_>>().join(" ");
        argv = vec!["sh".into(), "-c".into(), Template(script)];
    }
    let Some(host) = host else { return Ok(Command { argv, ..c }) };
    if let Some((name, _)) = c.env.iter().find(|(_, v)| v.names().iter().any(|n| n.starts_with("secret."))) {
        return Err(format!("the secret in `{name}` would stand in the arguments on the way to the host"));
    }
    if !c.env.is_empty() {
        let set = c.env.iter().map(|(k, v)| Template(format!("{k}={v}")));
        argv = std::iter::once("env".into()).chain(set).chain(argv).collect();
    }
    if let Some(dir) = &c.cwd {
        let front = ["sh".into(), "-c".into(), IN_FOLDER.into(), "sh".into(), dir.clone()];
        argv = front.into_iter().chain(argv).collect();
    }
    let argv = match host {
        Host::Prefix(words) => words.iter().cloned().chain(argv).collect(),
        Host::Ssh { name, options } => {
            if name.0.starts_with('-') || name.0.is_empty() {
                return Err(format!("`{name}` is not the name of a host"));
            }
            let mut out: Vec<Template> = vec!["ssh".into(), "-o".into(), "BatchMode=yes".into()];
            // The first value of an option is the one that ssh takes.
            if !options.iter().any(|o| o.0.contains("ConnectTimeout")) {
                out.extend(["-o".into(), Template(format!("ConnectTimeout={CONNECT}"))]);
            }
            out.extend(options.iter().cloned());
            let far = shell_words::join(argv.iter().map(|a| a.0.as_str()));
            out.extend([name.clone(), "--".into(), Template(far)]);
            out
        }
    };
    Ok(Command { argv, cwd: None, env: Default::default(), ..c })
}

#[cfg(test)]
mod tests {
    use super::*;
    use indexmap::IndexMap;

    fn command(argv: &[&str]) -> Command {
        Command {
            argv: argv.iter().map(|a| (*a).into()).collect(),
            on: Some("lb".into()),
            ..Command::default()
        }
    }

    fn words(c: &Command) -> Vec<&str> {
        c.argv.iter().map(|a| a.0.as_str()).collect()
    }

    #[test]
    fn a_far_shell_gets_every_argument_as_one_word() {
        let host = Host::Ssh { name: "lb-1".into(), options: vec!["-p".into(), "22".into()] };
        let c = Command { cwd: Some("/srv/my app".into()), ..command(&["say", "it's; rm -rf /", "$HOME"]) };
        let c = Command { env: IndexMap::from([("A".to_owned(), "b c".into())]), ..c };
        let c = spell(c, Some(&host)).unwrap();
        let w = words(&c);
        assert_eq!(
            w[..9],
            ["ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=5", "-p", "22", "lb-1", "--"]
        );
        assert!(c.cwd.is_none() && c.env.is_empty() && w.len() == 10);
        let far = shell_words::split(w[9]).unwrap();
        assert_eq!(far[..5], ["sh", "-c", IN_FOLDER, "sh", "/srv/my app"]);
        assert_eq!(far[5..], ["env", "A=b c", "say", "it's; rm -rf /", "$HOME"]);
    }

    #[test]
    fn the_playbooks_own_timeout_is_not_overruled() {
        let host = Host::Ssh { name: "lb".into(), options: vec!["-o".into(), "ConnectTimeout=30".into()] };
        let c = spell(command(&["true"]), Some(&host)).unwrap();
        assert_eq!(words(&c), ["ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=30", "lb", "--", "true"]);
    }

    #[test]
    fn a_prefix_needs_no_quotes_and_a_script_is_one_word() {
        let host = Host::Prefix(vec!["docker".into(), "exec".into(), "web".into()]);
        let c = Command { shell: true, ..command(&["echo a | wc -l"]) };
        let c = spell(c, Some(&host)).unwrap();
        assert_eq!(words(&c), ["docker", "exec", "web", "sh", "-c", "echo a | wc -l"]);
    }

    #[test]
    fn a_secret_does_not_travel_in_arguments_and_a_host_is_no_option() {
        let env = IndexMap::from([("T".to_owned(), "{{ secret.t }}".into())]);
        let host = Host::Prefix(vec!["x".into()]);
        assert!(spell(Command { env, ..command(&["y"]) }, Some(&host)).unwrap_err().contains('T'));
        let host = Host::Ssh { name: "-oProxyCommand=x".into(), options: Vec::new() };
        assert!(spell(command(&["y"]), Some(&host)).is_err());
    }

    #[test]
    fn plain_is_what_no_shell_reads() {
        assert!(is_plain("/opt/x-1.2_3@h:80%") && is_plain("50"));
        for value in ["", "a b", "a;b", "$x", "`x`", "a'b", "-rf", "a\nb", "*", "~"] {
            assert!(!is_plain(value), "{value:?}");
        }
    }
}
