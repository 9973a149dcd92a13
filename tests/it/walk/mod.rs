//! An incident from the alarm to the export, played by keys on the whole program without a terminal: the screens are
//! drawn into memory, the core runs in simulated time. Each look at the screen is a snapshot.

mod world;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::tz::{TimeZone, offset};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ripcord::config;
use ripcord::model::resolve::resolve;
use ripcord::session::Request;
use ripcord::session::decision::Kind;
use ripcord::session::view::{Curve, View};
use ripcord::tui::glyphs::Glyphs;
use ripcord::tui::paint;
use ripcord::tui::theme::Theme;
use ripcord::tui::ui::{Intent, Ui};
use world::{World, ana};

/// A person at a screen.
struct Desk {
    world: World,
    ui: Ui,
    size: (u16, u16),
    frame: u64,
    looks: usize,
    /// What was asked that only the loop does.
    asked: Vec<Intent>,
}

impl Desk {
    fn new(size: (u16, u16)) -> Desk {
        let loaded = config::playbook::parse(include_str!("../../fixtures/walk.toml"), "walk.toml")
            .unwrap_or_else(|p| panic!("{}", p.iter().map(|p| p.render(false)).collect::<String>()));
        let playbook = resolve(&loaded.playbook, "production", &Default::default()).unwrap();
        let ui = Ui::new(TimeZone::fixed(offset(1)));
        Desk { world: World::new(playbook), ui, size, frame: 0, looks: 0, asked: Vec::new() }
    }

    /// Presses keys, one in two seconds: `<Enter>`, `<Tab>`, `<Esc>`, `<Down>`, `<C-s>`, or the character itself.
    fn press(&mut self, keys: &str) {
        for key in parse(keys) {
            self.world.wait(2);
            let view = self.shown();
            for intent in self.ui.key(&key, &view, self.world.now.boot) {
                self.act(intent);
            }
            self.shown();
        }
    }

    /// The picture now; it is painted and acknowledged.
    fn shown(&mut self) -> View {
        let mut view = self.world.view();
        view.why = Some(self.world.session_why(&self.ui.why));
        view.fleet = Some(self.world.fleet());
        self.ui.follow(&view);
        self.frame += 1;
        self.ui.painted(self.frame, &view);
        self.ui.acknowledged(self.frame, self.world.now.boot);
        view
    }

    fn act(&mut self, intent: Intent) {
        match intent {
            Intent::Request(Request::Prepare { procedure, .. }) => self.world.prepare(&procedure),
            Intent::Request(Request::CancelDraft) => self.world.draft = None,
            Intent::Request(Request::Confirm { draft, decides }) => {
                self.world.confirm(&draft, decides);
                self.ui.screen = ripcord::tui::ui::Screen::Run;
            }
            Intent::Request(Request::Tick { checklist, item, done, note }) => {
                let text = format!("{checklist} {item}");
                self.world.say(Kind::Ticked { checklist, item, text, done, note, who: ana() });
            }
            Intent::Request(Request::Note { text, to }) => {
                self.world.say(Kind::Noted { text, to, who: ana() })
            }
            Intent::Request(Request::Run { seen, wish }) => {
                self.world.ask(seen.step, seen.attempt, seen.seq, wish)
            }
            Intent::Fleet { screen, .. } => self.ui.opened(screen),
            other => self.asked.push(other),
        }
    }

    /// A snapshot of the screen.
    fn look(&mut self, name: &str) {
        let view = self.shown();
        let mut terminal = Terminal::new(TestBackend::new(self.size.0, self.size.1)).unwrap();
        let (ui, world) = (&self.ui, &self.world);
        let charts = |curve: Curve<'_>, window: u64, columns: usize| world.columns(curve, window, columns);
        terminal.draw(|f| paint::draw(f, ui, &view, &Theme::dark(), &Glyphs::Unicode, &charts)).unwrap();
        let text: String = terminal
            .backend()
            .buffer()
            .content
            .chunks(self.size.0 as usize)
            .map(|row| row.iter().map(|c| c.symbol()).collect::<String>() + "|\n")
            .collect();
        self.looks += 1;
        insta::with_settings!({ snapshot_path => "../snapshots/walk", prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(format!("{}x{}-{:02}-{name}", self.size.0, self.size.1, self.looks), text);
        });
    }
}

