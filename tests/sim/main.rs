//! The protocol among many machines, on networks that lose, copy, delay, reorder, split and deceive: each in
//! simulated time, by a seed that repeats it exactly.

mod adversaries;
mod complete;
mod ends;
mod firewall;
mod keys;
mod many;
mod network;
mod plain;
mod refusal;
mod room;
mod scenario;
mod service;
mod silence;
mod truncated;
mod unasked;
mod watch;
mod weapon;
