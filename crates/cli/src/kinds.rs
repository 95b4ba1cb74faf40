//! What a device is, in a word, by the services that it says it has.

use mcast_proto::{Body, Fact, Finding};

/// Services and the words for who has them: the first that a device has is what it is called. What begins with
/// a colon or a brace is a part of a longer name, as a version follows it; anything else is the whole name.
const KINDS: [(&str, &str); 50] = [
    ("_ipp._tcp", "printer"),
    ("_ipps._tcp", "printer"),
    ("_printer._tcp", "printer"),
    ("_pdl-datastream._tcp", "printer"),
    (":device:Printer:", "printer"),
    ("}PrintDeviceType", "printer"),
    ("_uscan._tcp", "scanner"),
    ("_scanner._tcp", "scanner"),
    ("}ScanDeviceType", "scanner"),
    ("}NetworkVideoTransmitter", "camera"),
    ("_axis-video._tcp", "camera"),
    ("_rtsp._tcp", "camera"),
    ("hikvision", "camera"),
    ("dahua", "camera"),
    (":device:InternetGatewayDevice:", "router"),
    ("_androidtvremote2._tcp", "television"),
    (":service:dial:", "television"),
    ("_sonos._tcp", "speaker"),
    (":device:ZonePlayer:", "speaker"),
    ("_raop._tcp", "speaker"),
    ("_spotify-connect._tcp", "speaker"),
    ("_googlecast._tcp", "media player"),
    ("_airplay._tcp", "media player"),
    (":device:MediaRenderer:", "media player"),
    ("_adisk._tcp", "NAS"),
    ("_afpovertcp._tcp", "NAS"),
    ("_nfs._tcp", "NAS"),
    (":device:MediaServer:", "media server"),
    ("plex", "media server"),
    ("jellyfin", "media server"),
    ("_hue._tcp", "lamp"),
    ("yeelight", "lamp"),
    ("govee", "lamp"),
    ("lifx", "lamp"),
    ("wiz", "lamp"),
    ("_home-assistant._tcp", "home automation"),
    ("_hap._tcp", "home automation"),
    ("_matter._tcp", "home automation"),
    ("_meshcop._udp", "home automation"),
    ("_esphomelib._tcp", "home automation"),
    ("_shelly._tcp", "home automation"),
    ("knx", "building automation"),
    ("dds", "robot or other DDS program"),
    ("minecraft", "game"),
    ("}Computer", "computer"),
    ("_workstation._tcp", "computer"),
    ("_smb._tcp", "computer"),
    ("_rfb._tcp", "computer"),
    ("_ssh._tcp", "computer"),
    ("_companion-link._tcp", "computer"),
];

/// All services that one says it has, in the order in which it says them.
pub(crate) fn services<'a>(
    finding: Finding<'a>,
) -> impl Iterator<Item = &'a str> + Clone + use<'a> {
    let (facts, one) = match finding.body {
        Body::Facts(facts) => (Some(facts), None),
        _ => (None, finding.service()),
    };
    let service = |fact| if let Fact::Service(service) = fact { Some(service) } else { None };
    facts.into_iter().flatten().filter_map(service).chain(one)
}

/// The word for one who says that it has these services.
pub(crate) fn kind<'s>(services: impl Iterator<Item = &'s str> + Clone) -> Option<&'static str> {
    let says = |(known, _): &&(&str, &str)| services.clone().any(|service| is(service, known));
    KINDS.iter().find(says).map(|(_, word)| *word)
}

fn is(service: &str, known: &str) -> bool {
    match known.starts_with([':', '}']) {
        true => service.to_ascii_lowercase().contains(&known.to_ascii_lowercase()),
        false => service.eq_ignore_ascii_case(known),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_called_by_the_most_telling_of_its_services() {
        for (services, word) in [
            (&["_ssh._tcp", "_ipp._tcp"][..], Some("printer")),
            (&["_IPP._tcp"], Some("printer")),
            (&["_http._tcp", "_ssh._tcp"], Some("computer")),
            (&["urn:schemas-upnp-org:device:InternetGatewayDevice:1"], Some("router")),
            (&["{http://www.onvif.org/ver10/network/wsdl}NetworkVideoTransmitter"], Some("camera")),
            (&["yeelight"], Some("lamp")),
            (&["not-yeelight", "_http._tcp", "upnp:rootdevice", ""], None),
            (&[], None),
        ] {
            assert_eq!(kind(services.iter().copied()), word, "{services:?}");
        }
    }
}
