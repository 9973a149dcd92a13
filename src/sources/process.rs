//! A process of this host: memory, CPU, threads, open files, age, disk traffic.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sysinfo::{Pid, ProcessRefreshKind, ProcessStatus, ProcessesToUpdate, System};

use super::Point;
use super::command;
use super::names::Names;
use super::poller::Read;
use crate::model::playbook::{ProcessReading, ProcessRef, ReadingKind, Signal};
use crate::model::reading::Value;

/// Reads the signals of one process.
pub(super) struct Process {
    found_by: ProcessRef,
    names: Arc<Names>,
    timeout: Duration,
    readings: Vec<(usize, ProcessReading)>,
    system: Option<System>,
    known: Option<Known>,
}

/// The process as it was last seen.
struct Known {
    pid: Pid,
    /// Pids are used again; with the start time they are one process.
    started: u64,
    cpu: Option<(Instant, u64)>,
}

impl Process {
    pub(super) fn new(
        found_by: ProcessRef,
        names: Arc<Names>,
        timeout: Duration,
        signals: &[(usize, &Signal)],
    ) -> Process {
        let readings = signals.iter().filter_map(|(i, s)| match s.reading {
            ReadingKind::Process(reading) => Some((*i, reading)),
            _ => None,
        });
        Process { found_by, names, timeout, readings: readings.collect(), system: None, known: None }
    }

    pub(super) async fn read(&mut self) -> Read {
        let values = match self.pid().await {
            Ok(pid) => self.measure(pid),
            Err(why) => Err(why),
        };
        let points = match values {
            Ok(values) => {
                self.readings.iter().map(|(i, _)| *i).zip(values.into_iter().map(Point::one)).collect()
            }
            Err(why) => {
                self.known = None;
                self.readings.iter().map(|(i, _)| (*i, Point::one(Err(why.clone())))).collect()
            }
        };
        Read { points, note: None }
    }

    /// The pid, found anew where that is cheap or the process is not the one it was.
    async fn pid(&mut self) -> Result<Pid, String> {
        match &self.found_by.clone() {
            ProcessRef::Pid(pid) => Ok(Pid::from_u32(*pid)),
            ProcessRef::PidFile(path) => {
                let path = self.names.fill(path)?;
                let text = std::fs::read_to_string(&path).map_err(|e| format!("{path}: {e}"))?;
                let pid = text.trim().parse::<u32>().ok().filter(|pid| *pid > 0);
                pid.map(Pid::from_u32).ok_or_else(|| format!("{path} holds no pid"))
            }
            ProcessRef::Unit(unit) => {
                if let Some(pid) = self.still_there() {
                    return Ok(pid);
                }
                unit_pid(&self.names.fill(unit)?, self.timeout).await
            }
            ProcessRef::Name(name) => {
                let name = self.names.fill(name)?;
                match self.still_there() {
                    Some(pid) => Ok(pid),
                    None => pid_by_name(self.system()?, &name),
                }
            }
        }
    }

    fn system(&mut self) -> Result<&mut System, String> {
        if self.system.is_none() {
            self.system = Some(System::new().map_err(|e| format!("processes cannot be read: {e}"))?);
        }
        self.system.as_mut().ok_or_else(|| "processes cannot be read".into())
    }

    /// The pid as it was, if the same process still has it.
    fn still_there(&mut self) -> Option<Pid> {
        let (pid, started) = self.known.as_ref().map(|k| (k.pid, k.started))?;
        let system = self.system().ok()?;
        refresh(system, pid, ProcessRefreshKind::nothing().without_tasks());
        system.process(pid).filter(|p| p.start_time() == started && living(p)).map(|_| pid)
    }

    fn measure(&mut self, pid: Pid) -> Result<Vec<Result<Value, String>>, String> {
        let wants = |reading| self.readings.iter().any(|(_, r)| *r == reading);
        let mut what =
            ProcessRefreshKind::nothing().with_memory().with_cpu().with_disk_usage().without_tasks();
        if wants(ProcessReading::Threads) {
            what = what.with_tasks();
        }
        let fixed = matches!(self.found_by, ProcessRef::Pid(_));
        let (known, readings) = (self.known.take(), self.readings.clone());
        let system = self.system()?;
        refresh(system, pid, what);
        let process = system.process(pid).filter(|p| living(p)).ok_or_else(|| format!("no process {pid}"))?;
        let started = process.start_time();
        let before = known.filter(|k| k.pid == pid);
        if let Some(before) = &before
            && fixed
            && before.started != started
        {
            self.known = Some(Known { pid, started: before.started, cpu: None });
            return Ok(vec![Err(format!("pid {pid} now belongs to another process")); readings.len()]);
        }
        let cpu = (Instant::now(), process.accumulated_cpu_time());
        let last = before.filter(|k| k.started == started).and_then(|k| k.cpu);
        let values = readings.iter().map(|(_, r)| value(*r, process, last, cpu).map(Value::Number)).collect();
        self.known = Some(Known { pid, started, cpu: Some(cpu) });
        Ok(values)
    }
}

