//! tlsgi's own command line.

use std::ffi::OsString;

use clap::ArgMatches;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;

use super::command::command;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::layer::{Layer, OPTIONS};
use crate::nearest::nearest;
use crate::option::Spec;
use crate::origin::Origin;

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
    let matches = match command().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            return Ok(Invocation::Print(error.render()));
        }
        Err(error) => return Err(Diagnostics(vec![explain(&error)])),
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
        Some(("__front", _)) => Invocation::Front,
        Some((_, matches)) => Invocation::Serve(layer(matches)?),
        None => Invocation::Serve(layer(&matches)?),
    })
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
fn explain(error: &clap::Error) -> Diagnostic {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let argument = context(ContextKind::InvalidArg).unwrap_or_default();
    match error.kind() {
        ErrorKind::UnknownArgument if argument.starts_with('-') => unknown_flag(argument),
        ErrorKind::UnknownArgument => Diagnostic::error(format!("unexpected argument `{}`", argument.escape_debug()))
            .hint("there is one APP; a value with spaces is quoted"),
        ErrorKind::InvalidValue if context(ContextKind::InvalidValue).is_none_or(str::is_empty) => {
            let flag = argument.split([' ', '=']).next().unwrap_or(argument);
            Diagnostic::error(format!("`{flag}` needs a value")).at(&Origin::Flag(flag.to_owned()))
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

fn unknown_flag(argument: &str) -> Diagnostic {
    let name = argument.split('=').next().unwrap_or(argument);
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
