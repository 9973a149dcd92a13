//! Secrets: read when they are needed, put where a template names them, and taken out of whatever is shown.

use super::attempt::Masker;
use crate::model::playbook::Secret;
use crate::model::template::Template;
use crate::model::text::clean_line;
use indexmap::IndexMap;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What this process knows of secrets: their values, and what takes them out of texts.
static GUARDED: Mutex<(BTreeMap<String, String>, Option<Masker>)> = Mutex::new((BTreeMap::new(), None));

/// Reads the secrets of a playbook, as far as this process can: from here on none of them is written by it, whoever said it.
pub fn guard(places: &IndexMap<String, Secret>) {
    let secrets = Secrets::new(places.clone());
    secrets.learn();
    let read = std::mem::take(&mut *secrets.known());
    let mut guarded = GUARDED.lock().unwrap_or_else(PoisonError::into_inner);
    // By value: two playbooks may have secrets of one name.
    guarded.0.extend(read.into_values().map(|value| (value.clone(), value)));
    guarded.1 = Masker::new(&guarded.0).ok().filter(|_| !guarded.0.is_empty());
}

fn guarding() -> Option<Masker> {
    GUARDED.lock().unwrap_or_else(PoisonError::into_inner).1.clone()
}

/// A text without the secrets that are guarded.
pub fn hidden(text: &str) -> String {
    guarding().map_or_else(|| text.to_owned(), |masker| masker.whole(text))
}

/// Fields in which people's own words stand. Names and numbers that a fold goes by are never touched: a weak secret may be a word of
/// the playbook.
const WORDS: [&str; 10] =
    ["text", "note", "reason", "why", "detail", "evidence", "input", "subject", "body", "message"];

/// What is to be written, its words without the secrets that are guarded.
pub fn hide(value: &mut serde_json::Value) {
    if let Some(masker) = guarding() {
        hide_by(&masker, value, false);
    }
}

fn hide_by(masker: &Masker, value: &mut serde_json::Value, words: bool) {
    use serde_json::Value;
    match value {
        Value::String(text) if words => *text = masker.whole(text),
        Value::Array(all) => all.iter_mut().for_each(|v| hide_by(masker, v, words)),
        Value::Object(all) => {
            all.iter_mut().for_each(|(key, v)| hide_by(masker, v, WORDS.contains(&key.as_str())));
        }
        _ => {}
    }
}

/// The secrets of a plan.
#[derive(Debug)]
pub struct Secrets {
    places: IndexMap<String, Secret>,
    /// Values read so far, to be masked.
    known: Mutex<BTreeMap<String, String>>,
}

impl Secrets {
    /// Nothing is read yet.
    pub fn new(places: IndexMap<String, Secret>) -> Secrets {
        Secrets { places, known: Mutex::default() }
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads one.
    ///
    /// # Errors
    /// Says which one, and where it was looked for.
    pub fn read(&self, name: &str) -> Result<String, String> {
        let place = self.places.get(name).ok_or_else(|| format!("there is no secret `{name}`"))?;
        let value = match place {
            Secret::Env(var) => {
                std::env::var(var).map_err(|_| format!("secret `{name}`: the variable {var} is not set"))?
            }
            Secret::File(path) => {
                let text =
                    std::fs::read_to_string(path).map_err(|e| format!("secret `{name}`: {path}: {e}"))?;
                text.strip_suffix('\n').map(|t| t.strip_suffix('\r').unwrap_or(t)).unwrap_or(&text).to_owned()
            }
        };
        let one = BTreeMap::from([(name.to_owned(), value.clone())]);
        Masker::new(&one).map_err(|e| e.to_string())?;
        self.known().insert(name.to_owned(), value.clone());
        Ok(value)
    }

    /// A template with its secrets filled in.
    ///
    /// # Errors
    /// A secret that cannot be read.
    pub fn fill(&self, t: &Template) -> Result<String, String> {
        self.fill_with(t, &|value| value)
    }

    /// The same, each secret passed through `way` on its way into the text.
    ///
    /// # Errors
    /// A secret that cannot be read.
    pub fn fill_with(&self, t: &Template, way: &dyn Fn(String) -> String) -> Result<String, String> {
        let mut values = BTreeMap::new();
        for name in t.names() {
            if let Some(secret) = name.strip_prefix("secret.") {
                values.insert(name.to_owned(), way(self.read(secret)?));
            }
        }
        t.fill(&|name| values.get(name).cloned()).map_err(|e| e.to_string())
    }

    /// Reads all that can be read, so that they are masked wherever they stand.
    pub fn learn(&self) {
        for name in self.places.keys() {
            let _ = self.read(name);
        }
    }

    /// A text of any length without the secrets that were read. Its controls are still in it.
    pub fn mask(&self, text: &str) -> String {
        Masker::new(&self.known()).map_or_else(|_| text.to_owned(), |masker| masker.whole(text))
    }

    /// The same for bytes that may be no text.
    pub fn mask_bytes(&self, bytes: &[u8]) -> Vec<u8> {
        let Ok(mut masker) = Masker::new(&self.known()) else { return bytes.to_vec() };
        let mut out = masker.feed(bytes);
        out.extend(masker.finish());
        out
    }

    /// Text from outside, safe to show: no secret that was read, no control characters, one line, not too long.
    pub fn safe(&self, text: &str) -> String {
        let masked = match Masker::new(&self.known()) {
            Ok(masker) => masker.whole(&clean_line(&masker.whole(text))),
            Err(_) => clean_line(text),
        };
        match masked.char_indices().nth(300) {
            Some((at, _)) => format!("{}…", &masked[..at]),
            None => masked,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> (tempfile::NamedTempFile, Secrets) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let place = Secret::File(file.path().to_string_lossy().into_owned());
        (file, Secrets::new([("token".to_owned(), place)].into_iter().collect()))
    }

    #[test]
    fn a_secret_goes_where_it_is_named_and_is_never_shown() {
        let (_file, secrets) = file("hunter22\n");
        let filled = secrets.fill(&Template::from("Bearer {{ secret.token }}")).unwrap();
        assert_eq!(filled, "Bearer hunter22");
        assert_eq!(secrets.safe("401 for \x1b[31mhunter22\n"), "401 for [masked] ");
    }

    #[test]
    fn what_people_write_holds_no_guarded_secret() {
        let (_file, secrets) = file("a guarded value\n");
        guard(&secrets.places);
        let mut note = serde_json::json!({
            "note": "it says: a guarded value", "id": "a guarded value",
            "who": { "reason": ["YSBndWFyZGVkIHZhbHVl", 7] }, "body": "?k=a%20guarded%20value",
        });
        hide(&mut note);
        assert_eq!(
            note,
            serde_json::json!({
                "note": "it says: [masked]", "id": "a guarded value", "who": { "reason": ["[masked]", 7] }, "body": "?k=[masked]",
            })
        );
        assert_eq!(hidden("a guarded value!"), "[masked]!");
    }

    #[test]
    fn a_missing_or_short_secret_is_named_and_its_value_is_not() {
        let (_file, secrets) = file("abc\n");
        let e = secrets.fill(&Template::from("{{ secret.token }}")).unwrap_err();
        assert!(e.contains("token") && !e.contains("abc"), "{e}");
        let e = secrets.fill(&Template::from("{{ secret.other }}")).unwrap_err();
        assert!(e.contains("other"), "{e}");
    }
}
