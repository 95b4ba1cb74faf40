//! A wrong command line, told in one line.

use std::io;
use std::process::ExitCode;

use clap::error::ErrorKind;

use crate::failure::Failure;
use crate::terminal::{TERMINAL, explain};

/// Prints what clap has to say, and gives the exit code: its help as it is, an error in one line.
pub(crate) fn report(error: &clap::Error) -> ExitCode {
    let is_help = matches!(
        error.kind(),
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    );
    if is_help {
        // A reader that closes the pipe has seen enough.
        if let Err(error) = error.print()
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            let failure = Failure::output(explain(&error));
            TERMINAL.error(&failure);
            return failure.exit_code();
        }
    } else {
        TERMINAL.error(one_line(&error.render().to_string()));
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

/// clap's paragraphs are the error, then tips, then often the usage, and where to read on.
fn one_line(rendered: &str) -> String {
    let mut said = Vec::new();
    for paragraph in rendered.split("\n\n").map(str::trim) {
        if let Some(usage) = paragraph.strip_prefix("Usage: ") {
            let is_word = |word: &&str| word.starts_with(|c: char| c.is_ascii_lowercase());
            let verb: Vec<&str> = usage.split_whitespace().take_while(is_word).collect();
            said.push(format!("see {} --help", verb.join(" ")));
        } else if !paragraph.starts_with("For more information") {
            let paragraph = paragraph.strip_prefix("error: ").unwrap_or(paragraph);
            let paragraph = paragraph.strip_prefix("tip: ").unwrap_or(paragraph);
            said.push(paragraph.split_whitespace().collect::<Vec<_>>().join(" "));
        }
    }
    said.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Cli;

    fn told(line: &str) -> String {
        let error = Cli::read(line.split(' ')).expect_err("it is wrong");
        assert_eq!(error.exit_code(), 2);
        one_line(&error.render().to_string())
    }

    #[test]
    fn every_error_is_one_line_that_says_what_to_do() {
        for (line, expected) in [
            (
                "mcast discover -g 10.0.0.1",
                "invalid value '10.0.0.1' for '--group <ADDR[:PORT]>': 10.0.0.1 is not a multicast address; those are 224.0.0.0 to 239.255.255.255 and ff00::/8",
            ),
            (
                "mcast discover --timeout 3",
                "invalid value '3' for '--timeout <DURATION>': not a duration; write for example 3s or 500ms",
            ),
            (
                "mcast discover --timeuot 3s",
                "unexpected argument '--timeuot' found; a similar argument exists: '--timeout'; see mcast discover --help",
            ),
            (
                "mcast discover -p a --payload-hex 00",
                "the argument '--payload <TEXT>' cannot be used with '--payload-hex <HEX>'; see mcast discover --help",
            ),
            (
                "mcast listen --hex --raw",
                "the argument '--hex' cannot be used with '--raw'; see mcast listen --help",
            ),
            (
                "mcast respond --name x",
                "--name belongs after the --service it is about; see mcast respond --help",
            ),
            (
                "mcast respond --service a --port 1 --port 2",
                "service \"a\" has --port twice; see mcast respond --help",
            ),
            (
                "mcast respond --fish",
                "unexpected argument '--fish' found; see mcast respond --help",
            ),
            (
                "mcast listne",
                "unrecognized subcommand 'listne'; a similar subcommand exists: 'listen'; see mcast --help",
            ),
            (
                "mcast discover --ttl 256",
                "invalid value '256' for '--ttl <N>': 256 is not in 0..=255",
            ),
            (
                "mcast discover -n 0",
                "invalid value '0' for '--count <N>': not a count; write 1 or more",
            ),
            (
                "mcast --color sometimes demo",
                "invalid value 'sometimes' for '--color <WHEN>' [possible values: auto, always, never]",
            ),
            (
                "mcast completions",
                "the following required arguments were not provided: <SHELL>; see mcast completions --help",
            ),
        ] {
            assert_eq!(told(line), expected);
        }
    }
}
