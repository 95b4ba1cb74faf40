//! Who is who: an instance is known by its whole name, in any case of letters, on its link.

use alloc::string::String;
use alloc::vec::Vec;
use core::borrow::Borrow;
use core::fmt;

use mcast_proto::InterfaceId;

use super::name::{MAX_NAME, Name, same_labels};

/// The network that something was heard on: the same name on another is another. Where the driver does not
/// know the interface, all is one.
pub(super) type Link = Option<InterfaceId>;

/// The domain in which all names are.
const DOMAIN: &[u8] = b"local";
/// What is asked for all types (RFC 6763 section 9).
const ALL_TYPES: [&[u8]; 4] = [b"_services", b"_dns-sd", b"_udp", DOMAIN];
/// The longest of a service's label. RFC 6335 section 5.1 gives a name 15 characters, and not all keep to it.
const MAX_SERVICE: usize = 63;

/// The labels of a type's name.
const TYPE_LABELS: usize = 3;

/// The longest type as text: its two labels and a dot.
pub(super) const MAX_TYPE: usize = MAX_SERVICE + 5;

/// A name with its link, folded to small letters, to be looked up.
pub(super) struct Key {
    buffer: [u8; MAX_NAME + 4],
    length: usize,
}

impl Key {
    /// That of this name.
    pub(super) fn new(link: Link, name: Name<'_>) -> Key {
        let mut folded = [0; MAX_NAME];
        let length = name.write(&mut folded);
        // The bytes that say how long a label is are below those of letters.
        folded.make_ascii_lowercase();
        let mut buffer = [0; MAX_NAME + 4];
        buffer[..length].copy_from_slice(&folded[..length]);
        let link = link.map_or(0, |interface| interface.0);
        buffer[length..length + 4].copy_from_slice(&link.to_be_bytes());
        Key { buffer, length: length + 4 }
    }

    /// Its bytes.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.buffer[..self.length]
    }
}

/// What an instance is told by: its whole [escaped](Name::escaped) name in small letters, and the number of its
/// link, where that is known: `lab._ipp._tcp.local%3`.
pub(super) fn told_key(link: Link, name: Name<'_>) -> Vec<u8> {
    let mut key: Vec<u8> = name.escaped().map(|byte| byte.to_ascii_lowercase()).collect();
    if let Some(InterfaceId(link)) = link {
        key.extend_from_slice(alloc::format!("%{link}").as_bytes());
    }
    key
}

/// The two labels of a type: `_ipp` and `_tcp`.
#[derive(Debug, Clone, Copy)]
pub(super) struct TypeLabels<'d> {
    service: &'d [u8],
    transport: &'d [u8],
}

