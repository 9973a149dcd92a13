//! What is doubtful about a command that changes something: toggles without a target, patches by position, a cluster
//! that is not pinned, a step that may not be done twice.

use crate::config::walk::{Cx, Node, Table};
use crate::model::probe::Command;
use regex::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// The words of a command as written, each with its node.
fn words<'a>(run: &Node<'a>) -> Vec<(String, Node<'a>)> {
    let nodes = run.array_quietly().unwrap_or_else(|| vec![run.clone()]);
    let script = nodes.len() == 1 && nodes[0].value.as_str().is_some_and(|s| s.contains(' '));
    let split = |n: &Node<'a>| -> Vec<(String, Node<'a>)> {
        let Some(text) = n.value.as_str() else { return Vec::new() };
        match shell_words::split(text) {
            Ok(words) if script => words.into_iter().map(|w| (w, n.clone())).collect(),
            _ => vec![(text.to_string(), n.clone())],
        }
    };
    nodes.iter().flat_map(split).collect()
}

/// The last part of a path.
fn base(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

/// The words behind a program, wherever it stands in a command (`sudo kubectl …`), without those before it.
fn behind<'w, 'a>(all: &'w [(String, Node<'a>)], program: &str) -> Option<&'w [(String, Node<'a>)]> {
    let at = all.iter().position(|(w, _)| base(w) == program)?;
    Some(&all[at + 1..])
}

/// Options of which the next word is a value.
const WITH_VALUE: &[&str] = &[
    "-n",
    "--namespace",
    "--context",
    "--kube-context",
    "--kubeconfig",
    "--timeout",
    "--history-max",
    "-c",
    "--cluster",
    "--user",
    "-a",
    "--app",
    "-p",
    "--project",
    "--region",
    "-r",
    "--grpc-web-root-path",
    "--server",
];

