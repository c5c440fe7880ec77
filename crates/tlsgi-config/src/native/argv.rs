//! tlsgi's own command line.

use std::ffi::OsString;
use std::path::Path;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};

use super::command::{COMMANDS, WRITTEN, brief, command};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::dialect::{self, DIALECTS, Foreign};
use crate::layer::{Layer, OPTIONS};
use crate::nearest::nearest;
use crate::option::Spec;
use crate::origin::Origin;
use crate::tool::{Asked, Entry, TOOLS, Tool, incomplete, mkcert};

/// First argument of the process that the supervisor starts as its front.
pub const FRONT: &str = "__front";

/// What the command line asks for.
#[derive(Debug)]
pub enum Invocation {
    /// Serve.
    Serve(Box<Layer>),
    /// Check everything, serve nothing.
    Check(Box<Layer>),
    /// Print the configuration.
    ShowConfig(Box<Layer>, Shown),
    /// Print the JSON schema of the configuration file.
    Schema,
    /// Run another tool.
    Tool(Box<Asked>),
    /// Do what another server's command line says.
    Foreign(Foreign),
    /// Run a Python program: the words behind `python`.
    Program(Vec<OsString>),
    /// Print completions for this shell.
    Completions(String),
    /// Print the manual page.
    Manual,
    /// Be the front process.
    Front,
    /// Print this help or version.
    Print(clap::builder::StyledStr),
}

/// How much of the configuration is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// Every value, defaults included. Values of variables are left out: this text travels to bug reports.
    Everything,
    /// What somebody wrote, in full: a `tlsgi.toml` to use.
    Written,
}

/// Reads the command line, program name first.
///
/// # Errors
/// Everything that is wrong with it.
pub fn parse(arguments: Vec<OsString>) -> Result<Invocation, Diagnostics> {
    if arguments.get(1).is_some_and(|first| first == FRONT) {
        return Ok(Invocation::Front);
    }
    if let Some(asked) = as_mkcert(&arguments) {
        return Ok(Invocation::Tool(Box::new(asked)));
    }
    if arguments.get(1).is_some_and(|first| first == "python" || first == "python3") {
        return Ok(Invocation::Program(arguments.into_iter().skip(2).collect()));
    }
    if let Some(asked) = dialect::asked(arguments.get(1..).unwrap_or_default()) {
        return asked.map(Invocation::Foreign).map_err(|told| Diagnostics(vec![told]));
    }
    let arguments = with_command(arguments);
    let matches = match command().try_get_matches_from(&arguments) {
        Ok(matches) => matches,
        Err(error) if error.kind() == ErrorKind::DisplayHelp && wants_brief_help(&arguments) => {
            return Ok(Invocation::Print(brief().render_help()));
        }
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            return Ok(Invocation::Print(error.render()));
        }
        Err(error) => {
            let tool = TOOLS.iter().find(|tool| arguments.get(1).is_some_and(|first| first == tool.name));
            let told = match tool {
                Some(tool) => explain_tool(tool, &error, &arguments),
                None => explain(&error, &arguments),
            };
            return Err(Diagnostics(vec![told]));
        }
    };
    Ok(match matches.subcommand() {
        Some(("check", matches)) => Invocation::Check(every(matches)?),
        Some(("config", matches)) => match matches.subcommand() {
            Some(("schema", _)) => Invocation::Schema,
            Some((_, matches)) => {
                let shown = if matches.get_flag(WRITTEN) { Shown::Written } else { Shown::Everything };
                Invocation::ShowConfig(every(matches)?, shown)
            }
            None => {
                return Err(Diagnostics(vec![Diagnostic::error("`tlsgi config` needs a command: `show` or `schema`")]));
            }
        },
        Some(("completions", matches)) => {
            Invocation::Completions(matches.get_one::<String>("shell").cloned().unwrap_or_default())
        }
        Some(("man", _)) => Invocation::Manual,
        Some((name, matches)) => match TOOLS.iter().find(|tool| tool.name == name) {
            Some(tool) => Invocation::Tool(Box::new(tool.asked(matches)?)),
            None => Invocation::Serve(every(matches)?),
        },
        None => Invocation::Serve(Box::default()),
    })
}

