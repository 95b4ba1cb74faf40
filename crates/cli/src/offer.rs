//! What services are made of, in the command line's words.

use std::str::FromStr;

use clap::error::ErrorKind;
use clap::{ArgMatches, Args, Command, Error, FromArgMatches};
use mcast_proto::service::Offer;
use mcast_proto::wire::{Attr, DecodeError, MAX_ATTRS, MAX_TEXT, Tlv};

use crate::parse::parse_port;

/// A service that is offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OfferWords {
    pub(crate) service: String,
    pub(crate) name: Option<String>,
    pub(crate) port: Option<u16>,
    pub(crate) txt: Vec<Attribute>,
    /// Its number, where that is not to be made of what it is.
    pub(crate) id: Option<u64>,
}

impl OfferWords {
    fn new(service: String) -> OfferWords {
        OfferWords { service, name: None, port: None, txt: Vec::new(), id: None }
    }

    /// What a responder says of it.
    pub(crate) fn offer(&self) -> Result<Offer, String> {
        self.build().map_err(|error| format!("service {:?}: {}", self.service, explain(error)))
    }

    fn build(&self) -> Result<Offer, DecodeError> {
        let mut offer = Offer::new(&self.service)?;
        if let Some(name) = &self.name {
            offer = offer.name(name)?;
        }
        if let Some(port) = self.port {
            offer = offer.port(port)?;
        }
        self.txt.iter().try_fold(offer, |offer, attribute| {
            let value = attribute.value.as_deref().map(str::as_bytes);
            offer.with(Tlv::Attr(Attr { key: &attribute.key, value }))
        })
    }
}

/// Says what is too much for a datagram. Single words have been checked as they were read.
pub(crate) fn explain(error: DecodeError) -> String {
    match error {
        DecodeError::TlvCount(_) => format!("{MAX_ATTRS} attributes at the most"),
        _ => "all together is more than one datagram can say; leave some of it out".into(),
    }
}

/// Reads the name of a service, or that of one who offers it.
pub(crate) fn parse_name(text: &str) -> Result<String, String> {
    if text.is_empty() || text.len() > MAX_TEXT || text.chars().any(char::is_control) {
        return Err(format!(
            "not a name; those have 1 to {MAX_TEXT} bytes and no control characters"
        ));
    }
    Ok(text.to_owned())
}

/// Reads the name of a service that is to be offered.
pub(crate) fn parse_offered(text: &str) -> Result<String, String> {
    match text {
        "*" => {
            Err("* is how mcast discover asks for any service; write the name of the one that is \
             offered, for example printer"
                .into())
        }
        text => parse_name(text),
    }
}

/// Reads an id, as it is shown of those who are found.
pub(crate) fn parse_id(text: &str) -> Result<u64, String> {
    match u64::from_str_radix(text, 16) {
        Ok(id) if text.len() <= 16 && !text.starts_with('+') => Ok(id),
        _ => Err("not an id; those have up to 16 hexadecimal digits".into()),
    }
}

/// An attribute: `KEY=VALUE`, or `KEY` alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attribute {
    pub(crate) key: String,
    pub(crate) value: Option<String>,
}

impl FromStr for Attribute {
    type Err = String;

    fn from_str(text: &str) -> Result<Attribute, String> {
        let (key, value) = match text.split_once('=') {
            Some((key, value)) => (key, Some(value)),
            None => (text, None),
        };
        if key.is_empty() || !key.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
            return Err("not an attribute; write KEY=VALUE, the key in printable ASCII".into());
        }
        if text.len() > MAX_TEXT {
            return Err(format!("too long; key and value have {MAX_TEXT} bytes at the most"));
        }
        Ok(Attribute { key: key.to_owned(), value: value.map(str::to_owned) })
    }
}

/// The services that the command line offers: each `--service` with what follows it.
#[derive(Debug, Clone)]
pub(crate) struct Offers(pub(crate) Vec<OfferWords>);

#[derive(Debug, Args)]
#[command(next_help_heading = "Services")]
struct Words {
    /// Offer this service by the structured protocol, in the group 239.255.80.9:50009, with -6
    /// [ff12::5009]:50009. May be repeated; --name, --port, --txt and --id follow the service that
    /// they are about
    #[arg(long = "service", value_name = "NAME", group = "offered", value_parser = parse_offered)]
    services: Vec<String>,

    /// The service's name, for people to read
    #[arg(long = "name", value_name = "NAME", value_parser = parse_name)]
    names: Vec<String>,

    /// The service's port
    #[arg(long = "port", value_name = "PORT", value_parser = parse_port)]
    ports: Vec<u16>,

    /// An attribute of the service. May be repeated
    #[arg(long = "txt", value_name = "KEY=VALUE")]
    txt: Vec<Attribute>,

    /// The service's id, by which others recognise it [default: derived from this machine's id, the
    /// network's prefix, the service and its name; it survives restarts, and no two services of this
    /// machine share one]
    #[arg(long = "id", value_name = "HEX", value_parser = parse_id)]
    ids: Vec<u64>,
}

