//! Fuzzes `functions::directory`.
#![no_main]

#[path = "../functions.rs"]
#[allow(dead_code, reason = "shared by all targets")]
mod functions;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| functions::directory(bytes));
