//! Many services, worst first, and the one at the cursor in full.

mod detail;

use crate::model::playbook::Tone;
use crate::session::view::fleet::{Bar, FleetRow, FleetView, Grade, RowClock, RowState};
use crate::tui::canvas::{Canvas, Span};
use crate::tui::format;
use crate::tui::glyphs::EIGHTHS;
use crate::tui::paint::Scene;
use crate::tui::panels::banner;
use crate::tui::theme::Slot;
use ratatui::layout::Rect;

/// Milliseconds without a whole look at the records after which that is said.
const LATE_MS: u64 = 5_000;

/// Rows 1 and 2: how many there are, who watches, and how they stand.
pub fn head(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, fleet: &FleetView) {
    canvas.fill(area.x, area.y, area.width, ' ', Slot::Bar);
    let services = fleet.rows.iter().filter(|r| r.is_service());
    let (of, watched) = services.fold((0, 0), |(n, w), r| (n + 1, w + usize::from(r.watched(&fleet.now))));
    let mut x = area.x;
    if let Some(word) = scene.view.simulated() {
        x = canvas.put(x, area.y, area.width, &format!(" //// {word} //// "), Slot::Drill);
    }
    let s = |n: usize| if n == 1 { "" } else { "s" };
    let counts = format!("  {} playbook{}, {of} environment{}", fleet.playbooks, s(fleet.playbooks), s(of));
    let (read, slot) = match fleet.read_ms {
        _ if fleet.starting => ("reading".to_owned(), Slot::Bar),
        ms if ms >= LATE_MS => (format!("LATE {}", format::age(ms)), Slot::Warn),
        _ => ("live".to_owned(), Slot::Bar),
    };
    let missing = if watched < of { Slot::Warn } else { Slot::Bar };
    let watch = format!("watch {watched} of {of}");
    // Whether it is the present is said before how many there are.
    let least = [&read, &watch, &counts].iter().map(|t| canvas.width_of(t)).sum::<u16>()
        + canvas.width_of(&banner::clock(scene, 0));
    let fits = x + least + 14 <= area.right();
    let counts = if fits { counts.as_str() } else { "" };
    x = canvas.spans(x, area.y, area.width, &[(" FLEET", Slot::Head), (counts, Slot::Bar)]);
    let room = area.right().saturating_sub(x + 2);
    for detail in (0..=5).rev() {
        let who = if detail >= 1 { format!(" · {}", fleet.user) } else { String::new() };
        let time = format!("  {} ", banner::clock(scene, detail));
        let spans: [Span<'_>; 5] =
            [(&read, slot), (" · ", Slot::Bar), (&watch, missing), (&who, Slot::Bar), (&time, Slot::Bar)];
        let width: u16 = spans.iter().map(|(t, _)| canvas.width_of(t)).sum();
        if width <= room || detail == 0 {
            let width = width.min(area.width);
            canvas.spans(area.right() - width, area.y, width, &spans);
            break;
        }
    }
    stand(canvas, Rect { y: area.y + 1, height: 1, ..area }, fleet);
}

/// How many are how, and the soonest clock.
fn stand(canvas: &mut Canvas<'_>, area: Rect, fleet: &FleetView) {
    let counts = fleet.counts();
    let mut x = area.x + 1;
    for grade in Grade::ALL {
        let n = counts[grade as usize];
        if n == 0 {
            continue;
        }
        let (mark, slot) = mark(grade);
        let words = match grade {
            Grade::Critical => format!("{n} critical"),
            Grade::Running if n == 1 => "1 run in progress".into(),
            Grade::Running => format!("{n} runs in progress"),
            Grade::Warn if n == 1 => "1 warns".into(),
            Grade::Warn => format!("{n} warn"),
            Grade::Unknown => format!("{n} unknown"),
            Grade::Quiet => format!("{n} quiet"),
        };
        let room = area.right().saturating_sub(x);
        x = canvas.spans(x, area.y, room, &[(mark.trim_end(), slot), (" ", slot), (&words, slot)]) + 3;
    }
    if let Some((row, left)) = fleet.soonest() {
        let text = format!("soonest {}: {}", left_in_words(left), row.service);
        if x + canvas.width_of(&text) < area.right() {
            canvas.right(area.right() - 1, area.y, area.width, &text, Slot::Pending);
        }
    }
}

fn left_in_words(ms: i64) -> String {
    match ms {
        0.. => format::countdown(ms as u64),
        _ => format!("-{}", format::elapsed(ms.unsigned_abs())),
    }
}

/// Two cells and a colour.
pub(super) fn mark(grade: Grade) -> (&'static str, Slot) {
    match grade {
        Grade::Critical => ("!!", Slot::Critical),
        Grade::Running => ("▸ ", Slot::Accent),
        Grade::Warn => ("! ", Slot::Warn),
        Grade::Unknown => ("? ", Slot::Unknown),
        Grade::Quiet => ("✓ ", Slot::Ok),
    }
}

/// Where the columns begin.
struct Columns {
    service: u16,
    environment: u16,
    verdict: u16,
    clock: u16,
    spark: u16,
    bars: u16,
}

impl Columns {
    fn of(area: Rect) -> Columns {
        let bars = match area.width {
            0..110 => 9,
            110..170 => 15,
            _ => 45,
        };
        let spark = area.right().saturating_sub(1 + bars);
        let clock = spark.saturating_sub(8);
        let more = clock.saturating_sub(area.x + 62);
        let service = area.x + 4;
        let environment = (service + 18 + more / 4).min(clock);
        let verdict = (environment + 14 + more / 6).min(clock);
        Columns { service, environment, verdict, clock, spark, bars }
    }
}

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let Some(fleet) = &scene.view.fleet else {
        canvas.rule(area.x, area.y, area.width, "Fleet", "", true);
        return;
    };
    let ui = &scene.ui.fleet;
    if let Some(row) = ui.row(fleet).filter(|_| ui.whole) {
        detail::whole(canvas, area, fleet, row, scene.ui.scroll);
        return;
    }
    let columns = Columns::of(area);
    canvas.rule(area.x, area.y, area.width, "Service", "", true);
    for (x, word) in [
        (columns.environment, " environment "),
        (columns.verdict, " verdict "),
        (columns.clock, " clock "),
        (columns.spark + columns.bars.saturating_sub(8), " 15 min "),
    ] {
        canvas.put(x.saturating_sub(1), area.y, area.right().saturating_sub(x), word, Slot::Dim);
    }
    let ids = ui.order.ids();
    let below = if area.height >= 14 { 8 } else { 2 };
    let rows = area.height.saturating_sub(1 + below).max(1) as usize;
    // By whole pages: a step inside of one changes two cells.
    let first = ui.place() / rows * rows;
    let shown = ids.iter().skip(first).take(rows).filter_map(|id| fleet.row(*id));
    let mut y = area.y + 1;
    for row in shown {
        draw_row(canvas, &columns, Rect { y, height: 1, ..area }, fleet, row, Some(row.id) == ui.at);
        y += 1;
    }
    if ids.is_empty() {
        y = nothing(canvas, Rect { y, height: 3, ..area }, scene, fleet);
    }
    hints(canvas, Rect { y: area.bottom().saturating_sub(2), height: 2, ..area }, scene, first, rows);
    if let Some(row) = ui.row(fleet).filter(|_| below > 2) {
        let top = y + 1;
        let height = area.bottom().saturating_sub(2).saturating_sub(top);
        detail::draw(canvas, Rect { y: top, height, ..area }, fleet, row);
    }
}

