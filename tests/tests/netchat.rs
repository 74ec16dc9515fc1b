//! Tests that cross crates; see the helpers in `netchat_tests`.

#![expect(clippy::unwrap_used, reason = "tests")]

mod netchat {
    /// The classic protocol, byte for byte.
    mod classic_golden;
}
