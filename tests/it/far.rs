//! Steps on another host, over a real sshd on loopback with throwaway keys.

use crate::components::{eventually, find, free_port, installed};
use crate::run::{Case, VERIFY};
use ripcord::run::{Outcome, Verdict};
use ripcord::supervisor::person;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

pub struct Sshd {
    child: Child,
    pub port: u16,
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Sshd {
    /// With its keys in the folder; the client's is `id`.
    pub fn start(folder: &Path) -> Sshd {
        for key in ["host", "id"] {
            let made = Command::new("ssh-keygen")
                .args(["-q", "-t", "ed25519", "-N", "", "-f"])
                .arg(folder.join(key))
                .status();
            assert!(made.unwrap().success());
        }
        // Where sshd keeps its unprivileged half when root starts it.
        let _ = std::fs::create_dir_all("/run/sshd");
        for _ in 0..5 {
            let port = free_port();
            let config = format!(
                "ListenAddress 127.0.0.1\nPort {port}\nHostKey {0}/host\nPidFile none\nAuthorizedKeysFile {0}/id.pub\n\
                 StrictModes no\nUsePAM no\nPermitRootLogin yes\nPasswordAuthentication no\n",
                folder.display()
            );
            let file = folder.join("sshd_config");
            std::fs::write(&file, config).unwrap();
            let child = Command::new(find("sshd").unwrap())
                .args(["-D", "-e", "-f"])
                .arg(&file)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(std::fs::File::create(folder.join("sshd.log")).unwrap())
                .spawn()
                .unwrap();
            let mut sshd = Sshd { child, port };
            let up = eventually("sshd", Duration::from_secs(60), || {
                if sshd.child.try_wait().unwrap().is_some() {
                    return Some(false);
                }
                TcpStream::connect(("127.0.0.1", port)).is_ok().then_some(true)
            });
            if up {
                return sshd;
            }
        }
        panic!("sshd: {}", std::fs::read_to_string(folder.join("sshd.log")).unwrap_or_default());
    }
}

#[test]
fn what_is_meant_is_what_the_far_shell_runs() {
    if !installed(&[("sshd", "openssh-server"), ("ssh", "openssh-client"), ("ssh-keygen", "openssh-client")])
    {
        return;
    }
    let keys = tempfile::tempdir().unwrap();
    let sshd = Sshd::start(keys.path());
    let host = format!(
        "[hosts.box]\nssh = \"{user}@127.0.0.1\"\noptions = [\"-p\", \"{port}\", \"-F\", \"none\", \"-i\", \"{keys}/id\", \
         \"-o\", \"StrictHostKeyChecking=no\", \"-o\", \"UserKnownHostsFile={keys}/known\"]\n",
        user = person().user,
        port = sshd.port,
        keys = keys.path().display(),
    );
    let step = |timeout: &str, s: &str| {
        let keys = "on = \"box\"\nrepeatable = true";
        format!("[[procedures.back.steps]]\n{keys}\ntimeout = \"{timeout}\"\n{s}\n")
    };
    let mut case = Case::new(&[]);
    let place = case.work("").display().to_string();
    let place = place.trim_end_matches('/');
    case.steps = [
        step(
            "50s",
            "name = \"words\"\nrun = ['printf', '%s|', '\"$HOME\" ; touch hacked *', \"it's  a\"]\n\
             expect = { stdout = 'hacked \\*\\|it.s  a\\|' }",
        ),
        step(
            "50s",
            &format!(
                "name = \"place\"\nshell = true\nrun = ['echo \"$WORD in $PWD\" > far.txt']\n\
                 env = {{ WORD = \"x  'y'\" }}\ncwd = \"{place}\""
            ),
        ),
        step("400ms", "name = \"long\"\nrun = ['sleep', '2']\non_failure = \"continue\""),
        VERIFY.to_owned(),
        host,
    ]
    .concat();
    let (run, _) = case.start();
    assert_eq!(run.verdict(), Verdict::Verified, "{:?}", run.kinds());
    assert!(matches!(run.outcome(1), Outcome::Success { .. }));
    let far = std::fs::read_to_string(case.work("far.txt")).unwrap();
    assert_eq!(far.trim_end(), format!("x  'y' in {place}"));
    assert!(!case.work("hacked").exists());
    let Outcome::TimedOut { detail } = run.outcome(3) else { panic!("{:?}", run.outcome(3)) };
    assert!(detail.contains("may go on there"), "{detail}");
}
