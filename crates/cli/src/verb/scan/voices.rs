//! In which protocols is asked: all of them, or those that are named.

use mcast_dialects::preset::{Preset, To};

use crate::failure::Failure;

/// A protocol to ask in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Voice {
    Mdns,
    Ssdp,
    Wsd,
    Coap,
    /// Our own structured protocol.
    Mcast,
    Plain,
    Preset(Box<Preset>),
}

/// Those that are no presets.
const OWN: [Voice; 6] =
    [Voice::Mdns, Voice::Ssdp, Voice::Wsd, Voice::Coap, Voice::Mcast, Voice::Plain];

impl Voice {
    /// Its name, in options and in results.
    pub(super) fn name(&self) -> &str {
        match self {
            Voice::Mdns => "mdns",
            Voice::Ssdp => "ssdp",
            Voice::Wsd => "wsd",
            Voice::Coap => "coap",
            Voice::Mcast => "mcast",
            Voice::Plain => "plain",
            Voice::Preset(preset) => preset.name(),
        }
    }

    /// Whether it asks everybody on the link, who did not ask for that.
    fn broadcasts(&self) -> bool {
        matches!(self, Voice::Preset(preset) if matches!(preset.to(), To::Broadcast(_)))
    }

    /// Whether it needs a port of its own to ask from, which another program may have.
    fn needs_port(&self) -> bool {
        matches!(self, Voice::Preset(preset) if preset.source_port().is_some())
    }
}

/// Whether a name is of a protocol that is no preset.
pub(super) fn is_own(name: &str) -> bool {
    OWN.iter().any(|voice| voice.name() == name)
}

/// Those to ask in: of all, the ones that are named, or, where none is, all that take nothing from others.
pub(super) fn choose(
    presets: Vec<Preset>,
    only: &[String],
    broadcast: bool,
) -> Result<Vec<Voice>, Failure> {
    let presets = presets.into_iter().map(|preset| Voice::Preset(Box::new(preset)));
    let all: Vec<Voice> = OWN.into_iter().chain(presets).collect();
    if let Some(unknown) = only.iter().find(|name| all.iter().all(|it| it.name() != **name)) {
        let names: Vec<&str> = all.iter().map(Voice::name).collect();
        let names = names.join(", ");
        return Err(Failure::usage(format!("--only: there is no {unknown:?}; there are: {names}")));
    }
    let is_named = |voice: &Voice| only.iter().any(|name| name == voice.name());
    if let Some(shy) = all.iter().find(|it| is_named(it) && it.broadcasts() && !broadcast) {
        let name = shy.name();
        return Err(Failure::usage(format!(
            "--only: {name} asks by broadcast, which reaches everybody on the network: add --broadcast"
        )));
    }
    let is_modest = |voice: &Voice| broadcast || !(voice.broadcasts() || voice.needs_port());
    let is_wanted =
        |voice: &Voice| if only.is_empty() { is_modest(voice) } else { is_named(voice) };
    let (wanted, left): (Vec<Voice>, Vec<Voice>) = all.into_iter().partition(is_wanted);
    if only.is_empty() && !left.is_empty() {
        let names: Vec<&str> = left.iter().map(Voice::name).collect();
        log::info!("not asked without --broadcast: {}", names.join(", "));
    }
    Ok(wanted)
}

#[cfg(test)]
mod tests {
    use mcast_dialects::preset::builtin;

    use super::*;

    fn chosen(only: &[&str], broadcast: bool) -> Result<Vec<String>, String> {
        let only: Vec<String> = only.iter().map(|name| (*name).to_owned()).collect();
        let chosen = choose(builtin().expect("a table"), &only, broadcast);
        let names = |voices: Vec<Voice>| voices.iter().map(|it| it.name().to_owned()).collect();
        chosen.map(names).map_err(|failure| failure.to_string())
    }

    #[test]
    fn all_are_asked_that_take_nothing_from_others() {
        let all = chosen(&[], false).unwrap();
        assert_eq!(all[..7], ["mdns", "ssdp", "wsd", "coap", "mcast", "plain", "dahua"]);
        for name in ["govee", "jellyfin", "lifx", "wiz"] {
            assert!(!all.contains(&name.into()), "{name}");
            assert!(chosen(&[], true).unwrap().contains(&name.into()), "{name}");
        }
    }

    #[test]
    fn those_are_asked_that_are_named() {
        assert_eq!(chosen(&["knx", "mdns"], false), Ok(vec!["mdns".into(), "knx".into()]));
        assert_eq!(chosen(&["govee"], false), Ok(vec!["govee".into()]));
        assert_eq!(chosen(&["lifx"], true), Ok(vec!["lifx".into()]));
        assert!(chosen(&["lifx"], false).unwrap_err().ends_with("add --broadcast"));
        let error = chosen(&["bonjour"], false).unwrap_err();
        assert!(error.contains("\"bonjour\"") && error.contains("mdns, ssdp, wsd"), "{error}");
        assert!(error.ends_with("yeelight"), "{error}");
    }

    #[test]
    fn no_preset_that_comes_with_it_has_the_name_of_a_protocol() {
        assert!(builtin().unwrap().iter().all(|preset| !is_own(preset.name())));
    }
}
