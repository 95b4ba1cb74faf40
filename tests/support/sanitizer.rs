//! Whether a sanitizer looks on.

/// Whether AddressSanitizer is in the built binary, as `.ci/deep sanitize` says: it keeps what is freed and
/// doubles stacks, so that how much memory a process takes is its own doing.
pub fn is_sanitized() -> bool {
    std::env::var_os("ASAN_OPTIONS").is_some()
}
