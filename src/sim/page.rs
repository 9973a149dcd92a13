//! The service's /metrics page, in the Prometheus text format.

use super::world::{BOUNDS, World};
use std::fmt::Write;

/// Content type of the page.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The page as it is now.
pub fn page(world: &mut World) -> String {
    let (share, uptime) = (f64::from(world.share()) / 100.0, world.uptime().as_secs_f64());
    let arms = world.arms();
    let mut out = String::with_capacity(4096);
    head(&mut out, "shop_build_info", "gauge", "Version of each arm.");
    for a in arms {
        line(&mut out, "shop_build_info", &[("arm", a.name), ("version", a.version)], 1.0);
    }
    head(&mut out, "shop_requests_total", "counter", "Answers by arm and status.");
    for a in arms {
        line(&mut out, "shop_requests_total", &[("arm", a.name), ("code", "200")], a.ok as f64);
        line(&mut out, "shop_requests_total", &[("arm", a.name), ("code", "500")], a.failed as f64);
    }
    let name = "shop_request_duration_seconds";
    head(&mut out, name, "histogram", "Seconds from a request to its answer, by arm.");
    for a in arms {
        let mut total = 0;
        for (i, n) in a.buckets.iter().enumerate() {
            total += n;
            let le = BOUNDS.get(i).map_or("+Inf".to_string(), f64::to_string);
            line(&mut out, &format!("{name}_bucket"), &[("arm", a.name), ("le", &le)], total as f64);
        }
        line(&mut out, &format!("{name}_sum"), &[("arm", a.name)], a.seconds);
        line(&mut out, &format!("{name}_count"), &[("arm", a.name)], total as f64);
    }
    head(&mut out, "shop_resident_memory_bytes", "gauge", "Resident memory of each arm.");
    for a in arms {
        line(&mut out, "shop_resident_memory_bytes", &[("arm", a.name)], a.memory.round());
    }
    head(
        &mut out,
        "shop_canary_share_ratio",
        "gauge",
        "Share of traffic that the router gives to the canary.",
    );
    line(&mut out, "shop_canary_share_ratio", &[], share);
    head(&mut out, "shop_uptime_seconds", "gauge", "Seconds since the start.");
    line(&mut out, "shop_uptime_seconds", &[], uptime);
    out
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn line(out: &mut String, name: &str, labels: &[(&str, &str)], value: f64) {
    out.push_str(name);
    for (i, (label, text)) in labels.iter().enumerate() {
        let _ = write!(out, "{}{label}=\"{text}\"", if i == 0 { '{' } else { ',' });
    }
    let _ = writeln!(out, "{} {value}", if labels.is_empty() { "" } else { "}" });
}
