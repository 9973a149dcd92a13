//! Pinning the cluster: `kubectl` and `helm` act on whatever context and namespace are current at that moment. A plan
//! names both in every such command, so that a switch of context in another terminal cannot turn a run onto another
//! cluster.

use super::ask::{World, ask};
use crate::model::playbook::{Step, StepKind};
use crate::model::probe::{Ask, Command, Expectation, Probe};
use crate::model::template::Template;
use crate::run::{Answer, Plan};
use serde_json::Value;

/// What is current.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Current {
    context: String,
    namespace: String,
}

/// Names context, namespace and kubeconfig in every command of the plan that leaves them open. Answers why that is not
/// possible; a plan without such commands asks nothing.
pub(super) async fn pin(world: &World, plan: &mut Plan) -> Vec<String> {
    let open =
        |c: &Command| tool(c).is_some_and(|t| !names(c, t.context()) || !names(c, &["-n", "--namespace"]));
    if !commands(plan).into_iter().any(|c| open(c)) {
        return Vec::new();
    }
    let current = match current(world).await {
        Ok(current) => current,
        Err(e) => {
            let hint = "name the context and the namespace in the playbook's commands";
            return vec![format!("the cluster cannot be pinned: {e}; {hint}")];
        }
    };
    for command in commands(plan) {
        add(command, &current);
    }
    if !plan.env.contains_key("KUBECONFIG")
        && let Some(home) = plan.env.get("HOME")
    {
        let file = format!("{home}/.kube/config");
        plan.env.insert("KUBECONFIG".into(), file);
    }
    Vec::new()
}

/// A program that follows the current context.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tool {
    Kubectl,
    Helm,
}

impl Tool {
    fn context(self) -> &'static [&'static str] {
        match self {
            Tool::Kubectl => &["--context"],
            Tool::Helm => &["--kube-context"],
        }
    }
}

fn tool(c: &Command) -> Option<Tool> {
    match c.argv.first()?.0.rsplit('/').next()? {
        "kubectl" => Some(Tool::Kubectl),
        "helm" => Some(Tool::Helm),
        _ => None,
    }
}

/// Whether the command itself has one of these options, before any `--`.
fn names(c: &Command, options: &[&str]) -> bool {
    let own = c.argv.iter().take_while(|a| a.0 != "--");
    own.into_iter().any(|a| {
        options.iter().any(|o| {
            let long = o.starts_with("--");
            a.0 == **o || a.0.strip_prefix(o).is_some_and(|rest| !long || rest.starts_with('='))
        })
    })
}

/// Options stand at the end (a plugin takes none before its name), but before `--`.
fn add(c: &mut Command, current: &Current) {
    let Some(tool) = tool(c) else { return };
    let mut options: Vec<Template> = Vec::new();
    if !names(c, tool.context()) {
        options.extend([Template::from(tool.context()[0]), Template(current.context.clone())]);
    }
    let everywhere = names(c, &["-A", "--all-namespaces"]);
    if !everywhere && !names(c, &["-n", "--namespace"]) {
        options.extend([Template::from("--namespace"), Template(current.namespace.clone())]);
    }
    let at = c.argv.iter().position(|a| a.0 == "--").unwrap_or(c.argv.len());
    c.argv.splice(at..at, options);
}

/// Asks kubectl, which knows all the ways in which a context is chosen.
async fn current(world: &World) -> Result<Current, String> {
    let words = ["kubectl", "config", "view", "--minify", "--output", "json"];
    let command = Command { argv: words.map(Template::from).to_vec(), ..Command::default() };
    let probe = Probe {
        ask: Ask::Run(command),
        expect: Expectation::default(),
        within: None,
        every: 1_000,
        rehearse: None,
    };
    let told = ask(world, &probe, None).await;
    match told.answer {
        Answer::Holds => read(&told.raw),
        Answer::Fails | Answer::Blind => Err(told.detail),
    }
}

fn read(json: &str) -> Result<Current, String> {
    let config: Value = serde_json::from_str(json).map_err(|e| format!("kubectl config view: {e}"))?;
    let text = |pointer: &str| config.pointer(pointer).and_then(Value::as_str).filter(|t| !t.is_empty());
    let context = text("/current-context").or_else(|| text("/contexts/0/name"));
    let context = context.ok_or("kubectl has no current context")?.to_owned();
    let namespace = text("/contexts/0/context/namespace").unwrap_or("default").to_owned();
    Ok(Current { context, namespace })
}

/// Every command that the plan may run.
fn commands(plan: &mut Plan) -> Vec<&mut Command> {
    let mut out = Vec::new();
    for step in &mut plan.steps {
        out.extend(step.when.as_mut().and_then(of_probe));
        of_step(&mut step.step, &mut out);
    }
    out.extend(plan.prove.as_mut().and_then(of_probe));
    out.extend(plan.compatible_with.as_mut().and_then(of_probe));
    out.extend(plan.procedure.guard.as_mut().and_then(|g| of_probe(&mut g.probe)));
    for verification in plan.playbook.verifications.values_mut() {
        out.extend(verification.criteria.iter_mut().filter_map(|c| of_probe(&mut c.probe)));
    }
    for rung in &mut plan.playbook.ladder {
        rung.steps.iter_mut().for_each(|s| of_step(s, &mut out));
    }
    out
}

