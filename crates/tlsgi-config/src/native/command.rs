//! The command line as clap knows it, made from the table of options.

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, Command, ValueHint};

use crate::layer::OPTIONS;
use crate::option::Spec;
use crate::value::Form;

/// Shells that completions are written for.
pub const SHELLS: [&str; 3] = ["bash", "zsh", "fish"];

/// The whole command.
#[must_use]
pub fn command() -> Command {
    with_options(Command::new("tlsgi"))
        .about("Serve a Python application over HTTPS")
        .version(env!("CARGO_PKG_VERSION"))
        .disable_version_flag(true)
        .arg(Arg::new("version").long("version").short('V').action(ArgAction::Version).help("Print the version"))
        .override_usage("tlsgi [serve] [OPTIONS] APP\n       tlsgi COMMAND")
        .subcommand_negates_reqs(true)
        .args_conflicts_with_subcommands(true)
        .disable_help_subcommand(true)
        .subcommand(with_options(Command::new("serve")).about("Serve an application (the default)"))
        .subcommand(
            with_options(Command::new("check"))
                .about("Check configuration, certificate and application without serving"),
        )
        .subcommand(
            with_help(Command::new("config")).about("Look at the configuration").subcommand_required(true).subcommand(
                with_options(Command::new("show")).about("Print every value in use and where it was written"),
            ),
        )
        .subcommand(
            with_help(Command::new("completions")).about("Print completions for a shell").arg(
                Arg::new("shell").value_name("SHELL").required(true).value_parser(PossibleValuesParser::new(SHELLS)),
            ),
        )
        .subcommand(with_help(Command::new("man")).about("Print the manual page"))
        .subcommand(Command::new("__front").hide(true))
}

fn with_options(command: Command) -> Command {
    let command = command.args_override_self(true).next_help_heading("Options");
    with_help(OPTIONS.iter().flat_map(args).fold(command, Command::arg)).arg(
        Arg::new("help-all")
            .long("help-all")
            .action(ArgAction::HelpLong)
            .help("Print every option")
            .help_heading("Help"),
    )
}

fn with_help(command: Command) -> Command {
    command.disable_help_flag(true).disable_help_subcommand(true).arg(
        Arg::new("help")
            .short('h')
            .long("help")
            .action(ArgAction::HelpShort)
            .help("Print the common options")
            .help_heading("Help"),
    )
}

/// The flags of an option: its own, its aliases (hidden) and its negations. Each is an argument of its own, so that a message can
/// name the one that was written.
fn args(spec: &'static Spec) -> Vec<Arg> {
    let mut args = vec![documented(spec, spec.flag, spec.is_switch())];
    args.extend(spec.aliases.iter().map(|alias| documented(spec, alias, spec.is_switch()).hide(true)));
    args.extend(spec.negations.iter().map(|negation| {
        let arg = documented(spec, negation, true);
        let help = format!("The opposite of {}", spec.flag);
        if spec.shown_flag() == *negation { arg } else { arg.help(help.clone()).long_help(help).hide_short_help(true) }
    }));
    args
}

fn documented(spec: &'static Spec, flag: &'static str, is_switch: bool) -> Arg {
    let mut arg = Arg::new(flag).help(short_help(spec)).long_help(long_help(spec));
    arg = arg.help_heading(spec.group.title()).hide_short_help(!spec.is_common);
    if let Some(long) = flag.strip_prefix("--") {
        arg = arg.long(long);
    }
    if is_switch {
        let is_hidden = flag == spec.flag && spec.shown_flag() != flag;
        return arg.action(ArgAction::SetTrue).hide(is_hidden);
    }
    let action = if spec.is_positional() { ArgAction::Set } else { ArgAction::Append };
    let arg = arg.action(action).value_name(spec.value_name).allow_hyphen_values(takes_hyphens(spec));
    match spec.form {
        Form::File => arg.value_hint(ValueHint::FilePath),
        Form::Directory => arg.value_hint(ValueHint::DirPath),
        _ => arg,
    }
}

/// `--access-log -` means standard error.
fn takes_hyphens(spec: &Spec) -> bool {
    !spec.is_positional() && spec.form == Form::File
}

fn short_help(spec: &Spec) -> String {
    let summary = spec.summary().trim_end_matches('.');
    match spec.default_text().filter(|&default| default != "none") {
        Some(default) => format!("{summary} [{default}]"),
        None => summary.to_owned(),
    }
}

fn long_help(spec: &Spec) -> String {
    let mut text = spec.summary().to_owned();
    let details = spec.details();
    if !details.is_empty() {
        text.push_str("\n\n");
        text.push_str(&details);
    }
    if let Some(default) = spec.default_text() {
        text.push_str(&format!("\n\nDefault: {default}."));
    }
    if !spec.aliases.is_empty() {
        text.push_str(&format!(" Also: {}.", spec.aliases.join(", ")));
    }
    text
}
