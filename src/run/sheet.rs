//! The panic sheet: every procedure of a playbook as commands for paper or a bare shell, for the day ripcord itself is
//! the problem. What a person must choose is a variable of the shell; secrets are named, never told.

mod commands;
mod paper;

use super::choice::default;
use super::expand::expand;
use super::fill::Filler;
use super::freeze::ways;
use super::plan::{Plan, PlanStep};
use crate::model::condition::duration;
use crate::model::playbook::{
    Capture, Change, FileEdit, LogSource, Param, ParamKind, Playbook, Procedure, ReadingKind, Secret,
    StepKind, Wait,
};
use crate::model::template::Template;
use commands::{call, command, look, secret_of, socket};
use indexmap::IndexMap;
use paper::{Paper, Word, variable};
use std::collections::BTreeSet;

/// The sheet of a playbook that was resolved for one environment, written at `stamp`.
pub fn sheet(playbook: &Playbook, environment: &str, stamp: &str) -> String {
    let mut sheet = Sheet { playbook, paper: Paper::default() };
    let service = &playbook.service;
    sheet.paper.say(0, &format!("PANIC SHEET: {} / {}", service.title, environment.to_uppercase()));
    sheet.paper.say(0, &format!("written {stamp}; owner {}", service.owner));
    sheet.paper.say(0, "Paste line by line and look at each answer. Never run this file as a whole:");
    // Pasted into a shell of a person it says nothing; run as a file it ends here.
    sheet.line(vec![Word::raw("case $- in *i*) ;; *) exit 1 ;; esac")]);
    sheet.emergency();
    sheet.contacts();
    sheet.target(environment);
    let within: BTreeSet<&String> = playbook
        .procedures
        .values()
        .flat_map(|p| p.steps.iter().flat_map(|s| std::iter::once(s).chain(&s.fallback)))
        .filter_map(|s| match &s.kind {
            StepKind::Procedure { id, .. } => Some(id),
            _ => None,
        })
        .collect();
    for (id, p) in &playbook.procedures {
        if !(p.hidden && within.contains(id)) {
            sheet.procedure(id, p, environment);
        }
    }
    sheet.signals(environment);
    sheet.paper.text()
}

/// A resolved plan as commands for a bare shell.
pub fn shell(playbook: &Playbook, plan: &Plan, stamp: &str) -> String {
    let mut sheet = Sheet { playbook, paper: Paper::default() };
    let place = format!("{} / {}", plan.service_title, plan.environment.to_uppercase());
    sheet.paper.say(0, &format!("{}: {place}", plan.procedure.title));
    sheet.paper.say(0, &format!("resolved {stamp}; paste line by line and look at each answer"));
    sheet.line(vec![Word::raw("case $- in *i*) ;; *) exit 1 ;; esac")]);
    sheet.line(vec![Word::raw("cd"), Word::plain(&plan.cwd)]);
    if let Some(prove) = &plan.prove {
        sheet.probe(0, "STOP unless this is the right target:", prove);
    }
    if let Some(probe) = &plan.compatible_with {
        sheet.probe(0, "STOP unless the target is compatible:", probe);
    }
    for step in &plan.steps {
        sheet.step(step, &plan.steps);
    }
    sheet.paper.text()
}

struct Sheet<'a> {
    playbook: &'a Playbook,
    paper: Paper,
}

impl<'a> Sheet<'a> {
    fn line(&mut self, words: Vec<Word>) {
        let secrets = &self.playbook.secrets;
        let named = |name: &str| match name.strip_prefix("secret.").and_then(|s| secrets.get(s)) {
            Some(Secret::Env(var)) => var.clone(),
            _ => variable(name),
        };
        self.paper.command(&words, &named);
    }

    fn head(&mut self, text: &str) {
        self.paper.gap();
        self.paper.say(0, &format!("==== {text} ===="));
    }

    fn emergency(&mut self) {
        let Some(text) = &self.playbook.emergency else { return };
        self.head("EMERGENCY");
        text.lines().filter(|l| !l.trim().is_empty()).for_each(|l| self.paper.say(0, l));
    }

