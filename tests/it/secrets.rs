//! Secrets planted everywhere: in the environment, in what commands print, in URLs and headers, in what people write. After a
//! whole rollback none of them stands in any file of the records, in anything that was printed, or on the screen.

use crate::page::{Answer, Page};
use crate::pty::Pty;
use crate::run::{Case, VERIFY, eventually};
use ripcord::run::Verdict;
use ripcord::run::state::Need;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(60);
/// In the environment; it must be encoded in a URL.
const TOKEN: &str = "pl4nted/t0ken+&more=1";
/// In a file.
const KEY: &str = "pl4nted-key-0123456789";

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits: Vec<u8> = bytes.iter().flat_map(|b| (0..8).rev().map(move |i| b >> i & 1)).collect();
    bits.chunks(6)
        .map(|c| LETTERS[c.iter().fold(0, |n, b| n << 1 | usize::from(*b)) << (6 - c.len())] as char)
        .collect()
}

/// What must stand nowhere: the secrets' common part, and base64 of each however it is aligned.
fn forms() -> Vec<Vec<u8>> {
    let mut out = vec![b"pl4nted".to_vec()];
    for secret in [TOKEN, KEY] {
        for before in 0..3_usize {
            let mut bytes = vec![0; before];
            bytes.extend_from_slice(secret.as_bytes());
            let text = base64(&bytes);
            // Characters that do not depend on what stands around it.
            let (first, last) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
            out.push(text.as_bytes()[first..last].to_vec());
        }
    }
    out
}

/// Fails where one of them stands.
fn clean(what: &str, bytes: &[u8]) {
    for form in forms() {
        if let Some(at) = bytes.windows(form.len()).position(|w| w == form) {
            let around = &bytes[at.saturating_sub(200)..(at + 60).min(bytes.len())];
            panic!("{what} holds a secret: …{}…", String::from_utf8_lossy(around));
        }
    }
}

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    for path in fs::read_dir(folder).unwrap().flatten().map(|e| e.path()) {
        match path.is_dir() {
            true => files(&path, out),
            false => out.push(path),
        }
    }
}

struct Lab {
    case: Case,
    _page: Page,
}

impl Lab {
    fn new() -> Lab {
        // It says back what it was asked, query and all.
        let page = Page::serve(|_, path| Answer::Body(format!("{{\"share\": 50, \"asked\": \"{path}\"}}")));
        let url = page.url();
        let mut case = Case::new(&[]);
        let file = case.dir.path().join("key");
        fs::write(&file, format!("{KEY}\n")).unwrap();
        let say = "printf 'plain %s\\n' \\\"$TOKEN\\\"; printf %s \\\"$TOKEN\\\" | base64; printf 'x%s' \\\"$TOKEN\\\" | base64; \
            printf 'url %s%s\\n' pl4 nted%2Ft0ken%2B%26more%3D1; printf 'err %s\\n' \\\"$TOKEN\\\" >&2";
        let env = "env = { TOKEN = \"{{ secret.token }}\" }";
        let asked = format!("url = \"{url}/x?key={{{{ secret.key }}}}\"");
        let headers =
            "headers = { Authorization = \"Bearer {{ secret.token }}\", X-Key = \"{{ secret.key }}\" }";
        let steps = [
            "id = \"cause\"\nname = \"Why?\"\nask = { text = \"What is seen?\", input = \"cause\" }"
                .to_owned(),
            format!("name = \"Say\"\ntimeout = \"20s\"\nrun = [\"sh\", \"-c\", \"{say}\"]\n{env}"),
            format!(
                "name = \"Fail\"\ntimeout = \"20s\"\nrun = [\"sh\", \"-c\", \"{say}; exit 3\"]\n{env}\n\
                 [[procedures.back.steps.fallback]]\nname = \"Instead\"\ntimeout = \"20s\"\nrun = [\"true\"]"
            ),
            format!(
                "name = \"Ask\"\ntimeout = \"20s\"\nhttp = {{ method = \"POST\", {asked}, {headers}, text = \"k={{{{ secret.key }}}}\" }}"
            ),
            format!(
                "name = \"Nobody\"\ntimeout = \"5s\"\nhttp = {{ url = \"http://me:{{{{ secret.key }}}}@127.0.0.1:1/?k={{{{ secret.key }}}}\", {headers} }}\n\
                 [[procedures.back.steps.fallback]]\nname = \"Instead of it\"\ntimeout = \"20s\"\nrun = [\"true\"]"
            ),
            format!(
                "name = \"Keep\"\ntimeout = \"20s\"\n[procedures.back.steps.capture]\nname = \"x\"\nsignals = [\"share\"]\n\
                 logs = [\"app\"]\ntimeline = true\ncommands = [{{ run = [\"sh\", \"-c\", \"{say}\"], {env} }}]"
            ),
            "name = \"Tell\"\ntimeout = \"20s\"\nnotify = { channels = [\"chat\"], message = \"told\" }"
                .to_owned(),
        ];
        let steps = steps.map(|s| format!("[[procedures.back.steps]]\n{s}\n")).concat();
        case.steps = format!(
            "{steps}{VERIFY}[secrets]\ntoken = {{ env = \"SHOP_TOKEN\" }}\nkey = {{ file = \"{}\" }}\n\
             [sources.page]\nevery = \"200ms\"\ntimeout = \"2s\"\nproxy = \"none\"\nhttp = {{ {asked}, {headers} }}\n\
             [sources.dead]\nevery = \"200ms\"\ntimeout = \"1s\"\nproxy = \"none\"\nhttp = {{ url = \"http://127.0.0.1:1/?k={{{{ secret.key }}}}\" }}\n\
             [signals.share]\ntitle = \"Share\"\nsource = \"page\"\njson = \"/share\"\nunit = \"percent\"\nraw = \"percent\"\n\
             [signals.gone]\ntitle = \"Gone\"\nsource = \"dead\"\njson = \"/share\"\nunit = \"percent\"\nraw = \"percent\"\n\
             [logs.app]\ntitle = \"App\"\nfile = \"app.log\"\n\
             [channels.chat]\ntitle = \"Chat\"\ntimeout = \"5s\"\nhttp = {{ method = \"POST\", url = \"{url}/hook?k={{{{ secret.key }}}}\", {headers}, json = {{ text = \"{{{{ message }}}}\" }} }}\n\
             [messages.told]\nsubject = \"Shop\"\nbody = \"{{{{ run.reason }}}}\"\n",
            file.display()
        );
        let log = format!("one {TOKEN} two {KEY} three {}\n", base64(KEY.as_bytes()));
        fs::write(case.work("app.log"), log).unwrap();
        Lab { case, _page: page }
    }

