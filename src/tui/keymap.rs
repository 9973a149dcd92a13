//! One table of keys: it routes them, fills the foot line and is the help.

pub mod names;
pub mod paper;
pub mod user;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use std::borrow::Cow;

/// Where a key is pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Context {
    /// Works everywhere, dialogs included: it is about the terminal, not about the service.
    Terminal,
    /// Works on every screen, not in dialogs.
    Global,
    /// Overview.
    Overview,
    /// One signal, full screen.
    Signal,
    /// Checklists.
    Checklist,
    /// Procedures.
    Procedures,
    /// The run.
    Run,
    /// Timeline.
    Timeline,
    /// Contacts, trouble, dashboards.
    Guide,
    /// Many services.
    Fleet,
    /// A rehearsal.
    Drill,
    /// Logs.
    Logs,
    /// Emergency help.
    Emergency,
    /// The evidence.
    Why,
    /// Keys.
    Help,
    /// The confirmation of a procedure.
    Confirm,
    /// A question with a line of text.
    Question,
    /// What is to become of a run that waits.
    Outcome,
    /// Something was refused.
    Refused,
    /// A value is picked or typed.
    Picker,
    /// A step asks.
    Ask,
    /// Does a second person agree?
    Approve,
    /// What is to become of a run that is not verified.
    Unverified,
    /// Another run is in the way.
    Locked,
    /// What is to be done about what fires.
    Decide,
    /// Another procedure than the one that is recommended.
    Other,
    /// What automation may do.
    Arm,
    /// Anything, by name.
    Palette,
    /// A text that is looked for.
    Find,
    /// In which form the record is written.
    Export,
    /// A long text that is only read: a plan, its changes in files, what a dry run found.
    Reading,
    /// A text of several lines.
    TextArea,
    /// What is made to go wrong in a rehearsal.
    Chaos,
    /// The incident.
    Incident,
    /// Messages that can be sent, and those that were not delivered.
    Messages,
}

impl Context {
    /// Name for people.
    pub fn title(self) -> &'static str {
        match self {
            Context::Terminal | Context::Global => "Everywhere",
            Context::Overview => "Overview",
            Context::Signal => "Signal",
            Context::Checklist => "Checklist",
            Context::Procedures => "Procedures",
            Context::Run => "Run",
            Context::Timeline => "Timeline",
            Context::Guide => "Guide",
            Context::Fleet => "Fleet",
            Context::Drill => "Drill",
            Context::Logs => "Logs",
            Context::Emergency => "Emergency",
            Context::Why => "Why",
            Context::Help => "Keys",
            Context::Confirm => "Confirmation",
            Context::Question => "Question",
            Context::Outcome => "What comes next",
            Context::Refused => "Refusal",
            Context::Picker => "Choice",
            Context::Ask => "A step asks",
            Context::Approve => "Approval",
            Context::Unverified => "Not verified",
            Context::Locked => "Locked",
            Context::Decide => "Decision",
            Context::Other => "Another procedure",
            Context::Arm => "Automation",
            Context::Palette => "Anything",
            Context::Find => "Find",
            Context::Export => "Export",
            Context::Reading => "Reading",
            Context::TextArea => "Text",
            Context::Chaos => "Trouble",
            Context::Incident => "Incident",
            Context::Messages => "Messages",
        }
    }

    /// Whether it is a dialog, or takes letters as one does: nothing falls through to the screen below.
    pub fn is_dialog(self) -> bool {
        use Context::{
            Approve, Arm, Ask, Chaos, Confirm, Decide, Export, Find, Help, Incident, Locked, Messages, Other,
            Outcome, Palette, Picker, Question, Reading, Refused, TextArea, Unverified,
        };
        let runs = matches!(
            self,
            Confirm | Question | Outcome | Refused | Picker | Ask | Approve | Unverified | Locked
        );
        runs || matches!(
            self,
            Decide
                | Other
                | Arm
                | Palette
                | Find
                | Export
                | Reading
                | TextArea
                | Help
                | Chaos
                | Incident
                | Messages
        )
    }

    /// All of them.
    pub const ALL: [Context; 35] = [
        Context::Overview,
        Context::Signal,
        Context::Checklist,
        Context::Procedures,
        Context::Run,
        Context::Timeline,
        Context::Guide,
        Context::Fleet,
        Context::Drill,
        Context::Logs,
        Context::Emergency,
        Context::Why,
        Context::Help,
        Context::Confirm,
        Context::Question,
        Context::Outcome,
        Context::Refused,
        Context::Picker,
        Context::Ask,
        Context::Approve,
        Context::Unverified,
        Context::Locked,
        Context::Decide,
        Context::Other,
        Context::Arm,
        Context::Palette,
        Context::Find,
        Context::Export,
        Context::Reading,
        Context::TextArea,
        Context::Chaos,
        Context::Incident,
        Context::Messages,
        Context::Global,
        Context::Terminal,
    ];
}

