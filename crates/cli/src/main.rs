//! `mcast`: find what is out there, by multicast.

fn main() {}
