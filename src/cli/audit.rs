//! `ripcord audit`: whether the records are whole, and all of them as one stream.

use super::args::Records;
use super::{exit, target};
use crate::clock;
use crate::journal::{atomic_write, real};
use crate::model::text::clean_line;
use crate::model::unit;
use crate::report::timeline::rfc3339;
use crate::supervisor::audit::forward::once;
use crate::supervisor::audit::heads::{Head, parse, written};
use crate::supervisor::audit::{Finding, Found, export, homes, verify};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

/// What is done with the records.
#[derive(Debug, Clone, Subcommand)]
pub enum Audit {
    /// Check every journal, log of decisions, outbox and drill, every plan and kept file; exit 9 when something is wrong.
    Verify(Verify),
    /// Print every record of every log, merged by time.
    Export(Export),
    /// Send what is on record and was not sent yet to the receivers of `[audit]`, once; exit 4 when one does not take it.
    Forward(Forward),
}

/// What is checked.
#[derive(Debug, Clone, Args)]
pub struct Verify {
    /// A service, `service@environment`, a playbook's file, or the file of a bundle (everything).
    #[arg(value_name = "TARGET")]
    target: Option<String>,
    /// Where the records are.
    #[command(flatten)]
    records: Records,
    /// Heads that were kept from an earlier check: what was cut short or written anew since is found.
    #[arg(long, value_name = "FILE")]
    heads: Option<PathBuf>,
    /// Write the heads of now to a file, to be kept elsewhere.
    #[arg(long, value_name = "FILE")]
    write_heads: Option<PathBuf>,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// What is printed.
#[derive(Debug, Clone, Args)]
pub struct Export {
    /// A service, `service@environment`, or a playbook's file (everything).
    #[arg(value_name = "TARGET")]
    target: Option<String>,
    /// Where the records are.
    #[command(flatten)]
    records: Records,
    /// In which form.
    #[arg(long, value_enum, default_value_t = Form::Jsonl)]
    format: Form,
    /// Only what was written in this time up to now: 2h, 30m, 7d.
    #[arg(long, value_name = "DURATION")]
    since: Option<String>,
    /// Into a new file instead of standard output; one that exists is replaced.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Whose records are sent.
#[derive(Debug, Clone, Args)]
pub struct Forward {
    /// A service, `service@environment`, or a playbook's file (everything).
    #[arg(value_name = "TARGET")]
    target: Option<String>,
    /// Where the records are.
    #[command(flatten)]
    records: Records,
}

/// Forms of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// An object a line, with the record byte for byte.
    Jsonl,
    /// RFC 4180, with a header.
    Csv,
}

/// Does it.
pub fn act(what: &Audit) -> u8 {
    let done = match what {
        Audit::Verify(asked) => check(asked),
        Audit::Export(asked) => print(asked),
        Audit::Forward(asked) => forward(asked),
    };
    done.unwrap_or_else(|code| code)
}

/// Where the records are.
fn root(records: &Records) -> Result<PathBuf, u8> {
    let settings = target::settings_of(records.config.as_deref()).map_err(|()| exit::USAGE)?;
    target::state_root(records.state_dir.clone(), &settings).map_err(|()| exit::USAGE)
}

/// Says what is wrong with the question.
fn usage(what: &dyn std::fmt::Display, hint: &str) -> u8 {
    eprintln!("error: {what}\n  hint: {hint}");
    exit::USAGE
}

/// The service that is meant, which is on record: by its name, `service@environment`, or its playbook's file.
fn known(root: &Path, of: Option<&str>) -> Result<Option<String>, u8> {
    let Some(of) = of else { return Ok(None) };
    if of.ends_with(".toml") {
        let loaded = crate::config::playbook::load(Path::new(of)).map_err(|problems| {
            target::print(&problems);
            exit::USAGE
        })?;
        return known(root, Some(&loaded.playbook.service.name));
    }
    let homes = homes(root).map_err(|e| usage(&e, "--state-dir DIR"))?;
    let mut names: Vec<String> = crate::supervisor::drills::services(root);
    names.extend(homes.into_iter().flat_map(|(s, e, _)| [s.clone(), format!("{s}@{e}")]));
    names.sort();
    names.dedup();
    if names.iter().any(|n| n == of) {
        return Ok(Some(of.to_owned()));
    }
    let near = names.iter().max_by(|a, b| strsim::jaro(a, of).total_cmp(&strsim::jaro(b, of)));
    let hint = match near.filter(|n| strsim::jaro(n, of) > 0.7) {
        Some(near) => format!("did you mean `{near}`?"),
        None if names.is_empty() => format!("{} has no records: --state-dir DIR", root.display()),
        None => format!("there is {}", names.join(", ")),
    };
    Err(usage(&format!("nothing is on record of `{}`", clean_line(of)), &hint))
}

/// The file of a bundle: anything that is a file.
fn bundle(file: &Path, asked: &Verify) -> Result<u8, u8> {
    let found =
        crate::driver::bundle::verify(file).map_err(|e| usage(&format!("{}: {e}", file.display()), ""))?;
    if asked.json {
        let document = json!({
            "schema": 1, "bundle": file, "whole": found.findings.is_empty(), "run": found.run,
            "manifest": found.manifest, "files": found.files, "findings": findings(&found.findings),
        });
        println!("{document:#}");
    } else {
        print!("{}", damage(&found.findings));
        let manifest = found.manifest.as_deref().unwrap_or("none");
        println!("run {}, {} files, manifest {manifest}", found.run, found.files);
        match found.findings.len() {
            0 => println!(
                "Every file is as the manifest names it. Whoever keeps the manifest's hash can tell that it is the same."
            ),
            n => println!("{n} findings."),
        }
    }
    Ok(if found.findings.is_empty() { exit::OK } else { exit::DAMAGED })
}

fn check(asked: &Verify) -> Result<u8, u8> {
    if let Some(file) = asked
        .target
        .as_deref()
        .map(Path::new)
        .filter(|f| f.is_file() && f.extension().is_none_or(|e| e != "toml"))
    {
        return bundle(file, asked);
    }
    let root = root(&asked.records)?;
    let of = known(&root, asked.target.as_deref())?;
    let kept = match &asked.heads {
        None => BTreeMap::new(),
        Some(file) => std::fs::read_to_string(file)
            .map_err(|e| e.to_string())
            .and_then(|text| parse(&text))
            .map_err(|e| usage(&format!("{}: {e}", file.display()), "`--write-heads FILE` writes one"))?,
    };
    let found = verify(&root, of.as_deref(), &kept).map_err(|e| usage(&e, "--state-dir DIR"))?;
    match asked.json {
        true => println!("{:#}", document(&root, &found)),
        false => print!("{}", page(&root, &found, &kept)),
    }
    if let Some(file) = &asked.write_heads {
        let text = written(found.logs.iter().map(|l| (l.name.as_str(), l.records, l.head.as_str())));
        put(file, text.as_bytes())?;
        eprintln!("the heads of {} logs are in {}", found.logs.len(), file.display());
    }
    Ok(if found.findings.is_empty() { exit::OK } else { exit::DAMAGED })
}

fn put(file: &Path, bytes: &[u8]) -> Result<(), u8> {
    let path = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    atomic_write(&*real(), &path, bytes, 0o600).map_err(|e| {
        eprintln!("error: {e}");
        exit::REFUSED
    })
}

/// What a chain can vouch for, and what it cannot.
const VOUCHED: &str = "A chain shows damage. Against tampering it is evidence only up to a head that was kept elsewhere\n\
    (`--write-heads FILE`, then `--heads FILE`) or forwarded (`[audit]` in config.toml).\n";

fn page(root: &Path, found: &Found, kept: &BTreeMap<String, Head>) -> String {
    let mut out = String::new();
    for log in &found.logs {
        let bad = found.findings.iter().any(|f| f.file == log.name);
        let mark = if bad { "DAMAGED" } else { "whole" };
        let until = log.span.map(|(_, last)| rfc3339(last)).unwrap_or_else(|| "-".into());
        out += &format!(
            "{mark:<8} {}\n         {} records until {until}, head {}\n",
            log.name, log.records, log.head
        );
        if let Some(vouched) = log.vouched {
            out += &format!("         vouched for up to record {vouched} by the head that was kept\n");
        }
    }
    out += &damage(&found.findings);
    let (logs, files) = (found.logs.len(), found.files);
    out += &match found.findings.len() {
        0 if logs == 0 => format!("Nothing is on record in {}.\n", root.display()),
        0 => format!("{logs} logs are whole, {files} plans and kept files are as they were hashed.\n"),
        n => format!("{n} findings in {logs} logs and {files} plans and kept files of {}.\n", root.display()),
    };
    let vouched = found.logs.iter().filter(|l| l.vouched.is_some()).count();
    match kept.is_empty() {
        true => out += VOUCHED,
        false => out += &format!("{vouched} of them are vouched for by heads that were kept.\n"),
    }
    out
}

/// What is wrong, a line each.
fn damage(findings: &[Finding]) -> String {
    let told = findings.iter().map(|f| {
        let line = f.line.map(|l| format!(":{l}")).unwrap_or_default();
        let seq = f.seq.map(|s| format!(" (sequence {s})")).unwrap_or_default();
        format!("DAMAGED  {}{line}{seq}: {}: {}\n", f.file, f.what, f.why)
    });
    told.collect()
}

fn findings(findings: &[Finding]) -> serde_json::Value {
    let all = findings
        .iter()
        .map(|f| json!({ "file": f.file, "line": f.line, "seq": f.seq, "what": f.what, "why": f.why }));
    all.collect()
}

fn document(root: &Path, found: &Found) -> serde_json::Value {
    json!({
        "schema": 1,
        "root": root,
        "whole": found.findings.is_empty(),
        "logs": found.logs.iter().map(|l| json!({
            "file": l.name, "service": l.place.service, "environment": l.place.environment, "log": l.place.log,
            "records": l.records, "head": l.head, "vouched_records": l.vouched,
            "first": l.span.map(|(first, _)| rfc3339(first)), "last": l.span.map(|(_, last)| rfc3339(last)),
        })).collect::<Vec<_>>(),
        "files": found.files,
        "findings": findings(&found.findings),
    })
}

fn forward(asked: &Forward) -> Result<u8, u8> {
    let settings = target::settings_of(asked.records.config.as_deref()).map_err(|()| exit::USAGE)?;
    let root = root(&asked.records)?;
    let of = known(&root, asked.target.as_deref())?;
    if settings.audit.is_empty() {
        return Err(usage(
            &"nobody is to receive records",
            "[audit] forward = [\"journald\"] in config.toml",
        ));
    }
    let mut code = exit::OK;
    for (service, environment, home) in homes(&root).map_err(|e| usage(&e, "--state-dir DIR"))? {
        let name = format!("{service}@{environment}");
        if of.as_ref().is_some_and(|t| *t != service && *t != name) {
            continue;
        }
        match once(&home, &settings.audit) {
            Ok(None) => println!("{name}: another process forwards its records"),
            Ok(Some(passed)) => {
                for p in passed {
                    let how = p.trouble.as_ref().map_or_else(String::new, |why| format!(", then: {why}"));
                    println!("{name}: {} records to {}{how}", p.sent, p.receiver);
                    code = if p.trouble.is_some() { exit::FAILED } else { code };
                }
            }
            Err(why) => {
                eprintln!("error: {name}: {}", clean_line(&why));
                code = exit::FAILED;
            }
        }
    }
    Ok(code)
}

fn print(asked: &Export) -> Result<u8, u8> {
    let root = root(&asked.records)?;
    let of = known(&root, asked.target.as_deref())?;
    let since = asked.since.as_deref().map(unit::duration).transpose();
    let since = since.map_err(|e| usage(&format!("--since: {e}"), "--since 2h"))?;
    let since = since.map(|ms| clock::now().wall - ms.round() as i64);
    let (rows, broken) =
        export::rows(&root, of.as_deref(), since).map_err(|e| usage(&e, "--state-dir DIR"))?;
    for why in &broken {
        eprintln!("warning: {why}: what follows it is left out");
    }
    let text = match asked.format {
        Form::Jsonl => export::jsonl(&rows),
        Form::Csv => export::csv(&rows),
    };
    match &asked.output {
        Some(file) => {
            put(file, text.as_bytes())?;
            eprintln!("{} records are in {}", rows.len(), file.display());
        }
        None => {
            let written = std::io::stdout().lock().write_all(text.as_bytes());
            // Whoever reads has enough.
            if let Some(e) = written.err().filter(|e| e.kind() != std::io::ErrorKind::BrokenPipe) {
                eprintln!("error: {e}");
                return Ok(exit::REFUSED);
            }
        }
    }
    Ok(if broken.is_empty() { exit::OK } else { exit::DAMAGED })
}
