//! libFuzzer's program for this target.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| semisync_fuzz::files(input));