fn refresh(system: &mut System, pid: Pid, what: ProcessRefreshKind) {
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), true, what);
}

fn living(process: &sysinfo::Process) -> bool {
    !matches!(process.status(), ProcessStatus::Zombie | ProcessStatus::Dead)
}

fn value(
    reading: ProcessReading,
    process: &sysinfo::Process,
    last: Option<(Instant, u64)>,
    (now, cpu): (Instant, u64),
) -> Result<f64, String> {
    let denied = |what| format!("{what} of pid {} cannot be read (another user's process?)", process.pid());
    Ok(match reading {
        ProcessReading::Rss => process.memory() as f64,
        ProcessReading::Cpu => {
            let (then, before) = last.ok_or("CPU needs a second reading")?;
            let (used, passed) = (cpu.saturating_sub(before) as f64, (now - then).as_secs_f64() * 1e3);
            if passed < 50.0 {
                return Err("the last reading is too near".into());
            }
            used / passed
        }
        ProcessReading::Threads => match process.tasks() {
            Some(tasks) if !tasks.is_empty() => tasks.len() as f64,
            _ => return Err(denied("threads")),
        },
        ProcessReading::Fds => process.open_files().ok_or_else(|| denied("open files"))? as f64,
        ProcessReading::Uptime => process.run_time() as f64,
        ProcessReading::DiskRead | ProcessReading::DiskWrite => {
            // what may not be read is reported as 0 by the library
            if cfg!(target_os = "linux") && std::fs::read(format!("/proc/{}/io", process.pid())).is_err() {
                return Err(denied("disk traffic"));
            }
            let disk = process.disk_usage();
            let bytes = if reading == ProcessReading::DiskRead {
                disk.total_read_bytes
            } else {
                disk.total_written_bytes
            };
            bytes as f64
        }
    })
}

/// The main process of a systemd unit.
async fn unit_pid(unit: &str, timeout: Duration) -> Result<Pid, String> {
    let mut ask = tokio::process::Command::new("systemctl");
    ask.args(["show", "--property=MainPID", "--value", "--", unit]);
    let output = command::run(ask, timeout).await?.good()?;
    main_pid(&String::from_utf8_lossy(&output)).ok_or_else(|| format!("unit {unit} has no main process"))
}

/// What `systemctl show --property=MainPID --value` said; 0 means that nothing runs.
fn main_pid(said: &str) -> Option<Pid> {
    said.trim().parse().ok().filter(|pid| *pid > 0).map(Pid::from_u32)
}

