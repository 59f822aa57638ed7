#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| drip_fuzz::describe("x.json", bytes));