/// The words that are neither options nor their values.
fn plain<'w>(args: &'w [(String, Node<'_>)]) -> Vec<&'w str> {
    let (mut out, mut skip) = (Vec::new(), false);
    for (word, _) in args {
        match (skip, word.starts_with('-')) {
            (true, _) => skip = false,
            (false, true) => skip = WITH_VALUE.contains(&word.as_str()),
            (false, false) => out.push(word.as_str()),
        }
    }
    out
}

/// The value of an option, as `--x v` or `--x=v`.
fn option<'w>(args: &'w [(String, Node<'_>)], name: &str) -> Option<&'w str> {
    args.iter().enumerate().find_map(|(i, (w, _))| match w.strip_prefix(name) {
        Some("") => Some(args.get(i + 1).map_or("", |(v, _)| v.as_str())),
        Some(rest) => rest.strip_prefix('='),
        None => None,
    })
}

/// A command that goes "back" without saying where to: program, the words that must stand first behind it, whether
/// these words (and what follows) name a target, and what would.
type Toggle = (&'static str, &'static [&'static str], fn(&[(String, Node<'_>)]) -> bool, &'static str);

const TOGGLES: &[Toggle] = &[
    (
        "kubectl",
        &["rollout", "undo"],
        |a| option(a, "--to-revision").is_some_and(|r| r != "0"),
        "name the revision: --to-revision={{ revision }}, from a parameter that lists `kubectl rollout history`",
    ),
    (
        "helm",
        &["rollback"],
        |a| plain(a).get(2).is_some_and(|r| *r != "0"),
        "name the revision behind the release: helm rollback NAME {{ revision }}",
    ),
    (
        "argocd",
        &["app", "rollback"],
        |a| plain(a).len() > 3,
        "name the history id: argocd app rollback APP {{ id }}",
    ),
    (
        "argo",
        &["rollouts", "undo"],
        |a| option(a, "--to-revision").is_some_and(|r| r != "0"),
        "name --to-revision",
    ),
    ("heroku", &["rollback"], |a| plain(a).len() > 1, "name the release: heroku rollback {{ release }}"),
    (
        "heroku",
        &["releases:rollback"],
        |a| plain(a).len() > 1,
        "name the release: heroku rollback {{ release }}",
    ),
    ("vercel", &["rollback"], |a| plain(a).len() > 1, "name the deployment: vercel rollback {{ url }}"),
    (
        "az",
        &["webapp", "deployment", "slot", "swap"],
        |_| false,
        "a swap done twice is undone: guard it by `goal` on what the production slot runs",
    ),
    (
        "aws",
        &["elasticbeanstalk", "swap-environment-cnames"],
        |_| false,
        "a swap done twice is undone: guard it by `goal` on where the name points",
    ),
    ("git", &["checkout", "-"], |_| false, "name the commit or tag: git checkout {{ revision }}"),
];

/// Words that flip something, whatever it is.
const FLIPS: &[&str] = &[
    "toggle",
    "--toggle",
    "flip",
    "--flip",
    "switch-back",
    "switchback",
    "--switch-back",
    "switch-over",
    "swap",
    "--swap",
    "--previous",
    "rollback-last",
    "undo-last",
];

/// Looks over what a step does.
pub fn step(kind: &str, n: &Node<'_>) {
    match kind {
        "run" => {
            let all = words(n);
            toggles(n, &all);
            positional(&all);
        }
        "http" => {
            if let (Some("PATCH"), Some(json)) =
                (n.peek("method").and_then(|m| m.value.as_str()), n.peek("json"))
            {
                for op in json.array_quietly().unwrap_or_default() {
                    let Some(path) = op.peek("path") else { continue };
                    if let Some(text) = path.value.as_str() {
                        positional_pointer(path.cx, path.span.clone(), text);
                    }
                }
            }
        }
        _ => {}
    }
}

fn toggles(n: &Node<'_>, all: &[(String, Node<'_>)]) {
    for (program, first, target, hint) in TOGGLES {
        let Some(args) = behind(all, program) else { continue };
        let plain = plain(args);
        if plain.len() >= first.len() && plain.iter().zip(*first).all(|(a, b)| a == b) && !target(args) {
            n.warn(
                format!(
                    "`{program} {}` goes to whatever was before: done twice, it comes back",
                    first.join(" ")
                ),
                *hint,
            );
            return;
        }
    }
    let git_head = behind(all, "git").and_then(|a| {
        let relative =
            |w: &str| w.starts_with("HEAD~") || w.starts_with("HEAD^") || w == "@{-1}" || w == "ORIG_HEAD";
        a.iter().find(|(w, _)| relative(w))
    });
    if let Some((word, node)) = git_head {
        node.warn(
            format!("`{word}` is another commit after each change: done twice, it goes back twice"),
            "name the commit or tag",
        );
        return;
    }
    if let Some((word, node)) = all.iter().skip(1).find(|(w, _)| FLIPS.contains(&w.as_str())) {
        node.warn(
            format!("`{word}` flips without naming a target: done twice, it comes back"),
            "name the state that is wanted, or guard it by `goal`",
        );
    }
}

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a pattern of ours, tried by the tests")
}

