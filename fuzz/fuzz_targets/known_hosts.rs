//! Coverage-guided noise for `targets::known_hosts`.
#![no_main]

#[allow(dead_code)]
#[path = "../targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::known_hosts(data));