impl Args for Offers {
    fn augment_args(command: Command) -> Command {
        Words::augment_args(command)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Words::augment_args_for_update(command)
    }
}

impl FromArgMatches for Offers {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Offers, Error> {
        let Words { services, names, ports, txt, ids } = Words::from_arg_matches(matches)?;
        let places = |id: &str| matches.indices_of(id).into_iter().flatten();
        let starts: Vec<usize> = places("services").collect();
        let mut offers: Vec<OfferWords> = services.into_iter().map(OfferWords::new).collect();
        let owner = |option: &str, place: usize| {
            let before = starts.iter().take_while(|start| **start < place).count();
            before
                .checked_sub(1)
                .ok_or_else(|| wrong(format!("{option} belongs after the --service it is about")))
        };
        for (name, place) in names.into_iter().zip(places("names")) {
            let offer = &mut offers[owner("--name", place)?];
            set_once(&mut offer.name, name, "--name", &offer.service)?;
        }
        for (port, place) in ports.into_iter().zip(places("ports")) {
            let offer = &mut offers[owner("--port", place)?];
            set_once(&mut offer.port, port, "--port", &offer.service)?;
        }
        for (id, place) in ids.into_iter().zip(places("ids")) {
            let offer = &mut offers[owner("--id", place)?];
            set_once(&mut offer.id, id, "--id", &offer.service)?;
        }
        for (attribute, place) in txt.into_iter().zip(places("txt")) {
            offers[owner("--txt", place)?].txt.push(attribute);
        }
        Ok(Offers(offers))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Offers::from_arg_matches(matches)?;
        Ok(())
    }
}

fn set_once<T>(slot: &mut Option<T>, value: T, option: &str, service: &str) -> Result<(), Error> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(wrong(format!("service {service:?} has {option} twice"))),
    }
}

fn wrong(message: String) -> Error {
    Error::raw(ErrorKind::ArgumentConflict, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offers(words: &[&str]) -> Result<Vec<OfferWords>, String> {
        let command = Offers::augment_args(Command::new("respond").no_binary_name(true));
        let matches = command.try_get_matches_from(words).map_err(|error| error.to_string())?;
        let offers = Offers::from_arg_matches(&matches).map_err(|error| error.to_string())?;
        Ok(offers.0)
    }

    fn attribute(text: &str) -> Attribute {
        text.parse().unwrap()
    }

    #[test]
    fn what_follows_a_service_is_said_of_it() {
        let words = [
            "--service",
            "printer",
            "--port",
            "631",
            "--name",
            "lab-3",
            "--txt",
            "color=yes",
            "--id",
            "FeeD",
            "--service",
            "scanner",
            "--txt",
            "a4",
            "--txt",
            "color=",
            "--name=lab-3",
        ];
        let name = Some("lab-3".to_owned());
        assert_eq!(
            offers(&words).unwrap(),
            [
                OfferWords {
                    service: "printer".into(),
                    name: name.clone(),
                    port: Some(631),
                    txt: vec![attribute("color=yes")],
                    id: Some(0xfeed),
                },
                OfferWords {
                    service: "scanner".into(),
                    name,
                    port: None,
                    txt: vec![attribute("a4"), attribute("color=")],
                    id: None,
                },
            ]
        );
    }

    #[test]
    fn what_stands_before_any_service_or_twice_after_one_is_refused() {
        for (words, said) in [
            (
                &["--name", "lab-3", "--service", "printer"][..],
                "--name belongs after the --service",
            ),
            (&["--txt", "a=b"], "--txt belongs after the --service"),
            (&["--service", "a", "--port", "1", "--port", "2"], "service \"a\" has --port twice"),
            (&["--id", "1", "--service", "a"], "--id belongs after the --service"),
            (&["--service", "a", "--id", "1", "--id", "2"], "service \"a\" has --id twice"),
            (&["--service", "a", "--id", "lab-3"], "not an id"),
            (&["--service", "a", "--id", "+1"], "not an id"),
            (&["--service", "a", "--id", "00112233445566778"], "not an id"),
            (&["--service", ""], "not a name"),
            (&["--service", "a\nb"], "not a name"),
            (&["--service", "*"], "write the name of the one that is offered"),
            (&["--service", "a", "--txt", "=b"], "not an attribute"),
            (&["--service", "a", "--txt", "é=b"], "not an attribute"),
        ] {
            let error = offers(words).unwrap_err();
            assert!(error.contains(said), "{words:?}: {error}");
        }
    }

    #[test]
    fn what_is_too_much_for_a_datagram_is_told_in_words() {
        let with = |txt: Vec<Attribute>| OfferWords { txt, ..OfferWords::new("s".into()) }.offer();
        assert!(with(vec![attribute("a=b"); 16]).is_ok());
        assert!(
            with(vec![attribute("a=b"); 17]).unwrap_err().contains("16 attributes at the most")
        );
        let long = attribute(&format!("a={}", "x".repeat(253)));
        assert!(with(vec![long; 5]).unwrap_err().contains("more than one datagram can say"));
    }
}
