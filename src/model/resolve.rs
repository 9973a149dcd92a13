//! A playbook for one environment: variables are filled in, names of a run are left standing.

use super::condition::Condition;
use super::playbook::{
    Baseline, Change, Host, ItemDoes, LogSource, ParamKind, Playbook, Procedure, ProcessRef, ReadingKind,
    SourceKind, Step, StepKind, Way,
};
use super::probe::{Ask, Command, HttpCall, Probe};
use super::template::Template;
use indexmap::IndexMap;

/// Why a playbook has no form for an environment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// The environment does not exist.
    #[error("no environment is named `{name}`; there is {}", .known.join(", "))]
    Environment {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A variable that the playbook does not know was given from outside.
    #[error("no variable is named `{name}`; there is {}", .known.join(", "))]
    Variable {
        /// What was given.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
}

/// The playbook as it is in one environment.
///
/// Variables, `environment` and the service's own names are filled into every template; the environment's variables
/// win over the playbook's, `given` ones over both. Only this environment stays. Values are not filled again.
///
/// # Errors
/// When the environment or a given variable does not exist.
pub fn resolve(
    playbook: &Playbook,
    environment: &str,
    given: &IndexMap<String, String>,
) -> Result<Playbook, ResolveError> {
    let mut p = playbook.clone();
    let known: Vec<String> = p.environments.keys().cloned().collect();
    let Some(own) = p.environments.get(environment).cloned() else {
        return Err(ResolveError::Environment { name: environment.into(), known });
    };
    p.vars.extend(own.vars.clone());
    for (name, value) in given {
        let known: Vec<String> = p.vars.keys().cloned().collect();
        match p.vars.get_mut(name) {
            Some(v) => v.clone_from(value),
            None => return Err(ResolveError::Variable { name: name.clone(), known }),
        }
    }
    let own = super::playbook::Environment { vars: p.vars.clone(), ..own };
    p.environments = IndexMap::from([(environment.to_string(), own)]);
    let mut names = p.vars.clone();
    names.insert("environment".into(), environment.into());
    names.insert("service.name".into(), p.service.name.clone());
    names.insert("service.title".into(), p.service.title.clone());
    names.insert("service.owner".into(), p.service.owner.clone());
    Filler { names }.playbook(&mut p);
    Ok(p)
}

struct Filler {
    names: IndexMap<String, String>,
}

impl Filler {
    fn playbook(&self, p: &mut Playbook) {
        for e in p.environments.values_mut() {
            self.maybe(&mut e.cwd);
            e.prove.iter_mut().for_each(|p| self.probe(p));
        }
        p.sources.values_mut().for_each(|s| self.source(&mut s.kind));
        for s in p.signals.values_mut() {
            if let ReadingKind::Query(q) = &mut s.reading {
                self.template(q);
            }
            if let ReadingKind::Log { from, .. } = &mut s.reading {
                self.log(from);
            }
            if let Some(Baseline::File { file, .. }) = &mut s.baseline {
                self.template(file);
            }
            self.maybe(&mut s.fresh);
        }
        for v in p.verifications.values_mut() {
            v.criteria.iter_mut().for_each(|c| self.probe(&mut c.probe));
        }
        p.probes.values_mut().for_each(|p| self.probe(p));
        p.triggers.values_mut().for_each(|t| self.map(&mut t.args));
        p.scenarios.values_mut().for_each(|s| self.map(&mut s.args));
        self.template(&mut p.incident);
        p.ticket.iter_mut().for_each(|t| self.command(&mut t.command));
        self.company(p);
        p.drill.iter_mut().for_each(|d| self.maybe(&mut d.report));
        for procedure in p.procedures.values_mut() {
            self.procedure(procedure);
        }
    }

    /// Hosts, channels, messages, logs, checklists and guides.
    fn company(&self, p: &mut Playbook) {
        for host in p.hosts.values_mut() {
            match host {
                Host::Ssh { name, options } => {
                    self.template(name);
                    self.list(options);
                }
                Host::Prefix(words) => self.list(words),
            }
        }
        for channel in p.channels.values_mut() {
            match &mut channel.way {
                Way::Http(h) => self.http(h),
                Way::Run(c) => self.command(c),
                Way::Simulated(_) => {}
            }
        }
        for m in p.messages.values_mut() {
            self.template(&mut m.subject);
            self.template(&mut m.body);
        }
        for log in p.logs.values_mut() {
            self.log(&mut log.from);
        }
        for item in p.checklists.values_mut().flat_map(|c| &mut c.items) {
            self.text(&mut item.text);
            match &mut item.does {
                Some(ItemDoes::Judge(probe)) => self.probe(probe),
                Some(ItemDoes::Act { kind, rehearse, .. }) => {
                    self.kind(kind);
                    rehearse.iter_mut().for_each(|r| self.maybe(&mut r.stdout));
                }
                Some(ItemDoes::Ask(q, _)) => {
                    self.template(&mut q.text);
                    self.maybe(&mut q.prefill);
                }
                Some(ItemDoes::Mark(_)) | None => {}
            }
        }
        for step in p.guides.values_mut().flat_map(|g| &mut g.steps) {
            self.template(&mut step.text);
            step.run.iter_mut().for_each(|c| self.command(c));
        }
    }

    fn log(&self, from: &mut LogSource) {
        match from {
            LogSource::File(path) => self.template(path),
            LogSource::Run(c) => self.command(c),
        }
    }

    fn procedure(&self, p: &mut Procedure) {
        self.maybe(&mut p.from);
        self.maybe(&mut p.to);
        p.compatible_with.iter_mut().for_each(|p| self.probe(p));
        p.preflight.iter_mut().for_each(|c| self.probe(&mut c.probe));
        p.guard.iter_mut().for_each(|g| self.probe(&mut g.probe));
        for param in p.params.values_mut() {
            match &mut param.kind {
                ParamKind::Read { probe, .. } | ParamKind::List { probe, .. } => self.probe(probe),
                ParamKind::Files { glob, .. } => self.template(glob),
                _ => {}
            }
        }
        p.steps.iter_mut().for_each(|s| self.step(s));
    }

    fn step(&self, step: &mut Step) {
        self.text(&mut step.name);
        for probe in [&mut step.prove, &mut step.already, &mut step.observe].into_iter().flatten() {
            self.probe(probe);
        }
        step.dry_run.iter_mut().for_each(|words| self.list(words));
        step.freezes.iter_mut().for_each(|f| self.template(&mut f.what));
        step.rehearse.iter_mut().for_each(|r| self.maybe(&mut r.stdout));
        step.fallback.iter_mut().for_each(|s| self.step(s));
        self.kind(&mut step.kind);
    }

    fn list(&self, l: &mut [Template]) {
        l.iter_mut().for_each(|t| self.template(t));
    }

    fn template(&self, t: &mut Template) {
        if t.0.contains("{{") {
            *t = t.fill_known(&|n| self.names.get(n).cloned());
        }
    }

    /// A template that is kept as a text.
    fn text(&self, s: &mut String) {
        let mut t = Template(std::mem::take(s));
        self.template(&mut t);
        *s = t.0;
    }

    fn maybe(&self, t: &mut Option<Template>) {
        t.iter_mut().for_each(|t| self.template(t));
    }

    fn map(&self, m: &mut IndexMap<String, Template>) {
        m.values_mut().for_each(|t| self.template(t));
    }

    fn json(&self, v: &mut serde_json::Value) {
        match v {
            serde_json::Value::String(s) => self.text(s),
            serde_json::Value::Array(items) => items.iter_mut().for_each(|v| self.json(v)),
            serde_json::Value::Object(entries) => entries.values_mut().for_each(|v| self.json(v)),
            _ => {}
        }
    }

    fn source(&self, s: &mut SourceKind) {
        match s {
            SourceKind::Prometheus { url, headers } => {
                self.template(url);
                self.map(headers);
            }
            SourceKind::Http { url, headers, body, .. } => {
                self.template(url);
                self.map(headers);
                self.maybe(body);
            }
            SourceKind::Process(ProcessRef::Unit(t) | ProcessRef::PidFile(t) | ProcessRef::Name(t)) => {
                self.template(t)
            }
            SourceKind::Process(ProcessRef::Pid(_)) => {}
            SourceKind::Command { argv, cwd, env, .. } => {
                self.list(argv);
                self.maybe(cwd);
                self.map(env);
            }
        }
    }

    fn command(&self, c: &mut Command) {
        self.list(&mut c.argv);
        self.maybe(&mut c.cwd);
        self.map(&mut c.env);
        self.maybe(&mut c.stdin);
    }

    fn http(&self, h: &mut HttpCall) {
        self.template(&mut h.url);
        self.map(&mut h.headers);
        h.json.iter_mut().for_each(|v| self.json(v));
        self.maybe(&mut h.text);
    }

    fn probe(&self, p: &mut Probe) {
        match &mut p.ask {
            Ask::When(Condition { .. }) | Ask::Given(_) | Ask::Named(_) | Ask::Drill { .. } => {}
            Ask::Simulated { line, .. } => self.template(line),
            Ask::Run(c) => self.command(c),
            Ask::Http(h) => self.http(h),
            Ask::Socket { path, send } => {
                self.template(path);
                self.template(send);
            }
            Ask::File(t) => self.template(t),
        }
    }

    fn kind(&self, kind: &mut StepKind) {
        match kind {
            StepKind::Run(c) => self.command(c),
            StepKind::Http(h) => self.http(h),
            StepKind::Socket(s) => {
                self.template(&mut s.path);
                self.template(&mut s.send);
            }
            StepKind::Check(p) => self.probe(p),
            StepKind::Write(w) => {
                self.template(&mut w.file);
                self.template(&mut w.content);
            }
            StepKind::Edit(e) => {
                self.template(&mut e.file);
                match &mut e.change {
                    Change::Set(values) => self.map(values),
                    Change::Replace { with, .. } => self.template(with),
                }
            }
            StepKind::Ask(q) => {
                self.template(&mut q.text);
                self.maybe(&mut q.prefill);
            }
            StepKind::Capture(c) => {
                self.list(&mut c.files);
                c.commands.iter_mut().for_each(|c| self.command(c));
            }
            StepKind::Procedure { args, .. } => self.map(args),
            StepKind::Ramp(r) => self.kind(&mut r.act),
            StepKind::Simulated(s) => {
                self.template(&mut s.line);
                self.maybe(&mut s.rehearse.stdout);
                if let Some(request) = &mut s.speaks {
                    self.template(&mut request.path);
                    request.json.iter_mut().for_each(|v| self.json(v));
                }
            }
            StepKind::Wait(_) | StepKind::Verify(_) | StepKind::Notify { .. } | StepKind::Hold(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::playbook::{Environment, Source};

    fn playbook() -> Playbook {
        let mut p = Playbook::default();
        p.service.name = "shop".into();
        p.vars.extend([("url".to_string(), "http://all".to_string()), ("unit".into(), "{{ url }}".into())]);
        let vars = IndexMap::from([("url".to_string(), "http://prod".to_string())]);
        p.environments.insert("production".into(), Environment { vars, ..Default::default() });
        p.environments.insert("staging".into(), Environment::default());
        let kind = SourceKind::Http {
            url: "{{ url }}/{{ environment }}?k={{ secret.token }}".into(),
            method: "GET".into(),
            headers: IndexMap::new(),
            body: None,
        };
        p.sources.insert("api".into(), Source { every: 1, timeout: 1, proxy: true, kind });
        let call = HttpCall {
            url: "{{ url }}".into(),
            json: Some(serde_json::json!({ "a": [{ "b": "{{ unit }} {{ run.reason }}" }], "n": 1 })),
            ..Default::default()
        };
        let observe = Probe {
            ask: Ask::File("/{{ service.name }}".into()),
            expect: Default::default(),
            within: None,
            every: 1,
            rehearse: None,
        };
        let step =
            Step { timeout: 1, observe: Some(observe), ..Step::new("Stop {{ unit }}", StepKind::Http(call)) };
        let revert = Procedure {
            title: "Revert".into(),
            to: Some("{{ share }} of {{ url }}".into()),
            steps: vec![step],
            ..Procedure::default()
        };
        p.procedures.insert("revert".into(), revert);
        p
    }

    fn url_of(p: &Playbook) -> &str {
        match &p.sources["api"].kind {
            SourceKind::Http { url, .. } => &url.0,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_environment_wins_and_what_is_given_wins_over_it() {
        let none = IndexMap::new();
        let p = resolve(&playbook(), "production", &none).unwrap();
        assert_eq!(url_of(&p), "http://prod/production?k={{ secret.token }}");
        assert_eq!(p.environments.keys().collect::<Vec<_>>(), ["production"]);
        let staging = resolve(&playbook(), "staging", &none).unwrap();
        assert_eq!(url_of(&staging), "http://all/staging?k={{ secret.token }}");
        let given = IndexMap::from([("url".to_string(), "http://given".to_string())]);
        let p = resolve(&playbook(), "production", &given).unwrap();
        assert!(url_of(&p).starts_with("http://given/"));
        assert_eq!(p.environments["production"].vars["url"], "http://given", "for whoever looks there");
    }

    #[test]
    fn names_of_a_run_stay_and_values_are_not_filled_again() {
        let p = resolve(&playbook(), "production", &IndexMap::new()).unwrap();
        let procedure = &p.procedures["revert"];
        let step = &procedure.steps[0];
        assert_eq!(step.name, "Stop {{ url }}", "a value with braces is text");
        let StepKind::Http(call) = &step.kind else { panic!() };
        let body = serde_json::json!({ "a": [{ "b": "{{ url }} {{ run.reason }}" }], "n": 1 });
        assert_eq!(call.json, Some(body));
        assert_eq!(step.observe.as_ref().unwrap().ask, Ask::File("/shop".into()));
        assert_eq!(procedure.to, Some("{{ share }} of http://prod".into()));
    }

    #[test]
    fn what_does_not_exist_is_refused_with_what_there_is() {
        let e = resolve(&playbook(), "prod", &IndexMap::new()).unwrap_err();
        assert_eq!(e.to_string(), "no environment is named `prod`; there is production, staging");
        let given = IndexMap::from([("ulr".to_string(), String::new())]);
        assert!(matches!(resolve(&playbook(), "staging", &given), Err(ResolveError::Variable { .. })));
    }
}