/// What a key means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The overview.
    Overview,
    /// The checklists.
    Checklist,
    /// Contacts, trouble, dashboards.
    Guide,
    /// Many services.
    Fleet,
    /// The rehearsal.
    Drill,
    /// The logs.
    Logs,
    /// Anything, by name.
    Palette,
    /// Look for a text.
    Find,
    /// The next section of a screen.
    NextSection,
    /// The section before.
    PreviousSection,
    /// One to the left.
    Left,
    /// One to the right.
    Right,
    /// Who is called.
    Contacts,
    /// Copy what the cursor is at.
    Copy,
    /// In another order.
    Sort,
    /// Tick, or take a tick back.
    Tick,
    /// What a procedure would do, tried without changing anything.
    DryRun,
    /// Only some kinds.
    Filter,
    /// Write the record to a file.
    Export,
    /// As JSON.
    Json,
    /// As CSV.
    Csv,
    /// As Markdown.
    Markdown,
    /// What can be made to go wrong.
    Chaos,
    /// Time goes faster in a drill.
    Faster,
    /// Time goes slower in a drill.
    Slower,
    /// End the drill.
    EndDrill,
    /// The list of procedures.
    Procedures,
    /// The run.
    Run,
    /// The timeline.
    Timeline,
    /// All keys.
    Help,
    /// Emergency help.
    Emergency,
    /// Leave.
    Quit,
    /// Stop for the shell's job control.
    Suspend,
    /// Paint everything again.
    Repaint,
    /// One up.
    Up,
    /// One down.
    Down,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// The first.
    First,
    /// The last.
    Last,
    /// Open what the cursor is at.
    Open,
    /// Back to the screen before, or close.
    Back,
    /// A shorter window in the charts.
    ZoomIn,
    /// A longer window in the charts.
    ZoomOut,
    /// Hold the charts still, or let them go on.
    Freeze,
    /// Ask failed sources again.
    TryAgain,
    /// Take back the last count.
    TakeBack,
    /// Stop the run.
    StopRun,
    /// Say what is to become of a run that waits.
    Outcome,
    /// Output of the step.
    Output,
    /// Start no further step, or go on.
    Pause,
    /// Try a failed step again, or ask the probe of an unknown one again.
    Retry,
    /// Undo what the run did, or the last change of a text.
    Undo,
    /// Do what was undone again.
    Redo,
    /// Take the incident: its ladder waits.
    Take,
    /// Guide of the step.
    StepGuide,
    /// Agree to the run that asks for it.
    Approve,
    /// Do not agree.
    Refuse,
    /// The whole plan.
    WholePlan,
    /// The changes in files, in full.
    Diff,
    /// The confirmation of what is read.
    Confirm,
    /// Leave the step and go on behind it.
    Skip,
    /// Do the step.
    DoIt,
    /// The next procedure.
    Next,
    /// Tell the next people.
    Page,
    /// Look at the run in the way.
    Watch,
    /// Tell the person whose run it is something, or people by channels.
    Message,
    /// The incident.
    Incident,
    /// How grave the incident is.
    Severity,
    /// Take the lead of the incident.
    Lead,
    /// Join the incident.
    Join,
    /// Open an incident.
    OpenIncident,
    /// Stop the run in the way, then start.
    StopAndStart,
    /// Decide what fires.
    Decide,
    /// Roll back by what is recommended.
    RollBack,
    /// Roll back by another procedure.
    Other,
    /// Go on watching.
    Hold,
    /// More time to decide.
    Extend,
    /// Automation off, at once; or arm it.
    Automation,
    /// Write a note.
    Note,
    /// The evidence.
    Why,
    /// Become the decider.
    TakeOver,
    /// Mark what is normal.
    Mark,
    /// What fires has been seen.
    BellSeen,
    /// A lesser mode.
    Less,
    /// A greater mode.
    More,
    /// Say why it may start although a check does not hold.
    Override,
    /// Choose all values anew.
    Values,
    /// Pick what the cursor is at.
    Pick,
    /// The next control of a dialog.
    NextControl,
    /// The control before.
    PreviousControl,
    /// Press the control that has the focus.
    Press,
    /// Confirm by key.
    Yes,
    /// The step was done.
    Done,
    /// The step was not done.
    NotDone,
    /// Accept a run that did not verify.
    Accept,
    /// Go on after a pause.
    GoOn,
    /// End the run where it is.
    End,
    /// Close the dialog.
    Close,
}

