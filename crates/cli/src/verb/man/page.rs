//! A page of the manual: what clap knows of a command, and what else belongs on a page.

use std::io::{self, Write};

use clap::{Arg, Command};
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, italic, roman};

use super::words::{self, Words};

/// What a page is called, in section 1.
pub(super) fn title(name: &str) -> String {
    match name {
        "" => "mcast".into(),
        name => format!("mcast-{name}"),
    }
}

/// The page of that name, which refers to the others.
pub(super) fn render(
    name: &str,
    command: &Command,
    pages: &[(String, Command)],
) -> io::Result<Vec<u8>> {
    let title = title(name);
    let mut text = Vec::new();
    // clap_mangen leaves an empty date out, and then the program stands in its place.
    let version = env!("CARGO_PKG_VERSION");
    writeln!(text, ".TH {title} 1 \"\" \"mcast {version}\" \"mcast manual\"")?;
    let man = Man::new(command.clone()).title(title);
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut text)?;
    }
    let words = words::of(name);
    let mut more = Roff::new();
    exit_status(&mut more, &words);
    files(&mut more, command, &words);
    json(&mut more, command, &words);
    examples(&mut more, command, name);
    see_also(&mut more, name, pages);
    more.to_writer(&mut text)?;
    Ok(text)
}

fn exit_status(page: &mut Roff, words: &Words) {
    page.control("SH", ["EXIT STATUS"]);
    for (code, meaning) in words.statuses {
        entry(page, vec![bold(*code)], meaning);
    }
}

/// The files of options, as their help has them, and those that are looked for.
fn files(page: &mut Roff, command: &Command, words: &Words) {
    page.control("SH", ["FILES"]);
    let options: Vec<&Arg> = command.get_arguments().filter(|arg| names_a_file(arg)).collect();
    for option in &options {
        let help = option.get_help().map(ToString::to_string).unwrap_or_default();
        let value = option.get_value_names().unwrap_or_default().join(" ");
        let name = option.get_long().map(|long| bold(format!("--{long} ")));
        entry(page, name.into_iter().chain([italic(value)]).collect(), &help);
    }
    for (file, meaning) in words.files {
        entry(page, vec![italic(*file)], meaning);
    }
    if options.is_empty() && words.files.is_empty() {
        page.text([roman("None.")]);
    }
}

fn names_a_file(arg: &Arg) -> bool {
    let names = arg.get_value_names().unwrap_or_default();
    names.iter().any(|name| matches!(name.as_str(), "FILE" | "DIR"))
}

fn json(page: &mut Roff, command: &Command, words: &Words) {
    page.control("SH", ["JSON"]);
    let has_json = |command: &Command| command.get_arguments().any(|arg| arg.get_id() == "json");
    if !has_json(command) && !command.get_subcommands().any(has_json) {
        page.text([roman("It prints none.")]);
        return;
    }
    page.text([
        roman("With "),
        bold("--json"),
        roman(
            " each line of stdout is an object, and nothing else is there. Its first field, event, says which it is. \
             What the fields mean is in docs/json.md, which comes with mcast.",
        ),
    ]);
    for (event, meaning) in words.events {
        entry(page, vec![bold(*event)], meaning);
    }
}

/// As they are in the help, line by line; without any the command itself is one.
fn examples(page: &mut Roff, command: &Command, name: &str) {
    page.control("SH", ["EXAMPLES"]);
    page.control("nf", []);
    let help = command.get_after_long_help().or_else(|| command.get_after_help());
    let help = help.map(ToString::to_string).unwrap_or_default();
    let lines = help.lines().skip_while(|line| *line != "Examples:").skip(1);
    let lines: Vec<&str> = lines.take_while(|line| !line.is_empty()).collect();
    if lines.is_empty() {
        page.text([roman(title(name).replace('-', " "))]);
    }
    for line in lines {
        page.text([roman(line.trim_start())]);
    }
    page.control("fi", []);
}

fn see_also(page: &mut Roff, name: &str, pages: &[(String, Command)]) {
    page.control("SH", ["SEE ALSO"]);
    let others = pages.iter().filter(|(other, _)| other != name);
    let mut line: Vec<Inline> = Vec::new();
    for (other, _) in others {
        let comma = if line.is_empty() { "" } else { ", " };
        line.extend([roman(comma), bold(title(other)), roman("(1)")]);
    }
    page.text(line);
}

fn entry(page: &mut Roff, what: Vec<Inline>, meaning: &str) {
    page.control("TP", []);
    page.text(what);
    page.text([roman(meaning)]);
}
