//! Manners: the terminal is given back whatever happens, below a shell, SSH, tmux, screen and mosh.

use crate::components::installed;
use crate::far::Sshd;
use crate::pty::Pty;
use crate::screen::{Lab, given_back};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

const RIPCORD: &str = env!("CARGO_BIN_EXE_ripcord");
const LONG: Duration = Duration::from_secs(60);

impl Lab {
    /// The command line of its screen.
    fn line(&self) -> String {
        format!("{RIPCORD} {} --state-dir {}", self.playbook, self.dir.path().join("state").display())
    }

    /// Processes that show it.
    fn screens(&self) -> Vec<i32> {
        let all = std::fs::read_dir("/proc").unwrap().flatten();
        let pids = all.filter_map(|e| e.file_name().to_str()?.parse().ok());
        let shows = |pid: &i32| {
            let said = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let words: Vec<String> =
                said.split(|b| *b == 0).map(|w| String::from_utf8_lossy(w).into()).collect();
            words.first().is_some_and(|w| w == RIPCORD) && words.get(1) == Some(&self.playbook)
        };
        pids.filter(shows).collect()
    }

    fn all_gone(&self, why: &str) {
        let begin = Instant::now();
        while !self.screens().is_empty() {
            assert!(begin.elapsed() < LONG, "{why}: a screen lives on: {:?}", self.screens());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn signal(pid: i32, signal: rustix::process::Signal) {
    rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), signal).unwrap();
}

#[test]
fn after_quit_and_signals_the_shell_has_its_terminal_as_it_was() {
    use rustix::process::Signal;
    for how in [None, Some(Signal::TERM), Some(Signal::INT), Some(Signal::HUP)] {
        let lab = Lab::new(true);
        // Something that a careless restore would lose.
        let script = format!("stty -echok erase ^H; stty -g; {}; echo left-$?; stty -g", lab.line());
        let mut pty = Pty::start("sh", &["-c", &script], &[], 80, 24);
        pty.see("Signal 3", LONG);
        match how {
            None => pty.send("q"),
            Some(how) => signal(lab.screens()[0], how),
        }
        pty.exit(LONG);
        let begin = Instant::now();
        while !String::from_utf8_lossy(&pty.raw()).contains("left-") {
            assert!(begin.elapsed() < LONG);
            std::thread::sleep(Duration::from_millis(10));
        }
        pty.settle(Duration::from_millis(200), LONG);
        let raw = String::from_utf8_lossy(&pty.raw()).into_owned();
        let (before, _) = raw.split_once("\x1b[?1049h").unwrap();
        let (_, after) = raw.rsplit_once("left-").unwrap();
        let after = after.split_once('\n').unwrap().1;
        assert_eq!(before.trim(), after.trim(), "{how:?}: the modes");
        if how != Some(Signal::HUP) {
            assert!(given_back(&pty), "{how:?}");
        }
        let asked = raw.matches("\x1b[5n").count();
        assert!(asked > 0 && !after.contains("\x1b["), "nothing follows it");
    }
}

#[test]
fn a_stop_by_key_gives_the_terminal_to_the_shell_and_fg_brings_all_of_it_back() {
    let lab = Lab::new(false);
    let mut pty = Pty::start("bash", &["--norc", "--noprofile", "-i"], &[("PS1", "shell> ")], 80, 24);
    pty.see("shell>", LONG);
    pty.send(&format!("{}\r", lab.line()));
    pty.see("Signal 3", LONG);
    pty.send("\x1a");
    pty.see("Stopped", LONG);
    assert!(given_back(&pty));
    let first = pty.raw().len();
    pty.send("echo cooked-$((6*7))\r");
    pty.see("cooked-42", LONG);
    pty.send("fg\r");
    pty.wait("the whole screen", LONG, |s| {
        s.contains("Signal 3") && s.contains("? keys") && s.contains("LAB")
    });
    let again = pty.raw()[first..].to_vec();
    assert!(again.windows(8).any(|w| w == b"\x1b[?1049h") && again.windows(8).any(|w| w == b"\x1b[?2004h"));
    pty.send("q");
    pty.see("shell>", LONG);
    pty.send("exit\r");
    pty.exit(LONG);
    lab.all_gone("after q");
}

#[test]
fn a_paste_presses_no_key() {
    let lab = Lab::new(false);
    let mut pty = lab.open(&[], &[], 80, 24);
    pty.see("Signal 3", LONG);
    // Quit, the confirmation, the name: all of it only pasted.
    pty.send("\x1b[200~q\rc\rshop\t\r\x1b[201~");
    pty.send("?");
    pty.see("KEYS on", LONG);
    assert!(!pty.screen().contains("CONFIRM") && !lab.screens().is_empty());
    pty.send("\x1b");
    pty.wait("the overview again", LONG, |s| s.contains("Signals"));
    pty.send("q");
    assert_eq!(pty.exit(LONG), 0);
}

#[test]
fn a_verdict_that_gets_worse_calls_once_and_as_it_is_wanted() {
    for (how, call) in [("bell", "\x07"), ("desktop", "\x1b]9;ripcord: shop, lab: P1 "), ("off", "")] {
        let lab = Lab::new(false);
        let mut pty = lab.open(&["--notify", how], &[], 80, 24);
        pty.see("Signal 3", LONG);
        pty.see("cannot be judged", LONG);
        pty.settle(Duration::from_millis(1_500), Duration::from_secs(10));
        let before = pty.raw().len();
        lab.level.store(950, Ordering::Relaxed);
        pty.see("P1 HIGH", LONG);
        pty.settle(Duration::from_millis(300), Duration::from_secs(2));
        let said = String::from_utf8_lossy(&pty.raw()[before..]).into_owned();
        assert_eq!(said.contains('\x07'), how == "bell", "{how}");
        assert_eq!(said.contains("\x1b]9;"), how == "desktop", "{how}");
        if !call.is_empty() {
            assert_eq!(said.matches(call).count(), 1, "{how}: {said:?}");
        }
        pty.send("q");
        assert_eq!(pty.exit(LONG), 0);
    }
}

#[test]
fn colours_and_characters_can_be_forced() {
    let lab = Lab::new(false);
    let shown = |args: &[&str], env: &[(&str, &str)]| {
        let mut pty = lab.open(args, env, 80, 24);
        pty.see("Signal 3", LONG);
        pty.send("q");
        pty.exit(LONG);
        String::from_utf8_lossy(&pty.raw()).into_owned()
    };
    let colours = |raw: &str| {
        (raw.contains("38;2;"), raw.contains("38;5;"), raw.contains("\x1b[9") || raw.contains(";9"))
    };
    assert!(colours(&shown(&[], &[])).0);
    let deep = shown(&["--color", "256"], &[]);
    assert_eq!((colours(&deep).0, colours(&deep).1), (false, true));
    let few = shown(&["--color", "16"], &[]);
    assert_eq!((colours(&few).0, colours(&few).1), (false, false));
    assert!(colours(&few).2, "bright colours of the sixteen");
    assert!(
        colours(&shown(&["--color", "truecolor"], &[("NO_COLOR", "1"), ("COLORTERM", "")])).0,
        "a flag is stronger"
    );
    assert!(!colours(&shown(&["--theme", "16-colour"], &[])).0);
    assert!(shown(&["--glyphs", "ascii"], &[]).is_ascii());
    let console = shown(&[], &[("TERM", "linux"), ("COLORTERM", "")]);
    assert!(!console.contains('✓') && !console.contains('▁') && console.contains('─'));
    assert!(shown(&[], &[("LANG", "ja_JP.UTF-8")]).is_ascii(), "ambiguous widths are two cells there");
}

#[test]
fn a_killed_ssh_connection_ends_the_screen_and_nothing_spins() {
    if !installed(&[("sshd", "openssh-server"), ("ssh", "openssh-client"), ("ssh-keygen", "openssh-client")])
    {
        return;
    }
    let lab = Lab::new(true);
    let keys = tempfile::tempdir().unwrap();
    let sshd = Sshd::start(keys.path());
    let user = String::from_utf8(Command::new("id").arg("-un").output().unwrap().stdout).unwrap();
    let (port, id) = (sshd.port.to_string(), format!("{}/id", keys.path().display()));
    let to = format!("{}@127.0.0.1", user.trim());
    let line = format!("LANG=C.UTF-8 exec {}", lab.line());
    let args = [
        "-tt",
        "-p",
        &port,
        "-F",
        "none",
        "-i",
        &id,
        "-o",
        "StrictHostKeyChecking=no",
        "-o",
        "UserKnownHostsFile=/dev/null",
        &to,
        &line,
    ];
    let mut pty = Pty::start("ssh", &args, &[], 80, 24);
    pty.see("Signal 3", LONG);
    assert_eq!(lab.screens().len(), 1);
    pty.child.kill().unwrap();
    pty.child.wait().unwrap();
    lab.all_gone("after the connection was killed");
    // And it leaves well over a connection that lives.
    let mut pty = Pty::start("ssh", &args, &[], 80, 24);
    pty.see("Signal 3", LONG);
    pty.send("q");
    assert_eq!(pty.exit(LONG), 0);
    assert!(given_back(&pty));
}

#[test]
fn it_works_inside_tmux_and_screen() {
    let lab = Lab::new(false);
    let folder = tempfile::tempdir().unwrap();
    if installed(&[("tmux", "tmux")]) {
        let socket = folder.path().join("tmux").display().to_string();
        let args = ["-S", &socket, "-f", "/dev/null", "new-session", &lab.line()];
        let mut pty = Pty::start("tmux", &args, &[], 80, 25);
        pty.wait("the screen in tmux", LONG, |s| {
            s.contains("Signal 3") && s.contains("? keys") && s.contains("✓")
        });
        pty.send("?");
        pty.see("KEYS on", LONG);
        pty.send("\x1b");
        pty.wait("the overview again", LONG, |s| s.contains("Signals"));
        pty.send("q");
        pty.exit(LONG);
        lab.all_gone("in tmux");
    }
    if installed(&[("screen", "screen")]) {
        let dir = folder.path().join("screens");
        std::fs::create_dir(&dir).unwrap();
        std::fs::set_permissions(&dir, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        let name = format!("ripcord-{}", std::process::id());
        let line = lab.line();
        let mut args = vec!["-U", "-c", "/dev/null", "-S", &name];
        args.extend(line.split(' '));
        let mut pty = Pty::start("screen", &args, &[("SCREENDIR", &dir.display().to_string())], 80, 24);
        pty.wait("the screen in screen", LONG, |s| s.contains("Signal 3") && s.contains("? keys"));
        pty.send("q");
        pty.exit(LONG);
        lab.all_gone("in screen");
    }
}

#[test]
fn it_works_over_mosh() {
    if !installed(&[("mosh-server", "mosh"), ("mosh-client", "mosh")]) {
        return;
    }
    let lab = Lab::new(false);
    let line = lab.line();
    let said = Command::new("mosh-server")
        .args(["new", "-i", "127.0.0.1", "-c", "256", "--"])
        .args(line.split(' '))
        .env("LANG", "C.UTF-8")
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    let words: Vec<&str> =
        said.lines().find(|l| l.starts_with("MOSH CONNECT")).expect(&said).split(' ').collect();
    let env = [("MOSH_KEY", words[3]), ("LC_ALL", "C.UTF-8")];
    let mut pty = Pty::start("mosh-client", &["127.0.0.1", words[2]], &env, 80, 24);
    pty.wait("the screen over mosh", LONG, |s| s.contains("Signal 3") && s.contains("? keys"));
    pty.send("q");
    pty.exit(LONG);
    lab.all_gone("over mosh");
    assert!(Path::new(&lab.playbook).exists());
}