/// A key as the table writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    /// Which.
    pub code: KeyCode,
    /// With control.
    pub ctrl: bool,
}

impl Key {
    const fn char(c: char) -> Key {
        Key { code: KeyCode::Char(c), ctrl: false }
    }

    const fn ctrl(c: char) -> Key {
        Key { code: KeyCode::Char(c), ctrl: true }
    }

    const fn code(code: KeyCode) -> Key {
        Key { code, ctrl: false }
    }

    /// The key of an event (shift is in the character already).
    pub fn of(event: &KeyEvent) -> Key {
        let code = match event.code {
            KeyCode::Tab if event.modifiers.contains(KeyModifiers::SHIFT) => KeyCode::BackTab,
            code => code,
        };
        Key { code, ctrl: event.modifiers.contains(KeyModifiers::CONTROL) }
    }

    /// As it is written on screen: `q`, `Enter`, `^C`.
    pub fn name(self) -> String {
        match (self.code, self.ctrl) {
            (KeyCode::Char(' '), false) => "Space".into(),
            (KeyCode::Char(c), false) => c.to_string(),
            (KeyCode::Char(c), true) => format!("^{}", c.to_ascii_uppercase()),
            (KeyCode::Up, _) => "↑".into(),
            (KeyCode::Down, _) => "↓".into(),
            (KeyCode::Left, _) => "←".into(),
            (KeyCode::Right, _) => "→".into(),
            (KeyCode::PageUp, _) => "PgUp".into(),
            (KeyCode::PageDown, _) => "PgDn".into(),
            (KeyCode::BackTab, _) => "S-Tab".into(),
            (KeyCode::F(n), _) => format!("F{n}"),
            (code, _) => format!("{code:?}"),
        }
    }
}

/// One row of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// Where.
    pub context: Context,
    /// By which keys; none when a person took them away.
    pub keys: Cow<'static, [Key]>,
    /// What it means.
    pub action: Action,
    /// In the help.
    pub label: &'static str,
    /// In the foot line, when it stands there.
    pub foot: Option<&'static str>,
}

impl Binding {
    /// Its keys as they are written: `q, ^C`.
    pub fn keys_name(&self) -> String {
        self.keys.iter().map(|k| k.name()).collect::<Vec<_>>().join(", ")
    }

    /// Its first key as it is written, when it has one.
    pub fn key_name(&self) -> Option<String> {
        self.keys.first().map(|k| k.name())
    }
}

macro_rules! table {
    ($($context:ident [$($key:expr),+] $action:ident $label:literal $(, $foot:literal)?;)+) => {
        &[$(Binding {
            context: Context::$context,
            keys: Cow::Borrowed(&[$($key),+]),
            action: Action::$action,
            label: $label,
            foot: table!(@foot $($foot)?),
        }),+]
    };
    (@foot) => { None };
    (@foot $foot:literal) => { Some($foot) };
}