fn draw_row(canvas: &mut Canvas<'_>, c: &Columns, at: Rect, fleet: &FleetView, row: &FleetRow, on: bool) {
    let state = row.state(&fleet.now);
    let (mark, slot) = mark(state.grade);
    if on {
        canvas.put(at.x, at.y, 1, "▸", Slot::Accent);
    }
    canvas.put(at.x + 1, at.y, 2, mark, slot);
    let name = if on { Slot::Head } else { Slot::Text };
    canvas.put(c.service, at.y, c.environment.saturating_sub(c.service + 1), &row.service, name);
    let room = c.verdict.saturating_sub(c.environment + 1);
    canvas.put(c.environment, at.y, room, &environment(row), Slot::Text);
    let ink = if state.grade == Grade::Quiet { Slot::Text } else { slot };
    canvas.put(c.verdict, at.y, c.clock.saturating_sub(c.verdict + 1), &words(&state), ink);
    let (clock, ink) = match state.clock {
        Some(RowClock::Left(ms)) if ms < 0 => (left_in_words(ms), Slot::Critical),
        Some(RowClock::Left(ms)) => (left_in_words(ms), Slot::Pending),
        Some(RowClock::Elapsed(ms)) => (format::elapsed(ms), Slot::Accent),
        None if row.is_service() => ("-".into(), Slot::Dim),
        None => (String::new(), Slot::Dim),
    };
    canvas.put(c.clock, at.y, 7, &clock, ink);
    let ink = if matches!(state.grade, Grade::Critical | Grade::Warn) { slot } else { Slot::Chart };
    for (i, bar) in row.spark.bars(fleet.now.wall, c.bars as usize).into_iter().enumerate() {
        let x = c.spark + i as u16;
        match bar {
            Bar::Blank => {}
            Bar::Gap => canvas.fill(x, at.y, 1, '?', Slot::Unknown),
            Bar::Eighths(n) => canvas.fill(x, at.y, 1, EIGHTHS[usize::from(n)], ink),
        }
    }
}

