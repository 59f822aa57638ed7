#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = drip_plan::credentials(text, &|_| None);
});