    fn contacts(&mut self) {
        if self.playbook.roles.is_empty() && self.playbook.links.is_empty() {
            return;
        }
        self.head("WHO");
        for role in self.playbook.roles.values() {
            let people = role.users.iter().chain(&role.groups).cloned().collect::<Vec<_>>().join(", ");
            let reach = ways(role).join(", ");
            let parts: Vec<String> = [people, reach].into_iter().filter(|p| !p.is_empty()).collect();
            self.paper.say(0, &format!("{}: {}", role.title, parts.join("; ")));
        }
        for rung in &self.playbook.escalation {
            let titles =
                rung.roles.iter().map(|r| self.playbook.roles.get(r).map_or(r, |r| &r.title).clone());
            let titles = titles.collect::<Vec<_>>().join(", ");
            self.paper.say(0, &format!("after {}: tell {titles}", duration(rung.after)));
        }
        for link in &self.playbook.links {
            self.paper.say(0, &format!("{}: {}", link.title, link.url));
        }
    }

    fn target(&mut self, environment: &str) {
        let Some(env) = self.playbook.environments.get(environment) else { return };
        self.head("FIRST: IS THIS THE RIGHT TARGET?");
        let mut fill = Filler::loose(self.playbook, self.names(environment));
        match &env.prove {
            Some(prove) => {
                let prove = fill.probe(prove);
                self.probe(0, "it is, when", &prove);
            }
            None => self.paper.say(0, "the playbook does not say how it is proved"),
        }
        if let Some(cwd) = &env.cwd {
            self.line(vec![Word::raw("cd"), Word::Text(fill.text(cwd))]);
        }
        for (name, secret) in &self.playbook.secrets {
            match secret {
                Secret::Env(var) => self.paper.say(0, &format!("secret {name}: must stand in ${var}")),
                Secret::File(path) => {
                    self.paper.say(0, &format!("secret {name}:"));
                    self.line(secret_of(name, path));
                }
            }
        }
        self.paper.say(0, "for names of files and messages:");
        for (name, value) in [
            ("run_stamp", "$(date +%m%d-%H%M%S)"),
            ("date", "$(date +%F)"),
            ("run_started", "$(date -u +%FT%TZ)"),
            ("run_started_by", "$(id -un)"),
            ("run_dir", "\"$(mktemp -d)\""),
            ("run_reason", "'by hand'"),
            ("run_id", "\"by-hand-$run_stamp\""),
            ("incident_id", "\"INC-$date\""),
        ] {
            self.line(vec![Word::Raw(format!("{name}={value}"))]);
        }
    }

    /// Names that have a value on paper: variables of the playbook and the service's own.
    fn names(&self, environment: &str) -> IndexMap<String, String> {
        let mut out = self.playbook.vars.clone();
        if let Some(env) = self.playbook.environments.get(environment) {
            out.extend(env.vars.clone());
        }
        let service = &self.playbook.service;
        out.insert("service.name".into(), service.name.clone());
        out.insert("service.title".into(), service.title.clone());
        out.insert("service.owner".into(), service.owner.clone());
        out.insert("environment".into(), environment.into());
        out
    }

