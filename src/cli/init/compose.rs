//! The playbook that six answers make.

use super::{share, url, words};

/// The text of the playbook.
pub fn compose([name, env, metrics, threshold, rollback, health]: &[String; 6]) -> String {
    let limit = share(threshold).unwrap_or(0.02);
    let reading = Reading::of(metrics, name, limit);
    let alive = Alive::of(health);
    let threshold = percent(limit);
    format!(
        r#"# How {name} is watched and rolled back. `ripcord check` says whether this file is right,
# `ripcord drill` rehearses it on a simulated service, and nothing here is done without a confirmation.
schema = 1

[service]
name = {name_text}
owner = "nobody yet: write who answers for this file"

[environments.{env}]
tone = "caution"                                   # "danger": the service's name is typed to confirm; add `prove` then
automation = "off"                                 # "shadow" says what it would have done, "armed" acts

# ── What is seen ────────────────────────────────────────────────────────────────────────────────

[sources.metrics]
every = "10s"
{source}

{alive_source}

{signals}[signals.error_rate]
title = "Error rate"
{error_rate}
unit = "percent"
warn = "> {half}"
critical = "> {threshold}"
panel = 1

{alive_signals}

[probes.healthy]                                   # asked at that moment, by the procedure and its verification
{alive_probe}
rehearse = "{alive_holds}"

# ── What it means ───────────────────────────────────────────────────────────────────────────────

[severities.P1]
title = "High"
text = "Roll back within 15 min"
respond_within = "15m"

[triggers.errors]
title = "Error rate > {threshold}"
severity = "P1"
when = "error_rate > {threshold}"
for = "1m"
act = "ask"                                        # "decide 10m": a clock runs, "auto": acts where automation is armed
procedure = "roll-back"
reason = "error rate over {threshold}"

[triggers.down]
title = "Not healthy"
severity = "P1"
when = "consecutive(not healthy) >= 3"
act = "ask"
procedure = "roll-back"
reason = "it does not say that it is healthy"

# ── What is done ────────────────────────────────────────────────────────────────────────────────

[procedures.roll-back]
title = "Roll back"
key = "r"
use_when = "Errors, or not healthy, since a change"
expect = {{ duration = "5m", downtime = "none", data_loss = "none" }}   # what it costs, as far as you know
takes_effect = "roll-back"

[[procedures.roll-back.steps]]
id = "roll-back"
name = "The version before"
run = {rollback}
timeout = "5m"
observe = {{ probe = "healthy", within = "2m" }}   # done is not enough: it must be seen
rehearse = {{ takes = "5s", set = {{ rolled_back = true, {alive_set} }}, stdout = "rolled back" }}

[[procedures.roll-back.steps]]
name = "Recovered"
verify = "recovered"

[verifications.recovered]
title = "It is well, and stays so"
within = "10m"
stable_for = "2m"
criteria = [
  {{ text = "Error rate < {half}", when = "error_rate < {half}" }},
  {{ text = "Healthy", probe = "healthy" }},
]

[objectives.rto]
title = "RTO"
from = "firing"
to = "recovered"
within = "15m"

# ── How it is rehearsed: `ripcord drill`, nothing outside is touched ────────────────────────────

[drill]
environment = {env_text}
due_every = "31d"
state = {{ rolled_back = false, {alive_state} }}   # what steps set and chaos changes

[drill.signals]                                    # how the simulated service behaves while nothing is wrong
{behaviours}
{alive_behaves}

[drill.chaos.errors]
title = "Errors"
key = "e"
{bad}
rises_in = "10s"
lasts = "20m"
cured_when = "rolled_back"
recovers_in = "20s"
expect = {{ trigger = "errors", within = "4m" }}

[drill.chaos.down]
title = "It does not say that it is healthy"
key = "d"
state = {{ {alive_dead} }}
lasts = "20m"
cured_when = "rolled_back"
expect = {{ trigger = "down", within = "2m" }}

[drill.chaos.rollback-fails]
title = "Errors, and the rollback fails"
key = "f"
{bad}
fail_steps = ["roll-back"]
lasts = "20m"
recovers_in = "20s"
expect = {{ trigger = "errors", within = "4m" }}

[emergency]
text = "By hand: {by_hand}"
"#,
        name_text = quoted(name),
        env_text = quoted(env),
        source = reading.source,
        signals = reading.signals,
        error_rate = reading.error_rate,
        behaviours = reading.behaviours,
        bad = reading.bad,
        half = percent(limit / 2.0),
        rollback = list(rollback),
        by_hand = inside(rollback),
        alive_source = alive.source,
        alive_signals = alive.signals,
        alive_probe = alive.probe,
        alive_holds = alive.holds,
        alive_set = alive.well,
        alive_state = alive.well,
        alive_behaves = alive.behaves,
        alive_dead = alive.dead,
    )
}

