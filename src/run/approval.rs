//! Who may agree with a plan, whose word counts, and what is still missing. A second person is another owner of files
//! with another login, never root; where that cannot be proved, it does not count.

use super::plan::{Approval, Person, Plan, RoleFacts};
use super::record::Kind;
use crate::model::record::Record;
use crate::model::text::clean_line;

/// A word that counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// Who gave it.
    pub who: Person,
    /// Ids of the asked roles that it gives.
    pub roles: Vec<String>,
    /// Who they said they are, where the playbook takes that.
    pub asserted: Option<String>,
}

/// The words that counted, of a journal.
pub fn given(records: &[Record]) -> Vec<Given> {
    let one = |kind| match kind {
        Kind::Approved { who, roles, asserted } => Some(Given { who, roles, asserted }),
        _ => None,
    };
    records.iter().filter(|r| r.kind == "Approved").filter_map(|r| one(Kind::read(r).ok()?)).collect()
}

/// Which of the asked roles this person's word gives. `roles` are ids of those they have, `asserted` is who they say they
/// are (only looked at on an account that somebody has used already for this run).
///
/// # Errors
/// In words: why it does not count.
pub fn counts(
    plan: &Plan,
    given: &[Given],
    who: &Person,
    roles: &[String],
    asserted: Option<&str>,
) -> Result<Vec<String>, String> {
    let Some(asked) = &plan.approval else { return Err("nobody has to agree with this run".to_owned()) };
    if who.uid == 0 || who.login_uid == Some(0) {
        return Err("root can be anybody, so root is never the second person".to_owned());
    }
    let name = asserted.map(clean_line).filter(|name| !name.trim().is_empty());
    if name.is_none() || who.uid != plan.who.uid || !asked.trust_asserted_names {
        another(plan, asked, who)?;
    } else if is_name(name.as_deref(), &plan.who.user) {
        return Err(format!("{} is the account that asked: say who you are", plan.who.user));
    }
    let theirs: Vec<String> =
        asked.roles.iter().map(|r| &r.id).filter(|id| roles.contains(id)).cloned().collect();
    if theirs.is_empty() && !asked.roles.is_empty() {
        return Err(format!("{} is none of: {}", shown(who, name.as_deref()), who_may(asked)));
    }
    if complete(plan, given) {
        return Err("everything that was asked is given already".to_owned());
    }
    let before: Vec<&Given> = given
        .iter()
        .filter(|g| same(asked, (&g.who, g.asserted.as_deref()), (who, name.as_deref())))
        .collect();
    if before.is_empty() {
        return Ok(theirs);
    }
    let more: Vec<String> =
        theirs.into_iter().filter(|r| before.iter().all(|g| !g.roles.contains(r))).collect();
    match more.is_empty() {
        false => Ok(more),
        true if before.iter().any(|g| g.who.uid != who.uid) => {
            Err(format!("you agreed already as {}: one person counts once", before[0].who.user))
        }
        true if before.iter().any(|g| g.asserted.is_some()) || name.is_some() => {
            Err(format!("{} agreed already", shown(who, name.as_deref())))
        }
        true => Err(format!("the account {} agreed already: one person counts once", who.user)),
    }
}

/// Whether every asked role is given, by enough different people.
pub fn complete(plan: &Plan, given: &[Given]) -> bool {
    missing(plan, given).is_none()
}

/// What is still missing, in words: `Engineering lead`, `1 more person`. `None` when nothing is.
pub fn missing(plan: &Plan, given: &[Given]) -> Option<String> {
    let asked = plan.approval.as_ref()?;
    let by_asker = asker_roles(plan, asked);
    let mut lacking: Vec<String> = asked
        .roles
        .iter()
        .filter(|r| !by_asker.contains(&&r.id) && given.iter().all(|g| !g.roles.contains(&r.id)))
        .map(|r| clean_line(&r.title))
        .collect();
    let asker = usize::from(asked.asker_counts && (asked.roles.is_empty() || !by_asker.is_empty()));
    let people = asked.people.saturating_sub(people(asked, given) + asker);
    if people > lacking.len() {
        let more = people - lacking.len();
        lacking.push(format!("{more} more {}", if more == 1 { "person" } else { "people" }));
    }
    (!lacking.is_empty()).then(|| lacking.join(", "))
}

