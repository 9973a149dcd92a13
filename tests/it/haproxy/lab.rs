//! The real thing in a folder: two backends, a HAProxy in front, a Prometheus that scrapes all three, and users.

use super::backend::Backend;
use crate::components::{Server, eventually, get};
use ripcord::sources::exposition::scan;
use std::collections::HashMap;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Requests a second of all users together.
const RATE: u64 = 60;
const USERS: u64 = 6;

/// HAProxy's configuration, backends and users; with a Prometheus when asked for.
pub struct Lab {
    pub folder: tempfile::TempDir,
    _stable: Backend,
    pub canary: Backend,
    haproxy: Server,
    prometheus: Option<Server>,
    users: Vec<std::thread::JoinHandle<()>>,
    home: Arc<AtomicBool>,
}

/// What HAProxy has counted: answers by server, and of them errors.
#[derive(Debug, Clone, Copy, Default)]
pub struct Split {
    pub stable: f64,
    pub canary: f64,
    pub errors: f64,
}

impl Split {
    pub fn total(self) -> f64 {
        self.stable + self.canary
    }

    /// What came after `before`.
    pub fn since(self, before: Split) -> Split {
        Split {
            stable: self.stable - before.stable,
            canary: self.canary - before.canary,
            errors: self.errors - before.errors,
        }
    }

    /// The canary's share.
    pub fn share(self) -> f64 {
        self.canary / self.total()
    }
}

impl Lab {
    /// A quarter of the traffic on the canary.
    pub fn start(with_prometheus: bool) -> Lab {
        let folder = tempfile::tempdir().unwrap();
        let (stable, canary) = (Backend::start(), Backend::start());
        let (cfg, socket) = (folder.path().join("haproxy.cfg"), folder.path().join("haproxy.sock"));
        let haproxy = Server::start("haproxy", folder.path(), 2, "/metrics", |ports| {
            let text = format!(
                "global\n  stats socket {socket} mode 600 level admin expose-fd listeners\n  stats timeout 30s\n\
                 defaults\n  mode http\n  timeout connect 2s\n  timeout client 10s\n  timeout server 10s\n\
                 frontend numbers\n  bind 127.0.0.1:{}\n  http-request use-service prometheus-exporter\n\
                 frontend site\n  bind 127.0.0.1:{}\n  default_backend shop\n\
                 backend shop\n  balance roundrobin\n  option httpchk GET /health\n\
                 \x20 server stable 127.0.0.1:{} weight 75 check\n\
                 \x20 server canary 127.0.0.1:{} weight 25 check\n",
                ports[0],
                ports[1],
                stable.port,
                canary.port,
                socket = socket.display(),
            );
            std::fs::write(&cfg, text).unwrap();
            arguments(&cfg)
        });
        let prometheus = with_prometheus.then(|| {
            let config = folder.path().join("prometheus.yml");
            let text = format!(
                "global: {{scrape_interval: 1s, scrape_timeout: 1s}}\nscrape_configs:\n\
                 - job_name: haproxy\n  static_configs: [{{targets: ['127.0.0.1:{}']}}]\n\
                 - job_name: shop\n  static_configs:\n\
                 \x20 - {{targets: ['127.0.0.1:{}'], labels: {{server: stable}}}}\n\
                 \x20 - {{targets: ['127.0.0.1:{}'], labels: {{server: canary}}}}\n",
                haproxy.ports[0], stable.port, canary.port
            );
            std::fs::write(&config, text).unwrap();
            Server::start("prometheus", folder.path(), 1, "/-/ready", |ports| {
                vec![
                    format!("--config.file={}", config.display()),
                    format!("--storage.tsdb.path={}", folder.path().join("data").display()),
                    format!("--web.listen-address=127.0.0.1:{}", ports[0]),
                ]
            })
        });
        let mut lab = Lab {
            folder,
            _stable: stable,
            canary,
            haproxy,
            prometheus,
            users: Vec::new(),
            home: Arc::new(AtomicBool::new(false)),
        };
        lab.users = (0..USERS).map(|_| lab.user()).collect();
        lab
    }

