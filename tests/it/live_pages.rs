//! The exposition parser on pages of real programs, scraped while they run: nothing refused, nothing lost.

use crate::components::{Server, body, installed};
use ripcord::sources::exposition::scan;
use std::collections::BTreeMap;

/// Every sample line of the page is read, and nothing is refused. A second, naive reader decides what is there: it
/// takes the lines that are neither empty nor comments, with the last word as the value.
fn is_read_whole(program: &str, page: &[u8]) {
    let text = std::str::from_utf8(page).unwrap();
    let lines: Vec<&str> = text.lines().filter(|l| !l.trim().is_empty() && !l.starts_with('#')).collect();
    assert!(lines.len() > 30, "{program}: a page worth reading, not {} lines", lines.len());
    let (mut samples, mut by_name) = (0, BTreeMap::<String, usize>::new());
    for (item, line) in scan(page).zip(&lines) {
        let sample = item.unwrap_or_else(|e| panic!("{program}: {e}: {line}"));
        samples += 1;
        *by_name.entry(sample.name.to_string()).or_default() += 1;
        assert!(line.starts_with(&*sample.name), "{program}: {} is not in {line}", sample.name);
        let value: f64 = line.rsplit(' ').next().unwrap().parse().unwrap();
        assert!(
            sample.value == value || (sample.value.is_nan() && value.is_nan()),
            "{program}: read {} from {line}",
            sample.value
        );
        assert_eq!(sample.labels.iter().count(), line.matches("=\"").count(), "{program}: labels of {line}");
    }
    assert_eq!(scan(page).count(), lines.len(), "{program}: as many samples as lines");
    assert_eq!(samples, lines.len());
    println!("{program}: {} bytes, {samples} samples of {} metrics", page.len(), by_name.len());
}

#[test]
fn node_exporter() {
    if !installed(&[("prometheus-node-exporter", "prometheus-node-exporter")]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start("prometheus-node-exporter", folder.path(), 1, "/metrics", |ports| {
        vec![format!("--web.listen-address=127.0.0.1:{}", ports[0])]
    });
    is_read_whole("node-exporter", &body(server.ports[0], "/metrics"));
}

#[test]
fn alertmanager() {
    if !installed(&[("prometheus-alertmanager", "prometheus-alertmanager")]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("alertmanager.yml");
    std::fs::write(&config, "route: {receiver: none}\nreceivers: [{name: none}]\n").unwrap();
    let server = Server::start("prometheus-alertmanager", folder.path(), 1, "/-/ready", |ports| {
        vec![
            format!("--config.file={}", config.display()),
            format!("--storage.path={}", folder.path().join("data").display()),
            format!("--web.listen-address=127.0.0.1:{}", ports[0]),
            "--cluster.listen-address=".into(),
        ]
    });
    is_read_whole("alertmanager", &body(server.ports[0], "/metrics"));
}

#[test]
fn prometheus() {
    if !installed(&[("prometheus", "prometheus")]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("prometheus.yml");
    std::fs::write(&config, "global: {}\n").unwrap();
    let server = Server::start("prometheus", folder.path(), 1, "/-/ready", |ports| {
        vec![
            format!("--config.file={}", config.display()),
            format!("--storage.tsdb.path={}", folder.path().join("data").display()),
            format!("--web.listen-address=127.0.0.1:{}", ports[0]),
        ]
    });
    is_read_whole("prometheus", &body(server.ports[0], "/metrics"));
}

#[test]
fn haproxy() {
    if !installed(&[("haproxy", "haproxy")]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start("haproxy", folder.path(), 2, "/metrics", |ports| {
        let config = folder.path().join("haproxy.cfg");
        let text = format!(
            "defaults\n  mode http\n  timeout client 5s\n  timeout server 5s\n  timeout connect 5s\n\
             frontend stats\n  bind 127.0.0.1:{}\n  http-request use-service prometheus-exporter\n\
             frontend front\n  bind 127.0.0.1:{}\n  default_backend shop\n\
             backend shop\n  server a 127.0.0.1:1\n  server b 127.0.0.1:2 weight 3\n",
            ports[0], ports[1]
        );
        std::fs::write(&config, text).unwrap();
        vec!["-db".into(), "-f".into(), config.display().to_string()]
    });
    is_read_whole("haproxy", &body(server.ports[0], "/metrics"));
}
