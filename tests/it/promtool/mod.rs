//! Our values beside Prometheus' own, and our trigger states beside its alerts, on the same generated samples.
//! `RIPCORD_PROOF_SEED` chooses other samples; a failure names its seed.

mod alerts;
pub mod blocks;
mod dice;
mod expressions;
mod series;
mod values;

/// The programs that all of this needs, with their Debian package.
pub const PROGRAMS: [(&str, &str); 2] = [("prometheus", "prometheus"), ("promtool", "prometheus")];

/// Of which samples.
fn seed() -> u64 {
    std::env::var("RIPCORD_PROOF_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(20_261_121)
}

/// Says it past the capture of the test harness: a passing test's own prints are not shown.
fn tell(line: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// How the playbooks of these tests begin; nothing is read from that address.
const HEAD: &str = r#"schema = 1
[service]
name = "proof"
title = "Proof"
owner = "@proof"
[environments.test]
tone = "calm"
[sources.prom]
prometheus = { url = "http://127.0.0.1:9" }
"#;