/// `tlsgi mkcert …`, or a link of the name mkcert: one dash is enough for its flags.
fn as_mkcert(arguments: &[OsString]) -> Option<Asked> {
    let is_link =
        arguments.first().is_some_and(|program| Path::new(program).file_stem().is_some_and(|name| name == "mkcert"));
    let is_command = arguments.get(1).is_some_and(|first| first == "mkcert");
    let skipped = if is_link { 1 } else { 2 };
    (is_link || is_command).then(|| {
        let words = arguments.iter().skip(skipped).cloned().collect();
        Asked { tool: Tool::Mkcert(mkcert::parse(words)), flags: Layer::default() }
    })
}

/// `tlsgi APP` is short for `tlsgi serve APP`: whatever begins with no command is.
fn with_command(mut arguments: Vec<OsString>) -> Vec<OsString> {
    let has_command =
        arguments.get(1).is_some_and(|first| commands().chain(["--version", "-V"]).any(|name| first == name));
    if !has_command && !arguments.is_empty() {
        arguments.insert(1, "serve".into());
    }
    arguments
}

/// The first words of all commands.
fn commands() -> impl Iterator<Item = &'static str> {
    let dialects = DIALECTS.iter().map(|dialect| dialect.name);
    COMMANDS.iter().filter_map(|(name, _)| name.split(' ').next()).chain(dialects)
}

/// `--help` of the commands that take every option; `--help-all` and the small commands have clap's own.
fn wants_brief_help(arguments: &[OsString]) -> bool {
    let is_large = arguments.get(1).is_some_and(|first| first == "serve" || first == "check");
    is_large && !arguments.iter().any(|argument| argument == "--help-all")
}

fn every(matches: &ArgMatches) -> Result<Box<Layer>, Diagnostics> {
    layer(matches, OPTIONS.iter()).map(Box::new)
}

/// What was said for these options, which the command must have.
pub(crate) fn layer(matches: &ArgMatches, specs: impl Iterator<Item = &'static Spec>) -> Result<Layer, Diagnostics> {
    let mut layer = Layer::default();
    let mut told = Diagnostics::default();
    for spec in specs {
        for (_, flag, text) in spoken(spec, matches) {
            if let Err(refusal) = (spec.slot_mut)(&mut layer).say(&text, Origin::Flag(flag.to_owned())) {
                let mut diagnostic = Diagnostic::invalid(flag, &text, &refusal.reason);
                diagnostic.hints.extend(refusal.hint);
                told.push(diagnostic.at(&Origin::Flag(flag.to_owned())));
            }
        }
    }
    if told.has_errors() { Err(told) } else { Ok(layer) }
}

/// What was written for an option under any of its flags, in the order of the command line.
fn spoken(spec: &Spec, matches: &ArgMatches) -> Vec<(usize, &'static str, String)> {
    let mut spoken = Vec::new();
    let valued = std::iter::once(spec.flag).chain(spec.aliases.iter().copied());
    for (flag, text) in
        valued.map(|flag| (flag, "true")).chain(spec.negations.iter().map(|flag| (*flag, spec.negated())))
    {
        if matches.value_source(flag) != Some(ValueSource::CommandLine) {
            continue;
        }
        let indices = matches.indices_of(flag).into_iter().flatten();
        match matches.try_get_many::<String>(flag) {
            Ok(values) => {
                spoken.extend(indices.zip(values.into_iter().flatten()).map(|(at, text)| (at, flag, text.clone())))
            }
            Err(_) => spoken.extend(indices.map(|at| (at, flag, text.to_owned()))),
        }
    }
    spoken.sort_by_key(|(at, ..)| *at);
    spoken
}

/// clap's error in our form.
fn explain(error: &clap::Error, arguments: &[OsString]) -> Diagnostic {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let argument = context(ContextKind::InvalidArg).unwrap_or_default();
    match error.kind() {
        ErrorKind::UnknownArgument if argument.starts_with('-') => unknown_flag(argument, arguments),
        ErrorKind::UnknownArgument => unexpected(argument, arguments),
        ErrorKind::TooManyValues => {
            Diagnostic::error(format!("`{argument}` takes no value")).at(&Origin::Flag(argument.to_owned()))
        }
        ErrorKind::InvalidValue if context(ContextKind::InvalidValue).is_none_or(str::is_empty) => {
            let flag = argument.split([' ', '=']).next().unwrap_or(argument);
            Diagnostic::error(format!("`{flag}` needs a value")).at(&Origin::Flag(flag.to_owned()))
        }
        ErrorKind::MissingSubcommand => {
            Diagnostic::error("`tlsgi config` needs a command").hint("`tlsgi config show` or `tlsgi config schema`")
        }
        ErrorKind::InvalidUtf8 => Diagnostic::error("an argument is not UTF-8"),
        _ => {
            let text = error.render().to_string();
            let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            let first = lines.next().unwrap_or_default().trim_start_matches("error: ").to_owned();
            let rest = lines.take_while(|line| !line.starts_with("Usage") && !line.starts_with("For more"));
            rest.fold(Diagnostic::error(first), |told, line| told.hint(line.trim_start_matches("tip: ")))
        }
    }
}

