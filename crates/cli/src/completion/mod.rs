//! What a shell is told while a command line is typed: the words that may follow.
//!
//! The shell's hook calls this program with the words so far. What may follow is read from clap's command, so a
//! verb that is added is completed too.

mod safe;
mod services;

use std::ffi::OsStr;
use std::io;

use clap::{Arg, Command, ValueHint};
use clap_complete::engine::{ArgValueCandidates, ArgValueCompleter, CompletionCandidate};
use clap_complete::env::Shells;
use clap_complete::{CompleteEnv, Shell};

use crate::pages;
use safe::is_safe;

/// By this variable a hook says that it asks, and for which shell.
const VARIABLE: &str = "MCAST_COMPLETE";

/// What is typed, and what the hooks call.
const PROGRAM: &str = "mcast";

/// Answers a shell's hook and ends the process, or does nothing where none asks.
pub(crate) fn answer(command: fn() -> Command) {
    let taught = || teach(command(), command);
    CompleteEnv::with_factory(taught).var(VARIABLE).bin(PROGRAM).completer(PROGRAM).complete();
}

/// A shell's hook.
pub(crate) fn hook(shell: Shell) -> io::Result<Vec<u8>> {
    let name = shell.to_string();
    let writer = Shells::builtins();
    let writer = writer.completer(&name).ok_or_else(|| io::Error::other("an unknown shell"))?;
    let mut script = Vec::new();
    writer.write_registration(VARIABLE, PROGRAM, PROGRAM, PROGRAM, &mut script)?;
    if shell == Shell::Zsh {
        // zsh loads a completion when it first needs it, and takes its first answer from that very call.
        script.extend_from_slice(
            b"if [ \"$funcstack[1]\" = \"_mcast\" ]; then _clap_dynamic_completer_mcast \"$@\"; fi\n",
        );
    }
    Ok(script)
}

/// Teaches each option what its values are, by what its help calls them.
fn teach(command: Command, whole: fn() -> Command) -> Command {
    let command = command.mut_args(|arg| teach_arg(arg, whole));
    command.mut_subcommands(|verb| teach(verb, whole))
}

fn teach_arg(arg: Arg, whole: fn() -> Command) -> Arg {
    let of = arg.get_value_names().and_then(|names| names.first()).map(|name| name.as_str());
    match of.unwrap_or_default() {
        "INTERFACE" => arg.add(ArgValueCompleter::new(interfaces)),
        "VERB" => arg.add(ArgValueCandidates::new(move || verbs(whole()))),
        "FILE" => arg.value_hint(ValueHint::AnyPath),
        "DIR" => arg.value_hint(ValueHint::DirPath),
        _ if arg.get_long() == Some("service") => {
            arg.add(ArgValueCandidates::new(move || services::candidates(whole())))
        }
        _ => arg,
    }
}

/// The interfaces of this machine, also behind the `!` that leaves one out.
fn interfaces(current: &OsStr) -> Vec<CompletionCandidate> {
    let current = current.to_string_lossy();
    let (not, begun) = match current.strip_prefix('!') {
        Some(begun) => ("!", begun),
        None => ("", &*current),
    };
    let mut interfaces = mcast_net::interfaces().unwrap_or_default();
    interfaces.retain(|it| it.name.starts_with(begun) && is_safe(&it.name));
    let candidate = |interface: mcast_net::Interface| {
        let addresses: Vec<String> =
            interface.addresses.iter().map(|own| own.address.to_string()).collect();
        let help = if interface.up { addresses.join(", ") } else { "down".into() };
        CompletionCandidate::new(format!("{not}{}", interface.name)).help(Some(help.into()))
    };
    interfaces.into_iter().map(candidate).collect()
}

/// The pages that `mcast man` has.
fn verbs(whole: Command) -> Vec<CompletionCandidate> {
    let page = |(name, command): (String, Command)| {
        CompletionCandidate::new(name).help(command.get_about().cloned())
    };
    pages::of(whole).into_iter().map(page).collect()
}
