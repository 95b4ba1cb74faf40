//! The pages of the manual, by the names that `mcast man` has for them.

use clap::Command;

/// Each command that has a page: the whole under no name, a verb under its own, and what belongs to a verb under
/// both, as `key-new`. They are whole: options that all share are in each.
pub(crate) fn all(mut whole: Command) -> Vec<(String, Command)> {
    // Of itself it says nothing that is not in the other pages.
    whole = whole.disable_help_subcommand(true);
    whole.build();
    let mut found = Vec::new();
    collect("", &whole, &mut found);
    found
}

/// Those of the verbs alone.
pub(crate) fn of(whole: Command) -> Vec<(String, Command)> {
    all(whole).into_iter().filter(|(name, _)| !name.is_empty()).collect()
}

fn collect(name: &str, command: &Command, into: &mut Vec<(String, Command)>) {
    into.push((name.to_owned(), command.clone()));
    for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set()) {
        let name = match name {
            "" => inner.get_name().to_owned(),
            outer => format!("{outer}-{}", inner.get_name()),
        };
        collect(&name, inner, into);
    }
}
