//! `ripcord bundle`: the evidence of a run in one file.

use super::args::Records;
use super::runs::past::Past;
use super::runs::show::find;
use super::{exit, runtime, target};
use crate::driver::bundle::{self, Asked};
use crate::model::text::clean_line;
use crate::model::unit::{Base, quantity};
use crate::supervisor::audit::homes;
use crate::supervisor::home::{run_dir, runs_dir};
use clap::Args;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::signal::unix::{SignalKind, signal};

/// Which run, and where to.
#[derive(Debug, Clone, Args)]
pub struct Bundle {
    /// Id of the run, or how it begins.
    #[arg(value_name = "RUN")]
    pub run: String,
    /// Where it is recorded.
    #[command(flatten)]
    pub records: Records,
    /// The new file [default: RUN.tar.zst]; one that exists is replaced.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Most bytes of all files together, before they are packed: the largest logs are cut first, from their beginning.
    #[arg(long, value_name = "SIZE", default_value = "64MiB")]
    pub max_size: String,
}

/// Makes it.
pub fn make(asked: &Bundle) -> u8 {
    let most = match quantity(&asked.max_size) {
        Ok(q) if q.dim.base == Base::Bytes && q.value >= 1.0 => q.value as u64,
        Ok(_) => {
            return usage(
                &format!("--max-size: `{}` is no size", clean_line(&asked.max_size)),
                "--max-size 64MiB",
            );
        }
        Err(e) => return usage(&format!("--max-size: {e}"), "--max-size 64MiB"),
    };
    let Ok(settings) = target::settings_of(asked.records.config.as_deref()) else { return exit::USAGE };
    let Ok(root) = target::state_root(asked.records.state_dir.clone(), &settings) else { return exit::USAGE };
    let run = match folder(&root, &asked.run) {
        Ok(run) => run,
        Err(why) => {
            eprintln!("error: {why}");
            return exit::USAGE;
        }
    };
    let home = run.parent().and_then(Path::parent).unwrap_or(&root).to_owned();
    let id = run.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let output = asked.output.clone().unwrap_or_else(|| PathBuf::from(format!("{id}.tar.zst")));
    let output = std::path::absolute(&output).unwrap_or(output);
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(e) => return usage(&e, ""),
    };
    let stop = Arc::new(AtomicBool::new(false));
    let made = runtime.block_on(async {
        let asked = Asked { home, run, output: output.clone(), most };
        let made = bundle::make(asked, stop.clone(), |what| eprintln!("  {what}"));
        tokio::select! {
            made = made => made,
            () = stopped() => {
                stop.store(true, Ordering::Relaxed);
                Err("stopped: nothing is left behind".to_owned())
            }
        }
    });
    // Waits for what is being written to see that it is stopped.
    drop(runtime);
    match made {
        Ok(made) => {
            for left in &made.left {
                eprintln!("  not in it: {left}");
            }
            println!("{}", output.display());
            println!(
                "{} files of {} bytes in {} bytes, manifest {}",
                made.files, made.bytes, made.size, made.manifest
            );
            exit::OK
        }
        Err(why) => {
            eprintln!("error: {}", clean_line(&why));
            exit::REFUSED
        }
    }
}

fn usage(what: &dyn std::fmt::Display, hint: &str) -> u8 {
    eprintln!("error: {what}\n  hint: {hint}");
    exit::USAGE
}

/// The folder of the run; one whose records are damaged is found by its whole name.
fn folder(root: &Path, id: &str) -> Result<PathBuf, String> {
    let why = match find(root, id, None) {
        Ok(Past::Run(_, _, run)) => return Ok(run.dir),
        Ok(Past::Drill(drilled, _)) => {
            return Err(format!(
                "{} is a drill: nothing outside was touched, its records lie together",
                drilled.id
            ));
        }
        Err(why) => why,
    };
    let plain = !id.is_empty() && !id.contains('/') && !id.starts_with('.');
    let homes = homes(root).map_err(|e| e.to_string())?;
    let there = homes.iter().map(|(_, _, home)| home).find(|home| plain && run_dir(home, id).is_dir());
    there.map(|home| runs_dir(home).join(id)).ok_or(why)
}

/// Until somebody asks it to end.
async fn stopped() {
    let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
    let [Ok(mut a), Ok(mut b), Ok(mut c)] = kinds.map(signal) else { return std::future::pending().await };
    tokio::select! {
        _ = a.recv() => {}
        _ = b.recv() => {}
        _ = c.recv() => {}
    }
}
