//! A wrong command line, told in one line.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::error::ErrorKind;
use mcast_net::clock::Clock;

use crate::escape::OneLine;
use crate::failure::Failure;
use crate::render::error_line;
use crate::terminal::{IfFull, TERMINAL, explain};

/// Prints what clap has to say, and gives the exit code: its help as it is, an error in one line.
pub(crate) fn report(error: &clap::Error, is_json: bool) -> ExitCode {
    let code = u8::try_from(error.exit_code()).unwrap_or(2);
    let is_help = matches!(
        error.kind(),
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    );
    if is_help {
        if let Err(failure) = printed(error.print()) {
            return failure;
        }
    } else {
        let line = one_line(&error.render().to_string());
        TERMINAL.error(&line);
        if is_json {
            tell(code, &line);
        }
    }
    ExitCode::from(code)
}

/// Prints a text of help.
pub(crate) fn help(text: &str) -> ExitCode {
    let mut stdout = io::stdout().lock();
    let result = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    printed(result).err().unwrap_or(ExitCode::SUCCESS)
}

/// What it means that help was printed so; a reader that closes the pipe has seen enough.
fn printed(result: io::Result<()>) -> Result<(), ExitCode> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let failure = Failure::output(explain(&error));
            TERMINAL.error(&failure);
            Err(failure.exit_code())
        }
        _ => Ok(()),
    }
}

/// Whether the results are to be JSON Lines, as far as that can be seen in words that may be wrong.
pub(crate) fn asks_for_json(words: impl Iterator<Item = OsString>) -> bool {
    words.skip(1).take_while(|word| word != "--").any(|word| word == "--json")
}

/// Tells a program that reads stdout alone what was said on stderr. No run writes there any more.
pub(crate) fn tell(code: u8, message: &str) {
    let message = OneLine(message).to_string();
    let line = error_line(Clock::wall(), code, &message);
    if !TERMINAL.print(&line, IfFull::Drop) {
        log::info!("cannot write to stdout what went wrong");
    }
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
    fn json_is_asked_for_by_its_option_alone() {
        let asks = |line: &str| asks_for_json(line.split(' ').map(OsString::from));
        assert!(asks("mcast discover --json -t 3") && asks("mcast --json"));
        assert!(!asks("mcast discover") && !asks("mcast send -- --json") && !asks("--json"));
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