    /// The program with the playbook last.
    fn with(&self, words: &[&str]) -> Command {
        let mut command = self.case.ripcord(words);
        command.env("SHOP_TOKEN", TOKEN).env("HOME", self.case.dir.path());
        command
    }

    /// The program without a playbook.
    fn plain(&self, words: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ripcord"));
        command.args(words).arg("--state-dir").arg(self.case.dir.path()).current_dir(self.case.dir.path());
        command.env("SHOP_TOKEN", TOKEN).env("HOME", self.case.dir.path()).stdin(Stdio::null());
        command.output().unwrap()
    }
}

fn said(what: &str, out: &Output) -> String {
    clean(what, &out.stdout);
    clean(what, &out.stderr);
    String::from_utf8_lossy(&[out.stdout.as_slice(), &out.stderr].concat()).into_owned()
}

#[test]
fn no_secret_stands_in_any_record_output_or_screen() {
    let lab = Lab::new();
    let reason = format!("{TOKEN} was rotated, {KEY} too");
    let child = lab.with(&["run", "back", "--yes", "--reason", &reason]).spawn().unwrap();
    let run = lab.case.only_run();
    eventually("the question", || {
        matches!(run.state().need(&run.plan), Some(Need::Answer { .. })).then_some(())
    });
    let playbook = lab.case.dir.path().join("shop.toml").display().to_string();
    let (state, home) =
        (lab.case.dir.path().display().to_string(), lab.case.dir.path().display().to_string());
    let args = [playbook.as_str(), "--env", "here", "--state-dir", &state];
    let mut pty = Pty::start(
        env!("CARGO_BIN_EXE_ripcord"),
        &args,
        &[("SHOP_TOKEN", TOKEN), ("HOME", &home), ("TERM", "xterm-256color")],
        120,
        40,
    );
    pty.see("Share", LONG);
    let id = run.plan.id.clone();
    let out = lab.plain(&["ask", &id, "answer", "--input", &format!("{KEY} in the log, {TOKEN} too")]);
    assert!(out.status.success(), "{}", said("ask", &out));
    said("ask", &out);
    let out = child.wait_with_output().unwrap();
    let text = said("run", &out);
    assert_eq!(run.verdict(), Verdict::Verified, "{text}");
    let out = lab
        .with(&["note", &format!("the new one is {TOKEN}, base64 {}", base64(KEY.as_bytes()))])
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", said("note", &out));
    for key in ["2", "3", "4", "5", "6", "7", "1"] {
        pty.send(key);
        pty.settle(Duration::from_millis(200), Duration::from_secs(5));
    }
    pty.send("q");
    assert_eq!(pty.exit(LONG), 0);
    clean("the screen", &pty.raw());

    for words in [
        &["status"][..],
        &["status", "--json"],
        &["timeline"],
        &["timeline", "--format", "csv"],
        &["timeline", "--format", "json"],
        &["runs", "--json"],
        &["panic-sheet"],
    ] {
        said(&words.join(" "), &lab.with(words).output().unwrap());
    }
    let export = lab.plain(&["audit", "export"]);
    assert!(said("audit export", &export).contains("[masked]"), "what was written is there");
    for words in
        [&["audit", "export", "--format", "csv"][..], &["audit", "verify"], &["runs"], &["runs", "show", &id]]
    {
        let out = lab.plain(words);
        assert!(out.status.success(), "{words:?}: {}", said(&words.join(" "), &out));
        said(&words.join(" "), &out);
    }
    let out = lab.plain(&["bundle", &id, "--output", "bundle.tar.zst"]);
    assert!(out.status.success(), "{}", said("bundle", &out));
    let out = lab.plain(&["audit", "verify", "bundle.tar.zst"]);
    assert!(out.status.success(), "{}", said("verify", &out));
    let unpacked =
        Command::new("zstd").args(["-dcq"]).arg(lab.case.dir.path().join("bundle.tar.zst")).output().unwrap();
    assert!(unpacked.status.success());
    clean("the bundle", &unpacked.stdout);
    let tar = String::from_utf8_lossy(&unpacked.stdout);
    for part in ["playbook.toml", "logs/app.log", "report.md", "out.log", "one [masked] two [masked] three"] {
        assert!(tar.contains(part), "{part}");
    }

    let mut all = Vec::new();
    files(&lab.case.home(), &mut all);
    assert!(all.len() > 20, "{all:?}");
    for file in &all {
        clean(&file.display().to_string(), &fs::read(file).unwrap());
    }
    let journal = fs::read_to_string(run.dir.join("journal.jsonl")).unwrap();
    assert!(journal.matches("[masked]").count() > 2, "it went through the journal: {journal}");
}
