//! What a datagram really does.
//!
//! Each probe opens sockets of its own, one for each interface and family, so that which way a datagram came is
//! told by the socket that it came by. A probe sends little, ends in time in any case, and tells nothing but
//! what it saw.

mod card;
mod conduct;
mod echo;
mod partner;
mod signal;
mod socket;

pub use conduct::Conduct;
pub use echo::echoes;
pub use partner::partner;
pub use signal::{USUAL_TIME, signal};
