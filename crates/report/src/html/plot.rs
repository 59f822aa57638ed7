//! A picture in SVG: lines, areas and dots over two axes.
//!
//! The drawing library knows only fixed colours. Ours are stand-ins, one for each role, which become the variables of
//! the page's style, so that a picture follows light, dark and print.

use std::ops::Range;

use plotters::coord::Shift;
use plotters::prelude::*;

use crate::chart::Against;
use crate::document::Unit;
use crate::quantity;

/// What something in a picture stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Ink,
    Quiet,
    Grid,
    Data,
    Warm,
    Fit,
    Cache,
}

impl Role {
    const ALL: [Self; 7] =
        [Self::Ink, Self::Quiet, Self::Grid, Self::Data, Self::Warm, Self::Fit, Self::Cache];

    /// The stand-in: no other colour is in a picture.
    const fn color(self) -> RGBColor {
        RGBColor(0, 0, self as u8 + 1)
    }

    /// The variable of the page's style.
    const fn variable(self) -> &'static str {
        match self {
            Self::Ink => "var(--ink)",
            Self::Quiet => "var(--quiet)",
            Self::Grid => "var(--grid)",
            Self::Data => "var(--data)",
            Self::Warm => "var(--warm)",
            Self::Fit => "var(--fit)",
            Self::Cache => "var(--cache)",
        }
    }
}

/// A place in a picture: requests (or seconds) and the value of a reading.
pub(super) type Place = (f64, f64);

/// What is drawn, the first at the back.
pub(super) enum Layer {
    Area(Role, Vec<Place>),
    Line(Role, Vec<Place>),
    Dots(Role, Vec<Place>),
}

impl Layer {
    pub(super) fn places(&self) -> &[Place] {
        let (Self::Area(_, places) | Self::Line(_, places) | Self::Dots(_, places)) = self;
        places
    }
}

/// A picture before it has a size.
pub(super) struct Plot {
    pub(super) across: Range<f64>,
    pub(super) upward: Range<f64>,
    pub(super) against: Against,
    pub(super) unit: Unit,
    pub(super) layers: Vec<Layer>,
}

/// Width and height in pixels, and how many labels the axes have room for.
#[derive(Clone, Copy)]
pub(super) struct Size {
    width: u32,
    height: u32,
    labels_across: usize,
}

/// On a desk and on paper.
pub(super) const WIDE: Size = Size { width: 960, height: 320, labels_across: 8 };
/// On a phone, where the wide one would be too small to read.
pub(super) const NARROW: Size = Size { width: 400, height: 280, labels_across: 4 };

/// Letters of 13 pixels: the library divides by its own factor.
const FONT: (&str, f64) = ("inherit", 13.0 * 1.24);
const LABELS_UPWARD: usize = 5;
const LABEL_WIDTH: u32 = 72;
const LABEL_HEIGHT: u32 = 32;
const MARGIN: u32 = 8;
const DOT_RADIUS: u32 = 4;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), DrawingAreaErrorKind<std::io::Error>>;

/// Beyond this, axes have no labels that a person could read.
const VALUE_MAX: f64 = 1e18;
/// A range that is a smaller part of its values has no steps that floating point can tell apart; the library would look
/// for them for ever.
const RANGE_SHARE_MIN: f64 = 1e-9;

fn can_be_an_axis(range: &Range<f64>) -> bool {
    let largest = range.start.abs().max(range.end.abs());
    largest <= VALUE_MAX && range.end - range.start > largest * RANGE_SHARE_MIN
}

/// The picture; empty where it cannot be drawn.
pub(super) fn draw(plot: &Plot, size: Size) -> String {
    if !can_be_an_axis(&plot.across) || !can_be_an_axis(&plot.upward) {
        return String::new();
    }
    let mut svg = String::new();
    let area = SVGBackend::with_string(&mut svg, (size.width, size.height)).into_drawing_area();
    let drawn = fill(&area, plot, size);
    drop(area);
    if drawn.is_ok() { painted(&svg) } else { String::new() }
}

fn fill(area: &Area<'_>, plot: &Plot, size: Size) -> Drawn {
    let mut chart = ChartBuilder::on(area)
        .margin(MARGIN)
        .margin_right(MARGIN * 3)
        .x_label_area_size(LABEL_HEIGHT)
        .y_label_area_size(LABEL_WIDTH)
        .build_cartesian_2d(plot.across.clone(), plot.upward.clone())?;
    chart
        .configure_mesh()
        .max_light_lines(0)
        .disable_x_mesh()
        .bold_line_style(Role::Grid.color())
        .axis_style(Role::Quiet.color())
        .label_style((FONT.0, FONT.1, &Role::Quiet.color()))
        .x_labels(size.labels_across)
        .y_labels(LABELS_UPWARD)
        .x_label_formatter(&|value| across_label(*value, plot))
        .y_label_formatter(&|value| upward_label(*value, plot))
        .draw()?;
    for layer in &plot.layers {
        match layer {
            Layer::Area(role, places) => {
                chart.draw_series([Polygon::new(places.clone(), role.color().mix(0.16))])?;
            }
            Layer::Line(role, places) => {
                chart.draw_series([PathElement::new(places.clone(), role.color().stroke_width(2))])?;
            }
            Layer::Dots(role, places) => {
                let dot = |place: &Place| Circle::new(*place, DOT_RADIUS, role.color().filled());
                chart.draw_series(places.iter().map(dot))?;
            }
        }
    }
    area.present()
}

fn across_label(value: f64, plot: &Plot) -> String {
    match plot.against {
        Against::Requests => quantity::short(value),
        Against::Time if plot.across.end < 300.0 => format!("{} s", quantity::short(value)),
        Against::Time => format!("{} min", quantity::short(value / 60.0)),
    }
}

/// With as many digits as tell two labels apart, all in the unit of the highest.
fn upward_label(value: f64, plot: &Plot) -> String {
    let Range { start, end } = plot.upward;
    let step = (end - start) / LABELS_UPWARD as f64;
    let digits = ((end / step).log10().ceil() as i32 + 1).clamp(3, 9);
    match plot.unit {
        Unit::Count => quantity::number(value, digits),
        Unit::Bytes => {
            let (divisor, unit) = quantity::decimal_unit(end);
            format!("{} {unit}", quantity::number(value / divisor, digits))
        }
    }
}

/// Stand-ins become variables; what is assumed rather than read is dashed.
fn painted(svg: &str) -> String {
    let mut svg =
        svg.replace(" xmlns=\"http://www.w3.org/2000/svg\"", "").replace(" font-family=\"inherit\"", "");
    for role in Role::ALL {
        let RGBColor(red, green, blue) = role.color();
        let (stand_in, variable) = (format!("#{red:02X}{green:02X}{blue:02X}"), role.variable());
        let dashes = if role == Role::Cache { " stroke-dasharray=\"7 5\"" } else { "" };
        svg = svg
            .replace(&format!("stroke=\"{stand_in}\""), &format!("stroke=\"{variable}\"{dashes}"))
            .replace(&format!("fill=\"{stand_in}\""), &format!("fill=\"{variable}\""));
    }
    svg
}