/// The one process of this name; of several, the one that is the parent of the others.
fn pid_by_name(system: &mut System, name: &str) -> Result<Pid, String> {
    let what = ProcessRefreshKind::nothing().with_exe(sysinfo::UpdateKind::OnlyIfNotSet).without_tasks();
    system.refresh_processes_specifics(ProcessesToUpdate::All, true, what);
    let named = |p: &sysinfo::Process| {
        p.name() == name || p.exe().and_then(|e| e.file_name()).is_some_and(|file| file == name)
    };
    let found: Vec<&sysinfo::Process> =
        system.processes().values().filter(|p| p.thread_kind().is_none() && living(p) && named(p)).collect();
    let all: Vec<Pid> = found.iter().map(|p| p.pid()).collect();
    let heads: Vec<Pid> =
        found.iter().filter(|p| p.parent().is_none_or(|pp| !all.contains(&pp))).map(|p| p.pid()).collect();
    match heads[..] {
        [] => Err(format!("no process is named {name}")),
        [pid] => Ok(pid),
        _ => Err(format!("{} processes are named {name}; use a unit, a pid file or a pid", heads.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::playbook::Playbook;
    use crate::sources::fixture::signal;

    const ALL: [ProcessReading; 7] = [
        ProcessReading::Rss,
        ProcessReading::Threads,
        ProcessReading::Fds,
        ProcessReading::Uptime,
        ProcessReading::DiskRead,
        ProcessReading::DiskWrite,
        ProcessReading::Cpu,
    ];

    fn reader(found_by: ProcessRef) -> Process {
        let names = Arc::new(Names::of(&Playbook::default(), "test"));
        let signals: Vec<Signal> = ALL.iter().map(|r| signal(ReadingKind::Process(*r))).collect();
        let of: Vec<(usize, &Signal)> = signals.iter().enumerate().collect();
        Process::new(found_by, names, Duration::from_secs(30), &of)
    }

    async fn read(process: &mut Process) -> Vec<Result<Value, String>> {
        process.read().await.points.into_iter().map(|(_, p)| p.value).collect()
    }

    fn reason(values: &[Result<Value, String>]) -> &str {
        let first = values[0].as_ref().unwrap_err();
        assert!(values.iter().all(|v| v.as_ref().unwrap_err() == first), "{values:?}");
        first
    }

    #[tokio::test]
    async fn this_process_has_memory_threads_files_and_later_cpu() {
        let mut process = reader(ProcessRef::Pid(std::process::id()));
        let first = read(&mut process).await;
        for (i, least) in [(0, 1e6), (1, 1.0), (2, 3.0), (3, 0.0), (4, 0.0), (5, 0.0)] {
            assert!(matches!(first[i], Ok(Value::Number(n)) if n >= least), "{:?}: {:?}", ALL[i], first[i]);
        }
        assert!(first[6].as_ref().unwrap_err().contains("second reading"));
        let begun = Instant::now();
        let mut sum = 0u64;
        while begun.elapsed() < Duration::from_millis(200) {
            sum = std::hint::black_box(sum + 1);
        }
        let second = read(&mut process).await;
        assert!(matches!(second[6], Ok(Value::Number(n)) if n > 0.0), "{:?} {sum}", second[6]);
    }

    #[tokio::test]
    async fn a_pid_file_is_followed_and_its_faults_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("app.pid");
        let mut process = reader(ProcessRef::PidFile(file.to_string_lossy().as_ref().into()));
        assert!(reason(&read(&mut process).await).contains("No such file"));
        std::fs::write(&file, "nonsense").unwrap();
        assert!(reason(&read(&mut process).await).contains("holds no pid"));
        std::fs::write(&file, format!("{}\n", std::process::id())).unwrap();
        assert!(read(&mut process).await[0].is_ok());
        std::fs::write(&file, "4194304\n").unwrap();
        assert!(reason(&read(&mut process).await).contains("no process 4194304"));
    }

    #[tokio::test]
    async fn a_process_is_found_by_name_and_again_after_its_restart() {
        let dir = tempfile::tempdir().unwrap();
        let name = format!("rc-{}", std::process::id() % 1_000_000);
        let program = dir.path().join(&name);
        std::fs::copy("/bin/sleep", &program).unwrap();
        let spawn = || std::process::Command::new(&program).arg("600").spawn().unwrap();
        let mut process = reader(ProcessRef::Name(name.as_str().into()));
        assert!(reason(&read(&mut process).await).contains("no process is named"));
        let mut child = spawn();
        // between fork and exec the name is still this test's
        while read(&mut process).await[0].is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let first = process.known.as_ref().map(|k| k.pid);
        assert_eq!(first, Some(Pid::from_u32(child.id())));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(reason(&read(&mut process).await).contains("no process is named"));
        let (mut child, mut other) = (spawn(), spawn());
        let mut last = read(&mut process).await;
        while !matches!(&last[0], Err(why) if why.contains("2 processes are named")) {
            process.known = None;
            last = read(&mut process).await;
        }
        for child in [&mut child, &mut other] {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    #[tokio::test]
    async fn a_pid_that_another_process_took_is_not_believed() {
        let mut process = reader(ProcessRef::Pid(std::process::id()));
        read(&mut process).await;
        process.known.as_mut().unwrap().started -= 1;
        assert!(reason(&read(&mut process).await).contains("another process"));
        assert!(reason(&read(&mut process).await).contains("another process"), "and stays so");
    }

    #[test]
    fn what_systemctl_says() {
        assert_eq!(main_pid("812\n"), Some(Pid::from_u32(812)));
        assert_eq!(main_pid("0\n"), None);
        assert_eq!(main_pid(""), None);
    }
}
