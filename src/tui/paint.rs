//! One frame: banner, verdict, the screen, the dialog on top, the keys. And when the next frame would differ.

use super::canvas::Canvas;
use super::dialog::{self, Dialog};
use super::format;
use super::glyphs::Glyphs;
use super::panels::chart::Places;
use super::panels::{banner, foot, run_line, verdict};
use super::screens;
use super::theme::{Slot, Theme};
use super::ui::charts::column;
use super::ui::{Screen, Ui};
use crate::model::time::Now;
use crate::run::record::Answer;
use crate::session::view::guide::{ListState, ProbeState, RungState};
use crate::session::view::{
    ChartColumn, Curve, Freshness, Gravity, Level, Notice, SignalView, TriggerState, View, Watch,
};
use ratatui::Frame;
use ratatui::layout::Rect;

/// Columns of a chart: curve, window in milliseconds, number of columns. Their borders are whole multiples of their
/// width on the boot clock, the newest is last, and `None` is a hole.
pub type Charts<'a> = &'a dyn Fn(Curve<'_>, u64, usize) -> Vec<Option<ChartColumn>>;

/// Milliseconds after which the fleet is looked at anew, though nothing was read.
const FLEET_MS: u64 = 5_000;

/// No text on a screen has more rows.
pub const LONGEST_TEXT: usize = 2000;

/// What a panel may look at.
pub struct Scene<'a> {
    /// What is known.
    pub view: &'a View,
    /// Where one is.
    pub ui: &'a Ui,
    charts: Charts<'a>,
}

impl<'a> Scene<'a> {
    /// A scene of a view.
    pub fn new(view: &'a View, ui: &'a Ui, charts: Charts<'a>) -> Self {
        Scene { view, ui, charts }
    }

    /// The moment at the right end of the charts.
    pub fn charts_end(&self) -> &Now {
        self.ui.freeze.as_ref().map_or(&self.view.now, |f| &f.at)
    }

    /// Columns of a chart, those that were kept while the charts are held still.
    pub fn columns(&self, signal: &str, columns: usize) -> Vec<Option<ChartColumn>> {
        self.columns_of_series(signal, None, columns)
    }

    /// The same of one series.
    pub fn columns_of_series(
        &self,
        signal: &str,
        series: Option<&str>,
        columns: usize,
    ) -> Vec<Option<ChartColumn>> {
        let (window, curve) = (self.ui.window(), Curve { signal, series });
        let mut out = match &self.ui.freeze {
            Some(freeze) => freeze.columns(curve, window, columns, self.charts),
            None => (self.charts)(curve, window, columns),
        };
        out.resize(columns, None);
        out
    }

    /// Where the columns of a chart stand.
    pub fn places(&self, columns: usize) -> Places {
        match self.ui.charts.sweep {
            true => Places::swept(columns, self.charts_end(), self.ui.window()),
            false => Places::aligned(columns),
        }
    }

    /// The moment at which everything is read, while the cursor in time is on.
    pub fn cursor(&self) -> Option<i64> {
        self.ui.charts.at.filter(|_| matches!(self.ui.screen, Screen::Overview | Screen::Signal))
    }

    /// The column of the cursor in time.
    pub fn cursor_column(&self, columns: usize) -> Option<usize> {
        column(self.cursor()?, self.charts_end(), self.ui.window(), columns)
    }

    /// Whether the cursor in time is marked below this chart: below one of them is enough, that of the signal one is at.
    pub fn marks_cursor(&self, s: &SignalView) -> bool {
        let all = &self.view.signals;
        let at = all.get(self.ui.signal).filter(|s| s.panel || self.ui.screen == Screen::Signal);
        at.or(all.iter().find(|s| s.panel)).is_some_and(|at| at.id == s.id)
    }

    /// Whether this section of the overview, from 0, has the focus.
    pub fn focus(&self, section: usize) -> bool {
        self.ui.screen == Screen::Overview && self.ui.section == section
    }

    /// Whether something runs against a clock: then seconds are shown.
    pub fn ticks(&self) -> bool {
        ticks(self.view)
    }
}

