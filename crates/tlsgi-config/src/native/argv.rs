//! tlsgi's own command line.

use std::ffi::OsString;

use clap::ArgMatches;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;

use super::command::{COMMANDS, brief, command};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::layer::{Layer, OPTIONS};
use crate::nearest::nearest;
use crate::option::Spec;
use crate::origin::Origin;

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
    ShowConfig(Box<Layer>),
    /// Print completions for this shell.
    Completions(String),
    /// Print the manual page.
    Manual,
    /// Be the front process.
    Front,
    /// Print this help or version.
    Print(clap::builder::StyledStr),
}

/// Reads the command line, program name first.
///
/// # Errors
/// Everything that is wrong with it.
pub fn parse(arguments: Vec<OsString>) -> Result<Invocation, Diagnostics> {
    if arguments.get(1).is_some_and(|first| first == FRONT) {
        return Ok(Invocation::Front);
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
        Err(error) => return Err(Diagnostics(vec![explain(&error, &arguments)])),
    };
    Ok(match matches.subcommand() {
        Some(("check", matches)) => Invocation::Check(layer(matches)?),
        Some(("config", matches)) => match matches.subcommand() {
            Some((_, matches)) => Invocation::ShowConfig(layer(matches)?),
            None => return Err(Diagnostics(vec![Diagnostic::error("`tlsgi config` needs a command: `show`")])),
        },
        Some(("completions", matches)) => {
            Invocation::Completions(matches.get_one::<String>("shell").cloned().unwrap_or_default())
        }
        Some(("man", _)) => Invocation::Manual,
        Some((_, matches)) => Invocation::Serve(layer(matches)?),
        None => Invocation::Serve(Box::default()),
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
    COMMANDS.iter().filter_map(|(name, _)| name.split(' ').next())
}

/// `--help` of the commands that take every option; `--help-all` and the small commands have clap's own.
fn wants_brief_help(arguments: &[OsString]) -> bool {
    let is_large = arguments.get(1).is_some_and(|first| first == "serve" || first == "check");
    is_large && !arguments.iter().any(|argument| argument == "--help-all")
}

fn layer(matches: &ArgMatches) -> Result<Box<Layer>, Diagnostics> {
    let mut layer = Layer::default();
    let mut told = Diagnostics::default();
    for spec in OPTIONS {
        for (_, flag, text) in spoken(spec, matches) {
            if let Err(refusal) = (spec.slot_mut)(&mut layer).say(&text, Origin::Flag(flag.to_owned())) {
                let mut diagnostic = Diagnostic::invalid(flag, &text, &refusal.reason);
                diagnostic.hints.extend(refusal.hint);
                told.push(diagnostic.at(&Origin::Flag(flag.to_owned())));
            }
        }
    }
    if told.has_errors() { Err(told) } else { Ok(Box::new(layer)) }
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
        ErrorKind::MissingSubcommand => Diagnostic::error("`tlsgi config` needs a command").hint("`tlsgi config show`"),
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
    let bare = name.trim_start_matches('-');
    let nearest = nearest(bare, known.map(|flag| flag.trim_start_matches('-'))).map(|name| format!("--{name}"));
    Diagnostic::unknown("option", name, nearest.as_deref())
        .at(&Origin::Flag(name.to_owned()))
        .hint("`tlsgi --help-all` lists every option")
}