    fn procedure(&mut self, id: &str, p: &Procedure, environment: &str) {
        let key = p.key.map_or_else(String::new, |k| format!(" ({k})"));
        self.head(&format!("{}{key}", p.title));
        if let Some(text) = &p.use_when {
            self.paper.say(0, &format!("use when: {text}"));
        }
        let (takes, e) = (duration(p.expect.duration), &p.expect);
        self.paper.say(0, &format!("takes {takes}; downtime {}; data loss {}", e.downtime, e.data_loss));
        if !p.approval.is_empty() || p.approvals > 0 || p.authority.is_some() {
            let asked = p.approval.iter().chain(&p.authority).cloned().collect::<Vec<_>>().join(", ");
            self.paper.say(0, &format!("ask first: {} {asked}", p.approvals.max(1)));
        }
        let mut names = self.names(environment);
        names.insert("procedure.title".into(), p.title.clone());
        for (name, param) in &p.params {
            let mut fill = Filler::loose(self.playbook, names.clone());
            self.param(name, param, &mut fill);
        }
        let mut fill = Filler::loose(self.playbook, names);
        if let Some(probe) = &p.compatible_with {
            let probe = fill.probe(probe);
            self.probe(0, "STOP unless the target is compatible:", &probe);
        }
        for check in &p.preflight {
            let check = fill.criterion(check);
            self.probe(0, &format!("check: {}", check.text), &check.probe);
        }
        let none = IndexMap::new();
        let steps = expand(&mut fill, id, p, &none, &none).steps;
        let mut phase: Option<&String> = None;
        for step in &steps {
            if step.phase.as_ref() != phase {
                phase = step.phase.as_ref();
                let known = p.phases.iter().find(|p| Some(&p.id) == phase);
                let budget =
                    known.and_then(|p| p.budget).map_or_else(String::new, |b| format!(", {}", duration(b)));
                self.paper.gap();
                self.paper.say(0, &format!("-- {}{budget} --", known.map_or("", |p| p.title.as_str())));
            }
            self.step(step, &steps);
        }
        if let Some(undo) = p.undo.as_ref().and_then(|u| self.playbook.procedures.get(u)) {
            self.paper.say(0, &format!("it is undone by: {}", undo.title));
        }
    }

    /// What is put in for a parameter, and how to find out what there is.
    fn param(&mut self, name: &str, param: &Param, fill: &mut Filler<'_>) {
        let var = variable(name);
        let unit = |n: &f64| super::given::shown(&n.to_string(), param.unit);
        let hint = match &param.kind {
            ParamKind::Values(values) => format!("one of: {}", values.join(", ")),
            ParamKind::Text { pattern, .. } => format!("a text that matches {pattern}"),
            ParamKind::Number { min, max, .. } => {
                let bound = |word: &str, n: &Option<f64>| n.as_ref().map(|n| format!(" {word} {}", unit(n)));
                let bounds = [bound("at least", min), bound("at most", max)];
                format!("a number{}", bounds.into_iter().flatten().collect::<String>())
            }
            ParamKind::Duration { .. } => "a duration such as 90s".to_owned(),
            ParamKind::Version { .. } => "a version such as 1.2.3".to_owned(),
            ParamKind::Switch(_) => "true or false".to_owned(),
            ParamKind::Read { pattern, .. } => format!("read it: what matches {pattern}"),
            ParamKind::List { .. } => "one that is listed by:".to_owned(),
            ParamKind::Files { .. } => "one of these files, newest first:".to_owned(),
            ParamKind::Map { from, to } => {
                let all: Vec<String> = to.iter().map(|(a, b)| format!("{a} -> {b}")).collect();
                format!("follows from {from}: {}", all.join(", "))
            }
        };
        self.paper.say(0, &format!("choose {name} ({}): {hint}", param.title));
        match &param.kind {
            ParamKind::Read { probe, .. } | ParamKind::List { probe, .. } => {
                let probe = fill.probe(probe);
                self.look(&probe);
            }
            ParamKind::Files { glob, pattern, .. } => {
                self.line(commands::listing(&fill.text(glob)));
                if let Some(pattern) = pattern {
                    self.paper.say(2, &format!("the value is the group `value` (or all) of {pattern}"));
                }
            }
            _ => {}
        }
        match default(param) {
            Some(value) => self.line(vec![Word::Raw(format!("{var}={}", shell_words::quote(&value)))]),
            None => {
                self.line(vec![Word::Raw(format!("{var}="))]);
                self.line(vec![Word::Raw(format!(": \"${{{var}:?choose it first}}\""))]);
            }
        }
    }

    fn look(&mut self, probe: &crate::model::probe::Probe) {
        match look(probe) {
            Ok(words) => self.line(words),
            Err(text) => self.paper.say(2, &text),
        }
    }

