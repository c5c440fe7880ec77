//! The command line as clap knows it, made from the table of options.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, PossibleValuesParser, StringValueParser, TypedValueParser};
use clap::{Arg, ArgAction, Command, ValueHint};

use crate::dialect::DIALECTS;
use crate::layer::OPTIONS;
use crate::option::Spec;
use crate::tool::TOOLS;
use crate::value::Form;

/// Shells that completions are written for.
pub const SHELLS: [&str; 3] = ["bash", "zsh", "fish"];

const ABOUT: &str = "Serve a Python application over HTTPS";
const USAGE: &str = "tlsgi [serve] [OPTIONS] APP\n       tlsgi COMMAND";

/// The flag of `tlsgi config show` that leaves out the defaults.
pub(super) const WRITTEN: &str = "only-written";

/// The commands, as help and manual list them.
pub const COMMANDS: [(&str, &str); 12] = [
    ("serve", "Serve an application (the default)"),
    ("check", "Check configuration, certificate and application without serving"),
    ("config show", "Print every value in use and where it was written"),
    ("config schema", "Print the JSON schema of tlsgi.toml"),
    ("trust", "Make browsers and other programs of this machine trust the local root"),
    ("cert", "Issue a certificate from the local root into files"),
    ("mkcert", "Do what mkcert does, with its flags"),
    ("ca", "Run a private CA"),
    ("python", "Run a Python program, with tlsgi for the server that it starts"),
    ("import", "Print another server's command line as a tlsgi.toml"),
    ("completions", "Print completions for a shell"),
    ("man", "Print the manual page"),
];

fn commands() -> String {
    let dialects: Vec<&str> = DIALECTS.iter().map(|dialect| dialect.name).collect();
    let commands = COMMANDS.map(|(name, _)| name).join(", ");
    format!("Commands: {commands}\nIn another server's words: {}\n", dialects.join(", "))
}

/// What help says of a command.
pub(crate) fn about(name: &str) -> &'static str {
    COMMANDS.iter().find(|(command, _)| *command == name).map_or("", |(_, about)| about)
}

/// The command with its common options alone, under one heading: help that fits a screen.
#[must_use]
pub fn brief() -> Command {
    let common = OPTIONS.iter().filter(|spec| spec.is_common);
    let shown =
        common.map(|spec| documented(spec, spec.shown_flag(), spec.is_switch() || spec.shown_flag() != spec.flag));
    shown
        .fold(Command::new("tlsgi"), |command, arg| command.arg(arg.help_heading(None)))
        .about(ABOUT)
        .override_usage(USAGE)
        .disable_help_flag(true)
        .after_help(format!("{}`tlsgi --help-all` lists every option, `tlsgi man` explains them.", commands()))
}

/// The command with every option and without commands, for the manual page, which has a section of its own for them.
pub(super) fn manual() -> Command {
    let command = Command::new("tlsgi").about(ABOUT).version(env!("CARGO_PKG_VERSION"));
    with_options(command).disable_version_flag(true).override_usage(USAGE)
}

/// The whole command.
#[must_use]
pub fn command() -> Command {
    let command = with_options(Command::new("tlsgi"))
        .about(ABOUT)
        .version(env!("CARGO_PKG_VERSION"))
        .disable_version_flag(true)
        .arg(
            Arg::new("version")
                .long("version")
                .short('V')
                .action(ArgAction::Version)
                .help("Print the version")
                .help_heading("Help"),
        )
        .override_usage(USAGE)
        .args_conflicts_with_subcommands(true)
        .disable_help_subcommand(true)
        .subcommand(
            with_options(Command::new("serve")).about(about("serve")).override_usage(USAGE).after_long_help(commands()),
        )
        .subcommand(with_options(Command::new("check")).about(about("check")))
        .subcommand(
            with_help(Command::new("config"))
                .about("Look at the configuration")
                .subcommand_required(true)
                .subcommand(
                    with_options(Command::new("show")).about(about("config show")).arg(
                        Arg::new(WRITTEN)
                            .long(WRITTEN)
                            .action(ArgAction::SetTrue)
                            .help("Print what somebody wrote and nothing else: a tlsgi.toml to use")
                            .help_heading("Help"),
                    ),
                )
                .subcommand(with_help(Command::new("schema")).about(about("config schema"))),
        )
        .subcommand(
            with_help(Command::new("completions")).about(about("completions")).arg(
                Arg::new("shell").value_name("SHELL").required(true).value_parser(PossibleValuesParser::new(SHELLS)),
            ),
        )
        .subcommand(with_help(Command::new("man")).about(about("man")));
    let foreign = |name, about| {
        let words = Arg::new("words").num_args(0..).trailing_var_arg(true).allow_hyphen_values(true);
        with_help(Command::new(name)).about(about).arg(words.value_name("ARGUMENTS"))
    };
    let command = command.subcommand(foreign("import", about("import")));
    let command = command.subcommand(foreign("python", about("python")));
    let command = command.subcommands(DIALECTS.iter().map(|dialect| foreign(dialect.name, dialect.about)));
    command.subcommands(TOOLS.iter().map(|tool| tool.tree(about(tool.name))))
}

