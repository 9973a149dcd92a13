//! The small parts that every section is made of: ids, templates, patterns, conditions, commands, expectations.

use crate::config::problem::Severity;
use crate::config::walk::{Cx, Node, Table};
use crate::model::condition::{
    Comparison, Condition, ConditionError, Expr, parse_comparison, parse_condition, parse_expr,
};
use crate::model::probe::{Command, Expectation, HttpCall};
use crate::model::template::Template;
use crate::model::unit::Dim;
use indexmap::IndexMap;
use regex::Regex;
use std::ops::Range;
use toml::de::DeValue;

/// How ids of a kind are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// `error_rate`: signals, variables, parameters.
    Snake,
    /// `error-rate`: everything else.
    Kebab,
    /// Letters, digits, `-` and `_`: severities (`P0`) and secrets.
    Free,
}

/// Checks that an id is written as its kind demands.
pub fn id(cx: &Cx<'_>, span: Range<usize>, id: &str, style: Style) {
    let (separator, name) = match style {
        Style::Snake => ("_", "snake_case, such as `error_rate`"),
        Style::Kebab => ("-", "kebab-case, such as `error-rate`"),
        Style::Free => {
            let good =
                !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
            if !good {
                cx.error(span, format!("`{id}` is not a usable name"), "use letters, digits, `-` and `_`");
            }
            return;
        }
    };
    let part = |p: &str| !p.is_empty() && p.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let good = id.split(separator).all(part)
        && (style != Style::Snake || !id.starts_with(|c: char| c.is_ascii_digit()));
    if !good {
        let lower: String = id
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { ' ' })
            .collect();
        let fixed = lower.split_whitespace().collect::<Vec<_>>().join(separator);
        let hint =
            if fixed.is_empty() { format!("write it in {name}") } else { format!("write `{fixed}`: {name}") };
        cx.error(span, format!("`{id}` is not a good id"), hint);
    }
}

/// Which names a template may use beside variables, secrets and the service's own.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// Names that exist once a run is planned.
    pub run: bool,
    /// Parameters of the procedure.
    pub params: Vec<String>,
    /// Whether nothing is filled in here yet, so that names may stand that nothing fills.
    pub later: bool,
    /// Further names of this place.
    pub extra: &'static [&'static str],
}

/// Names that every template may use.
const ALWAYS: &[&str] = &["environment", "service.name", "service.title", "service.owner"];
/// Names that have a value once a run is planned.
const RUN: &[&str] = &[
    "run.id",
    "run.reason",
    "run.started",
    "run.started_by",
    "run.stamp",
    "trigger.title",
    "procedure.title",
    "date",
];
/// Names of the format that nothing fills yet.
const LATER: &[&str] = &[
    "run.elapsed",
    "run.effect",
    "run.outcome",
    "run.state",
    "run.dir",
    "run.report",
    "incident.id",
    "incident.started",
    "incident.age",
    "verdict",
];

/// A template whose names are all known here.
pub fn template(n: &Node<'_>, scope: &Scope) -> Option<Template> {
    let text = n.str()?;
    names(n, text, scope);
    Some(Template(text.to_string()))
}

fn names(n: &Node<'_>, text: &str, scope: &Scope) {
    let t = Template(text.to_string());
    if t.pieces().is_err() {
        let open = text.rfind("{{").unwrap_or(0);
        n.cx.error(n.within(text, open..open + 2), "`{{` is never closed", "write `}}` after the name");
        return;
    }
    let mut from = 0;
    for name in t.names() {
        let at = text[from..].find(name).map_or(from, |i| from + i);
        from = at + name.len();
        one_name(n, n.within(text, at..from), name, scope);
    }
}

