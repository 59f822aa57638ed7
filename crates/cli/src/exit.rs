//! Exit codes that a script can trust.

/// The gate passed.
pub(crate) const PASS: u8 = 0;
/// The gate failed.
pub(crate) const GATE_FAILED: u8 = 1;
/// Wrong use, bad configuration or credentials.
pub(crate) const USAGE: u8 = 2;
/// The target never answered, or nothing could be measured.
pub(crate) const NOTHING_MEASURED: u8 = 3;
/// Every vector is unclear.
pub(crate) const UNCLEAR: u8 = 4;
/// Refused for safety.
pub(crate) const REFUSED: u8 = 5;
/// Our bug.
pub(crate) const OUR_BUG: u8 = 70;
/// Interrupted from the terminal.
pub(crate) const INTERRUPTED: u8 = 130;
/// Asked to end.
pub(crate) const TERMINATED: u8 = 143;

/// What remains to be said after a panic; the panic itself has printed where.
#[expect(clippy::print_stderr, reason = "the last words of a broken program")]
pub(crate) fn our_bug() -> u8 {
    eprintln!("drip: this is a bug in drip, not in your service; please report it with the lines above");
    OUR_BUG
}