/// A danger environment in capitals.
fn environment(row: &FleetRow) -> String {
    match row.tone {
        Tone::Danger => row.environment.to_uppercase(),
        _ => row.environment.clone(),
    }
}

/// The verdict in a few words, with its age where that is the point.
fn words(state: &RowState) -> String {
    match state.age_ms {
        Some(ms) => format!("{} {}", state.text, format::age(ms)),
        None => state.text.clone(),
    }
}

/// Why there is no row; the row below it.
fn nothing(canvas: &mut Canvas<'_>, at: Rect, scene: &Scene<'_>, fleet: &FleetView) -> u16 {
    let ui = scene.ui;
    let lines: [String; 2] = match (fleet.starting, fleet.rows.is_empty()) {
        (true, _) => ["Reading the records…".into(), String::new()],
        (_, true) => [
            "No playbook is known here.".into(),
            "Name files or folders: ripcord fleet DIR; or set `playbook_dir` in config.toml.".into(),
        ],
        _ => {
            let find = ui.find.as_ref().filter(|f| !f.is_empty());
            let find = find.map(|f| format!(", with \"{f}\" in its name")).unwrap_or_default();
            [
                format!("No row is shown ({}{find}).", ui.fleet.filter.word()),
                "F shows others, / looks for another name.".into(),
            ]
        }
    };
    for (y, line) in (at.y..).zip(&lines) {
        canvas.put(at.x + 1, y, at.width.saturating_sub(2), line, Slot::Text);
    }
    at.y + 2
}

/// In which order, what is left out, and that nothing is started from here.
fn hints(canvas: &mut Canvas<'_>, at: Rect, scene: &Scene<'_>, first: usize, rows: usize) {
    let ui = &scene.ui.fleet;
    let all = ui.order.ids().len();
    let mut right = String::new();
    if all > rows {
        right = format!("{}-{} of {all}", first + 1, (first + rows).min(all));
    }
    if ui.filter != Default::default() {
        let word = ui.filter.word();
        right = if right.is_empty() { word.into() } else { format!("{word}, {right}") };
    }
    let end = at.right().saturating_sub(1);
    let begin = canvas.right(end, at.y, at.width / 2, &right, Slot::Head);
    let order = match right.is_empty() {
        true => format!("{}; order changes only when you move or after 5 s.", ui.sort.word()),
        false => format!("{}; it stands for 5 s.", ui.sort.word()),
    };
    canvas.put(at.x + 1, at.y, begin.saturating_sub(at.x + 2), &order, Slot::Dim);
    let text = "No rollback starts from this screen: Enter opens the service first.";
    canvas.put(at.x + 1, at.y + 1, at.width.saturating_sub(2), text, Slot::Dim);
}

/// The rows alone, where there is room for nothing else.
pub fn small(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, fleet: &FleetView) {
    let ids = scene.ui.fleet.order.ids();
    let rows = area.height.saturating_sub(1).max(1) as usize;
    let first = scene.ui.fleet.place() / rows * rows;
    let head = format!(" FLEET  {} services", fleet.rows.len());
    canvas.put(area.x, area.y, area.width, &head, Slot::Head);
    for (y, row) in (area.y + 1..area.bottom()).zip(ids.iter().skip(first).filter_map(|id| fleet.row(*id))) {
        let state = row.state(&fleet.now);
        let (mark, slot) = mark(state.grade);
        if Some(row.id) == scene.ui.fleet.at {
            canvas.put(area.x, y, 1, "▸", Slot::Accent);
        }
        canvas.put(area.x + 1, y, 2, mark, slot);
        let name = format!("{} {}: {}", row.service, environment(row), words(&state));
        canvas.put(area.x + 4, y, area.width.saturating_sub(5), &name, Slot::Text);
    }
}
