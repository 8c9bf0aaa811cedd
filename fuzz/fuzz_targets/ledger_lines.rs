#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| flinkgate_fuzz::run("ledger_lines", data));
