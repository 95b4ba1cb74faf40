//! What can go wrong, said so that a person can act on it.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use rustix::io::Errno;

use crate::interfaces::interface::Interface;

/// Why an endpoint could not be opened or a run could not go on.
///
/// Its text is one line: what was tried, with which group, on which interface, why it failed, and what
/// to do about it. It has the system's own words in it, and so no
/// [source](std::error::Error::source) that would say them again.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    cause: Option<io::Error>,
}

/// The kinds of [`Error`], for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The settings contradict themselves or the protocol.
    Settings,
    /// An interface was asked for that this machine does not have.
    UnknownInterface,
    /// No interface can be used.
    NoInterface,
    /// The port is held by a program that does not share it.
    AddressInUse,
    /// The system forbids it.
    Permission,
    /// There is no way to the group or the peer.
    NoRoute,
    /// The datagram is longer than the system sends.
    TooLong,
    /// The system has a limit to the groups of a socket, or to the sources of a group.
    TooManyMemberships,
    /// Something else that the system refused.
    Other,
}

impl Error {
    /// What kind of error this is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Whether it may pass by itself.
    pub(crate) fn is_transient(&self) -> bool {
        self.kind != ErrorKind::TooManyMemberships && self.cause.as_ref().is_some_and(is_transient)
    }

    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Error {
        Error { kind, message: message.into(), cause: None }
    }

    /// This machine has no such interface, but these.
    pub fn unknown_interface(asked_for: impl fmt::Display, interfaces: &[Interface]) -> Error {
        let name = |it: &Interface| match it.up {
            true => it.name.clone(),
            false => format!("{} (down)", it.name),
        };
        let names: Vec<String> = interfaces.iter().map(name).collect();
        let others = match names[..] {
            [] => "there is none at all".to_owned(),
            _ => format!("there are: {}", names.join(", ")),
        };
        let message = format!("no interface {asked_for}; {others}");
        Error::new(ErrorKind::UnknownInterface, message)
    }

    /// The system refused `operation` on `interface`, with this group or other address.
    pub(crate) fn refused(
        operation: &str,
        address: SocketAddr,
        interface: &str,
        cause: io::Error,
    ) -> Error {
        let kind = match classify(&cause) {
            _ if is_memberships_exhausted(operation, &cause) => ErrorKind::TooManyMemberships,
            kind => kind,
        };
        let port = address.port();
        let advice = match kind {
            ErrorKind::AddressInUse => {
                format!(
                    "; port {port} is taken by a program that does not share it (SO_REUSEADDR): \
                     end that program or use another port"
                )
            }
            ErrorKind::Permission if cfg!(windows) => format!(
                "; the system may have set port {port} aside: \
                 see netsh int ipv4 show excludedportrange protocol=udp"
            ),
            ErrorKind::Permission if operation == "bind" && port < 1024 => {
                "; ports below 1024 are kept for root and who has CAP_NET_BIND_SERVICE: \
                 use another port"
                    .into()
            }
            ErrorKind::Permission => "; a firewall or the sandbox forbids it".into(),
            ErrorKind::NoRoute if cfg!(target_vendor = "apple") => {
                "; is this program allowed the local network in the privacy settings".into()
            }
            ErrorKind::NoRoute if address.is_ipv6() && cfg!(target_os = "linux") => format!(
                "; the interface needs an IPv6 address and a route: \
                 ip -6 route add local ff00::/8 dev {interface} table local makes one for lo"
            ),
            ErrorKind::NoRoute => "; is the interface up, and has it an address".into(),
            ErrorKind::TooLong => "; a datagram carries 65507 bytes at the most".into(),
            ErrorKind::TooManyMemberships if address.is_ipv6() => {
                "; too many sources: raise net.ipv6.mld_max_msf".into()
            }
            ErrorKind::TooManyMemberships => "; too many groups or sources: raise \
                 net.ipv4.igmp_max_memberships or net.ipv4.igmp_max_msf"
                .into(),
            _ => String::new(),
        };
        let message = format!("{address} on {interface}: cannot {operation}: {cause}{advice}");
        Error { kind, message, cause: Some(cause) }
    }

