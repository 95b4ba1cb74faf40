//! Who it is: what a device says of itself in addresses, scopes and types.

use alloc::string::String;
use alloc::vec::Vec;

use roxmltree::Node;

/// The name that a camera says in a scope: `onvif://www.onvif.org/name/Front%20door`.
pub(super) fn name(scopes: &str) -> Option<String> {
    let at = |scope: &str| {
        let rest = scope.get(..8).filter(|scheme| scheme.eq_ignore_ascii_case("onvif://"))?;
        let name = scope[rest.len()..].split_once("/name/")?.1.trim_end_matches('/');
        (!name.is_empty()).then(|| decoded(name))
    };
    scopes.split_ascii_whitespace().find_map(at)
}

/// With `%20` as a space; what is no UTF-8 then is as it was.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let digit = |nth: usize| after.get(nth).and_then(|byte| char::from(*byte).to_digit(16));
        match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push((high << 4 | low) as u8);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.into())
}

/// A type with its namespace in place of its prefix, as `{namespace}name`; as it stands where the prefix was
/// not declared.
pub(super) fn expanded(of: Node<'_, '_>, name: &str) -> String {
    let (prefix, local) = match name.split_once(':') {
        Some((prefix, local)) => (Some(prefix), local),
        None => (None, name),
    };
    match of.lookup_namespace_uri(prefix) {
        Some(namespace) => alloc::format!("{{{namespace}}}{local}"),
        None => name.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_from_a_scope() {
        for (scopes, expected) in [
            ("onvif://www.onvif.org/name/Front%20door", Some("Front door")),
            ("ldap:///x ONVIF://h/name/a/ onvif://h/name/b", Some("a")),
            ("onvif://h/name/%ff%zz%2", Some("%ff%zz%2")),
            ("onvif://h/name/", None),
            ("onvif://h/hardware/x", None),
            ("http://h/name/x", None),
            ("öööönvif://h/name/x", None),
            ("", None),
        ] {
            assert_eq!(name(scopes).as_deref(), expected, "{scopes}");
        }
    }

    #[test]
    fn a_type_is_expanded_where_its_prefix_means_something() {
        let document = roxmltree::Document::parse("<a xmlns:b='urn:c'/>").expect("a document");
        let of = |name| expanded(document.root_element(), name);
        assert_eq!((of("b:D"), of("e:D"), of("D")), ("{urn:c}D".into(), "e:D".into(), "D".into()));
    }
}