fn parse(keys: &str) -> Vec<KeyEvent> {
    let mut out = Vec::new();
    let mut rest = keys;
    while let Some(c) = rest.chars().next() {
        let named = rest.strip_prefix('<').and_then(|r| r.split_once('>'));
        let (event, after) = match named {
            Some((name, after)) => {
                let event = match name {
                    "Enter" => KeyCode::Enter.into(),
                    "Tab" => KeyCode::Tab.into(),
                    "Esc" => KeyCode::Esc.into(),
                    "Up" => KeyCode::Up.into(),
                    "Down" => KeyCode::Down.into(),
                    "Left" => KeyCode::Left.into(),
                    "Right" => KeyCode::Right.into(),
                    "C-s" => KeyEvent::new(KeyCode::Char('s'), KeyModifiers::CONTROL),
                    other => panic!("no key is called {other}"),
                };
                (event, after)
            }
            None => (KeyCode::Char(c).into(), &rest[c.len_utf8()..]),
        };
        out.push(event);
        rest = after;
    }
    out
}

fn an_incident(size: (u16, u16)) {
    let mut desk = Desk::new(size);
    desk.look("before-data");
    desk.world.wait(600);
    desk.look("quiet");
    // The alarm.
    desk.world.go_bad();
    desk.world.wait(50);
    desk.look("pending");
    desk.world.wait(40);
    desk.look("firing");
    assert_eq!(desk.shown().decisions.len(), 1);
    // The evidence.
    desk.press("W");
    desk.look("why");
    desk.press("<Esc>");
    desk.press("<Enter>");
    desk.look("signal");
    desk.press("<Esc>");
    // The checklist.
    desk.press("2");
    desk.look("checklist");
    desk.press(" ");
    desk.look("ticked");
    // Who is called, what is to be done.
    desk.press("C");
    desk.look("contacts");
    desk.press("E");
    desk.look("emergency");
    desk.press("<Esc>3");
    desk.look("procedures");
    desk.press("<Enter>");
    desk.look("plan");
    // The decision, and its confirmation.
    desk.press("<Esc>1D");
    desk.look("decide");
    desk.press("r");
    desk.look("confirm");
    desk.press("checkout<Tab>");
    desk.look("confirm-ready");
    desk.press("<Enter>");
    desk.look("run");
    desk.world.wait(20);
    desk.look("verifying");
    assert!(desk.shown().decisions.is_empty());
    // Other screens while it goes on: the run and its clock are never hidden.
    for (key, name) in [
        ("1", "overview-verifying"),
        ("5", "timeline-verifying"),
        ("9", "logs"),
        ("7", "fleet"),
        ("8", "drill"),
    ] {
        desk.press(key);
        desk.look(name);
    }
    desk.press("?");
    desk.look("help");
    desk.press("<Esc>4");
    // Notes.
    desk.press("N");
    desk.press("users report that paying works again");
    desk.look("note");
    desk.press(NOTE_DONE);
    desk.world.wait(120);
    desk.look("verified");
    desk.press("2");
    desk.look("after");
    // The record.
    desk.press("5");
    desk.look("timeline");
    desk.press(">");
    desk.look("export");
    desk.press("m");
    assert!(desk.asked.iter().any(|i| matches!(i, Intent::Request(Request::Export(_)))), "{:?}", desk.asked);
    desk.press(":");
    desk.look("palette");
    desk.press("<Esc>1");
    desk.look("over");
}

/// How a note is finished.
const NOTE_DONE: &str = "<C-s>";

#[test]
fn an_incident_from_the_alarm_to_the_export_at_80x24() {
    an_incident((80, 24));
}

#[test]
fn an_incident_from_the_alarm_to_the_export_at_120x40() {
    an_incident((120, 40));
}
