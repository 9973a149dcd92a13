//! What a person asks of whoever watches a service for them.

use super::Session;
use super::decision::{Choice, Far, Firing, Kind, incident};
use super::view::FOLLOW_UPS;
use super::view::{Form, WhyOf};
use crate::model::playbook::Automation;
use crate::model::text::{clean, clean_line};
use crate::model::time::Now;
use crate::run::plan::Person;
use crate::run::record::Wish;
use indexmap::IndexMap;

/// What a person asks.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// Resolve a procedure; the draft will be in the view.
    Prepare {
        /// Id of the procedure.
        procedure: String,
        /// Values that a person chose for its parameters.
        given: IndexMap<String, String>,
        /// The run that is to be stopped first.
        stops: Option<String>,
        /// The scenario that was picked: it gives values and the reason.
        scenario: Option<String>,
    },
    /// Resolve a plan that goes on with another account's lost run.
    Succeed {
        /// The run.
        run: String,
    },
    /// The draft may start although a check before its first step does not hold.
    Override {
        /// Id of the draft.
        draft: String,
        /// Why.
        reason: String,
    },
    /// The draft is not wanted any more.
    CancelDraft,
    /// Start what was shown.
    Confirm {
        /// Id of the draft.
        draft: String,
        /// The clock that is decided by it.
        decides: Option<String>,
    },
    /// Say what is to be done about a decision, without starting anything.
    Say {
        /// The clock.
        clock: String,
        /// What.
        choice: Choice,
        /// Why.
        reason: String,
    },
    /// Set what automation may do: a trigger's, or (none) that of all.
    Automation {
        /// In this order.
        modes: Vec<(Option<String>, Automation)>,
        /// Why.
        reason: String,
    },
    /// Say that what fires has been seen.
    Seen,
    /// Take the incident: its ladder waits.
    Take {
        /// In the person's words.
        note: String,
    },
    /// Write a note, or a message to a person.
    Note {
        /// In the person's words.
        text: String,
        /// The account it is for; none: it is a note.
        to: Option<String>,
    },
    /// Fill in a message; the text will be in the view.
    Compose {
        /// The message.
        message: String,
    },
    /// Send a message.
    Post {
        /// Which one it was made of; empty: it is the person's own.
        message: String,
        /// Ids of the channels.
        channels: Vec<String>,
        /// One line.
        subject: String,
        /// The text.
        body: String,
    },
    /// Send a letter again that was not delivered.
    PostAgain {
        /// The letter.
        letter: String,
    },
    /// Open an incident.
    OpenIncident {
        /// Why.
        reason: String,
    },
    /// The incident is over.
    CloseIncident {
        /// The incident, by the name it was opened under.
        incident: String,
        /// Why.
        reason: String,
    },
    /// How grave the incident is.
    Severity {
        /// The incident, by the name it was opened under.
        incident: String,
        /// Id of the severity.
        severity: String,
        /// Why.
        reason: String,
    },
    /// Take the lead of the incident.
    Lead {
        /// The incident, by the name it was opened under.
        incident: String,
    },
    /// Join the incident.
    Join {
        /// The incident, by the name it was opened under.
        incident: String,
    },
    /// Mark a moment: what is normal is captured before it.
    Mark {
        /// Name of the mark.
        mark: String,
    },
    /// Start a watcher that takes over from one that is silent.
    TakeOver {
        /// Why.
        reason: String,
    },
    /// Show the evidence of something, or of nothing any more.
    Why(Option<WhyOf>),
    /// Look for a line of the output that holds a text.
    FindOutput {
        /// The text.
        sought: String,
        /// The line, from 0, after which it is looked for; none: the last one that holds it.
        from: Option<usize>,
        /// Before it.
        back: bool,
    },
    /// Raise or lower a flag.
    Flag {
        /// Signal id.
        signal: String,
        /// Raise it, or lower it.
        raise: bool,
        /// In the person's words.
        note: String,
    },
    /// Count one, or take one back.
    Count {
        /// Signal id.
        signal: String,
        /// `1` or `-1`.
        delta: i32,
    },
    /// Something of a run.
    Run {
        /// The run, and what was seen of it.
        seen: Seen,
        /// What is asked.
        wish: Wish,
    },
    /// What was confirmed may start although processes of the run before it are alive; `None`: it does not start.
    Beside {
        /// Why.
        reason: Option<String>,
    },
    /// Take up a run of one's own that nobody drives.
    TakeUp {
        /// The run.
        run: String,
    },
    /// Show the output up to this line of it; `None`: its end, as it grows.
    Output {
        /// The line, from 0.
        line: Option<usize>,
    },
    /// Tick an item of a checklist, or take its tick back.
    Tick {
        /// The checklist.
        checklist: String,
        /// The item, from 1.
        item: usize,
        /// Ticked.
        done: bool,
        /// In the person's words; may be empty.
        note: String,
    },
    /// Write a note about an item of a checklist.
    NoteItem {
        /// The checklist.
        checklist: String,
        /// The item, from 1.
        item: usize,
        /// In the person's words.
        note: String,
    },
    /// Do what an item of a checklist does itself, or stop it while this screen does it.
    DoItem {
        /// The checklist.
        checklist: String,
        /// The item, from 1.
        item: usize,
    },
    /// Go on without an item that is required.
    WithoutItem {
        /// The checklist.
        checklist: String,
        /// The item, from 1.
        item: usize,
        /// Why.
        reason: String,
    },
    /// Run the command of a guide's step, which only looks.
    Probe {
        /// The guide.
        guide: String,
        /// The step, from 1.
        step: usize,
    },
    /// End the commands of guides that run.
    StopProbes,
    /// Ask what there is to choose from for a parameter of a procedure: backups, versions, revisions.
    List {
        /// The procedure.
        procedure: String,
        /// The parameter.
        param: String,
    },
    /// Tell a role that it is needed.
    PageRole {
        /// The role.
        role: String,
        /// In these words.
        text: String,
    },
    /// Follow these logs; none: no log is looked at any more.
    Logs(Vec<String>),
    /// Write what happened to a file.
    Export(Form),
    /// Try what a procedure would do, changing nothing.
    DryRun {
        /// Id of the procedure.
        procedure: String,
    },
    /// Make something go wrong in a rehearsal, or end it.
    Trouble {
        /// Its name.
        trouble: String,
        /// Begin it, or end it.
        on: bool,
    },
    /// Let time in a drill go faster, or slower.
    Pace {
        /// Faster.
        faster: bool,
    },
    /// End a drill: it is kept, and the service is sound again.
    EndDrill,
    /// Ask failed sources again at once.
    AskAgain,
}