    /// One of the users: a request, a pause, again, until all go home.
    fn user(&self) -> std::thread::JoinHandle<()> {
        let (port, home) = (self.site(), self.home.clone());
        std::thread::spawn(move || {
            while !home.load(Ordering::Relaxed) {
                let _ = get(port, "/");
                std::thread::sleep(Duration::from_millis(1000 * USERS / RATE));
            }
        })
    }

    /// Port of the site, as users reach it.
    pub fn site(&self) -> u16 {
        self.haproxy.ports[1]
    }

    pub fn cfg(&self) -> PathBuf {
        self.folder.path().join("haproxy.cfg")
    }

    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("haproxy.sock")
    }

    pub fn prometheus(&self) -> u16 {
        self.prometheus.as_ref().unwrap().ports[0]
    }

    /// A line to HAProxy's runtime socket, and its answer.
    pub fn tell(&self, line: &str) -> String {
        let mut socket = UnixStream::connect(self.socket()).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        writeln!(socket, "{line}").unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        answer.trim().to_string()
    }

    /// HAProxy's own counters.
    pub fn counted(&self) -> Option<Split> {
        let (_, page) = get(self.haproxy.ports[0], "/metrics").ok()?;
        let mut split = Split::default();
        for sample in scan(&page).flatten().filter(|s| s.name == "haproxy_server_http_responses_total") {
            match sample.labels.get("server").as_deref() {
                Some("stable") => split.stable += sample.value,
                Some("canary") => split.canary += sample.value,
                _ => continue,
            }
            if sample.labels.get("code").as_deref() == Some("5xx") {
                split.errors += sample.value;
            }
        }
        Some(split)
    }

    /// The split over a window of at least `answers` answers, from now on.
    pub fn split_over(&self, answers: f64) -> Split {
        let counted = || self.counted();
        let before = eventually("HAProxy's numbers", Duration::from_secs(20), counted);
        eventually("enough answers", Duration::from_secs(120), || {
            let window = self.counted()?.since(before);
            (window.total() >= answers).then_some(window)
        })
    }

    /// Reloads HAProxy: a new process takes the listeners over, the old one finishes what it has. The counters
    /// begin at 0, and weights set at run time are gone.
    pub fn reload(&mut self) {
        let mut arguments = arguments(&self.cfg());
        arguments.extend(["-x".into(), self.socket().display().to_string()]);
        arguments.extend(["-sf".into(), self.haproxy.pid().to_string()]);
        let new = Server::spawn("haproxy", self.folder.path(), &arguments, self.haproxy.ports.clone());
        let mut old = std::mem::replace(&mut self.haproxy, new);
        eventually("the old HAProxy has gone", Duration::from_secs(60), || (!old.runs()).then_some(()));
        assert!(self.haproxy.runs(), "{}", self.haproxy.log());
    }

    /// The value of a query that gives one number; none while there is no data.
    pub fn query(&self, query: &str) -> Option<f64> {
        let path = format!("/api/v1/query?query={}", escaped(query));
        let (status, body) = get(self.prometheus(), &path).unwrap();
        let answer: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(status, 200, "{query}: {answer}");
        let result = answer["data"]["result"].as_array().unwrap();
        assert!(result.len() <= 1, "{query}: one number is wanted: {answer}");
        result.first()?["value"][1].as_str()?.parse().ok().filter(|v: &f64| !v.is_nan())
    }

    /// The playbook's variables for this lab.
    pub fn vars(&self) -> HashMap<&'static str, String> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/playbooks/haproxy-set-weight.sh");
        HashMap::from([
            ("prometheus", format!("http://127.0.0.1:{}", self.prometheus())),
            ("site", format!("http://127.0.0.1:{}", self.site())),
            ("haproxy_socket", self.socket().display().to_string()),
            ("haproxy_cfg", self.cfg().display().to_string()),
            ("set_weight", script.to_string()),
            ("window", "8s".to_string()),
        ])
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.home.store(true, Ordering::Relaxed);
        for user in self.users.drain(..) {
            let _ = user.join();
        }
    }
}

fn arguments(cfg: &std::path::Path) -> Vec<String> {
    vec!["-db".into(), "-f".into(), cfg.display().to_string()]
}

fn escaped(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}