/// Where the error rate comes from, and how it behaves in a drill.
struct Reading {
    source: String,
    signals: String,
    error_rate: String,
    behaviours: String,
    bad: String,
}

impl Reading {
    fn of(metrics: &str, name: &str, limit: f64) -> Reading {
        // Above the threshold, and still a share.
        let bad = (5.0 * limit).min((1.0 + limit) / 2.0);
        if page(metrics) {
            let signals = r#"[signals.requests]                                 # put your metrics' names and labels here
title = "Requests"
source = "metrics"
metric = "http_requests_total"
counter = true
unit = "count"

[signals.failed]
title = "Requests that failed"
source = "metrics"
metric = "http_requests_total"
labels = { code = "500" }
counter = true
unit = "count"

"#;
            return Reading {
                source: format!("http = {{ url = {} }}", quoted(metrics)),
                signals: signals.to_string(),
                error_rate: "expr = \"rate(failed[1m]) / rate(requests[1m])\"".to_string(),
                behaviours: format!(
                    "requests = {{ normal = \"0\", grow = \"100/s\" }}\nfailed = {{ normal = \"0\", grow = \"{}/s\" }}",
                    number(10.0 * limit)
                ),
                bad: format!("grow = {{ failed = \"{}/s\" }}", number(100.0 * bad)),
            };
        }
        let of = |code: &str| format!("sum(rate(http_requests_total{{job=\"{name}\"{code}}}[1m]))");
        let query = format!("({} or vector(0)) / {}", of(",code=~\"5..\""), of(""));
        Reading {
            source: format!("prometheus = {{ url = {} }}", quoted(metrics)),
            signals: String::new(),
            error_rate: format!(
                "source = \"metrics\"\nquery = '{query}'   # put your metric's name and labels here\nraw = \"ratio\""
            ),
            behaviours: format!(
                "error_rate = {{ normal = \"{}\", noise = \"{}\" }}",
                percent(limit / 10.0),
                percent(limit / 50.0)
            ),
            bad: format!("set = {{ error_rate = \"{}\" }}", percent(bad)),
        }
    }
}

/// What says that it is healthy, and how that behaves in a drill.
struct Alive {
    source: String,
    signals: &'static str,
    probe: String,
    holds: &'static str,
    well: &'static str,
    dead: &'static str,
    behaves: &'static str,
}

impl Alive {
    fn of(health: &str) -> Alive {
        if url(health).is_some() {
            return Alive {
                source: format!(
                    "[sources.health]\nevery = \"5s\"\ntimeout = \"2s\"\nhttp = {{ url = {} }}",
                    quoted(health)
                ),
                signals: "[signals.healthy]\ntitle = \"Healthy\"\nsource = \"health\"\nhttp = \"up\"                                        # true for a 2xx answer\nunit = \"bool\"\nbetter = \"higher\"\ncritical = \"== false\"",
                probe: format!("http = {{ url = {} }}", quoted(health)),
                holds: "up",
                well: "up = true",
                dead: "up = false",
                behaves: "healthy = { state = \"up\" }",
            };
        }
        Alive {
            source: format!(
                "[sources.health]\nevery = \"10s\"\ntimeout = \"5s\"\ncommand = {{ run = {} }}",
                list(health)
            ),
            signals: "[signals.health_code]\ntitle = \"Exit code of the health check\"\nsource = \"health\"\nexit = \"code\"\nunit = \"count\"\n\n[signals.healthy]\ntitle = \"Healthy\"\nexpr = \"health_code == 0\"\nunit = \"bool\"\nbetter = \"higher\"\ncritical = \"== false\"",
            probe: format!("run = {}", list(health)),
            holds: "exit_code == 0",
            well: "exit_code = 0",
            dead: "exit_code = 1",
            behaves: "health_code = { state = \"exit_code\" }",
        }
    }
}

/// Whether an address is a /metrics page: a server of Prometheus has no path, or only that of a proxy before it.
fn page(metrics: &str) -> bool {
    let path = metrics.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, p)| p);
    path.trim_end_matches('/').ends_with("metrics")
}

/// A text in quotes.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_string()).to_string()
}

/// A text between quotes that stand there already.
fn inside(text: &str) -> String {
    let written = serde_json::Value::String(text.to_string()).to_string();
    written[1..written.len() - 1].to_string()
}

/// A command as a list of words.
fn list(command: &str) -> String {
    let words = words(command).unwrap_or_else(|_| vec![command.to_string()]);
    let words: Vec<String> = words.iter().map(|w| quoted(w)).collect();
    format!("[{}]", words.join(", "))
}

/// A number without needless digits.
fn number(n: f64) -> String {
    let rounded = (n * 1e6).round() / 1e6;
    rounded.to_string()
}

/// A share in percent.
fn percent(share: f64) -> String {
    format!("{}%", number(share * 100.0))
}
