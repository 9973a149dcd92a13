//! What people said of a clock: whose word counts, and when they have agreed.

use super::record::Choice;
use super::{Clock, Word};
use crate::model::text::clean_line;
use crate::run::plan::{Person, RoleFacts};

impl Clock {
    /// What was decided, once every role that must agree has said the same, each by another person. Where no role is named,
    /// the last word decides. An extension decides nothing.
    pub fn agreed(&self) -> Option<&Choice> {
        let mut words = self.last_words();
        words.reverse();
        words
            .iter()
            .map(|w| &w.choice)
            .find(|c| !matches!(c, Choice::Extend(_)) && self.lacking(c).is_empty())
    }

    /// Titles of the roles that have not said this yet; none: it is decided. Nobody's word: all of them.
    pub fn lacking(&self, choice: &Choice) -> Vec<String> {
        let words: Vec<&Word> =
            self.last_words().into_iter().filter(|w| same_choice(&w.choice, choice)).collect();
        if self.roles.is_empty() {
            return if words.is_empty() { vec!["anybody".to_owned()] } else { Vec::new() };
        }
        // Which word speaks for which role: the largest matching, so that two people with the same two roles are enough.
        let mut speaks: Vec<Option<usize>> = vec![None; words.len()];
        let mut lacking = Vec::new();
        for role in 0..self.roles.len() {
            if !self.give(role, &words, &mut speaks, &mut vec![false; words.len()]) {
                lacking.push(clean_line(&self.roles[role].title));
            }
        }
        lacking
    }

    /// Finds a word for a role, asking others to speak for another role where that helps.
    fn give(&self, role: usize, words: &[&Word], speaks: &mut [Option<usize>], seen: &mut [bool]) -> bool {
        for (i, word) in words.iter().enumerate() {
            if seen[i] || !word.roles.contains(&self.roles[role].id) {
                continue;
            }
            seen[i] = true;
            if speaks[i].is_none_or(|other| self.give(other, words, speaks, seen)) {
                speaks[i] = Some(role);
                return true;
            }
        }
        false
    }

    /// Each person's last word, oldest first. Accounts that may be one person's are one person.
    fn last_words(&self) -> Vec<&Word> {
        let mut out: Vec<&Word> = Vec::new();
        for word in self.said.iter().filter(|w| !matches!(w.choice, Choice::Extend(_))) {
            out.retain(|w| !same_person(&w.who, &word.who));
            out.push(word);
        }
        out
    }

    /// Whether this person's word counts here, who has these roles.
    ///
    /// # Errors
    /// In words: why it does not.
    pub fn counts(&self, who: &Person, roles: &[String]) -> Result<(), String> {
        if self.roles.is_empty() {
            return Ok(());
        }
        if who.uid == 0 || who.login_uid == Some(0) {
            return Err("root can be anybody, so root's word does not count where roles decide".to_owned());
        }
        if self.roles.iter().any(|r| roles.contains(&r.id)) {
            return Ok(());
        }
        let may = self.roles.iter().map(members).collect::<Vec<_>>().join(" and ");
        Err(clean_line(&format!("{} is none of: {may}", who.user)))
    }
}

/// Whether two choices come to the same; which run somebody has confirmed does not matter.
pub(super) fn same_choice(a: &Choice, b: &Choice) -> bool {
    match (a, b) {
        (Choice::RollBack { procedure: a, .. }, Choice::RollBack { procedure: b, .. }) => a == b,
        _ => a == b,
    }
}

/// Whether two accounts may be one person's: the same account, or the same login behind both.
pub(super) fn same_person(a: &Person, b: &Person) -> bool {
    let login = |p: &Person| p.login_uid.unwrap_or(p.uid);
    a.uid == b.uid || login(a) == login(b)
}

