//! Numbers as people read them: bytes, durations, counts. Rounding here is for the eye; nothing may be
//! computed from these texts.

use drip_model::{Interval, Unit};

/// What grows is told in decimal units, as the report does.
const UNITS: [(&str, f64); 4] = [("GB", 1e9), ("MB", 1e6), ("KB", 1e3), ("bytes", 1.0)];

const MIB: f64 = 1024.0 * 1024.0;

/// Each with the number of seconds from which on it is used: twice itself, so that nothing reads "1 hour"
/// that may be 89 minutes.
const SPANS: [(&str, f64); 5] = [
    ("years", 365.25 * 86_400.0),
    ("days", 86_400.0),
    ("hours", 3_600.0),
    ("minutes", 60.0),
    ("seconds", 1.0),
];

/// More than this is not worth digits.
const COUNT_SPELLED_MAX: f64 = 1e12;

/// `41,200`.
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `618,000` for 617,934.2: three significant digits.
pub fn about(value: f64) -> String {
    if value.is_nan() || value > COUNT_SPELLED_MAX {
        return "more than a trillion".to_owned();
    }
    if value < 1.0 {
        return count(value.round() as u64);
    }
    let step = 10f64.powi(value.log10().floor() as i32 - 2).max(1.0);
    count(((value / step).round() * step) as u64)
}

/// `259 MiB`: limits are set in binary units, and told so.
pub fn limit(bytes: f64) -> String {
    format!("{} MiB", decimal(bytes / MIB))
}

/// `439 bytes`, `1.5 KB`, `4.1 MB`.
pub fn bytes(value: f64) -> String {
    let (name, size) = byte_unit(value);
    match decimal(value / size) {
        one if one == "1" && name == "bytes" => "1 byte".to_owned(),
        number => format!("{number} {name}"),
    }
}

/// `439 bytes (99 % interval 421 to 457)`; plain numbers for things that are counted.
pub fn interval(interval: &Interval, unit: Unit) -> String {
    let (estimate, size) = match unit {
        Unit::Bytes => (bytes(interval.estimate), byte_unit(interval.estimate).1),
        Unit::Count => (decimal(interval.estimate), 1.0),
    };
    let (level, low, high) = (interval.level * 100.0, interval.low / size, interval.high / size);
    format!("{estimate} ({} % interval {} to {})", decimal(level), decimal(low), decimal(high))
}

/// `17 hours`.
pub fn duration(seconds: f64) -> String {
    let (name, size) = SPANS.into_iter().find(|(_, size)| seconds >= 2.0 * size).unwrap_or(("seconds", 1.0));
    let number = about(seconds / size);
    if number == "1" { "1 second".to_owned() } else { format!("{number} {name}") }
}

/// `10 requests per second`.
pub fn rate(per_second: f64) -> String {
    match decimal(per_second) {
        one if one == "1" => "1 request per second".to_owned(),
        number => format!("{number} requests per second"),
    }
}

fn byte_unit(value: f64) -> (&'static str, f64) {
    UNITS.into_iter().find(|(_, size)| value.abs() >= *size).unwrap_or(("bytes", 1.0))
}

/// About three significant digits, without a trailing zero after the point.
fn decimal(value: f64) -> String {
    let places = match value.abs() {
        size if size >= 99.95 => 0,
        size if size >= 1.0 => 1,
        _ => 2,
    };
    let text = format!("{value:.places$}");
    if places == 0 { text } else { text.trim_end_matches('0').trim_end_matches('.').to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_separators() {
        for (value, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (41_200, "41,200")] {
            assert_eq!(count(value), text);
        }
        assert_eq!(count(1_234_567), "1,234,567");
    }

    #[test]
    fn estimates_have_three_digits() {
        let cases = [
            (0.0, "0"),
            (0.6, "1"),
            (7.2, "7"),
            (618_355.4, "618,000"),
            (99_960.0, "100,000"),
            (1e13, "more than a trillion"),
            (f64::INFINITY, "more than a trillion"),
        ];
        for (value, text) in cases {
            assert_eq!(about(value), text);
        }
    }

    #[test]
    fn growth_is_in_decimal_units_and_limits_in_binary_ones() {
        let cases = [
            (1.0, "1 byte"),
            (439.2, "439 bytes"),
            (0.25, "0.25 bytes"),
            (1540.0, "1.5 KB"),
            (2e6, "2 MB"),
            (-2000.0, "-2 KB"),
        ];
        for (value, text) in cases {
            assert_eq!(bytes(value), text);
        }
        assert_eq!(limit(271_581_184.0), "259 MiB");
    }

    #[test]
    fn an_interval_is_in_the_unit_of_its_estimate() {
        let small = Interval { low: 421.0, estimate: 439.2, high: 457.0, level: 0.99 };
        assert_eq!(interval(&small, Unit::Bytes), "439 bytes (99 % interval 421 to 457)");
        let large = Interval { low: 1000.0, estimate: 1500.0, high: 2000.0, level: 0.995 };
        assert_eq!(interval(&large, Unit::Bytes), "1.5 KB (99.5 % interval 1 to 2)");
        let things = Interval { low: 0.9, estimate: 1.0, high: 1.1, level: 0.99 };
        assert_eq!(interval(&things, Unit::Count), "1 (99 % interval 0.9 to 1.1)");
    }

    #[test]
    fn durations_and_rates_read_well() {
        let cases = [
            (0.2, "0 seconds"),
            (1.0, "1 second"),
            (119.0, "119 seconds"),
            (3_600.0, "60 minutes"),
            (61_800.0, "17 hours"),
            (30.0 * 86_400.0, "30 days"),
            (4.0 * 365.25 * 86_400.0, "4 years"),
        ];
        for (seconds, text) in cases {
            assert_eq!(duration(seconds), text);
        }
        assert_eq!(rate(10.0), "10 requests per second");
        assert_eq!(rate(1.0), "1 request per second");
        assert_eq!(rate(0.05), "0.05 requests per second");
    }
}