    /// The system refused something that belongs to no group and no interface.
    pub(crate) fn system(operation: &str, cause: io::Error) -> Error {
        let message = format!("cannot {operation}: {cause}");
        Error { kind: classify(&cause), message, cause: Some(cause) }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

fn classify(cause: &io::Error) -> ErrorKind {
    match Errno::from_io_error(cause) {
        Some(Errno::ADDRINUSE) => ErrorKind::AddressInUse,
        Some(Errno::ACCESS) => ErrorKind::Permission,
        #[cfg(unix)]
        Some(Errno::PERM) => ErrorKind::Permission,
        Some(Errno::NETUNREACH | Errno::HOSTUNREACH | Errno::NETDOWN | Errno::ADDRNOTAVAIL) => {
            ErrorKind::NoRoute
        }
        #[cfg(unix)]
        Some(Errno::NODEV) => ErrorKind::NoRoute,
        Some(Errno::MSGSIZE) => ErrorKind::TooLong,
        _ => ErrorKind::Other,
    }
}

/// Whether a socket that met this error is as good as before: the network changes under it, a peer
/// that was answered is gone, or the system is short of something for a while.
pub(crate) fn is_transient(cause: &io::Error) -> bool {
    match Errno::from_io_error(cause) {
        Some(
            Errno::INTR
            | Errno::WOULDBLOCK
            | Errno::NOBUFS
            | Errno::CONNREFUSED
            | Errno::CONNRESET
            | Errno::NETRESET
            | Errno::NETDOWN
            | Errno::NETUNREACH
            | Errno::HOSTUNREACH
            | Errno::ADDRNOTAVAIL
            | Errno::MSGSIZE,
        ) => true,
        #[cfg(unix)]
        Some(Errno::NODEV | Errno::NXIO | Errno::NOMEM) => true,
        _ => false,
    }
}

/// Whether a send may have failed for want of the own address that it was to leave from.
pub(crate) fn may_lack_source(cause: &io::Error) -> bool {
    let errno = Errno::from_io_error(cause);
    matches!(errno, Some(Errno::INVAL | Errno::NETUNREACH | Errno::ADDRNOTAVAIL))
}

/// Takes it as done where the system does not know the option.
pub(crate) fn unless_unknown(set: io::Result<()>) -> io::Result<()> {
    match set {
        Err(cause) if Errno::from_io_error(&cause) == Some(Errno::NOPROTOOPT) => Ok(()),
        other => other,
    }
}

fn is_memberships_exhausted(operation: &str, cause: &io::Error) -> bool {
    operation.contains("join") && Errno::from_io_error(cause) == Some(Errno::NOBUFS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(operation: &str, cause: Errno) -> Error {
        let group = "224.1.1.1:50008".parse().unwrap();
        Error::refused(operation, group, "eth0", cause.into())
    }

    #[test]
    fn the_text_names_all_that_matters() {
        let error = refused("bind", Errno::ADDRINUSE);
        assert_eq!(error.kind(), ErrorKind::AddressInUse);
        let text = error.to_string();
        for part in ["224.1.1.1:50008", "eth0", "cannot bind", "in use", "SO_REUSEADDR"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains('\n'));
    }

    #[test]
    fn kinds_and_advice_follow_the_cause() {
        assert_eq!(refused("send", Errno::NETUNREACH).kind(), ErrorKind::NoRoute);
        assert_eq!(refused("send", Errno::ACCESS).kind(), ErrorKind::Permission);
        assert_eq!(refused("send", Errno::MSGSIZE).kind(), ErrorKind::TooLong);
        assert!(!refused("bind", Errno::ACCESS).to_string().contains("below 1024"));
        let low = "224.1.1.1:1000".parse().unwrap();
        let low = Error::refused("bind", low, "eth0", Errno::ACCESS.into()).to_string();
        assert!(low.contains("ports below 1024"), "{low}");
        let full = refused("join", Errno::NOBUFS);
        assert_eq!((full.kind(), full.is_transient()), (ErrorKind::TooManyMemberships, false));
        let text = full.to_string();
        assert!(text.contains("igmp_max_memberships"), "{text}");
        assert!(!refused("send", Errno::NOBUFS).to_string().contains("memberships"));
    }

    #[test]
    fn an_option_that_the_system_does_not_know_is_done_without() {
        assert!(unless_unknown(Err(Errno::NOPROTOOPT.into())).is_ok());
        assert!(unless_unknown(Err(Errno::PERM.into())).is_err());
        assert!(unless_unknown(Ok(())).is_ok());
    }

    #[test]
    fn what_passes_by_itself_is_told_from_what_stays() {
        for passing in [Errno::NETUNREACH, Errno::CONNREFUSED, Errno::NOBUFS, Errno::CONNRESET] {
            assert!(refused("send", passing).is_transient(), "{passing:?}");
        }
        #[cfg(unix)]
        assert!(refused("join", Errno::NODEV).is_transient());
        for staying in [Errno::ADDRINUSE, Errno::ACCESS, Errno::MFILE, Errno::INVAL] {
            assert!(!refused("bind", staying).is_transient(), "{staying:?}");
        }
    }
}
