//! What templates of sources may name: variables, the service, secrets. Secrets are read when they are needed and
//! masked in everything that leaves.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use indexmap::IndexMap;

use crate::model::playbook::{Playbook, Secret};
use crate::model::template::Template;

/// Names with a value in one environment.
#[derive(Debug)]
pub(super) struct Names {
    values: HashMap<String, String>,
    secrets: IndexMap<String, Secret>,
    /// Secret values handed out so far.
    used: Mutex<BTreeSet<String>>,
}

impl Names {
    pub(super) fn of(playbook: &Playbook, environment: &str) -> Names {
        let own = playbook.environments.get(environment).map(|e| &e.vars);
        let vars = playbook.vars.iter().chain(own.into_iter().flatten());
        let mut values: HashMap<String, String> = vars.map(|(n, v)| (n.clone(), v.clone())).collect();
        values.insert("environment".into(), environment.into());
        values.insert("service.name".into(), playbook.service.name.clone());
        values.insert("service.title".into(), playbook.service.title.clone());
        Names { values, secrets: playbook.secrets.clone(), used: Mutex::default() }
    }

    /// Fills a template, or says what is missing.
    pub(super) fn fill(&self, template: &Template) -> Result<String, String> {
        let missing = RefCell::new(None);
        let value = |name: &str| match name.strip_prefix("secret.") {
            None => self.values.get(name).cloned(),
            Some(secret) => self.secret(secret).map_err(|why| missing.replace(Some(why))).ok(),
        };
        template.fill(&value).map_err(|e| missing.take().unwrap_or_else(|| format!("`{template}`: {e}")))
    }

    fn secret(&self, name: &str) -> Result<String, String> {
        let value = match self.secrets.get(name).ok_or_else(|| format!("no secret is named `{name}`"))? {
            Secret::Env(var) => std::env::var(var)
                .map_err(|_| format!("secret `{name}`: the environment variable {var} is not set"))?,
            Secret::File(path) => std::fs::read_to_string(path)
                .map_err(|e| format!("secret `{name}`: {path}: {e}"))?
                .trim_end_matches(['\r', '\n'])
                .to_owned(),
        };
        if value.is_empty() {
            return Err(format!("secret `{name}` is empty"));
        }
        self.used.lock().unwrap_or_else(PoisonError::into_inner).insert(value.clone());
        Ok(value)
    }

    /// The text with every secret handed out so far replaced.
    pub(super) fn mask(&self, mut text: String) -> String {
        for secret in &*self.used.lock().unwrap_or_else(PoisonError::into_inner) {
            if text.contains(secret) {
                text = text.replace(secret, "•••");
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::playbook::Environment;

    fn names() -> Names {
        let mut playbook = Playbook::default();
        playbook.service.name = "shop".into();
        playbook.vars.insert("url".into(), "http://a".into());
        playbook.vars.insert("zone".into(), "one".into());
        let mut production = Environment::default();
        production.vars.insert("url".into(), "http://b".into());
        playbook.environments.insert("production".into(), production);
        playbook.secrets.insert("home".into(), Secret::Env("CARGO_MANIFEST_DIR".into()));
        playbook.secrets.insert("gone".into(), Secret::Env("RIPCORD_NO_SUCH_VARIABLE".into()));
        playbook.secrets.insert("nofile".into(), Secret::File("/no/such/file".into()));
        Names::of(&playbook, "production")
    }

    #[test]
    fn the_environment_wins_and_what_is_missing_is_named() {
        let n = names();
        let fill = |t: &str| n.fill(&Template::from(t));
        assert_eq!(
            fill("{{ url }}/{{ zone }}/{{ service.name }}/{{ environment }}").unwrap(),
            "http://b/one/shop/production"
        );
        assert!(fill("{{ nothing }}").unwrap_err().contains("`nothing`"));
        assert!(fill("{{ secret.gone }}").unwrap_err().contains("RIPCORD_NO_SUCH_VARIABLE is not set"));
        assert!(fill("{{ secret.nofile }}").unwrap_err().contains("/no/such/file"));
        assert!(fill("{{ secret.other }}").unwrap_err().contains("no secret is named `other`"));
    }

    #[test]
    fn a_secret_that_was_handed_out_is_masked() {
        let n = names();
        let home = n.fill(&Template::from("{{ secret.home }}")).unwrap();
        assert_eq!(n.mask(format!("refused {home}!")), "refused •••!");
    }
}