    fn probe(&mut self, indent: usize, word: &str, probe: &crate::model::probe::Probe) {
        match look(probe) {
            Ok(words) => {
                self.paper.say(indent, &format!("{word} {}", commands::good(&probe.expect)));
                self.line(words);
            }
            Err(text) => self.paper.say(indent, &format!("{word} {text}")),
        }
    }

    fn step(&mut self, s: &PlanStep, all: &[PlanStep]) {
        let step = &s.step;
        let limit =
            if step.timeout > 0 { format!(" (at most {})", duration(step.timeout)) } else { String::new() };
        self.paper.say(0, &format!("{}. {}{limit}", s.label, step.name));
        if let Some(of) = s.fallback_of.and_then(|n| all.get(n - 1)) {
            self.paper.say(2, &format!("only if step {} failed", of.label));
        }
        if step.always {
            self.paper.say(2, "always, also after a failure");
        }
        if let Some(when) = &s.when {
            self.probe(2, "only when", when);
        }
        if let Some(prove) = &step.prove {
            self.probe(2, "STOP unless", prove);
        }
        if let Some(already) = &step.already {
            self.probe(2, "not needed when", already);
        }
        match &step.kind {
            StepKind::Run(c) => self.line(command(c)),
            StepKind::Http(h) => self.line(call(h, step.timeout)),
            StepKind::Socket(c) => self.line(socket(&c.path, &c.send)),
            StepKind::Write(w) => {
                if w.backup {
                    self.line(commands::keep(&w.file));
                }
                self.line(vec![
                    Word::raw("printf %s"),
                    Word::Text(w.content.clone()),
                    Word::raw(">"),
                    Word::Text(w.file.clone()),
                ]);
                if let Some(mode) = w.mode {
                    self.paper.say(2, "if it is new:");
                    self.line(vec![Word::Raw(format!("chmod {mode:04o}")), Word::Text(w.file.clone())]);
                }
            }
            StepKind::Edit(e) => self.edit(e),
            StepKind::Simulated(s) => self.paper.say(2, &s.line.0),
            StepKind::Wait(Wait::For(ms)) => {
                self.line(vec![Word::Raw(format!("sleep {}", ms.div_ceil(1000)))])
            }
            StepKind::Wait(Wait::Until(c)) => self.paper.say(2, &format!("wait until {}", c.text)),
            StepKind::Check(p) => self.probe(2, "good when", p),
            StepKind::Verify(id) => self.verify(id),
            StepKind::Ask(q) => {
                self.paper.say(2, &q.text.0);
                let answers: Vec<String> = q
                    .answers
                    .iter()
                    .map(|(a, done)| format!("{a} ({})", if *done { "done" } else { "FAILED" }))
                    .collect();
                if !answers.is_empty() {
                    self.paper.say(2, &format!("answers: {}", answers.join(" / ")));
                }
                if let Some(input) = &q.input {
                    self.line(vec![Word::Raw(format!("{}=", variable(&format!("answers.{input}"))))]);
                }
            }
            StepKind::Capture(c) => self.capture(c),
            StepKind::Hold(h) => {
                self.line(vec![Word::Raw(format!("sleep {}", h.lasts.div_ceil(1000)))]);
                if let Some(c) = &h.stop_when {
                    self.paper.say(2, &format!("good, leave out the further values, when {}", c.text));
                }
                if let Some(c) = &h.next_when {
                    self.paper.say(2, &format!("STOP unless {}", c.text));
                }
            }
            StepKind::Notify { .. } | StepKind::Procedure { .. } | StepKind::Ramp(_) => {
                self.paper.say(2, &s.line());
            }
        }
        if let Some((id, value)) =
            s.ramp.as_ref().filter(|_| s.changes()).and_then(|r| Some((r.id.as_ref()?, &r.value)))
        {
            let name = variable(&format!("steps.{id}.value"));
            self.line(vec![Word::Raw(format!("{name}={}", shell_words::quote(value)))]);
        }
        if let Some(observe) = &step.observe {
            self.probe(2, "then", observe);
        }
        if let Some(freezes) = &step.freezes {
            let undo = self.playbook.procedures.get(&freezes.undo).map_or(&freezes.undo, |p| &p.title);
            self.paper.say(2, &format!("{} stays frozen until: {undo}", freezes.what));
        }
    }

