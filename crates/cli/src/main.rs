//! `mcast`: find what is out there, by multicast.
#![forbid(unsafe_code)]
mod escape;
fn main() {
    println!("{}", escape::Escaped(b"x"));
}
