//! Numbers as a person reads them.
//!
//! One convention for the whole report: growth and readings in bytes, KB, MB (powers of 1000), limits in MiB and
//! GiB (powers of 1024), because that is how limits are set. Never rounds a number of a document, only its text.

const MINUTE: f64 = 60.0;
const HOUR: f64 = 3600.0;
const DAY: f64 = 86_400.0;
const YEAR: f64 = 365.25 * DAY;
/// A forecast beyond this says nothing but "long".
const YEARS_MAX: f64 = 1000.0;
/// Decimals below which a number is nothing to a reader.
const DECIMALS_MAX: i32 = 6;

/// Rounded to so many significant digits; a value that is not finite stays what it is.
pub fn rounded(value: f64, digits: i32) -> f64 {
    at_decimals(value, digits - 1 - magnitude(value))
}

/// Rounded to so many decimals; negative ones round to tens, hundreds, …
pub fn at_decimals(value: f64, decimals: i32) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    // Multiplying by a power that is no integer would leave 439.20000000000005 in documents.
    let power = 10_f64.powi(decimals.abs());
    if decimals >= 0 { (value * power).round() / power } else { (value / power).round() * power }
}

/// The power of ten of the first digit.
fn magnitude(value: f64) -> i32 {
    if value == 0.0 || !value.is_finite() { 0 } else { value.abs().log10().floor() as i32 }
}

/// `41,200`.
pub fn count(value: u64) -> String {
    grouped(&value.to_string())
}

/// `618,000`: a count known to three digits.
pub fn rough_count(value: f64) -> String {
    number(value, 3)
}

/// `439`, `0.0031`, `-2.4`, `16,000,000`: so many significant digits, no trailing zeros.
pub fn number(value: f64, digits: i32) -> String {
    let value = rounded(value, digits);
    let decimals = (digits - 1 - magnitude(value)).clamp(0, DECIMALS_MAX);
    grouped(&trimmed(format!("{value:.*}", decimals as usize)))
}

/// `1 request`, `41,200 requests`.
pub fn counted(value: u64, one: &str) -> String {
    if value == 1 { format!("1 {one}") } else { format!("{} {one}s", count(value)) }
}

/// `439 bytes`, `12.4 KB`, `1.2 GB`.
pub fn bytes(value: f64) -> String {
    let value = rounded(value, 3);
    let (divisor, unit) = decimal_unit(value);
    let unit = if value.abs() == 1.0 { "byte" } else { unit };
    format!("{} {unit}", number(value / divisor, 3))
}

/// The unit in which a number of bytes of this size is shown, with its divisor.
pub fn decimal_unit(bytes: f64) -> (f64, &'static str) {
    match bytes.abs() {
        size if size < 1e3 => (1.0, "bytes"),
        size if size < 1e6 => (1e3, "KB"),
        size if size < 1e9 => (1e6, "MB"),
        size if size < 1e12 => (1e9, "GB"),
        _ => (1e12, "TB"),
    }
}

/// A limit: `512 MiB`, `1.5 GiB`.
pub fn limit(bytes: u64) -> String {
    const KIB: f64 = 1024.0;
    let bytes = bytes as f64;
    let (divisor, unit) = match bytes {
        size if size < KIB * KIB => (KIB, "KiB"),
        size if size < KIB * KIB * KIB => (KIB * KIB, "MiB"),
        _ => (KIB * KIB * KIB, "GiB"),
    };
    format!("{} {unit}", number(bytes / divisor, 3))
}

/// `45 ms`, of seconds.
pub fn milliseconds(seconds: f64) -> String {
    format!("{} ms", number(seconds * 1e3, 2))
}

/// `40 seconds`, `17 hours`, `3 days`.
pub fn duration(seconds: f64) -> String {
    let (value, unit) = match seconds {
        s if s < 2.0 * MINUTE => (s, "second"),
        s if s < 2.0 * HOUR => (s / MINUTE, "minute"),
        s if s < 2.0 * DAY => (s / HOUR, "hour"),
        s if s < 2.0 * YEAR => (s / DAY, "day"),
        s if s < YEARS_MAX * YEAR => (s / YEAR, "year"),
        _ => return format!("more than {} years", number(YEARS_MAX, 4)),
    };
    let digits = if value < 100.0 { 2 } else { 3 };
    let text = number(value, digits);
    if text == "1" { format!("1 {unit}") } else { format!("{text} {unit}s") }
}

