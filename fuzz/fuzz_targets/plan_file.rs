//! Plans and files of credentials, given anything: no text makes their readers panic.
//!
//! `cargo +nightly fuzz run plan_file` in the root of the repository.
#![no_main]

use drip_plan::{Credentials, credentials, plan_file};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(plan) = plan_file("plan.toml", text, &Credentials::default()) {
        for vector in &plan.vectors {
            vector.template.render(7, 3);
        }
    }
    let _ = credentials(text, &|_| Some("secret".to_owned()));
});