impl Session {
    /// The record by which a person takes the open incident now; none while none is open.
    pub fn taken_by(&self, who: Person, note: &str, now: &Now) -> Option<Kind> {
        self.decisions.taken_by(&self.playbook, who, &clean_line(note), now)
    }
}

impl Request {
    /// The records that a request comes to: a person's words, a note, a tick, a flag. None of what is more than words.
    pub fn words(&self, session: &Session, who: &Person, now: &Now) -> Vec<Kind> {
        let who = who.clone();
        let text_of = |checklist: &String, item: usize| {
            let list = session.playbook().checklists.get(checklist);
            let item = list.and_then(|l| l.items.get(item.checked_sub(1)?));
            item.map(|i| clean_line(&i.text)).unwrap_or_default()
        };
        match self {
            Request::Note { text, to } => vec![Kind::Noted { text: clean(text), who, to: to.clone() }],
            Request::OpenIncident { reason } => {
                let (playbook, count) = (session.playbook(), session.decisions().incidents);
                let incident = incident::name(playbook, &session.facts.environment, count, now);
                let reason = clean_line(reason);
                vec![Kind::IncidentOpened { incident, reason, run: None, who: Some(who) }]
            }
            Request::CloseIncident { incident, reason } => {
                let (incident, reason) = (incident.clone(), clean_line(reason));
                vec![Kind::IncidentClosed { incident, who: Some(who), reason }]
            }
            Request::Severity { incident, severity, reason } => {
                let (incident, severity) = (incident.clone(), severity.clone());
                vec![Kind::SeveritySet { incident, severity, who, reason: clean_line(reason) }]
            }
            Request::Lead { incident } => {
                vec![Kind::LeadSet { incident: incident.clone(), lead: who.user.clone(), who }]
            }
            Request::Join { incident } => vec![Kind::Joined { incident: incident.clone(), who }],
            Request::Flag { signal, raise, note } => {
                vec![Kind::Flagged { signal: signal.clone(), raised: *raise, note: clean_line(note), who }]
            }
            Request::Count { signal, delta } => {
                vec![Kind::Counted { signal: signal.clone(), delta: *delta, who }]
            }
            Request::Tick { checklist, done, note, .. } if follow_up(checklist).is_some() => {
                let to = if *done { Far::Done } else { Far::Open };
                followed(checklist, to, note, who)
            }
            Request::NoteItem { checklist, note, .. } if follow_up(checklist).is_some() => {
                followed(checklist, Far::InProgress, note, who)
            }
            Request::WithoutItem { checklist, reason, .. } if follow_up(checklist).is_some() => {
                followed(checklist, Far::Without, reason, who)
            }
            Request::Tick { checklist, item, done, note } => {
                let (text, note) = (text_of(checklist, *item), clean_line(note));
                vec![Kind::Ticked { checklist: checklist.clone(), item: *item, text, done: *done, note, who }]
            }
            Request::NoteItem { checklist, item, note } => {
                let (text, note) = (text_of(checklist, *item), clean_line(note));
                vec![Kind::ItemNoted { checklist: checklist.clone(), item: *item, text, note, who }]
            }
            Request::WithoutItem { checklist, item, reason } => {
                let (text, reason) = (text_of(checklist, *item), clean_line(reason));
                vec![Kind::ItemWithout { checklist: checklist.clone(), item: *item, text, reason, who }]
            }
            Request::Seen => {
                let open = |f: &&Firing| f.resolved.is_none() && f.acked.is_none();
                let firings = session.decisions().firings.values().filter(open);
                let seen =
                    |f: &Firing| Kind::Acked { firing: f.id.clone(), who: who.clone(), note: String::new() };
                firings.map(seen).collect()
            }
            Request::Automation { modes, reason } => {
                let set = |(trigger, mode): &(Option<String>, Automation)| Kind::AutomationSet {
                    trigger: trigger.clone(),
                    mode: *mode,
                    who: who.clone(),
                    reason: clean_line(reason),
                };
                modes.iter().map(set).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// What is said of a follow-up that stands in no checklist any more.
fn followed(checklist: &str, to: Far, note: &str, who: Person) -> Vec<Kind> {
    let id = follow_up(checklist).unwrap_or_default().to_owned();
    vec![Kind::FollowUpSet { id, to, note: clean_line(note), who }]
}

/// The follow-up that a list of one item stands for.
fn follow_up(checklist: &str) -> Option<&str> {
    checklist.strip_prefix(FOLLOW_UPS)?.strip_prefix(' ')
}

/// A run, and what of it was on the screen when a person spoke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The run.
    pub run: String,
    /// Number of its step under way, where it matters.
    pub step: Option<usize>,
    /// Attempt of that step.
    pub attempt: Option<u32>,
    /// Sequence of the last record.
    pub seq: u64,
}
