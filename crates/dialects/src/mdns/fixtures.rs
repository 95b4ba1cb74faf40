//! What real peers have said: see the README beside the files.

macro_rules! fixtures {
    ($($name:literal)*) => {
        /// Each with its name.
        pub(super) const FIXTURES: &[(&str, &[u8])] = &[
            $(($name, include_bytes!(concat!("../../fixtures/mdns/", $name)))),*
        ];
    };
}

fixtures! {
    "avahi-a.bin"
    "avahi-aaaa.bin"
    "avahi-announce-2.bin"
    "avahi-announce-3.bin"
    "avahi-announce-4.bin"
    "avahi-announce-5.bin"
    "avahi-announce.bin"
    "avahi-goodbye.bin"
    "avahi-many-announce-2.bin"
    "avahi-many-announce-3.bin"
    "avahi-many-announce-4.bin"
    "avahi-many-announce-5.bin"
    "avahi-many-announce-6.bin"
    "avahi-many-announce.bin"
    "avahi-many-goodbye.bin"
    "avahi-many-ptr-2.bin"
    "avahi-many-ptr-querier.bin"
    "avahi-many-ptr.bin"
    "avahi-meta-2.bin"
    "avahi-meta.bin"
    "avahi-ptr-querier.bin"
    "avahi-ptr.bin"
    "avahi-srv.bin"
    "avahi-txt.bin"
    "mdnsd-a-2.bin"
    "mdnsd-a.bin"
    "mdnsd-announce-2.bin"
    "mdnsd-announce.bin"
    "mdnsd-meta.bin"
    "mdnsd-ptr-2.bin"
    "mdnsd-ptr-querier.bin"
    "mdnsd-ptr.bin"
    "mdnsd-srv-2.bin"
    "mdnsd-srv.bin"
    "mdnsd-txt-2.bin"
    "mdnsd-txt.bin"
    "zeroconf-a-2.bin"
    "zeroconf-a.bin"
    "zeroconf-aaaa-2.bin"
    "zeroconf-aaaa.bin"
    "zeroconf-announce-2.bin"
    "zeroconf-announce-3.bin"
    "zeroconf-announce-4.bin"
    "zeroconf-announce-5.bin"
    "zeroconf-announce-6.bin"
    "zeroconf-announce.bin"
    "zeroconf-goodbye.bin"
    "zeroconf-meta-2.bin"
    "zeroconf-meta.bin"
    "zeroconf-ptr-2.bin"
    "zeroconf-ptr-querier.bin"
    "zeroconf-ptr.bin"
    "zeroconf-srv-2.bin"
    "zeroconf-srv.bin"
    "zeroconf-txt-2.bin"
    "zeroconf-txt.bin"
}

/// The one of this name.
pub(super) fn fixture(name: &str) -> &'static [u8] {
    let found = FIXTURES.iter().find(|(file, _)| *file == name);
    found.unwrap_or_else(|| panic!("no fixture {name}")).1
}
