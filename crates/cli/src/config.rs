//! `drip.toml`: settings that a project keeps. A flag wins over `DRIP_…` in the environment, that over this file, and
//! this file over the default.
//!
//! A key is the long name of an option of `run` or `scan`, so there is one list of settings; besides, `command` and
//! `url` for what stands without a name. The file only moves defaults: every value is held to the option's own rules.
//! What lets load go to other hosts cannot stand in a file that may come with somebody's repository.

use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::builder::OsStr;
use clap::error::{ContextKind, ContextValue};
use clap::{ArgAction, Command, CommandFactory, FromArgMatches};
use drip_report::document::Replay;
use toml::{Table, Value};

use crate::args::Cli;
use crate::ask::Wrong;
use crate::suppress::Suppress;
use crate::{exit, output, replay};

/// The file that is read where no other is named.
pub(crate) const FILE: &str = "drip.toml";
/// A larger one is no list of settings.
const BYTES_MAX: u64 = 1 << 20;
/// The verbs that have settings.
const VERBS: [&str; 2] = ["run", "scan"];
/// What has no name on the command line.
const POSITIONAL: [&str; 2] = ["command", "url"];
/// What must be said anew each time.
pub(crate) const NEVER: [&str; 5] = ["i-own", "resolve", "config", "help", "version"];
/// From this likeness on (1 is the same), a key may have been meant.
const LIKENESS_MIN: f64 = 0.6;

/// The table of suppressions.
const SUPPRESS: &str = "suppress";

/// What a run has besides its arguments.
#[derive(Debug, Default)]
pub(crate) struct Project {
    /// What the file suppresses.
    pub(crate) suppressions: Vec<Suppress>,
    /// How to ask for the same once more.
    pub(crate) replay: Option<Replay>,
}

/// The arguments, with the defaults of the file; else the exit code, when all has been said.
pub(crate) fn parse(words: &[OsString]) -> Result<(Cli, Project), u8> {
    let File { settings, suppressions } = read(words).map_err(|Wrong(why)| refuse(&why))?;
    let mut command = settings.iter().fold(Cli::command(), |command, setting| setting.apply(command));
    let matches = command.try_get_matches_from_mut(words);
    let parsed = matches.and_then(|matches| Ok((Cli::from_arg_matches(&matches)?, matches)));
    let (cli, matches) = parsed.map_err(|error| explain(&error, &settings, words))?;
    let tested = matches.subcommand().filter(|(verb, _)| VERBS.contains(verb));
    let replay =
        tested.and_then(|(verb, matches)| Some(replay::words(command.find_subcommand(verb)?, matches)));
    Ok((cli, Project { suppressions, replay }))
}

/// The arguments of words that ask for the same once more; of an option that stands twice, the last one wins.
pub(crate) fn again(words: Vec<String>) -> Result<Cli, Wrong> {
    let last_wins =
        |command: Command, verb: &&str| command.mut_subcommand(verb, |verb| verb.args_override_self(true));
    let command = VERBS.iter().fold(Cli::command(), last_wins);
    let matches = command.try_get_matches_from(std::iter::once("drip".to_owned()).chain(words));
    let parsed = matches.and_then(|matches| Cli::from_arg_matches(&matches));
    parsed.map_err(|error| Wrong(format!("the words of the result: {}", error.to_string().trim_end())))
}

/// What a file says.
#[derive(Default)]
struct File {
    settings: Vec<Setting>,
    suppressions: Vec<Suppress>,
}

fn refuse(why: &str) -> u8 {
    output::say(&format!("drip: {why}"));
    exit::USAGE
}

/// Help and versions come this way too. A value from the file is told with the file's name.
fn explain(error: &clap::Error, settings: &[Setting], words: &[OsString]) -> u8 {
    let named = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(named)) => named.as_str(),
        _ => "",
    };
    let option = named.split([' ', '=']).next().unwrap_or_default();
    let typed = words.iter().any(|word| word.to_string_lossy().split('=').next() == Some(option));
    match settings.iter().find(|setting| !typed && option.strip_prefix("--") == Some(&setting.key)) {
        Some(setting) => {
            let text = error.to_string();
            let why = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
            refuse(&format!("{}: {}: {why}", setting.file.display(), setting.key))
        }
        None => {
            // A closed stdout or stderr is nobody's error.
            let _ = error.print();
            u8::try_from(error.exit_code()).unwrap_or(exit::USAGE)
        }
    }
}

/// One key of the file.
struct Setting {
    file: PathBuf,
    key: String,
    values: Vec<String>,
}

impl Setting {
    /// Moves the default of the option in each verb that has it.
    fn apply(&self, command: Command) -> Command {
        VERBS.iter().fold(command, |command, verb| command.mut_subcommand(verb, |verb| self.apply_to(verb)))
    }

