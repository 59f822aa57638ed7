//! drip
fn main() {}
