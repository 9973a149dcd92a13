//! What happened, told by the real program; a signal that is counted in a real log.

use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output};

/// A service that is measured in a log only.
struct Lab(tempfile::TempDir);

impl Lab {
    fn start() -> Lab {
        let lab = Lab(tempfile::tempdir().unwrap());
        let playbook = format!(
            "schema = 1\n[service]\nname = \"shop\"\nowner = \"ana\"\n[environments.here]\ntone = \"calm\"\n\
             [signals.log_errors]\ntitle = \"Errors in the log\"\n\
             log = {{ file = \"{}\", pattern = 'ERROR' }}\nwarn = \"> 5\"\n\
             [severities.P1]\ntitle = \"Bad\"\ntext = \"Look\"\n\
             [triggers.many]\ntitle = \"Many errors\"\nwhen = \"log_errors > 100\"\nseverity = \"P1\"\nact = \"watch\"\n\
             [checklists.before]\ntitle = \"Before\"\nmoment = \"before\"\n\
             [[checklists.before.items]]\ntext = \"Tell the team\"\n\
             [logs.app]\nfile = \"{}\"\n\
             [[procedures.back.steps]]\nname = \"back\"\ntimeout = \"20s\"\nrun = [\"true\"]\n\
             [[procedures.back.steps]]\nname = \"well\"\nverify = \"well\"\n\
             [verifications.well]\ntitle = \"Well\"\nwithin = \"20s\"\n\
             criteria = [{{ text = \"well\", run = [\"true\"] }}]\n\
             [procedures.back]\ntitle = \"Back\"\nkey = \"b\"\n\
             expect = {{ duration = \"1m\", downtime = \"none\", data_loss = \"none\" }}\n",
            lab.log().display(),
            lab.log().display(),
        );
        std::fs::write(lab.playbook(), playbook).unwrap();
        lab
    }

    fn playbook(&self) -> PathBuf {
        self.0.path().join("shop.toml")
    }

    fn log(&self) -> PathBuf {
        self.0.path().join("app.log")
    }

    fn say(&self, args: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_ripcord"))
            .args(args)
            .arg(self.playbook())
            .arg("--state-dir")
            .arg(self.0.path().join("state"))
            .env_remove("RIPCORD_CONFIG")
            .env("HOME", self.0.path())
            .output()
            .unwrap()
    }

    fn ok(&self, args: &[&str]) -> String {
        let out = self.say(args);
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(0), "{args:?}: {said}");
        String::from_utf8(out.stdout).unwrap()
    }
}

#[test]
fn a_log_is_a_signal_and_without_it_nothing_is_known() {
    let lab = Lab::start();
    let out = lab.say(&["status", "--json"]);
    assert_eq!(out.status.code(), Some(12), "unknown, not healthy: {}", String::from_utf8_lossy(&out.stdout));
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(said.contains("app.log does not exist"), "{said}");
    std::fs::write(lab.log(), "ERROR of yesterday\n".repeat(500)).unwrap();
    let out = lab.say(&["status", "--json"]);
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    assert_eq!(out.status.code(), Some(0), "what is old does not count: {said}");
}

#[test]
fn the_timeline_tells_what_is_on_record_in_every_form() {
    let lab = Lab::start();
    assert_eq!(lab.ok(&["timeline"]), "Nothing has happened.\n");
    lab.ok(&["note", "=SUM(A1) and, \"more\""]);
    lab.ok(&["tick", "before", "1"]);
    let ran = lab.say(&["run", "back", "--yes"]);
    assert_eq!(ran.status.code(), Some(0), "{}", String::from_utf8_lossy(&ran.stderr));
    let table = lab.ok(&["timeline"]);
    for part in ["n note", "  tick  ", "> run ", "R run ", "> step 1", "+ step 1", "applied, exit 0"] {
        assert!(table.contains(part), "{part}: {table}");
    }
    let all: Value = serde_json::from_str(&lab.ok(&["timeline", "--format", "json"])).unwrap();
    let all = all.as_array().unwrap();
    assert_eq!(all.len(), table.lines().count());
    let walls: Vec<i64> = all.iter().map(|h| h["wall_ms"].as_i64().unwrap()).collect();
    assert!(walls.is_sorted(), "{walls:?}");
    assert_eq!(all[0]["record"], 1);
    let steps: Value =
        serde_json::from_str(&lab.ok(&["timeline", "--format", "json", "--kind", "step"])).unwrap();
    assert!(
        steps.as_array().unwrap().iter().all(|h| h["kind"].as_str().unwrap().starts_with("step ")),
        "{steps:#}"
    );
    let notes = lab.ok(&["timeline", "--format", "csv", "--kind", "notes"]);
    assert!(notes.lines().nth(1).unwrap().contains("\"'=SUM(A1) and, \"\"more\"\"\""), "{notes}");
    assert_eq!(lab.ok(&["timeline", "--since", "0s"]), "Nothing has happened.\n");
    assert_eq!(lab.say(&["timeline", "--kind", "zebra"]).status.code(), Some(2));
    assert_eq!(lab.say(&["timeline", "--since", "soon"]).status.code(), Some(2));
    let file = lab.0.path().join("night.md");
    lab.ok(&["timeline", "--format", "md", "--output", file.to_str().unwrap()]);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.starts_with("# Timeline of shop ▸ here\n"), "{text}");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
}
