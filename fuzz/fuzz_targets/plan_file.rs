#![no_main]

use drip_plan::{Credentials, plan_file};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = plan_file("plan.toml", text, &Credentials::default());
});