fn with_options(command: Command) -> Command {
    let command = command.args_override_self(true);
    with_help(OPTIONS.iter().flat_map(args).fold(command, Command::arg)).arg(
        Arg::new("help-all")
            .long("help-all")
            .action(ArgAction::HelpLong)
            .help("Print every option")
            .help_heading("Help"),
    )
}

pub(crate) fn with_help(command: Command) -> Command {
    command.disable_help_flag(true).disable_help_subcommand(true).arg(
        Arg::new("help").short('h').long("help").action(ArgAction::HelpShort).help("Print help").help_heading("Help"),
    )
}

/// The flags of an option: its own, its aliases (hidden) and its negations. Each is an argument of its own, so that a message can
/// name the one that was written.
pub(crate) fn args(spec: &'static Spec) -> Vec<Arg> {
    let mut args = vec![documented(spec, spec.flag, spec.is_switch())];
    args.extend(spec.aliases.iter().map(|alias| documented(spec, alias, spec.is_switch()).hide(true)));
    args.extend(spec.negations.iter().enumerate().map(|(at, negation)| {
        let arg = documented(spec, negation, true).hide(at > 0);
        let help = format!("The opposite of {}", spec.flag);
        if spec.shown_flag() == *negation { arg } else { arg.help(help.clone()).long_help(help).hide_short_help(true) }
    }));
    args
}

fn documented(spec: &'static Spec, flag: &'static str, is_switch: bool) -> Arg {
    let mut arg = Arg::new(flag).help(short_help(spec, flag)).long_help(long_help(spec));
    arg = arg.hide_short_help(!spec.is_common);
    if !spec.is_positional() {
        arg = arg.help_heading(spec.group.title());
    }
    if let Some(long) = flag.strip_prefix("--") {
        arg = arg.long(long);
    }
    if is_switch {
        let is_hidden = flag == spec.flag && spec.shown_flag() != flag;
        return arg.action(ArgAction::SetTrue).hide(is_hidden);
    }
    let action = if spec.is_positional() { ArgAction::Set } else { ArgAction::Append };
    let arg = arg
        .action(action)
        .value_name(spec.value_name)
        .allow_hyphen_values(takes_hyphens(spec))
        .allow_negative_numbers(!spec.is_positional());
    match spec.form {
        Form::File => arg.value_hint(ValueHint::FilePath),
        Form::Directory => arg.value_hint(ValueHint::DirPath),
        Form::Words(words) => arg.value_parser(Suggested(words)).hide_possible_values(true),
        _ => arg,
    }
}

/// Words for completions. What is no such word is refused by the value itself, as in a file.
#[derive(Debug, Clone, Copy)]
struct Suggested(&'static [&'static str]);

impl TypedValueParser for Suggested {
    type Value = String;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.0.iter().map(PossibleValue::new)))
    }
}

/// `--access-log -` means standard error.
fn takes_hyphens(spec: &Spec) -> bool {
    !spec.is_positional() && spec.form == Form::File
}

fn short_help(spec: &Spec, flag: &str) -> String {
    let summary = spec.summary().trim_end_matches('.');
    if flag != spec.flag && spec.negations.contains(&flag) {
        let (first, rest) = summary.split_at(summary.chars().next().map_or(0, char::len_utf8));
        return format!("Do not {}{rest}", first.to_lowercase());
    }
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