fn members(role: &RoleFacts) -> String {
    let groups = role.groups.iter().map(|g| format!("group {g}"));
    let members: Vec<String> = role.users.iter().cloned().chain(groups).collect();
    match members.is_empty() {
        true => format!("{} (nobody is named)", role.title),
        false => format!("{} ({})", role.title, members.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Now;

    fn person(user: &str, uid: u32) -> Person {
        Person { user: user.into(), uid, login_uid: Some(uid), ..Person::default() }
    }

    fn role(id: &str, users: &[&str]) -> RoleFacts {
        let users = users.iter().map(|u| (*u).to_owned()).collect();
        RoleFacts { id: id.into(), title: id.to_uppercase(), users, ..RoleFacts::default() }
    }

    fn clock(roles: Vec<RoleFacts>) -> Clock {
        Clock { roles, ..Clock::default() }
    }

    fn say(clock: &mut Clock, who: Person, roles: &[&str], choice: Choice) {
        let roles = roles.iter().map(|r| (*r).to_owned()).collect();
        clock.said.push(Word { choice, who, roles, reason: "r".into(), at: Now::default() });
    }

    fn back(procedure: &str) -> Choice {
        Choice::RollBack { procedure: procedure.into(), run: None }
    }

    #[test]
    fn without_roles_anybody_decides_and_extending_decides_nothing() {
        let mut c = clock(Vec::new());
        assert_eq!(c.agreed(), None);
        assert_eq!(c.lacking(&Choice::Hold), ["anybody"]);
        say(&mut c, person("ana", 1), &[], Choice::Extend(300_000));
        assert_eq!(c.agreed(), None);
        say(&mut c, person("ana", 1), &[], Choice::Hold);
        assert_eq!(c.agreed(), Some(&Choice::Hold));
        assert!(c.counts(&person("root", 0), &[]).is_ok(), "nobody in particular is asked");
    }

    #[test]
    fn two_roles_need_two_people_who_say_the_same() {
        let mut c = clock(vec![role("qa", &["ana"]), role("lead", &["ben"])]);
        say(&mut c, person("ana", 1), &["qa", "lead"], back("config"));
        assert_eq!(c.lacking(&back("config")), ["LEAD"], "one person speaks once");
        say(&mut c, person("ben", 2), &["qa"], Choice::Hold);
        assert_eq!(c.agreed(), None);
        say(&mut c, person("ben", 2), &["qa"], back("binary"));
        assert_eq!(c.agreed(), None, "another procedure is another choice");
        say(&mut c, person("ben", 2), &["qa"], back("config"));
        assert_eq!(c.agreed(), Some(&back("config")), "ana speaks for the lead, ben for QA");
        say(&mut c, person("ana", 1), &["qa", "lead"], Choice::Hold);
        assert_eq!(c.agreed(), None, "the last word of each counts");
    }

    #[test]
    fn sudo_and_shared_accounts_make_nobody_a_second_person() {
        let mut c = clock(vec![role("qa", &[]), role("lead", &[])]);
        say(&mut c, person("ana", 1), &["qa"], Choice::Hold);
        say(&mut c, Person { login_uid: Some(1), ..person("ben", 2) }, &["lead"], Choice::Hold);
        assert_eq!(c.agreed(), None);
        assert_eq!(c.lacking(&Choice::Hold), ["QA"], "it is one person, who spoke last as ben");
        say(&mut c, person("eva", 3), &["qa"], Choice::Hold);
        assert_eq!(c.agreed(), Some(&Choice::Hold));
    }

    #[test]
    fn a_word_counts_by_its_role_and_roots_never_does() {
        let c = clock(vec![role("qa", &["ana"]), role("lead", &["ben"])]);
        assert!(c.counts(&person("ana", 1), &["qa".into()]).is_ok());
        let why = c.counts(&person("tom", 3), &["ops".into()]).unwrap_err();
        assert_eq!(why, "tom is none of: QA (ana) and LEAD (ben)");
        for root in [person("root", 0), Person { login_uid: Some(0), ..person("ana", 1) }] {
            assert!(c.counts(&root, &["qa".into()]).unwrap_err().contains("root"));
        }
    }
}