impl<'d> TypeLabels<'d> {
    /// Those of a type's own name.
    pub(super) fn of_type(name: Name<'d>) -> Option<TypeLabels<'d>> {
        TypeLabels::read(name.labels())
    }

    /// The type of an instance, and how many labels before it are the instance's own: one, but for programs that
    /// take a dot in a name for the end of a label, as python-zeroconf does.
    pub(super) fn of_instance(name: Name<'d>) -> Option<(TypeLabels<'d>, usize)> {
        let own = name.labels().count().checked_sub(TYPE_LABELS).filter(|own| *own > 0)?;
        Some((TypeLabels::read(name.after(own))?, own))
    }

    fn read(mut labels: impl Iterator<Item = &'d [u8]>) -> Option<TypeLabels<'d>> {
        let (service, transport, domain) = (labels.next()?, labels.next()?, labels.next()?);
        let is_type = is_service_label(service)
            && (transport.eq_ignore_ascii_case(b"_tcp") || transport.eq_ignore_ascii_case(b"_udp"))
            && domain.eq_ignore_ascii_case(DOMAIN)
            && labels.next().is_none();
        is_type.then_some(TypeLabels { service, transport })
    }

    /// Whether instances of this type are told by records of that name: the type's own, or that of a subtype
    /// (RFC 6763 section 7.1).
    pub(super) fn are_listed_by(&self, owner: Name<'_>) -> Option<ListedBy> {
        let own = [self.service, self.transport, DOMAIN];
        let is_subtype = owner.labels().nth(1).is_some_and(|sub| sub.eq_ignore_ascii_case(b"_sub"));
        if same_labels(owner.labels(), own.into_iter()) {
            Some(ListedBy::Type)
        } else {
            let is_own = is_subtype && same_labels(owner.after(2), own.into_iter());
            is_own.then_some(ListedBy::Subtype)
        }
    }

    /// In small letters: `_ipp._tcp`.
    pub(super) fn text(self, buffer: &mut [u8; MAX_TYPE]) -> &str {
        let labels = self.service.iter().chain(b".").chain(self.transport);
        let mut length = 0;
        for (place, byte) in buffer.iter_mut().zip(labels) {
            *place = byte.to_ascii_lowercase();
            length += 1;
        }
        // All of it is ASCII, as was seen when it was read.
        str::from_utf8(&buffer[..length]).unwrap_or_default()
    }

    /// The same, to be kept.
    pub(super) fn to_service_type(self) -> ServiceType {
        ServiceType(self.text(&mut [0; MAX_TYPE]).into())
    }
}

/// Which name an instance is listed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ListedBy {
    /// Its type's.
    Type,
    /// That of a subtype, which it may leave without being gone.
    Subtype,
}

/// Whether this is the name that lists all types.
pub(super) fn is_all_types(name: Name<'_>) -> bool {
    same_labels(name.labels(), ALL_TYPES.into_iter())
}

/// Letters, digits and hyphens after an underscore, so that it can be told as it is. A name with an underscore
/// inside is wrong, and is used.
fn is_service_label(label: &[u8]) -> bool {
    let is_usual = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    label.split_first().is_some_and(|(first, rest)| {
        *first == b'_'
            && !rest.is_empty()
            && label.len() <= MAX_SERVICE
            && rest.iter().all(is_usual)
    })
}

/// A type of services, such as `_ipp._tcp`, in small letters.
///
/// ```
/// use mcast_dialects::mdns::ServiceType;
///
/// let printers = ServiceType::new("_IPP._tcp").expect("a type");
/// assert_eq!(printers.as_str(), "_ipp._tcp");
/// assert_eq!(ServiceType::new("_ipp._tcp.local"), Some(printers));
/// assert_eq!(ServiceType::new("ipp"), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceType(String);

impl ServiceType {
    /// The type of this name, which may end with the domain; `None` where it is none.
    pub fn new(name: &str) -> Option<ServiceType> {
        let name = name.strip_suffix('.').unwrap_or(name);
        let labels = name.split('.').map(str::as_bytes);
        let domain = [DOMAIN].into_iter().take(usize::from(name.split('.').count() == 2));
        Some(TypeLabels::read(labels.chain(domain))?.to_service_type())
    }

    /// As text, without the domain.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name that is asked for its instances, as bytes of a message.
    pub(super) fn wire(&self) -> Vec<u8> {
        wire(self.0.split('.').map(str::as_bytes).chain([DOMAIN]))
    }
}

/// So that it is looked up by its text.
impl Borrow<str> for ServiceType {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ServiceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The name that is asked for all types, as bytes of a message.
pub(super) fn all_types_wire() -> Vec<u8> {
    wire(ALL_TYPES.into_iter())
}

fn wire<'a>(labels: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in labels.chain([&[][..]]) {
        bytes.push(label.len() as u8);
        bytes.extend_from_slice(label);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(name: &str) -> Vec<u8> {
        wire(name.split('.').map(str::as_bytes))
    }

    fn name(bytes: &[u8]) -> Name<'_> {
        Name::read(bytes, 0).expect("a name").0
    }

    fn key(link: Link, text: &str) -> Vec<u8> {
        Key::new(link, name(&bytes(text))).as_bytes().to_vec()
    }