fn of_step<'a>(step: &'a mut Step, out: &mut Vec<&'a mut Command>) {
    match &mut step.kind {
        StepKind::Run(c) => out.push(c),
        StepKind::Check(p) => out.extend(of_probe(p)),
        StepKind::Capture(c) => out.extend(c.commands.iter_mut()),
        _ => {}
    }
    for probe in [&mut step.prove, &mut step.already, &mut step.observe] {
        out.extend(probe.as_mut().and_then(of_probe));
    }
}

fn of_probe(probe: &mut Probe) -> Option<&mut Command> {
    match &mut probe.ask {
        Ask::Run(c) => Some(c),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::PlanStep;
    use crate::supervisor::secrets::Secrets;
    use indexmap::IndexMap;
    use std::os::unix::fs::PermissionsExt;

    fn command(line: &str) -> Command {
        let argv = shell_words::split(line).unwrap().into_iter().map(Template).collect();
        Command { argv, ..Command::default() }
    }

    fn plan(lines: &[&str]) -> Plan {
        let step =
            |(i, line): (usize, &&str)| PlanStep::new(i + 1, Step::new("s", StepKind::Run(command(line))));
        Plan { steps: lines.iter().enumerate().map(step).collect(), ..Plan::default() }
    }

    fn lines(plan: &Plan) -> Vec<String> {
        plan.steps.iter().map(PlanStep::line).collect()
    }

    /// A stand-in for kubectl: prints what the real one prints for `config view`, and counts how often it was asked.
    fn world(folder: &std::path::Path, prints: &str) -> World {
        let program = folder.join("kubectl");
        let asked = folder.join("asked");
        let script = format!("#!/bin/sh\necho \"$@\" >> '{}'\ncat <<'E'\n{prints}\nE\n", asked.display());
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let path = format!("{}:/usr/bin:/bin", folder.display());
        let env = IndexMap::from([("PATH".to_owned(), path), ("HOME".to_owned(), "/home/ana".to_owned())]);
        World {
            env,
            cwd: "/".into(),
            secrets: Secrets::new(IndexMap::new()),
            home: "/nonexistent".into(),
            run: None,
            telling: Default::default(),
        }
    }

    const VIEW: &str = r#"{"kind":"Config","contexts":[{"name":"prod-eu","context":{"cluster":"eu","user":"ana","namespace":"shop"}}],"current-context":"prod-eu"}"#;

    #[tokio::test]
    async fn every_command_names_the_cluster_it_was_planned_for() {
        let folder = tempfile::tempdir().unwrap();
        let world = world(folder.path(), VIEW);
        let mut p = plan(&[
            "kubectl rollout undo deployment/api --to-revision=3",
            "kubectl -n other exec pod -- sh -c 'kubectl --context x'",
            "helm rollback api 4 --kube-context=lab --namespace shop",
            "/usr/local/bin/kubectl argo rollouts abort api",
            "kubectl get pods -A",
            "echo kubectl",
        ]);
        p.env = world.env.clone();
        assert_eq!(pin(&world, &mut p).await, Vec::<String>::new());
        assert_eq!(
            lines(&p),
            [
                "kubectl rollout undo deployment/api '--to-revision=3' --context prod-eu --namespace shop",
                "kubectl -n other exec pod --context prod-eu -- sh -c 'kubectl --context x'",
                "helm rollback api 4 '--kube-context=lab' --namespace shop",
                "/usr/local/bin/kubectl argo rollouts abort api --context prod-eu --namespace shop",
                "kubectl get pods -A --context prod-eu",
                "echo kubectl",
            ]
        );
        assert_eq!(p.env["KUBECONFIG"], "/home/ana/.kube/config");
        assert_eq!(std::fs::read_to_string(folder.path().join("asked")).unwrap().lines().count(), 1);
    }

    #[tokio::test]
    async fn nothing_is_asked_where_nothing_is_open() {
        let folder = tempfile::tempdir().unwrap();
        let world = world(folder.path(), VIEW);
        let mut p = plan(&["systemctl stop api", "kubectl --context lab -nshop get pods"]);
        assert_eq!(pin(&world, &mut p).await, Vec::<String>::new());
        assert!(!folder.path().join("asked").exists());
    }

    #[tokio::test]
    async fn without_a_current_context_nothing_can_be_planned() {
        let folder = tempfile::tempdir().unwrap();
        let world = world(folder.path(), r#"{"kind":"Config","contexts":null,"current-context":""}"#);
        let mut p = plan(&["kubectl get pods"]);
        let problems = pin(&world, &mut p).await;
        assert!(problems[0].contains("no current context"), "{problems:?}");
        assert_eq!(lines(&p), ["kubectl get pods"]);
    }

    #[test]
    fn a_probe_a_criterion_and_a_capture_are_commands_too() {
        let mut p = plan(&["true"]);
        let asks = || Probe {
            ask: Ask::Run(command("kubectl get x")),
            expect: Expectation::default(),
            within: None,
            every: 1,
            rehearse: None,
        };
        p.prove = Some(asks());
        p.steps[0].step.observe = Some(asks());
        assert_eq!(commands(&mut p).into_iter().filter(|c| tool(c).is_some()).count(), 2);
    }
}
