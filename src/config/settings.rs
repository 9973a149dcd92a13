//! ripcord's own settings: `config.toml`.

use super::audit::{self, Receiver};
use super::keys::{self, Keys};
use super::names::Known;
use super::paths::{Var, config_file, environment, expand};
use super::problem::{Problem, Severity};
use super::syntax;
use super::walk::{Cx, Table};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// An example with every key explained.
pub const EXAMPLE: &str = include_str!("../../config.example.toml");

/// How many colours are used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Colors {
    /// As many as the environment promises.
    #[default]
    Auto,
    /// 24 bits.
    True,
    /// The 256 of xterm's palette.
    Indexed,
    /// The sixteen named ones.
    Sixteen,
    /// None.
    Never,
}

/// [`Colors`] by their words.
pub const COLORS: [(&str, Colors); 5] = [
    ("auto", Colors::Auto),
    ("truecolor", Colors::True),
    ("256", Colors::Indexed),
    ("16", Colors::Sixteen),
    ("never", Colors::Never),
];

/// Which characters are drawn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum GlyphSet {
    /// What the environment promises.
    #[default]
    Auto,
    /// All of them.
    Unicode,
    /// What the Linux console's fonts hold.
    Console,
    /// 7-bit only.
    Ascii,
}

/// [`GlyphSet`] by its words.
pub const GLYPHS: [(&str, GlyphSet); 4] = [
    ("auto", GlyphSet::Auto),
    ("unicode", GlyphSet::Unicode),
    ("console", GlyphSet::Console),
    ("ascii", GlyphSet::Ascii),
];

/// How the terminal calls a person when the verdict gets worse or something waits for a word.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Notify {
    /// Not at all.
    Off,
    /// By its bell.
    #[default]
    Bell,
    /// By a message of the desktop (OSC 9), where the terminal can; else by its bell.
    Desktop,
}

/// [`Notify`] by its words.
pub const NOTIFY: [(&str, Notify); 3] =
    [("off", Notify::Off), ("bell", Notify::Bell), ("desktop", Notify::Desktop)];

/// What `config.toml` may say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Folder of all records (the XDG state folder when none).
    pub state_dir: Option<PathBuf>,
    /// Playbook that is opened when none is named.
    pub playbook: Option<String>,
    /// Folder in which playbooks are looked up by name.
    pub playbook_dir: Option<PathBuf>,
    /// Name or path of a theme.
    pub theme: Option<String>,
    /// How many colours are used.
    pub color: Colors,
    /// Which characters are drawn.
    pub glyphs: GlyphSet,
    /// Draw with ASCII only.
    pub ascii: bool,
    /// How the terminal calls a person.
    pub notify: Notify,
    /// Whether the terminal's background is light (unknown when none).
    pub light: Option<bool>,
    /// Milliseconds that charts show at first.
    pub window: u64,
    /// Who is sent each record as it is written.
    pub audit: Vec<Receiver>,
    /// What keys are to mean.
    pub keys: Keys,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            state_dir: None,
            playbook: None,
            playbook_dir: None,
            theme: None,
            color: Colors::Auto,
            glyphs: GlyphSet::Auto,
            ascii: false,
            notify: Notify::Bell,
            light: None,
            window: 15 * 60_000,
            audit: Vec::new(),
            keys: Keys::default(),
        }
    }
}

/// Reads settings; a file that does not exist gives the defaults unless it was asked for (`required`).
///
/// # Errors
/// Every problem of the file.
pub fn load(path: &Path, required: bool, var: Var<'_>) -> Result<Settings, Vec<Problem>> {
    let name = path.display().to_string();
    match std::fs::read_to_string(path) {
        Ok(src) => parse(&src, &name, var),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound && !required => Ok(Settings::default()),
        Err(e) => Err(vec![Problem::of_file(
            &name,
            format!("cannot be read: {e}"),
            "`ripcord config example` prints one that works",
        )]),
    }
}

/// The file that was named to this process.
static IN_USE: OnceLock<PathBuf> = OnceLock::new();

/// Says which file was named; the first one stays.
pub fn use_file(path: &Path) {
    let _ = IN_USE.set(std::path::absolute(path).unwrap_or_else(|_| path.to_owned()));
}

/// The file that was named to this process, for those that it starts.
pub fn in_use() -> Option<&'static Path> {
    IN_USE.get().map(PathBuf::as_path)
}

/// The settings of this process, where it was started without arguments of its own: the named file, that of
/// `RIPCORD_CONFIG`, or the usual one. A file that cannot be used gives the defaults.
pub fn of_process() -> Settings {
    let named = in_use().map(PathBuf::from).or_else(|| environment("RIPCORD_CONFIG").map(PathBuf::from));
    let path = named.or_else(|| config_file(&environment));
    path.and_then(|p| load(&p, false, &environment).ok()).unwrap_or_default()
}

/// Checks the text of settings; `name` stands in the problems.
///
/// # Errors
/// Every problem of the text.
pub fn parse(src: &str, name: &str, var: Var<'_>) -> Result<Settings, Vec<Problem>> {
    let syntax::Parsed { tree, mut problems, whole } = syntax::parse(name, src);
    let settings = tree.map(|tree| {
        let cx = Cx::new(name, src, Known::default());
        let settings = read(&Table::new(&cx, tree.get_ref(), 0..0, String::new()), var);
        let broken: Vec<usize> = problems.iter().map(|p| p.line).collect();
        problems.extend(cx.into_problems(whole).into_iter().filter(|p| !broken.contains(&p.line)));
        settings
    });
    match settings {
        Some(s) if problems.iter().all(|p| p.severity == Severity::Warning) => Ok(s),
        _ => Err(problems),
    }
}

