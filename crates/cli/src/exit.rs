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

/// `git bisect run` skips a revision.
const BISECT_SKIP: u8 = 125;
/// Above 127, so that `git bisect run` stops; git's own for wrong use.
const BISECT_WRONG_USE: u8 = 129;
/// Above 127 too.
const BISECT_OUR_BUG: u8 = 255;

/// A code as `git bisect run` reads it: only 0 and 1 judge a revision, and what is wrong with all of them stops it.
pub(crate) const fn for_bisect(code: u8) -> u8 {
    match code {
        NOTHING_MEASURED | UNCLEAR => BISECT_SKIP,
        USAGE | REFUSED => BISECT_WRONG_USE,
        OUR_BUG => BISECT_OUR_BUG,
        code => code,
    }
}

/// What remains to be said after a panic; the panic itself has printed where.
#[expect(clippy::print_stderr, reason = "the last words of a broken program")]
pub(crate) fn our_bug() -> u8 {
    eprintln!("drip: this is a bug in drip, not in your service; please report it with the lines above");
    OUR_BUG
}