fn one_name(n: &Node<'_>, span: Range<usize>, name: &str, scope: &Scope) {
    let known = &n.cx.known;
    if let Some(given) = known.vars.get(name) {
        let missing: Vec<&str> =
            known.of("environments").iter().filter(|e| !given.contains(e)).map(String::as_str).collect();
        if let Some(first) = missing.first() {
            n.cx.absent(
                span,
                format!("`{name}` has no value in environment `{}`", missing.join("`, `")),
                format!("give it one in [environments.{first}] vars, or for all in [vars]"),
            );
        }
        return;
    }
    let found = ALWAYS.contains(&name)
        || scope.extra.contains(&name)
        || scope.params.iter().any(|p| p == name)
        || name.strip_prefix("secret.").is_some_and(|s| known.of("secrets").iter().any(|k| k == s))
        || (scope.run && RUN.contains(&name));
    let of = |prefix: &str, kind: &str| {
        name.strip_prefix(prefix).is_some_and(|rest| {
            let id = rest.strip_suffix(".firing").unwrap_or(rest);
            kind.is_empty() || known.of(kind).iter().any(|k| k == id)
        })
    };
    let later = LATER.contains(&name)
        || of("signal.", "signals")
        || of("objective.", "objectives")
        || of("answers.", "")
        || of("steps.", "");
    if scope.run && !found && later && !scope.later {
        let what = format!("`{{{{ {name} }}}}`");
        n.cx.not_yet(span, Severity::Error, &what, "no run could be planned with it: leave it out");
        return;
    }
    if found || (scope.run && later) {
        return;
    }
    let secrets: Vec<String> = known.of("secrets").iter().map(|s| format!("secret.{s}")).collect();
    let mut all: Vec<&str> = known.vars.keys().map(String::as_str).collect();
    all.extend(scope.params.iter().map(String::as_str));
    all.extend(secrets.iter().map(String::as_str));
    all.extend(scope.extra);
    all.extend(ALWAYS);
    if scope.run {
        all.extend(RUN);
    } else if later || RUN.contains(&name) {
        n.cx.error(
            span,
            format!("`{name}` has no value here"),
            "it exists only while a run goes on: use it in a procedure's steps",
        );
        return;
    }
    n.cx.undeclared(span, format!("nothing gives `{name}` a value"), name, &all);
}

/// Templates of an array: a program and its arguments.
pub fn argv(n: &Node<'_>, scope: &Scope) -> Option<Vec<Template>> {
    if let DeValue::String(s) = n.value {
        let words = shell_words::split(s).unwrap_or_else(|_| vec![s.to_string()]);
        let hint = words.iter().map(|w| format!("{w:?}")).collect::<Vec<_>>().join(", ");
        n.wrong_type("an array of strings", &format!("no shell splits it: write [{hint}]"));
        return None;
    }
    let args: Vec<Template> = n.array().iter().filter_map(|a| template(a, scope)).collect();
    if args.is_empty() {
        if matches!(n.value, DeValue::Array(a) if a.is_empty()) {
            n.error(
                format!("`{}` is empty", n.path),
                "write the program and its arguments: [\"systemctl\", \"reload\", \"x\"]",
            );
        }
        return None;
    }
    if args[0].0.trim().is_empty() {
        n.error(format!("`{}` names no program", n.path), "the first element is the program");
        return None;
    }
    Some(args)
}

/// A table of templates.
pub fn template_map(n: &Node<'_>, scope: &Scope) -> IndexMap<String, Template> {
    n.pairs().iter().filter_map(|(k, v)| Some((k.to_string(), template(v, scope)?))).collect()
}

/// A JSON value written as TOML; its strings are templates.
pub fn json(n: &Node<'_>, scope: &Scope) -> Option<serde_json::Value> {
    Some(match n.value {
        DeValue::String(_) => template(n, scope)?.0.into(),
        DeValue::Integer(_) => n.int(i64::MIN..=i64::MAX)?.into(),
        DeValue::Float(_) => n.float()?.into(),
        DeValue::Boolean(b) => (*b).into(),
        DeValue::Datetime(d) => d.to_string().into(),
        DeValue::Array(_) => n.array().iter().map(|v| json(v, scope)).collect::<Option<Vec<_>>>()?.into(),
        DeValue::Table(_) => {
            let pairs = n.pairs();
            let entries = pairs.iter().map(|(k, v)| Some((k.to_string(), json(v, scope)?)));
            serde_json::Value::Object(entries.collect::<Option<serde_json::Map<_, _>>>()?)
        }
    })
}

