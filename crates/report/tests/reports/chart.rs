//! The picture of a series.

use drip_report::chart::{Against, draw};
use drip_report::document::{Point, Series, Signal, Stage};
use proptest::prelude::*;

use crate::samples;

fn leaking() -> Series {
    samples::by_name("leaking-node").vectors[0].series[0].clone()
}

#[test]
fn pictures_at_every_width() {
    for width in [40, 80, 120] {
        insta::assert_snapshot!(format!("chart-{width}"), picture(&leaking(), width, true));
        insta::assert_snapshot!(format!("chart-{width}-ascii"), picture(&leaking(), width, false));
    }
}

#[test]
fn a_sampled_series_has_no_judged_part() {
    let sampled = samples::by_name("steady").vectors[0].series[1].clone();
    insta::assert_snapshot!("chart-sampled", picture(&sampled, 78, true));
}

fn picture(series: &Series, width: usize, unicode: bool) -> String {
    draw(series, Against::Requests, width, unicode).join("\n")
}

fn series(points: Vec<Point>) -> Series {
    Series { signal: Signal::Anon, readings: points.len() as u64, missed: 0, points, gaps: Vec::new() }
}

fn point(requests: u64, value: u64) -> Point {
    Point { at_seconds: requests as f64, requests, value, stage: Stage::Dose }
}

#[test]
fn fewer_than_two_readings_are_no_picture() {
    assert!(draw(&series(Vec::new()), Against::Requests, 80, true).is_empty());
    assert!(draw(&series(vec![point(0, 1)]), Against::Requests, 80, true).is_empty());
}

/// The rows that hold a dot.
fn rows_with_dots(lines: &[String]) -> usize {
    lines.iter().filter(|line| line.contains('*')).count()
}

#[test]
fn noise_does_not_fill_the_picture() {
    let points = (0..50).map(|n| point(n * 100, 50_000_000 + (n % 2) * 100_000)).collect();
    let lines = draw(&series(points), Against::Requests, 80, false);
    assert!(rows_with_dots(&lines) <= 2, "{}", lines.join("\n"));
}

#[test]
fn growth_goes_from_the_lower_left_to_the_upper_right() {
    let lines =
        draw(&series((0..50).map(|n| point(n * 100, n * 1_000_000)).collect()), Against::Requests, 80, false);
    let columns: Vec<_> = lines.iter().filter_map(|line| line.find('*')).collect();
    assert!(columns.len() > 9 && columns.windows(2).all(|pair| pair[0] > pair[1]), "{}", lines.join("\n"));
}

fn any_point() -> impl Strategy<Value = Point> {
    let number = || prop_oneof![Just(0), Just(u64::MAX), any::<u64>(), 0..1_000_u64];
    let stage = prop::sample::select(Stage::ALL);
    let seconds = prop_oneof![any::<f64>(), 0.0..1e6];
    (number(), number(), seconds, stage).prop_map(|(requests, value, at_seconds, stage)| Point {
        at_seconds,
        requests,
        value,
        stage,
    })
}

proptest! {
    #[test]
    fn any_readings_make_a_picture_of_bounded_size(
        points in prop::collection::vec(any_point(), 0..40),
        signal in prop::sample::select(Signal::ALL),
        against in prop::sample::select(&[Against::Requests, Against::Time][..]),
        width in 38..=120_usize,
        unicode: bool,
    ) {
        let lines = draw(&Series { signal, ..series(points) }, against, width, unicode);
        prop_assert!(lines.is_empty() || (14..=18).contains(&lines.len()), "{} lines", lines.len());
        for line in lines {
            prop_assert!(line.chars().count() <= width, "{line:?}");
            prop_assert!(unicode || line.is_ascii(), "{line:?}");
        }
    }

    #[test]
    fn equal_readings_are_a_level_line(value: u64, count in 2..30_u64) {
        let lines = draw(&series((0..count).map(|n| point(n, value)).collect()), Against::Requests, 80, false);
        prop_assert_eq!(rows_with_dots(&lines), 1, "{}", lines.join("\n"));
    }
}