/// A second word that is no option.
fn unexpected(argument: &str, arguments: &[OsString]) -> Diagnostic {
    let told = Diagnostic::error(format!("unexpected argument `{}`", argument.escape_debug()));
    let first = arguments.get(2).and_then(|first| first.to_str()).unwrap_or_default();
    match nearest(first, commands()).filter(|_| arguments.get(1).is_some_and(|command| command == "serve")) {
        Some(command) => told.hint(format!("did you mean `tlsgi {command} {argument}`?")),
        None => told.hint("there is one APP; a value with spaces is quoted"),
    }
}

/// What is wrong with the command line of a tool.
fn explain_tool(tool: &Entry, error: &clap::Error, arguments: &[OsString]) -> Diagnostic {
    let words = arguments.iter().skip(2).map_while(|word| word.to_str());
    let tree = tool.tree("");
    let mut at = &tree;
    let mut path = format!("tlsgi {}", tool.name);
    for word in words {
        if let Some(below) = at.find_subcommand(word) {
            at = below;
            path = format!("{path} {word}");
        }
    }
    let wrong = match error.get(ContextKind::InvalidArg).or_else(|| error.get(ContextKind::InvalidSubcommand)) {
        Some(ContextValue::String(text)) => text.as_str(),
        _ => "",
    };
    let commands = at.get_subcommands().map(Command::get_name);
    match error.kind() {
        ErrorKind::UnknownArgument if wrong.starts_with('-') => {
            let flags: Vec<String> = at
                .get_arguments()
                .chain(tree.get_arguments())
                .filter_map(Arg::get_long)
                .map(|long| format!("--{long}"))
                .collect();
            unknown_among(wrong.split('=').next().unwrap_or(wrong), flags.iter().map(String::as_str))
        }
        ErrorKind::UnknownArgument | ErrorKind::InvalidSubcommand if at.has_subcommands() => {
            let nearest = nearest(wrong, commands).map(|command| format!("{path} {command}"));
            Diagnostic::unknown("command", &format!("{path} {wrong}"), nearest.as_deref())
        }
        ErrorKind::MissingSubcommand => return incomplete(&path, at),
        ErrorKind::UnknownArgument => Diagnostic::error(format!("unexpected argument `{}`", wrong.escape_debug())),
        _ => return explain(error, arguments),
    }
    .hint(format!("`{path} --help` says how it is written"))
}

fn unknown_among<'a>(name: &str, flags: impl Iterator<Item = &'a str>) -> Diagnostic {
    let bare = name.trim_start_matches('-');
    let nearest = nearest(bare, flags.map(|flag| flag.trim_start_matches('-'))).map(|name| format!("--{name}"));
    Diagnostic::unknown("option", name, nearest.as_deref()).at(&Origin::Flag(name.to_owned()))
}

fn unknown_flag(argument: &str, arguments: &[OsString]) -> Diagnostic {
    // clap takes `-threads` for a bundle of single letters and names the first.
    let bundle = arguments
        .iter()
        .filter_map(|written| written.to_str())
        .find(|written| !argument.starts_with("--") && !written.starts_with("--") && written.starts_with(argument));
    let name = bundle.unwrap_or(argument).split('=').next().unwrap_or(argument);
    let flags = OPTIONS.iter().flat_map(|spec| {
        std::iter::once(spec.flag).chain(spec.aliases.iter().copied()).chain(spec.negations.iter().copied())
    });
    let known = flags.filter(|flag| flag.starts_with('-')).chain(["--help", "--help-all", "--version"]);
    unknown_among(name, known).hint("`tlsgi --help-all` lists every option")
}