/// A regular expression; `group` is one it must name.
pub fn pattern(n: &Node<'_>, group: Option<&str>) -> Option<String> {
    let s = n.str()?;
    match Regex::new(s) {
        Err(e) => {
            let e = e.to_string();
            let last = e.lines().last().unwrap_or_default().trim_start_matches("error: ").to_string();
            n.error(
                format!("`{}` is not a regular expression: {last}", n.path),
                "write it in single quotes, so that \\ stays as it is",
            );
            None
        }
        Ok(r) => match group {
            Some(g) if !r.capture_names().flatten().any(|c| c == g) => {
                n.error(
                    format!("`{}` has no group named `{g}`", n.path),
                    format!("mark what is read: (?<{g}>…)"),
                );
                None
            }
            _ => Some(s.to_string()),
        },
    }
}

/// A JSON pointer (RFC 6901).
pub fn pointer(n: &Node<'_>) -> Option<String> {
    let s = n.str()?;
    if !s.is_empty() && !s.starts_with('/') {
        let hint = format!("a JSON pointer begins with a slash: \"/{}\"", s.replace('.', "/"));
        n.error(format!("`{s}` is not a JSON pointer"), hint);
        return None;
    }
    Some(s.to_string())
}

/// A whole condition.
pub fn condition(n: &Node<'_>) -> Option<Condition> {
    let s = n.str()?;
    told(n, s, parse_condition(s, &n.cx.known))
}

/// A comparison of a signal with something.
pub fn comparison(n: &Node<'_>, own: &str) -> Option<Comparison> {
    let s = n.str()?;
    told(n, s, parse_comparison(s, own, &n.cx.known))
}

/// An expression that gives a value, and what it measures.
pub fn expression(n: &Node<'_>) -> Option<(Expr, Dim)> {
    let s = n.str()?;
    told(n, s, parse_expr(s, &n.cx.known))
}

fn told<T>(n: &Node<'_>, text: &str, parsed: Result<T, ConditionError>) -> Option<T> {
    match parsed {
        Ok(t) => Some(t),
        Err(e) => {
            let span = n.within(text, e.start..e.end);
            if e.message.starts_with("there is no signal") {
                let word = text.get(e.start..e.end).unwrap_or_default();
                let signals: Vec<&str> = n.cx.known.signals.keys().map(String::as_str).collect();
                n.cx.undeclared(span, e.message, word, &signals);
                return None;
            }
            let like_promql =
                || "conditions are written like PromQL over signals: `error_rate > 2%`".to_string();
            n.cx.error(span, e.message, e.hint.unwrap_or_else(like_promql));
            None
        }
    }
}

/// Calls `f` with every part of an expression.
pub fn visit(e: &Expr, f: &mut dyn FnMut(&Expr)) {
    f(e);
    match e {
        Expr::Abs(a) | Expr::Neg(a) | Expr::Not(a) | Expr::Any(a) | Expr::All(a) | Expr::Consecutive(a) => {
            visit(a, f)
        }
        Expr::Arith(_, a, b) | Expr::Compare(_, a, b) | Expr::And(a, b) | Expr::Or(a, b) => {
            visit(a, f);
            visit(b, f);
        }
        Expr::Number(_)
        | Expr::Bool(_)
        | Expr::Text(_)
        | Expr::Signal(_)
        | Expr::Window { .. }
        | Expr::Baseline(_)
        | Expr::Absent(_)
        | Expr::Firing(_) => {}
    }
}

/// What an `expect` may say, by what is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Of a command.
    Run,
    /// Of a URL.
    Http,
    /// Of a socket.
    Socket,
    /// Of a file.
    File,
}

