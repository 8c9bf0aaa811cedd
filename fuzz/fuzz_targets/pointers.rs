#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| flinkgate_fuzz::run("pointers", data));