    fn edit(&mut self, e: &FileEdit) {
        self.line(commands::keep(&e.file));
        match &e.change {
            Change::Set(set) => {
                for (key, value) in set {
                    let name = key.rsplit(['/', '.']).next().unwrap_or(key);
                    self.paper
                        .say(2, &format!("before: `{key}` is whatever it is; afterwards it is: {value}"));
                    self.line(vec![Word::raw("grep -n --"), Word::plain(name), Word::Text(e.file.clone())]);
                }
            }
            Change::Replace { pattern, with } => {
                self.paper.say(2, &format!("before: what matches {pattern}"));
                self.paper.say(2, &format!("afterwards: {with}"));
            }
        }
        self.line(vec![Word::raw("\"${EDITOR:-vi}\""), Word::Text(e.file.clone())]);
    }

    fn verify(&mut self, id: &str) {
        let Some(v) = self.playbook.verifications.get(id) else { return };
        let stable = if v.stable_for > 0 {
            format!(", for {} without a break", duration(v.stable_for))
        } else {
            String::new()
        };
        self.paper.say(2, &format!("{}: within {}{stable}:", v.title, duration(v.within)));
        let mut fill = Filler::loose(self.playbook, IndexMap::new());
        for c in &v.criteria {
            let c = fill.criterion(c);
            self.probe(2, &format!("{}:", c.text), &c.probe);
        }
    }

    fn capture(&mut self, c: &Capture) {
        let into = Template(format!("{{{{ run.dir }}}}/{}", c.name));
        self.line(vec![Word::raw("mkdir -p"), Word::Text(into.clone())]);
        for file in &c.files {
            self.line(vec![Word::raw("cp -p"), Word::Text(file.clone()), Word::Text(into.clone())]);
        }
        for one in &c.commands {
            let mut words = command(one);
            words.extend([
                Word::raw(">>"),
                Word::Text(Template(format!("{into}/commands.txt"))),
                Word::raw("2>&1"),
            ]);
            self.line(words);
        }
        for log in c.logs.iter().filter_map(|l| self.playbook.logs.get(l)) {
            let mut fill = Filler::loose(self.playbook, IndexMap::new());
            let mut words = match &fill.log(log).from {
                LogSource::File(path) => vec![Word::raw("tail -n 500"), Word::Text(path.clone())],
                LogSource::Run(c) => command(c),
            };
            words.extend([
                Word::raw(">>"),
                Word::Text(Template(format!("{into}/logs.txt"))),
                Word::raw("2>&1"),
            ]);
            self.line(words);
        }
        if !c.signals.is_empty() {
            self.paper.say(2, &format!("write down: {} (see HOW TO MEASURE)", c.signals.join(", ")));
        }
    }

    fn signals(&mut self, environment: &str) {
        self.head("HOW TO MEASURE");
        for (id, signal) in &self.playbook.signals {
            let source = signal.source.as_ref().and_then(|s| self.playbook.sources.get(s));
            let mut fill = Filler::loose(self.playbook, self.names(environment));
            let filled = fill.signal(signal);
            let words = match &filled.reading {
                ReadingKind::Log { from, pattern } => Some(commands::counted(from, pattern)),
                _ => source.and_then(|s| commands::measure(&fill.source(s), &filled)),
            };
            let limits: Vec<String> = [("warn", &signal.warn), ("critical", &signal.critical)]
                .into_iter()
                .filter_map(|(word, c)| Some(format!("{word} {}", c.as_ref()?.text)))
                .collect();
            self.paper.say(0, &format!("{id} ({}) {}", signal.title, limits.join(", ")));
            if let Some(words) = words {
                self.line(words);
            }
        }
    }
}

#[cfg(test)]
mod tests;