/// Who may agree, in words: `Engineering lead (lea, tomas, group eng-leads)`.
pub fn who_may(asked: &Approval) -> String {
    if asked.roles.is_empty() {
        return "anybody else".to_owned();
    }
    let one = |r: &RoleFacts| {
        let groups = r.groups.iter().map(|g| format!("group {g}"));
        let members: Vec<String> = r.users.iter().cloned().chain(groups).collect();
        match members.is_empty() {
            true => format!("{} (nobody is named)", r.title),
            false => format!("{} ({})", r.title, members.join(", ")),
        }
    };
    clean_line(&asked.roles.iter().map(one).collect::<Vec<_>>().join(" and "))
}

/// The asked roles that the asker's own word gives.
fn asker_roles<'a>(plan: &'a Plan, asked: &'a Approval) -> Vec<&'a String> {
    if !asked.asker_counts {
        return Vec::new();
    }
    asked.roles.iter().map(|r| &r.id).filter(|id| plan.who_roles.contains(id)).collect()
}

/// Different people among those who agreed.
fn people(asked: &Approval, given: &[Given]) -> usize {
    let word = |g: &Given| (g.who.clone(), g.asserted.clone());
    let mut seen: Vec<(Person, Option<String>)> = Vec::new();
    for (who, name) in given.iter().map(word) {
        if !seen.iter().any(|(w, n)| same(asked, (w, n.as_deref()), (&who, name.as_deref()))) {
            seen.push((who, name));
        }
    }
    seen.len()
}

/// Whether it is somebody else than the asker.
fn another(plan: &Plan, asked: &Approval, who: &Person) -> Result<(), String> {
    let asker = &plan.who;
    if who.uid == asker.uid {
        return Err(match asked.trust_asserted_names {
            true => format!("the account {} asked for it: say who you are with --as NAME", asker.user),
            false => format!(
                "the account {} asked for it: on one account nobody can prove to be somebody else",
                asker.user
            ),
        });
    }
    match login(who) == login(asker) {
        true => Err(format!(
            "you logged in as the one who asked ({}): sudo makes nobody another person",
            asker.user
        )),
        false => Ok(()),
    }
}

/// Whether these two words may be one person's.
fn same(asked: &Approval, a: (&Person, Option<&str>), b: (&Person, Option<&str>)) -> bool {
    if a.0.uid != b.0.uid {
        return login(a.0) == login(b.0);
    }
    match (asked.trust_asserted_names, a.1, b.1) {
        (true, Some(one), other @ Some(_)) => is_name(other, one),
        _ => true,
    }
}

/// The account they came with: that of the login where it is known.
fn login(who: &Person) -> u32 {
    who.login_uid.unwrap_or(who.uid)
}

fn is_name(given: Option<&str>, name: &str) -> bool {
    given.is_some_and(|g| g.trim().to_lowercase() == name.trim().to_lowercase())
}

