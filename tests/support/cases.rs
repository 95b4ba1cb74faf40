//! How often a property is tried.

use proptest::prelude::ProptestConfig;

/// So many cases, or as many as PROPTEST_CASES says.
pub fn cases(usual: u32) -> ProptestConfig {
    let config = ProptestConfig::default();
    if std::env::var_os("PROPTEST_CASES").is_some() {
        config
    } else {
        ProptestConfig { cases: usual, ..config }
    }
}