fn ticks(view: &View) -> bool {
    view.verdict.clock_ms.is_some()
        || view.acts.is_some()
        || view.decisions.iter().any(|d| d.decide_ms.or(d.default_ms).is_some())
        || view.notices.iter().any(|n| matches!(n, Notice::Silent { .. } | Notice::Overdue { .. }))
        || view.draft.is_some()
        || view.tried.as_ref().is_some_and(|t| t.running)
        || view.run.as_ref().is_some_and(run_line::is_live)
        || view.triggers.iter().any(|t| matches!(t.state, TriggerState::Pending { .. }))
        || view.troubles.iter().any(|t| t.on_ms.is_some())
        || view.fleet.as_ref().is_some_and(|f| f.ticks())
}

/// Draws everything there is to see. Whatever the size: nothing panics, nothing is written outside.
pub fn draw(frame: &mut Frame<'_>, ui: &Ui, view: &View, theme: &Theme, glyphs: &Glyphs, charts: Charts<'_>) {
    let mut canvas = Canvas::new(frame.buffer_mut(), theme, glyphs);
    canvas.simulated = view.simulated();
    let all = canvas.area();
    canvas.clear(all);
    let scene = Scene::new(view, ui, charts);
    let fleet = view.fleet.as_ref().filter(|_| ui.screen == Screen::Fleet || view.service.is_empty());
    if all.width < 60 || all.height < 16 {
        if let Some(fleet) = fleet {
            screens::fleet::small(&mut canvas, all, &scene, fleet);
            return;
        }
        screens::small::draw(&mut canvas, all, &scene);
        return;
    }
    let row = |y: u16, height: u16| Rect { x: all.x, y: all.y + y, width: all.width, height };
    let body = row(2, all.height - 3);
    if let Some(fleet) = fleet {
        screens::fleet::head(&mut canvas, row(0, 2), &scene, fleet);
    } else {
        service_head(&mut canvas, row(0, 2), &scene);
    }
    match ui.screen {
        Screen::Overview => screens::overview::draw(&mut canvas, body, &scene),
        Screen::Signal => screens::signal::draw(&mut canvas, body, &scene),
        Screen::Checklist => screens::checklist::draw(&mut canvas, body, &scene),
        Screen::Guide => screens::guide::draw(&mut canvas, body, &scene),
        Screen::Fleet => screens::fleet::draw(&mut canvas, body, &scene),
        Screen::Drill => screens::drill::draw(&mut canvas, body, &scene),
        Screen::Logs => screens::logs::draw(&mut canvas, body, &scene),
        Screen::Procedures => screens::procedures::draw(&mut canvas, body, &scene),
        Screen::Run => screens::run::draw(&mut canvas, body, &scene),
        Screen::Timeline => screens::timeline::draw(&mut canvas, body, &scene),
        Screen::Emergency => screens::emergency::draw(&mut canvas, body, &scene),
        Screen::Why => screens::why::draw(&mut canvas, body, &scene),
        Screen::Help => screens::help::draw(&mut canvas, body, &scene),
    }
    match ui.dialog() {
        Some(Dialog::Confirm(d)) => dialog::confirm::draw(&mut canvas, body, &scene, d),
        Some(Dialog::Question(d)) => dialog::question::draw(&mut canvas, body, &scene, d),
        Some(Dialog::Outcome(d)) => dialog::outcome::draw(&mut canvas, body, &scene, d),
        Some(Dialog::Refused(d)) => dialog::refused::draw(&mut canvas, body, &scene, d),
        Some(Dialog::Picker(d)) => dialog::picker::draw(&mut canvas, body, &scene, d),
        Some(Dialog::Ask(d)) => dialog::ask::draw(&mut canvas, body, &scene, d),
        Some(Dialog::Approve(d)) => dialog::approve::draw(&mut canvas, body, &scene, d),
        Some(Dialog::Unverified(_)) => dialog::unverified::draw(&mut canvas, body, &scene),
        Some(Dialog::Decide(clock)) => dialog::decide::draw(&mut canvas, body, &scene, clock),
        Some(Dialog::Read(d)) => dialog::read::draw(&mut canvas, body, &scene, d),
        Some(Dialog::Text(d)) => dialog::text::draw(&mut canvas, body, d),
        Some(Dialog::Other(d)) => dialog::other::draw(&mut canvas, body, &scene, d),
        Some(Dialog::Arm(d)) => dialog::arm::draw(&mut canvas, body, &scene, d),
        Some(Dialog::Locked(d)) => dialog::locked::draw(&mut canvas, body, &scene, d),
        Some(Dialog::Palette(d)) => dialog::palette::draw(&mut canvas, body, d),
        Some(Dialog::Export) => dialog::export::draw(&mut canvas, body, &scene),
        Some(Dialog::Incident) => dialog::incident::draw(&mut canvas, body, &scene),
        Some(Dialog::Messages(d)) => dialog::messages::draw(&mut canvas, body, &scene, d),
        Some(Dialog::Chaos) => dialog::chaos::draw(&mut canvas, body, &scene),
        // It is drawn at the foot.
        Some(Dialog::Find(_)) | None => {}
    }
    foot::draw(&mut canvas, row(all.height - 1, 1), &scene);
}