    fn apply_to(&self, verb: Command) -> Command {
        let Some(id) = id_of(&verb, &self.key) else { return verb };
        verb.mut_arg(id, |option| {
            let is_flag = matches!(option.get_action(), ArgAction::SetTrue);
            let values = self.values.iter().map(|value| OsStr::from(value.clone()));
            if is_flag {
                option.default_value(OsStr::from(self.values.concat()))
            } else {
                option.required(false).default_values(values)
            }
        })
    }
}

/// What a key of the file is called inside the program.
fn id_of(verb: &Command, key: &str) -> Option<clap::Id> {
    let is_named = |option: &&clap::Arg| match option.get_long() {
        Some(long) => long == key && !NEVER.contains(&key),
        None => option.is_positional() && POSITIONAL.contains(&key) && option.get_id() == key,
    };
    verb.get_arguments().find(is_named).map(|option| option.get_id().clone())
}

/// The file that `--config` names, else `drip.toml` in this folder, if there is one; for verbs that have settings.
fn read(words: &[OsString]) -> Result<File, Wrong> {
    let Some(path) = named(words) else { return Ok(File::default()) };
    let wrong = |why: String| Wrong(format!("{}: {why}", path.display()));
    let mut table = table(&path)?;
    let suppressions = table.remove(SUPPRESS).map(suppressions).transpose().map_err(wrong)?;
    let known = known();
    let setting = |(key, value): (String, Value)| {
        if !known.contains(&key) {
            return Err(wrong(unknown(&key, &known)));
        }
        let expected = || format!("{key}: a text, a number, true, false or a list of them is expected");
        let values = texts(&value).ok_or_else(|| wrong(expected()))?;
        Ok(Setting { file: path.clone(), key, values })
    };
    let settings = table.into_iter().map(setting).collect::<Result<_, _>>()?;
    Ok(File { settings, suppressions: suppressions.unwrap_or_default() })
}

/// Before anything else is understood: what `--config` or its variable says.
fn named(words: &[OsString]) -> Option<PathBuf> {
    let matches = Cli::command().ignore_errors(true).try_get_matches_from(words).ok()?;
    let (_, of_verb) = matches.subcommand().filter(|(verb, _)| VERBS.contains(verb))?;
    let config =
        |matches: &clap::ArgMatches| matches.try_get_one::<PathBuf>("config").ok().flatten().cloned();
    let default = || Some(PathBuf::from(FILE)).filter(|file| file.exists());
    config(of_verb).or_else(|| config(&matches)).or_else(default)
}

fn suppressions(value: Value) -> Result<Vec<Suppress>, String> {
    let all: Vec<Suppress> =
        value.try_into().map_err(|error: toml::de::Error| format!("suppress: {}", error.message()))?;
    match all.iter().find_map(Suppress::wrong) {
        Some(why) => Err(why),
        None => Ok(all),
    }
}

fn table(file: &Path) -> Result<Table, Wrong> {
    let wrong = |why: String| Wrong(format!("{}: {why}", file.display()));
    let mut text = String::new();
    let opened =
        std::fs::File::open(file).and_then(|file| file.take(BYTES_MAX + 1).read_to_string(&mut text));
    opened.map_err(|error| wrong(error.to_string()))?;
    if text.len() as u64 > BYTES_MAX {
        return Err(wrong(format!("larger than {} KiB", BYTES_MAX >> 10)));
    }
    text.parse::<Table>().map_err(|error| wrong(error.to_string().trim_end().to_owned()))
}

/// Every key that there is, in the order of help.
pub(crate) fn known() -> Vec<String> {
    let command = Cli::command();
    let verbs = VERBS.iter().filter_map(|verb| command.find_subcommand(verb));
    let mut known: Vec<String> = POSITIONAL.iter().chain(&[SUPPRESS]).map(|key| (*key).to_owned()).collect();
    for option in verbs.flat_map(Command::get_arguments) {
        let long =
            option.get_long().filter(|long| !NEVER.contains(long) && !known.iter().any(|key| key == long));
        known.extend(long.map(str::to_owned));
    }
    known
}

/// A key that is none, and what may have been meant.
pub(crate) fn unknown(key: &str, known: &[String]) -> String {
    if NEVER.contains(&key) {
        return format!("{key} cannot be set here: it must be said on the command line each time");
    }
    let likeness = |known: &&String| strsim::jaro_winkler(key, known);
    let nearest = known.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    match nearest.filter(|nearest| likeness(nearest) >= LIKENESS_MIN) {
        Some(nearest) => format!("{key} is no setting; did you mean {nearest}?"),
        None => format!("{key} is no setting; there are {}", known.join(", ")),
    }
}

/// As it would be typed.
fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) => Some(vec![value.to_string()]),
        Value::Array(values) => {
            values.iter().map(texts).collect::<Option<Vec<_>>>().map(|texts| texts.concat())
        }
        Value::Datetime(_) | Value::Table(_) => None,
    }
}
