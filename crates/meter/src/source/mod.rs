//! Sources that only look, one file each.

pub mod anon;
