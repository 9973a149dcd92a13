//! Texts of the playbooks that this process has read, by their hash: the one by which a run is confirmed is kept with it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// Texts that are kept, the newest ones.
const MOST: usize = 16;

static TEXTS: Mutex<VecDeque<(String, Arc<str>)>> = Mutex::new(VecDeque::new());

/// Keeps a text.
pub(super) fn remember(hash: &str, text: &str) {
    let mut texts = TEXTS.lock().unwrap_or_else(PoisonError::into_inner);
    texts.retain(|(other, _)| other != hash);
    texts.push_back((hash.to_owned(), text.into()));
    if texts.len() > MOST {
        texts.pop_front();
    }
}

/// The text of this hash, where this process has read it.
pub fn text(hash: &str) -> Option<Arc<str>> {
    let texts = TEXTS.lock().unwrap_or_else(PoisonError::into_inner);
    texts.iter().find(|(other, _)| other == hash).map(|(_, text)| text.clone())
}