/// Rows 1 and 2 on the screens of a service: where one is, and its verdict, or its run.
fn service_head(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let (view, ui) = (scene.view, scene.ui);
    let row = |y: u16| Rect { y: area.y + y, height: 1, ..area };
    banner::draw(canvas, row(0), scene);
    match &view.run {
        Some(run)
            if ui.screen == Screen::Run || (ui.screen != Screen::Overview && run_line::is_live(run)) =>
        {
            run_line::draw(canvas, row(1), scene, run);
        }
        _ => verdict::draw(canvas, row(1), scene),
    }
}

/// Milliseconds until a frame of the same view, only older, would look different: the loop need not wake before,
/// unless something happens.
pub fn next_visible_change(view: &View) -> u64 {
    let wall = view.now.wall.rem_euclid(60_000) as u64;
    if ticks(view) {
        return 1000 - wall % 1000;
    }
    let mut next = 60_000 - wall;
    if view.fleet.is_some() {
        // Its rows are put in order anew, and what is not read any more is called so.
        next = next.min(FLEET_MS);
    }
    let mut ages = Vec::new();
    match view.verdict.gravity {
        Gravity::Ok => next = next.min(60_000 - view.verdict.for_ms % 60_000),
        _ => ages.push(view.verdict.for_ms),
    }
    if let Watch::Silent { for_ms, .. } = view.watch {
        ages.push(for_ms);
    }
    if let Freshness::Late(ms) | Freshness::Lost(ms) = view.freshness {
        ages.push(ms);
    }
    for s in &view.signals {
        match s.level {
            Level::Stale => ages.extend(s.age_ms),
            Level::Warn | Level::Critical => ages.push(s.level_for_ms),
            Level::Ok | Level::Unknown => {}
        }
        // It turns stale by itself.
        if let Some(age) = s.age_ms.filter(|age| *age <= s.stale_after_ms) {
            next = next.min(s.stale_after_ms - age + 1);
        }
    }
    for p in &view.book.probes {
        match &p.state {
            ProbeState::Running(_) => next = next.min(1000 - wall % 1000),
            ProbeState::Ended { ago_ms, .. } | ProbeState::Failed { ago_ms, .. } => ages.push(*ago_ms),
        }
    }
    for list in &view.book.backups {
        match &list.state {
            ListState::NotAsked => {}
            ListState::Asking(_) => next = next.min(1000 - wall % 1000),
            ListState::Listed { ago_ms, .. } | ListState::Failed { ago_ms, .. } => ages.push(*ago_ms),
        }
    }
    for rung in &view.book.ladder {
        match rung.state {
            RungState::Ahead(_) | RungState::Held(_) => next = next.min(1000 - wall % 1000),
            RungState::Reached(ms) => ages.push(ms),
            RungState::Idle | RungState::Told(_) | RungState::NotFor | RungState::Waits => {}
        }
    }
    ages.extend(view.book.call.and_then(|c| c.due_ms));
    ages.extend(view.severities.iter().filter_map(|s| s.for_ms));
    ages.extend(view.triggers.iter().filter_map(|t| match t.state {
        TriggerState::Firing { since } => Some(since),
        _ => None,
    }));
    ages.into_iter().map(format::until_older).fold(next, u64::min).max(1)
}

/// The two-cell mark of an answer, and its colour.
pub fn answer(answer: Answer) -> (&'static str, Slot) {
    match answer {
        Answer::Holds => ("✓ ", Slot::Ok),
        Answer::Fails => ("!!", Slot::Critical),
        Answer::Blind => ("? ", Slot::Unknown),
    }
}

/// The two-cell mark of a level, and its colour.
pub fn mark(level: Level) -> (&'static str, Slot) {
    match level {
        Level::Unknown => ("? ", Slot::Unknown),
        Level::Stale => ("~ ", Slot::Stale),
        Level::Ok => ("✓ ", Slot::Ok),
        Level::Warn => ("! ", Slot::Warn),
        Level::Critical => ("!!", Slot::Critical),
    }
}