/// A JSON patch that goes through a list by number.
static PATCH: LazyLock<Regex> = LazyLock::new(|| regex(r#""path"\s*:\s*"([^"]*/[0-9]+(/[^"]*)?)""#));
/// A command of sed for a line by its number.
static LINE: LazyLock<Regex> = LazyLock::new(|| regex(r"^[0-9]+(,([0-9]+|\$))?!?[dcias]"));
/// An element of a list by its number.
static INDEX: LazyLock<Regex> = LazyLock::new(|| regex(r"\[[0-9]+\]"));

/// Patches and edits by number: what stands there tonight may be something else.
fn positional(all: &[(String, Node<'_>)]) {
    const HINT: &str = "name what is changed, or prove first that the right thing stands there";
    for (word, node) in all {
        if let Some(found) = PATCH.captures(word).and_then(|c| c.get(1)) {
            let span = node.within(word, found.range());
            node.cx.warn(span, format!("`{}` is a place in a list, not a name", found.as_str()), HINT);
            return;
        }
    }
    let in_place = |args: &[(String, Node<'_>)]| {
        args.iter().any(|(w, _)| w.starts_with("-i") || w == "--in-place" || w == "--inplace")
    };
    for (program, pattern) in [("sed", &*LINE), ("yq", &*INDEX), ("jq", &*INDEX)] {
        let Some(args) = behind(all, program) else { continue };
        if program != "jq" && !in_place(args) {
            continue;
        }
        if program == "jq"
            && !args.iter().any(|(w, _)| w.contains("del(") || w.contains(" = ") || w.contains("|="))
        {
            continue;
        }
        if let Some((word, node)) = args.iter().find(|(w, _)| !w.starts_with('-') && pattern.is_match(w)) {
            let what = if program == "sed" { "a line by its number" } else { "a place in a list" };
            node.warn(format!("`{word}` changes {what}, not by its name"), HINT);
        }
    }
}

/// A JSON pointer that goes through a list by number.
pub fn positional_pointer(cx: &Cx<'_>, span: Range<usize>, pointer: &str) {
    if pointer.split('/').any(|p| !p.is_empty() && (p == "-" || p.chars().all(|c| c.is_ascii_digit()))) {
        cx.warn(
            span,
            format!("`{pointer}` is a place in a list, not a name"),
            "name what is changed, or prove first that the right thing stands there",
        );
    }
}

/// Warns about a step that changes something, may not be done twice, and is seen by nothing.
pub fn unguarded(t: &Table<'_>, kind: &str, n: &Node<'_>, name: &str) {
    let posts = |http: &Node<'_>| {
        http.peek("method").is_some_and(|m| matches!(m.value.as_str(), Some("POST" | "PATCH")))
    };
    let changes = match kind {
        "run" => true,
        "http" => posts(n),
        "ramp" => n.peek("run").is_some() || n.peek("http").is_some_and(|h| posts(&h)),
        _ => false,
    };
    if changes {
        t.cx.warn(
            t.key_span(kind),
            format!("nothing guards `{name}` against being done twice, and nothing sees whether it worked"),
            "add `already`, `observe` or `goal`, or say repeatable = true",
        );
    }
}

/// Warns about a cluster command that goes wherever the shell last went, once an environment is dangerous.
pub fn pinned(run: &Node<'_>, command: &Command) {
    if !run.cx.known.danger {
        return;
    }
    let all = words(run);
    for (program, context) in [("kubectl", "--context"), ("helm", "--kube-context")] {
        let Some(args) = behind(&all, program) else { continue };
        let plain = plain(args);
        let verb = plain.first().copied().unwrap_or_default();
        let local =
            ["config", "version", "completion", "plugin", "repo", "search", "template", "lint", "env"];
        if local.contains(&verb) {
            continue;
        }
        let config = command.env.contains_key("KUBECONFIG");
        let context_said =
            config || option(args, context).is_some() || option(args, "--kubeconfig").is_some();
        let whole = ["drain", "cordon", "uncordon", "cluster-info", "api-resources", "api-versions"];
        let of_cluster = ["node", "nodes", "no", "namespace", "namespaces", "ns", "pv", "crd", "clusterrole"];
        let namespaced = !(whole.contains(&verb) || plain.get(1).is_some_and(|k| of_cluster.contains(k)));
        let has = |w: &str| {
            args.iter().any(|(a, _)| a == w || a.starts_with("-n") && w == "-n" && !a.starts_with("--"))
        };
        let namespace_said =
            option(args, "--namespace").is_some() || has("-n") || has("-A") || has("--all-namespaces");
        let missing = match (context_said, namespace_said || !namespaced) {
            (true, true) => continue,
            (false, true) => format!("`{context}`"),
            (true, false) => "`--namespace`".to_string(),
            (false, false) => format!("`{context}` and `--namespace`"),
        };
        run.warn(
            format!("`{program}` without {missing} goes wherever this host's settings point"),
            format!("pin it: \"{context}\", \"{{{{ context }}}}\", \"--namespace\", \"{{{{ namespace }}}}\" from the environment's vars"),
        );
    }
}
