//! What the kernel says.