fn read(t: &Table<'_>, var: Var<'_>) -> Settings {
    let path = |key| t.opt(key).and_then(|n| n.text()).map(|p| expand(&p, var));
    let default = Settings::default();
    let window = t.opt("window").and_then(|n| {
        let ms = n.dur()?;
        if !(5 * 60_000..=24 * 3_600_000).contains(&ms) {
            n.error("`window` is out of its range", "from \"5m\" to \"24h\"");
        }
        Some(ms)
    });
    let state_dir = path("state_dir");
    if let (Some(n), Some(dir)) = (t.opt("state_dir"), &state_dir)
        && !dir.is_absolute()
    {
        n.error(
            "`state_dir` is not an absolute path",
            "begin with / or ~/: it must not depend on where ripcord is started",
        );
    }
    Settings {
        state_dir,
        playbook: t.opt("playbook").and_then(|n| n.text()),
        playbook_dir: path("playbook_dir"),
        theme: t.opt("theme").and_then(|n| n.text()),
        color: t.opt("color").and_then(|n| n.choice(&COLORS)).unwrap_or(default.color),
        glyphs: t.opt("glyphs").and_then(|n| n.choice(&GLYPHS)).unwrap_or(default.glyphs),
        notify: t.opt("notify").and_then(|n| n.choice(&NOTIFY)).unwrap_or(default.notify),
        ascii: t.opt("ascii").and_then(|n| n.bool()).unwrap_or(default.ascii),
        light: t.opt("light").and_then(|n| n.bool()),
        window: window.unwrap_or(default.window),
        audit: audit::read(t),
        keys: keys::read(t),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home(name: &str) -> Option<std::ffi::OsString> {
        (name == "HOME").then(|| "/home/a".into())
    }

    #[test]
    fn the_example_is_valid_and_explains_every_key() {
        let s = parse(EXAMPLE, "config.example.toml", &home).unwrap();
        assert_eq!(s.state_dir.as_deref(), Some(Path::new("/home/a/.local/state/ripcord")));
        assert_eq!((s.window, s.ascii, s.light), (900_000, false, Some(false)));
        // What the example does not mention cannot be known: an unknown key lists all of them.
        let all = parse("zzzzzz = 1", "c", &home).unwrap_err()[0].hint.clone();
        let keys: Vec<&str> = all.split('`').skip(1).step_by(2).collect();
        assert_eq!(keys.len(), 12, "{all}");
        for key in keys {
            assert!(
                EXAMPLE.lines().any(|l| {
                    l.starts_with(&format!("{key} = "))
                        || l.starts_with(&format!("[{key}."))
                        || *l == format!("[{key}]")
                }),
                "{key} is not in the example"
            );
        }
    }

    #[test]
    fn all_problems_are_told_at_once() {
        let src = "thme = \"dark\"\nascii = \"yes\"\nwindow = \"2m\"\nstate_dir = \"here\"\n";
        let problems = parse(src, "c", &home).unwrap_err();
        assert_eq!(problems.iter().map(|p| p.line).collect::<Vec<_>>(), [1, 2, 3, 4]);
        assert_eq!(problems[0].near.as_deref(), Some("theme"));
    }

    #[test]
    fn no_file_is_no_settings_unless_it_was_asked_for() {
        let none = Path::new("/nonexistent/config.toml");
        assert_eq!(load(none, false, &home).unwrap(), Settings::default());
        assert!(load(none, true, &home).is_err());
    }

    #[test]
    fn records_are_forwarded_where_it_is_said_and_no_secret_stands_there() {
        let src = "[audit]\nforward = [\"journald\", { syslog = \"/run/log\" }, { http = \"https://c/a\", headers = \
            { A = { env = \"T\" }, B = \"b\" } }]\n";
        let got = parse(src, "c", &home).unwrap().audit;
        let header = |name: &str| {
            got[2..].iter().find_map(|r| match r {
                Receiver::Http { headers, .. } => headers.get(name).cloned(),
                _ => None,
            })
        };
        assert_eq!(got[0], Receiver::Journald(audit::JOURNALD.into()));
        assert_eq!(got[1], Receiver::Syslog("/run/log".into()));
        let secret = crate::model::playbook::Secret::Env("T".into());
        assert_eq!(header("A"), Some(audit::Header::Secret(secret)));
        assert_eq!(header("B"), Some(audit::Header::Text("b".into())));
        for (src, word) in [
            ("[audit]\nforward = [\"sylog\"]\n", "sylog"),
            ("[audit]\nforward = [{ http = \"ftp://x\" }]\n", "not a URL"),
            ("[audit]\nforward = [{ http = \"http://a:b@x/\" }]\n", "secret"),
            ("[audit]\nforward = [{ tcp = \"x\" }]\n", "lacks one of"),
        ] {
            let problems = parse(src, "c", &home).unwrap_err();
            assert!(problems.iter().any(|p| p.message.contains(word)), "{src}: {problems:?}");
        }
    }

    #[test]
    fn a_key_belongs_to_a_place() {
        let problems = parse("[keys]\nhelp = \"F1\"\n", "config.toml", &home).unwrap_err();
        assert_eq!(problems[0].message, "`help` stands in no place");
        assert!(problems[0].hint.contains("[keys.global]"), "{problems:?}");
    }
}