fn shown(who: &Person, name: Option<&str>) -> String {
    match name {
        Some(name) => format!("{name} (so they say, as {})", who.user),
        None => who.user.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(user: &str, uid: u32) -> Person {
        Person { user: user.into(), uid, login_uid: Some(uid), tty: None, ssh_key: None }
    }

    fn role(id: &str, users: &[&str]) -> RoleFacts {
        RoleFacts {
            id: id.into(),
            title: id.to_uppercase(),
            users: users.iter().map(|u| (*u).to_owned()).collect(),
            ..RoleFacts::default()
        }
    }

    /// Asked by ana; lead and qa must agree.
    fn plan() -> Plan {
        Plan {
            who: person("ana", 1000),
            who_roles: vec!["qa".into()],
            approval: Some(Approval {
                roles: vec![role("lead", &["ben"]), role("qa", &["ana", "lea"])],
                people: 1,
                within: 60_000,
                ..Approval::default()
            }),
            ..Plan::default()
        }
    }

    fn ids(roles: &[&str]) -> Vec<String> {
        roles.iter().map(|r| (*r).to_owned()).collect()
    }

    /// Whether it counts, and what was given afterwards.
    fn give(
        plan: &Plan,
        given: &mut Vec<Given>,
        who: &Person,
        roles: &[&str],
        name: Option<&str>,
    ) -> Result<Vec<String>, String> {
        let roles = counts(plan, given, who, &ids(roles), name)?;
        given.push(Given { who: who.clone(), roles: roles.clone(), asserted: name.map(str::to_owned) });
        Ok(roles)
    }

    #[test]
    fn each_role_must_be_given_by_somebody_who_has_it() {
        let (plan, mut given) = (plan(), Vec::new());
        assert_eq!(missing(&plan, &given).unwrap(), "LEAD, QA");
        let why = give(&plan, &mut given, &person("tom", 1003), &["ops"], None).unwrap_err();
        assert!(why.contains("LEAD (ben) and QA (ana, lea)"), "{why}");
        assert_eq!(give(&plan, &mut given, &person("ben", 1001), &["ops", "lead"], None).unwrap(), ["lead"]);
        assert!(!complete(&plan, &given));
        assert_eq!(give(&plan, &mut given, &person("lea", 1002), &["qa"], None).unwrap(), ["qa"]);
        assert!(complete(&plan, &given));
        let why = give(&plan, &mut given, &person("mia", 1004), &["qa"], None).unwrap_err();
        assert!(why.contains("given already"), "{why}");
    }

    #[test]
    fn one_person_may_have_both_roles_but_counts_once() {
        let (mut plan, mut given) = (plan(), Vec::new());
        assert_eq!(
            give(&plan, &mut given, &person("ben", 1001), &["qa", "lead"], None).unwrap(),
            ["lead", "qa"]
        );
        assert!(complete(&plan, &given));
        plan.approval.as_mut().unwrap().people = 2;
        assert_eq!(missing(&plan, &given).unwrap(), "1 more person");
        let why = give(&plan, &mut given, &person("ben", 1001), &["qa", "lead"], None).unwrap_err();
        assert!(why.contains("agreed already"), "{why}");
        let as_lea = Person { login_uid: Some(1001), ..person("lea", 1002) };
        let why = give(&plan, &mut given, &as_lea, &["qa"], None).unwrap_err();
        assert!(why.contains("already as ben"), "{why}");
        // Somebody else with a role that is given already is the second of two people.
        assert_eq!(give(&plan, &mut given, &person("lea", 1002), &["qa"], None).unwrap(), ["qa"]);
        assert!(complete(&plan, &given));
    }

    #[test]
    fn a_role_that_was_added_since_is_given_later() {
        let (plan, mut given) = (plan(), Vec::new());
        give(&plan, &mut given, &person("ben", 1001), &["lead"], None).unwrap();
        assert_eq!(give(&plan, &mut given, &person("ben", 1001), &["lead", "qa"], None).unwrap(), ["qa"]);
        assert!(complete(&plan, &given));
    }

    #[test]
    fn the_asker_does_not_agree_with_themselves_and_sudo_does_not_help() {
        let (plan, mut given) = (plan(), Vec::new());
        let why = give(&plan, &mut given, &plan.who.clone(), &["qa", "lead"], None).unwrap_err();
        assert!(why.contains("account ana asked"), "{why}");
        let sudo = Person { login_uid: Some(1000), ..person("ben", 1001) };
        let why = give(&plan, &mut given, &sudo, &["lead"], None).unwrap_err();
        assert!(why.contains("sudo"), "{why}");
        // The asker's own login is not known: their account stands for it.
        let mut from_cron = plan.clone();
        from_cron.who.login_uid = None;
        assert!(give(&from_cron, &mut given, &sudo, &["lead"], None).is_err());
        let unknown = Person { login_uid: None, ..person("ben", 1001) };
        assert!(
            give(&plan, &mut given, &unknown, &["lead"], None).is_ok(),
            "another owner, as far as can be told"
        );
    }

    #[test]
    fn asked_through_sudo_the_person_behind_it_is_not_the_second_one() {
        let mut plan = plan();
        plan.who = Person { login_uid: Some(1001), ..person("deploy", 500) };
        let mut given = Vec::new();
        assert!(
            give(&plan, &mut given, &person("ben", 1001), &["lead"], None)
                .unwrap_err()
                .contains("logged in as")
        );
        assert!(give(&plan, &mut given, &person("ana", 1000), &["lead"], None).is_ok());
    }

    #[test]
    fn root_never_counts() {
        let (mut plan, mut given) = (plan(), Vec::new());
        plan.approval.as_mut().unwrap().trust_asserted_names = true;
        for root in [
            person("root", 0),
            Person { login_uid: Some(1001), ..person("root", 0) },
            Person { login_uid: Some(0), ..person("ben", 1001) },
        ] {
            let why = give(&plan, &mut given, &root, &["lead"], Some("ben")).unwrap_err();
            assert!(why.contains("root"), "{why}");
        }
    }

    #[test]
    fn a_shared_account_fails_closed_unless_names_are_taken_as_said() {
        let (mut plan, mut given) = (plan(), Vec::new());
        plan.who = person("deploy", 500);
        let again = person("deploy", 500);
        let why = give(&plan, &mut given, &again, &["lead"], Some("ben")).unwrap_err();
        assert!(why.contains("on one account nobody"), "{why}");
        let asked = plan.approval.as_mut().unwrap();
        (asked.trust_asserted_names, asked.people) = (true, 2);
        assert!(give(&plan, &mut given, &again, &["lead"], None).unwrap_err().contains("--as NAME"));
        assert!(
            give(&plan, &mut given, &again, &["lead"], Some("Deploy "))
                .unwrap_err()
                .contains("say who you are")
        );
        assert_eq!(give(&plan, &mut given, &again, &["lead", "qa"], Some("ben")).unwrap(), ["lead", "qa"]);
        assert!(!complete(&plan, &given));
        assert!(
            give(&plan, &mut given, &again, &["lead"], Some(" BEN")).unwrap_err().contains("agreed already")
        );
        assert_eq!(give(&plan, &mut given, &again, &["qa"], Some("lea")).unwrap(), ["qa"]);
        assert!(complete(&plan, &given));
    }

    #[test]
    fn two_words_from_another_shared_account_are_one_person() {
        let (mut plan, mut given) = (plan(), Vec::new());
        plan.approval.as_mut().unwrap().people = 2;
        let oncall = person("oncall", 600);
        give(&plan, &mut given, &oncall, &["lead", "qa"], Some("ben")).unwrap();
        assert!(give(&plan, &mut given, &oncall, &["lead", "qa"], Some("lea")).is_err());
        assert!(!complete(&plan, &given));
    }

    #[test]
    fn the_asker_counts_for_roles_of_their_own_where_authority_is_asked() {
        let (mut plan, mut given) = (plan(), Vec::new());
        plan.approval.as_mut().unwrap().asker_counts = true;
        assert_eq!(missing(&plan, &given).unwrap(), "LEAD");
        give(&plan, &mut given, &person("ben", 1001), &["lead"], None).unwrap();
        assert!(complete(&plan, &given));
        plan.who_roles.push("lead".into());
        assert!(complete(&plan, &[]), "the asker alone has all of them");
        plan.approval.as_mut().unwrap().people = 2;
        assert_eq!(missing(&plan, &[]).unwrap(), "1 more person");
        plan.who_roles.clear();
        assert_eq!(missing(&plan, &[]).unwrap(), "LEAD, QA");
    }

    #[test]
    fn without_roles_anybody_else_may_agree() {
        let mut plan = plan();
        plan.approval = Some(Approval { people: 1, ..Approval::default() });
        let mut given = Vec::new();
        assert!(!complete(&plan, &given));
        assert_eq!(give(&plan, &mut given, &person("tom", 1003), &[], None).unwrap(), ids(&[]));
        assert!(complete(&plan, &given));
        plan.approval = None;
        assert!(complete(&plan, &[]) && counts(&plan, &[], &person("tom", 1003), &[], None).is_err());
    }
}