/// For the ticks of an axis: `500`, `1.5k`, `20M`.
pub fn short(value: f64) -> String {
    let (divisor, suffix) = match value.abs() {
        size if size < 1e3 => (1.0, ""),
        size if size < 1e6 => (1e3, "k"),
        size if size < 1e9 => (1e6, "M"),
        size if size < 1e12 => (1e9, "G"),
        _ => (1e12, "T"),
    };
    format!("{}{suffix}", trimmed(format!("{:.3}", value / divisor)))
}

/// Without the zeros that a fixed number of decimals leaves behind.
fn trimmed(text: String) -> String {
    let short = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if short == "-0" { "0".to_owned() } else { short.to_owned() }
}

/// Commas between thousands of the whole part.
fn grouped(text: &str) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let (whole, fraction) = digits.find('.').map_or((digits, ""), |dot| digits.split_at(dot));
    let mut out = sign.to_owned();
    for (position, digit) in whole.chars().enumerate() {
        if position > 0 && (whole.len() - position).is_multiple_of(3) && digit.is_ascii_digit() {
            out.push(',');
        }
        out.push(digit);
    }
    out + fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pairs: &[(String, &str)]) {
        for (shown, expected) in pairs {
            assert_eq!(shown, expected);
        }
    }

    #[test]
    fn bytes_have_three_digits_and_decimal_units() {
        check(&[
            (bytes(0.0), "0 bytes"),
            (bytes(1.0), "1 byte"),
            (bytes(0.0312), "0.0312 bytes"),
            (bytes(439.2), "439 bytes"),
            (bytes(-35.0), "-35 bytes"),
            (bytes(999.6), "1 KB"),
            (bytes(12_440.0), "12.4 KB"),
            (bytes(999_960.0), "1 MB"),
            (bytes(14e6), "14 MB"),
            (bytes(2.5e12), "2.5 TB"),
            (bytes(2.5e15), "2,500 TB"),
        ]);
    }

    #[test]
    fn limits_have_binary_units() {
        check(&[
            (limit(271_581_184), "259 MiB"),
            (limit(512 << 20), "512 MiB"),
            (limit(3 << 29), "1.5 GiB"),
            (limit(4096), "4 KiB"),
        ]);
    }

    #[test]
    fn durations_are_as_exact_as_a_forecast_is() {
        check(&[
            (duration(0.42), "0.42 seconds"),
            (duration(1.0), "1 second"),
            (duration(40.0), "40 seconds"),
            (duration(119.0), "119 seconds"),
            (duration(150.0), "2.5 minutes"),
            (duration(61_800.0), "17 hours"),
            (duration(3.0 * DAY), "3 days"),
            (duration(400.0 * DAY), "400 days"),
            (duration(5.0 * YEAR), "5 years"),
            (duration(1e30), "more than 1,000 years"),
            (duration(f64::INFINITY), "more than 1,000 years"),
        ]);
    }

    #[test]
    fn counts_have_separators() {
        check(&[
            (count(0), "0"),
            (count(999), "999"),
            (count(41_200), "41,200"),
            (count(u64::MAX), "18,446,744,073,709,551,615"),
            (counted(1, "request"), "1 request"),
            (counted(1200, "request"), "1,200 requests"),
            (rough_count(618_374.2), "618,000"),
            (number(-16e6, 3), "-16,000,000"),
            (number(0.0031, 3), "0.0031"),
            (number(-0.000_000_01, 3), "0"),
        ]);
    }

    #[test]
    fn ticks_are_short() {
        check(&[
            (short(0.0), "0"),
            (short(1500.0), "1.5k"),
            (short(2e7), "20M"),
            (short(100_200.0), "100.2k"),
        ]);
    }

    #[test]
    fn rounding_keeps_small_numbers() {
        assert_eq!(rounded(0.003_124_9, 4), 0.003125);
        assert_eq!(rounded(439.26, 4), 439.3);
        assert_eq!(at_decimals(439.251, 1), 439.3);
        assert!(rounded(f64::NAN, 4).is_nan());
    }
}
