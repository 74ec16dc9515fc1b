#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| netchat_tests::fuzz::run("client", data));