    #[test]
    fn case_does_not_matter_and_the_link_does() {
        let one = key(Some(InterfaceId(1)), "Lab._ipp._tcp.local");
        assert_eq!(one, key(Some(InterfaceId(1)), "LAB._IPP._tcp.LOCAL"));
        assert_ne!(one, key(Some(InterfaceId(2)), "Lab._ipp._tcp.local"));
        assert_ne!(one, key(None, "Lab._ipp._tcp.local"));
        assert_ne!(one, key(Some(InterfaceId(1)), "Lab2._ipp._tcp.local"));
        // Dots inside a label part nothing.
        let dotted = b"\x05a.b.c\x00";
        assert_ne!(Key::new(None, name(dotted)).as_bytes(), key(None, "a.b.c"));
    }

    #[test]
    fn what_it_is_told_by_can_be_read_and_is_no_others() {
        let told = |link, bytes: &[u8]| told_key(link, name(bytes));
        let wire = bytes("Lab._IPP._tcp.local");
        assert_eq!(told(None, &wire), b"lab._ipp._tcp.local");
        assert_eq!(told(Some(InterfaceId(3)), &wire), b"lab._ipp._tcp.local%3");
        assert_eq!(told(None, b"\x03a.b\x00"), br"a\.b");
        assert_eq!(told(None, b"\x01a\x01b\x00"), b"a.b");
        assert_eq!(told(None, b"\x02a\\\x01b\x00"), br"a\\.b");
    }

    #[test]
    fn an_instance_has_a_type_and_a_label_of_its_own() {
        let wire = bytes("Lab 3._IPP._tcp.local");
        let (labels, own) = TypeLabels::of_instance(name(&wire)).expect("an instance");
        assert_eq!((labels.to_service_type().as_str(), own), ("_ipp._tcp", 1));
        let wire = bytes("Floor 2. Lab 3._ipp._tcp.local");
        assert_eq!(TypeLabels::of_instance(name(&wire)).map(|(_, own)| own), Some(2));
        for other in [
            "Lab._ipp._tcp",
            "Lab._ipp._sctp.local",
            "Lab._ipp._tcp.example",
            "Lab.ipp._tcp.local",
            "Lab._._tcp.local",
            "Lab._i\x1bpp._tcp.local",
            "Lab._ipp._tcp.local.local",
            "_ipp._tcp.local",
            "local",
        ] {
            assert!(TypeLabels::of_instance(name(&bytes(other))).is_none(), "{other}");
        }
    }

    #[test]
    fn instances_are_listed_by_their_type_and_its_subtypes() {
        let wire = bytes("Lab._ipp._tcp.local");
        let (labels, _) = TypeLabels::of_instance(name(&wire)).expect("an instance");
        for owner in ["_ipp._tcp.local", "_IPP._TCP.local"] {
            assert_eq!(labels.are_listed_by(name(&bytes(owner))), Some(ListedBy::Type), "{owner}");
        }
        let owner = bytes("_universal._sub._ipp._tcp.local");
        assert_eq!(labels.are_listed_by(name(&owner)), Some(ListedBy::Subtype));
        for owner in
            ["_http._tcp.local", "_ipp._udp.local", "a._ipp._tcp.local", "x._sub._http._tcp.local"]
        {
            assert_eq!(labels.are_listed_by(name(&bytes(owner))), None, "{owner}");
        }
    }

    #[test]
    fn types_are_read_and_asked_for() {
        let printers = ServiceType::new("_ipp._TCP.local.").expect("a type");
        assert_eq!(printers.wire(), b"\x04_ipp\x04_tcp\x05local\x00");
        assert_eq!(alloc::format!("{printers:>10}"), " _ipp._tcp");
        for other in ["", "_ipp", "_ipp.tcp", "._tcp", "_ipp._tcp.example", "a._ipp._tcp.local"] {
            assert_eq!(ServiceType::new(other), None, "{other}");
        }
        let all = all_types_wire();
        assert!(is_all_types(name(&all)) && all.len() == 30);
        assert!(!is_all_types(name(&printers.wire())));
        assert!(TypeLabels::of_type(name(&all)).is_none());
    }
}
