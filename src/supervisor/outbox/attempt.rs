//! One try at one letter.

use crate::clock;
use crate::model::playbook::StepKind;
use crate::model::telling::DELIVERED;
use crate::model::template::Template;
use crate::session::outbox::Letter;
use crate::session::outbox::answer::refused;
use crate::session::outbox::due::Failure;
use crate::supervisor::ask::{Keep, World, command};
use crate::supervisor::expect::judge;
use crate::supervisor::secrets::Secrets;
use crate::supervisor::{http, late};
use indexmap::IndexMap;
use std::time::Duration;

/// The longest that one try may take, whatever its channel says.
const PATIENCE: Duration = Duration::from_secs(30);
/// The variable that tells a command which letter it delivers.
const NAME: &str = "RIPCORD_LETTER";

/// What the receiver said when it took the letter.
#[derive(Debug)]
pub(super) struct Came {
    /// In words, safe to show.
    pub(super) detail: String,
    /// All of it, as it came.
    pub(super) answer: String,
}

/// The secret that this process cannot read; another one may.
pub(super) fn lacking(letter: &Letter) -> Option<String> {
    let secrets = Secrets::new(letter.secrets.clone());
    letter.secrets.keys().find_map(|name| secrets.read(name).err())
}

/// Sends it.
pub(super) async fn attempt(letter: Letter, call: StepKind) -> Result<Came, Failure> {
    let world = World {
        env: letter.env.clone(),
        cwd: letter.cwd.clone(),
        secrets: Secrets::new(letter.secrets.clone()),
        home: "/".into(),
        run: None,
        telling: Default::default(),
    };
    let came = send(&world, &letter, call).await;
    let safe = |text: &str| world.secrets.safe(text);
    match came {
        Ok(came) => Ok(Came { detail: safe(&came.detail), ..came }),
        Err(failure) => Err(Failure { detail: safe(&failure.detail), ..failure }),
    }
}

async fn send(world: &World, letter: &Letter, call: StepKind) -> Result<Came, Failure> {
    let passing = |detail: String| Failure { detail, ..Failure::default() };
    let lasting = |detail: String| Failure { detail, last: true, wait: None };
    let values: [&str; 4] = [&letter.subject, &letter.body, letter.phase.word(), &letter.thread];
    // Nothing in a text is a name: it is not filled a second time, with a secret say.
    let value = |text: &str| text.replace("{{", "{ {").replace('\0', "");
    let values: IndexMap<String, String> =
        DELIVERED.iter().zip(values).map(|(name, text)| ((*name).to_owned(), value(text))).collect();
    let limit = match letter.timeout {
        0 => PATIENCE,
        ms => PATIENCE.min(Duration::from_millis(ms)),
    };
    match late::fill(&call, &values).map_err(lasting)? {
        StepKind::Http(h) => {
            let said = http::exchange(&h, &world.secrets, Some(&key(&letter.id)), limit, false).await;
            let (reply, retry_after) = said.map_err(|trouble| match trouble {
                http::Trouble::NotSent(why) => lasting(format!("not sent: {why}")),
                http::Trouble::Refused(why) | http::Trouble::NoAnswer(why) => passing(why),
            })?;
            match judge(&reply, &h.expect) {
                Ok(detail) => Ok(Came { detail, answer: reply.out }),
                Err(said) => {
                    let status = reply.status.unwrap_or_default();
                    Err(refused(status, &said, retry_after.as_deref(), clock::now().wall))
                }
            }
        }
        StepKind::Run(mut c) => {
            c.env.insert(NAME.to_owned(), Template(letter.id.replace("{{", "{ {")));
            let reply = command(world, &c, limit, Keep::Last).await.map_err(passing)?;
            let detail = judge(&reply, &c.expect).map_err(passing)?;
            Ok(Came { detail, answer: String::new() })
        }
        _ => Err(lasting("this channel sends nothing".to_owned())),
    }
}

/// A letter's name as a header's value.
fn key(id: &str) -> String {
    id.chars().map(|c| if c == ' ' || c.is_ascii_graphic() { c } else { '_' }).collect()
}