/// An `expect` table.
pub fn expectation(n: Option<Node<'_>>, answer: Answer) -> Option<Expectation> {
    let mut e = Expectation::default();
    let Some(n) = n else { return Some(e) };
    let t = n.table()?;
    let fits: &[&str] = match answer {
        Answer::Run => &["exit", "stdout", "stderr", "json", "equals"],
        Answer::Http => &["status", "body", "json", "equals"],
        Answer::Socket => &["stdout"],
        Answer::File => &["exists", "executable"],
    };
    for key in ["exit", "status", "stdout", "stderr", "body", "json", "equals", "exists", "executable"] {
        let Some(v) = t.opt(key) else { continue };
        if !fits.contains(&key) {
            let hint = format!("here `expect` may say {}", crate::config::walk::list(fits));
            n.cx.error(t.key_span(key), format!("`{key}` has no meaning in `{}`", n.path), hint);
            continue;
        }
        match key {
            "exit" => e.exit = v.array().iter().filter_map(|c| c.int(0..=255)).map(|c| c as i32).collect(),
            "status" => {
                e.status = v.array().iter().filter_map(|c| c.int(100..=599)).map(|c| c as u16).collect()
            }
            "stdout" => e.stdout = Some(pattern(&v, None)?),
            "stderr" => e.stderr = Some(pattern(&v, None)?),
            "body" => e.body = Some(pattern(&v, None)?),
            "exists" => e.exists = v.bool(),
            "executable" => e.executable = v.bool(),
            _ => {}
        }
    }
    match (t.opt("json"), t.opt("equals")) {
        (Some(p), Some(v)) if fits.contains(&"json") => {
            e.json = Some((pointer(&p)?, json(&v, &Scope::default())?));
        }
        (Some(_), None) => n.cx.error(
            t.key_span("json"),
            format!("`{}` lacks `equals`", n.path),
            "say what must stand there: equals = false",
        ),
        (None, Some(_)) => n.cx.error(
            t.key_span("equals"),
            format!("`{}` lacks `json`", n.path),
            "say where it must stand: json = \"/enabled\"",
        ),
        _ => {}
    }
    Some(e)
}

/// A command of this table: `run` and the keys beside it.
pub fn command(t: &Table<'_>, run: &Node<'_>, scope: &Scope) -> Option<Command> {
    let cwd = t.opt("cwd").and_then(|n| template(&n, scope));
    let env = t.opt("env").map(|n| template_map(&n, scope)).unwrap_or_default();
    let stdin = t.opt("stdin").and_then(|n| template(&n, scope));
    Some(Command {
        argv: argv(run, scope)?,
        on: None,
        shell: false,
        cwd,
        env,
        stdin,
        expect: Expectation::default(),
    })
}

/// An HTTP request.
pub fn http_call(n: &Node<'_>, scope: &Scope) -> Option<HttpCall> {
    let t = n.table()?;
    let method = method(&t);
    let headers = t.opt("headers").map(|h| template_map(&h, scope)).unwrap_or_default();
    let body = t.at_most_one(&["json", "text"]);
    let url = t.req("url", "write the address: url = \"http://…\"").and_then(|u| url(&u, scope));
    let (mut as_json, mut as_text) = (None, None);
    match body {
        Some(("json", b)) => as_json = json(&b, scope),
        Some((_, b)) => as_text = template(&b, scope),
        None => {}
    }
    Some(HttpCall {
        method,
        url: url?,
        headers,
        json: as_json,
        text: as_text,
        expect: Expectation::default(),
    })
}

/// The `method` of a request.
pub fn method(t: &Table<'_>) -> String {
    let Some(n) = t.opt("method") else { return "GET".into() };
    let words = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"].map(|m| (m, m));
    n.choice(&words).unwrap_or("GET").to_string()
}

/// An address: begins with a scheme, or with a template.
pub fn url(n: &Node<'_>, scope: &Scope) -> Option<Template> {
    let t = template(n, scope)?;
    if !(t.0.starts_with("http://") || t.0.starts_with("https://") || t.0.starts_with("{{")) {
        n.error(format!("`{}` is not an address", t.0), "begin with http:// or https://");
        return None;
    }
    Some(t)
}

/// A key of the main screens.
pub fn screen_key(n: &Node<'_>) -> Option<char> {
    let s = n.str()?;
    let mut chars = s.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) if matches!(c, 'h' | 'j' | 'k' | 'l' | 'q') => {
            n.error(
                format!("the key `{c}` is taken by ripcord"),
                "h j k l move and q quits: take another letter",
            );
            None
        }
        (Some(c), None) if c.is_ascii_lowercase() => Some(c),
        _ => {
            n.error(format!("`{s}` is not a key"), "one lower-case letter a–z, but not h j k l q");
            None
        }
    }
}