const fn k(c: char) -> Key {
    Key::char(c)
}
const UP: Key = Key::code(KeyCode::Up);
const DOWN: Key = Key::code(KeyCode::Down);
const PAGE_UP: Key = Key::code(KeyCode::PageUp);
const PAGE_DOWN: Key = Key::code(KeyCode::PageDown);
const LEFT: Key = Key::code(KeyCode::Left);
const RIGHT: Key = Key::code(KeyCode::Right);
const HOME: Key = Key::code(KeyCode::Home);
const END: Key = Key::code(KeyCode::End);
const ENTER: Key = Key::code(KeyCode::Enter);
const ESC: Key = Key::code(KeyCode::Esc);
const TAB: Key = Key::code(KeyCode::Tab);
const BACK_TAB: Key = Key::code(KeyCode::BackTab);
const BACKSPACE: Key = Key::code(KeyCode::Backspace);

/// Every key that ripcord has. Small letters on screens belong to the playbook, except `h j k l q`.
pub const TABLE: &[Binding] = table! {
    Overview [ENTER] Open "open the signal";
    Overview [k('[')] ZoomIn "charts: shorter", "zoom";
    Overview [k(']')] ZoomOut "charts: longer";
    Overview [k('F')] Freeze "hold the charts still";
    Overview [k('R')] TryAgain "ask failed sources again", "try again";
    Overview [k('M')] Mark "mark what is normal…";
    Overview [k('B')] BellSeen "seen: it rings no more", "seen";
    Overview [k('T')] Sort "sort the signals";
    Signal [k('[')] ZoomIn "shorter window", "shorter";
    Signal [k(']')] ZoomOut "longer window", "longer";
    Signal [k('F')] Freeze "hold the chart still", "freeze";
    Signal [k('R')] TryAgain "ask the source again", "try again";
    Signal [k('M')] Mark "mark what is normal…";
    Checklist [k(' ')] Tick "tick, or untick", "tick";
    Checklist [ENTER] Open "do it…", "do it…";
    Checklist [k('O')] Override "do without it…", "override…";
    Procedures [k('V')] DryRun "dry run: changes nothing", "dry run";
    Procedures [ENTER] Open "the plan, then all of it", "plan…";
    Run [k('P')] Pause "pause, go on…", "pause…";
    Run [k('S')] StopRun "stop the run…", "stop…";
    Run [k('O')] Outcome "settle, answer, skip, accept…", "say…";
    Run [k('R')] Retry "retry…, or ask the probe again", "retry…";
    Run [k('U')] Undo "undo…", "undo…";
    Run [k('L')] Output "output, all of it", "output";
    Run [k('G')] StepGuide "guide for this step", "guide";
    Timeline [ENTER] Open "this moment on the charts", "on charts";
    Timeline [k('F')] Filter "only some kinds", "kinds";
    Timeline [k('>')] Export "write it to a file…", "export…";
    Guide [ENTER] Open "run it, open it, page them…", "open";
    Guide [k('R')] Retry "run it again";
    Logs [k('F')] Filter "only what is picked out", "filter";
    Logs [ENTER] Open "the end, as it grows", "follow";
    Fleet [ENTER] Open "open the service", "open";
    Fleet [k('F')] Filter "only some", "filter";
    Fleet [k('T')] Sort "another order", "sort";
    Drill [k('!')] Chaos "trouble…", "trouble…";
    Drill [k('+')] Faster "time goes faster", "faster";
    Drill [k('-')] Slower "time goes slower", "slower";
    Drill [k('B')] EndDrill "end the drill, keep its score", "end";
    Global [k('1')] Overview "Overview", "overview";
    Global [k('2')] Checklist "Checklist", "checklist";
    Global [k('3')] Procedures "Procedures", "procedures";
    Global [k('4')] Run "Run", "run";
    Global [k('5')] Timeline "Timeline", "timeline";
    Global [k('6')] Guide "Guide", "guide";
    Global [k('7')] Fleet "Fleet", "fleet";
    Global [k('8')] Drill "Drill", "drill";
    Global [k('9')] Logs "Logs", "logs";
    Global [k(':')] Palette "anything, by name", "anything";
    Global [k('/')] Find "find", "find";
    Global [TAB] NextSection "next section";
    Global [BACK_TAB] PreviousSection "section before";
    Global [k('C')] Contacts "contacts: who is called", "contacts";
    Global [k('K')] Take "I am on it: the ladder waits…";
    Global [k('Y')] Copy "copy";
    Global [k('D')] Decide "decide…", "decide…";
    Global [k('X')] Automation "automation off; arm…";
    Global [k('W')] Why "why: the evidence", "why";
    Global [k('N')] Note "note…";
    Global [k('J')] Incident "incident: severity, lead, who is here…", "incident…";
    Global [k('@')] Message "message to people…, what was not delivered", "message…";
    Global [k('I')] TakeOver "become the decider…", "take over…";
    Global [UP, k('k')] Up "up";
    Global [DOWN, k('j')] Down "down";
    Global [LEFT, k('h')] Left "left";
    Global [RIGHT, k('l')] Right "right";
    Global [PAGE_UP] PageUp "page up";
    Global [PAGE_DOWN] PageDown "page down";
    Global [HOME] First "first";
    Global [END] Last "last";
    Global [ESC] Back "back, close", "back";
    Global [BACKSPACE] TakeBack "take back a count (10 s)";
    Global [k('A')] Approve "approve…", "approve…";
    Global [k('E')] Emergency "emergency help", "emergency";
    Global [k('?')] Help "these keys", "keys";
    Global [k('q'), Key::ctrl('c')] Quit "quit; a run goes on";
    Help [UP] Up "up";
    Help [DOWN] Down "down";
    Help [ENTER] Pick "does it", "does it";
    Help [TAB] NextControl "other contexts", "other contexts";
    Help [BACK_TAB] PreviousControl "the context before";
    Help [ESC, Key::ctrl('c')] Close "close", "close";
    Confirm [TAB] NextControl "next", "next";
    Confirm [BACK_TAB] PreviousControl "previous";
    Confirm [ENTER] Press "press (Cancel at first)";
    Confirm [k('y')] Yes "roll back (no name asked)";
    Confirm [k('O')] Override "start although a check fails…", "override…";
    Confirm [Key::ctrl('e')] Values "other values", "other values";
    Confirm [Key::ctrl('d')] Diff "changes in files, in full", "changes in files";
    Confirm [PAGE_DOWN] PageDown "all commands", "all commands";
    Confirm [PAGE_UP] PageUp "back up";
    Confirm [ESC, Key::ctrl('c')] Close "cancel", "cancel";
    Question [TAB] NextControl "next", "next";
    Question [BACK_TAB] PreviousControl "previous";
    Question [UP] Up "one up, where there is a choice";
    Question [DOWN] Down "one down";
    Question [ENTER] Press "press (Cancel at first)";
    Question [ESC, Key::ctrl('c')] Close "close, nothing is sent", "close";
    Outcome [k('d')] Done "it was done: go on behind it…", "done…";
    Outcome [k('n')] NotDone "it was not: do it again…", "not done…";
    Outcome [k('i')] DoIt "do it…", "do it…";
    Outcome [k('s')] Skip "leave it and go on behind it…", "skip…";
    Outcome [k('g')] GoOn "go on after a pause", "go on";
    Outcome [k('e')] End "end the run as it is…", "end it…";
    Outcome [ENTER, ESC, Key::ctrl('c')] Close "not now", "not now";
    Refused [ENTER, ESC, Key::ctrl('c')] Close "close", "close";
    Picker [UP] Up "up";
    Picker [DOWN] Down "down", "move";
    Picker [PAGE_UP] PageUp "page up";
    Picker [PAGE_DOWN] PageDown "page down";
    Picker [ENTER] Pick "pick", "pick";
    Picker [ESC, Key::ctrl('c')] Close "back, nothing is started", "back, nothing is started";
    Ask [UP] Up "up";
    Ask [DOWN] Down "down", "move";
    Ask [TAB] NextControl "next", "next";
    Ask [BACK_TAB] PreviousControl "previous";
    Ask [ENTER] Press "press (Not now at first)";
    Ask [ESC, Key::ctrl('c')] Close "not now, nothing is sent", "not now";
    Approve [k('a')] Approve "approve…", "approve…";
    Approve [k('x')] Refuse "refuse…", "refuse…";
    Approve [ENTER] WholePlan "whole plan, or back", "whole plan";
    Approve [PAGE_DOWN] PageDown "further down";
    Approve [PAGE_UP] PageUp "back up";
    Approve [ESC, Key::ctrl('c')] Close "not now", "not now";
    Unverified [k('n')] Next "next procedure…", "next…";
    Unverified [k('u')] Undo "undo this one…", "undo…";
    Unverified [k('p')] Page "page the next rung…", "page…";
    Unverified [k('a')] Accept "accept as it is, with a reason…", "accept…";
    Unverified [k('e')] End "end the run, not accepted…", "end it…";
    Unverified [ENTER, ESC, Key::ctrl('c')] Close "keep watching", "keep watching";
    Locked [k('4')] Watch "watch that run", "watch that run";
    Locked [k('m')] Message "message to them…", "message…";
    Locked [k('s')] StopAndStart "stop it, then mine…", "stop it, then mine…";
    Locked [ENTER, ESC, Key::ctrl('c')] Close "close", "close";
    Decide [k('r')] RollBack "roll back…", "roll back…";
    Decide [k('o')] Other "other procedure…", "other…";
    Decide [k('w')] Hold "hold: watch on…", "hold…";
    Decide [k('e')] Extend "extend the clock…", "extend…";
    Decide [TAB] NextControl "the next decision", "next";
    Decide [ENTER, ESC, Key::ctrl('c')] Close "not now", "not now";
    Other [UP] Up "up";
    Other [DOWN] Down "down", "move";
    Other [ENTER] Pick "open its confirmation", "its confirmation";
    Other [ESC, Key::ctrl('c')] Close "back", "back";
    Arm [UP] Up "the trigger above";
    Arm [DOWN] Down "the trigger below", "trigger";
    Arm [LEFT] Less "it may do less";
    Arm [RIGHT] More "it may do more", "its mode";
    Arm [TAB] NextControl "next", "next";
    Arm [BACK_TAB] PreviousControl "previous";
    Arm [ENTER] Press "press (Cancel at first)";
    Arm [ESC, Key::ctrl('c')] Close "cancel, nothing is armed", "cancel";
    Palette [UP] Up "up";
    Palette [DOWN] Down "down", "move";
    Palette [PAGE_UP] PageUp "page up";
    Palette [PAGE_DOWN] PageDown "page down";
    Palette [ENTER] Pick "open", "open";
    Palette [ESC, Key::ctrl('c')] Close "close", "close";
    Find [ENTER] Pick "keep looking at what is found", "keep";
    Find [UP] Up "the one before";
    Find [DOWN] Down "the next", "next";
    Find [ESC, Key::ctrl('c')] Close "show all again", "all again";
    Export [k('j')] Json "JSON", "JSON";
    Export [k('c')] Csv "CSV", "CSV";
    Export [k('m')] Markdown "Markdown", "Markdown";
    Export [ENTER, ESC, Key::ctrl('c')] Close "not now", "not now";
    Reading [UP, k('k')] Up "up";
    Reading [DOWN, k('j')] Down "down", "move";
    Reading [PAGE_UP] PageUp "page up";
    Reading [PAGE_DOWN] PageDown "page down", "page down";
    Reading [HOME] First "first";
    Reading [END] Last "last";
    Reading [k('c')] Confirm "its confirmation…", "confirm…";
    Reading [ENTER, ESC, Key::ctrl('c')] Close "close", "close";
    TextArea [Key::ctrl('s')] Done "done", "done";
    TextArea [TAB] NextControl "next", "next";
    TextArea [BACK_TAB] PreviousControl "previous";
    TextArea [Key::ctrl('u')] Undo "take the last change back", "undo";
    TextArea [Key::ctrl('r')] Redo "do it again";
    TextArea [ENTER] Press "a new line, or press the button";
    TextArea [ESC, Key::ctrl('c')] Close "close, the draft is kept", "close";
    Chaos [ENTER, ESC, Key::ctrl('c')] Close "close", "close";
    Incident [k('s')] Severity "how grave it is…", "severity…";
    Incident [k('l')] Lead "take the lead", "take the lead";
    Incident [k('j')] Join "join it", "join";
    Incident [k('n')] Note "note…", "note…";
    Incident [k('m')] Message "message…", "message…";
    Incident [k('o')] OpenIncident "open one…", "open one…";
    Incident [k('e')] End "it is over…", "it is over…";
    Incident [ENTER, ESC, Key::ctrl('c')] Close "close", "close";
    Messages [UP] Up "up";
    Messages [DOWN] Down "down", "move";
    Messages [TAB] NextSection "messages, channels, what was not delivered", "next";
    Messages [BACK_TAB] PreviousSection "the section before";
    Messages [k(' ')] Tick "to this channel, or not", "tick";
    Messages [k('r')] Retry "send again what was not delivered", "again";
    Messages [ENTER] Pick "write it…", "write it…";
    Messages [ESC, Key::ctrl('c')] Close "close", "close";
    Terminal [Key::ctrl('l')] Repaint "paint again";
    Terminal [Key::ctrl('z')] Suspend "suspend";
};

