//! Words: lists and numbers for people, and commands for their shell.

use crate::facts::Host;

/// A number of things: `1 host`, `2 hosts`.
pub(super) fn count(number: u64, thing: &str) -> String {
    match number {
        1 => format!("1 {thing}"),
        _ => format!("{number} {thing}s"),
    }
}

/// Names after each other: `eth0, wlan0`.
pub(super) fn list<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> String {
    let mut list = String::new();
    for name in names {
        if !list.is_empty() {
            list += ", ";
        }
        list += name.as_ref();
    }
    list
}

/// A command that needs root, as this user has to write it.
pub(super) fn as_root(host: &Host, command: &str) -> String {
    if host.root { command.to_owned() } else { format!("sudo {command}") }
}

/// A word of a command line, quoted where a shell would take it for more than a word: names of interfaces
/// may hold almost any character, and what is printed is to be pasted.
pub(super) fn shell_word(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_.:@%/+-".contains(c);
    if !word.is_empty() && !word.starts_with('-') && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// The setting of an interface by its name, as sysctl takes it: a name with dots is written with slashes.
pub(super) fn sysctl(interface: &str, setting: &str) -> String {
    let path = if interface.contains('.') {
        format!("net/ipv4/conf/{interface}/{setting}")
    } else {
        format!("net.ipv4.conf.{interface}.{setting}")
    };
    shell_word(&path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_a_command_in_it_stays_a_name() {
        assert_eq!(shell_word("eth0.100"), "eth0.100");
        assert_eq!(shell_word("a;reboot"), "'a;reboot'");
        assert_eq!(shell_word("a'$(id)"), "'a'\\''$(id)'");
        assert_eq!(shell_word("-rf"), "'-rf'");
        assert_eq!(shell_word(""), "''");
        assert_eq!(sysctl("eth0.5", "rp_filter"), "net/ipv4/conf/eth0.5/rp_filter");
        assert_eq!(sysctl("eth0", "rp_filter"), "net.ipv4.conf.eth0.rp_filter");
    }
}
