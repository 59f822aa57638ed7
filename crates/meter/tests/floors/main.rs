//! The floors against real runtimes, one module each: what is kept is seen as the runtime itself counts it, garbage is
//! not, what refuses says why, and nothing of ours is left.
#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

mod go;
mod jvm;
mod native;
mod node;
mod python;
mod ruby;
