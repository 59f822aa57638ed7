//! Compiles the preload shim, a shared object that the binary carries.
#![expect(clippy::expect_used, reason = "a build that cannot go on says why")]

use std::env::var;
use std::process::Command;

const SOURCE: &str = "shim/drip_shim.c";
/// Against no C library, so that it loads beside any; see the shim.
const OPTIONS: &[&str] =
    &["-std=gnu11", "-O2", "-Wall", "-shared", "-fPIC", "-nostdlib", "-fno-stack-protector", "-s", "-o"];
/// Atomic operations of some processors are functions of the compiler's own.
const LIBRARIES: &[&str] = &["-lgcc"];

fn main() {
    let target = var("TARGET").expect("cargo says the target").replace('-', "_");
    let named = format!("CC_{target}");
    for name in [SOURCE, "build.rs"] {
        println!("cargo::rerun-if-changed={name}");
    }
    for name in [named.as_str(), "CC"] {
        println!("cargo::rerun-if-env-changed={name}");
    }
    let compiler = var(&named).or_else(|_| var("CC")).unwrap_or_else(|_| "cc".to_owned());
    let output = format!("{}/drip_shim.so", var("OUT_DIR").expect("cargo says where output goes"));
    let status = Command::new(&compiler).args(OPTIONS).args([&output, SOURCE]).args(LIBRARIES).status();
    let status = status.unwrap_or_else(|error| panic!("a C compiler is needed ({compiler}): {error}"));
    assert!(status.success(), "{compiler} could not compile {SOURCE}");
}
