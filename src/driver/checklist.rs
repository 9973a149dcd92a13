//! The checklists: ticks, what an item does itself, what is done without.

use super::follow::Look;
use super::{Driver, News, Setup};
use crate::clock;
use crate::model::playbook::{Item, ItemDoes};
use crate::model::text::clean_line;
use crate::model::time::{Deadline, Millis};
use crate::session::decision::{Kind, Rules};
use crate::supervisor::deed::{Came, Deed};
use crate::supervisor::person::person;
use crate::supervisor::{self, baseline, decisions};
use std::collections::HashMap;
use tokio::sync::oneshot;

/// Milliseconds that capturing what is normal may take.
const MARK: Millis = 60_000;

/// What this screen has set off and may stop: by checklist and item.
pub(super) type Deeds = HashMap<(String, usize), oneshot::Sender<()>>;

/// Sets off what an item does itself, and waits for what comes of it: both are on record. `stop` ends it before its time.
///
/// # Errors
/// In words: it does nothing itself, somebody else has set it off, or the log cannot be written.
pub async fn carry_out(
    setup: &Setup,
    checklist: &str,
    item: usize,
    stop: impl Future<Output = ()>,
) -> Result<Came, String> {
    let found = find(setup, checklist, item).ok_or_else(|| format!("{checklist} has no item {item}"))?;
    let context = supervisor::context("item", "", None, &setup.hash, &setup.folder);
    let (id, text) = (context.id.clone(), clean_line(&found.text));
    let (deed, what, over) = match &found.does {
        Some(ItemDoes::Mark(name)) => (None, format!("marks {name}"), MARK),
        _ => {
            let (of, list) = (setup.clone(), checklist.to_owned());
            let drawn = tokio::task::spawn_blocking(move || {
                Deed::of(&of.playbook, &of.environment, context, &list, item)
            });
            let deed = drawn.await.map_err(|e| e.to_string())??;
            let (what, over) = (deed.what(), deed.over_in());
            (Some(deed), what, over)
        }
    };
    let who = person();
    let of = checklist.to_owned();
    put(
        setup,
        Kind::ItemBegan {
            checklist: of.clone(),
            item,
            text,
            deed: id.clone(),
            what: what.chars().take(1000).collect(),
            until: Deadline::after(&clock::now(), over),
            who: who.clone(),
        },
    )
    .await?;
    let began = clock::now();
    let doing = async {
        match (deed, &found.does) {
            (Some(deed), _) => deed.perform().await,
            (None, Some(ItemDoes::Mark(name))) => mark(setup, name).await,
            (None, _) => Came { ok: false, detail: "it does nothing itself".into(), took: 0 },
        }
    };
    let came = tokio::select! {
        came = doing => came,
        () = stop => {
            let took = clock::now().boot.saturating_sub(began.boot);
            Came { ok: false, detail: format!("stopped by {}", clean_line(&who.user)), took }
        }
    };
    let (ok, detail, took) = (came.ok, came.detail.clone(), came.took);
    put(setup, Kind::ItemEnded { checklist: of, item, deed: id, ok, detail, took, who }).await?;
    Ok(came)
}

/// Captures what is normal now, under a name.
async fn mark(setup: &Setup, name: &str) -> Came {
    let began = clock::now();
    let values =
        baseline::capture(&setup.playbook, &setup.environment, &setup.folder, name, began.wall).await;
    let (known, all) = (values.values().filter(|v| v.is_ok()).count(), values.len());
    let marked = Kind::Marked { mark: name.to_owned(), at: began.wall, values, who: person() };
    let written = put(setup, marked).await;
    let took = clock::now().boot.saturating_sub(began.boot);
    match written {
        Ok(()) if known > 0 || all == 0 => {
            Came { ok: true, detail: format!("{name}: {known} of {all} signals captured"), took }
        }
        Ok(()) => Came { ok: false, detail: format!("{name}: nothing is known of its {all} signals"), took },
        Err(why) => Came { ok: false, detail: why, took },
    }
}

async fn put(setup: &Setup, kind: Kind) -> Result<(), String> {
    let (folder, rules) = (setup.folder.clone(), Rules::of(&setup.playbook, &setup.environment));
    let put = tokio::task::spawn_blocking(move || decisions::append(&folder, &rules, &kind));
    match put.await.map_err(|e| e.to_string())? {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(why)) => Err(clean_line(&why)),
        Err(e) => Err(clean_line(&e.to_string())),
    }
}

fn find<'s>(setup: &'s Setup, checklist: &str, item: usize) -> Option<&'s Item> {
    setup.playbook.checklists.get(checklist)?.items.get(item.checked_sub(1)?)
}

impl Driver {
    /// Sets it off, or stops it where this screen has.
    pub(super) fn do_item(&mut self, checklist: String, item: usize) {
        let at = (checklist.clone(), item);
        self.deeds.retain(|_, stop| !stop.is_closed());
        if let Some(stop) = self.deeds.remove(&at) {
            let _ = stop.send(());
            return;
        }
        let (stop, stopped) = oneshot::channel::<()>();
        self.deeds.insert(at, stop);
        let (setup, tell, turn) = (self.setup.clone(), self.tell.clone(), self.turn.clone());
        tokio::spawn(async move {
            // The screen that set it off has gone: so it ends.
            let done = carry_out(&setup, &checklist, item, async { drop(stopped.await) }).await;
            let _ = turn.send(Look::Now);
            let _ = tell.send(News::Asked(done.map(drop))).await;
        });
    }
}