/// The table in force: ripcord's own, or with a person's keys in it (see [`user`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keymap(Vec<Binding>);

impl Default for Keymap {
    fn default() -> Self {
        Keymap(TABLE.to_vec())
    }
}

impl Keymap {
    /// All rows.
    pub fn rows(&self) -> &[Binding] {
        &self.0
    }

    /// Rows of a context that have a key, in the table's order.
    pub fn of(&self, context: Context) -> impl Iterator<Item = &Binding> {
        self.0.iter().filter(move |b| b.context == context && !b.keys.is_empty())
    }

    /// What a key means there; `None` when nothing (it may still be a key of the playbook).
    pub fn resolve(&self, context: Context, key: Key) -> Option<Action> {
        let find = |c| self.of(c).find(|b| b.keys.contains(&key)).map(|b| b.action);
        let global = if context.is_dialog() { None } else { find(Context::Global) };
        find(Context::Terminal).or_else(|| find(context)).or(global)
    }

    /// The key that does this there, as it is written; empty when none does.
    pub fn key(&self, context: Context, action: Action) -> String {
        self.of(context).find(|b| b.action == action).and_then(Binding::key_name).unwrap_or_default()
    }
}

/// Small letters that a playbook may not use.
pub const RESERVED: [char; 5] = ['h', 'j', 'k', 'l', 'q'];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_key_means_two_things_in_one_place() {
        for context in Context::ALL {
            let mut seen = HashSet::new();
            let of = |c| TABLE.iter().filter(move |b| b.context == c);
            for b in of(context).chain(of(Context::Terminal).filter(|_| context != Context::Terminal)) {
                for key in b.keys.iter() {
                    assert!(seen.insert(*key), "{} twice in {context:?}", key.name());
                }
            }
        }
    }

    #[test]
    fn a_screen_hides_a_global_key_only_where_it_means_the_same() {
        let keys = Keymap::default();
        for b in TABLE.iter().filter(|b| !b.context.is_dialog() && b.context != Context::Global) {
            for key in b.keys.iter() {
                let global = keys.of(Context::Global).find(|g| g.keys.contains(key));
                let same = global.is_none_or(|g| g.action == b.action);
                assert!(same, "{} of {:?} hides a global key", key.name(), b.context);
            }
        }
    }

    #[test]
    fn small_letters_on_screens_are_the_playbooks_but_for_the_reserved_ones() {
        for b in TABLE.iter().filter(|b| !b.context.is_dialog()) {
            for key in b.keys.iter().filter(|k| !k.ctrl) {
                if let KeyCode::Char(c) = key.code {
                    assert!(!c.is_ascii_lowercase() || RESERVED.contains(&c), "{c} in {:?}", b.context);
                }
            }
        }
    }

    #[test]
    fn nothing_falls_through_a_dialog_but_the_terminals_own() {
        let keys = Keymap::default();
        assert_eq!(keys.resolve(Context::Confirm, Key::char('q')), None);
        assert_eq!(keys.resolve(Context::Confirm, Key::char('E')), None);
        assert_eq!(keys.resolve(Context::Confirm, Key::ctrl('l')), Some(Action::Repaint));
        assert_eq!(keys.resolve(Context::Run, Key::char('q')), Some(Action::Quit));
    }

    #[test]
    fn every_context_is_listed_once() {
        let listed: HashSet<Context> = Context::ALL.into_iter().collect();
        assert_eq!(listed.len(), Context::ALL.len());
        assert!(TABLE.iter().all(|b| listed.contains(&b.context)));
    }
}
