//! The pictures of a vector: what was read, and what the verdict makes of it.
//!
//! Everything drawn is in the document. The line of growth is the judged estimate, laid through the middle of the
//! judged readings, and the fan around it the ends of its interval: the document has slopes, not a whole curve.

use super::forecast;
use super::plot::{self, Layer, Place, Plot, Role};
use crate::chart::{self, Against};
use crate::document::{Growth, Point, Series, Signal, Stage, Unit, Vector};
use crate::quantity;
use crate::text::amount;

/// A picture in two sizes, with its words.
pub(super) struct Picture {
    pub(super) caption: String,
    pub(super) described: String,
    pub(super) wide: String,
    pub(super) narrow: String,
    pub(super) legend: Vec<Key>,
}

/// What a colour means.
pub(super) struct Key {
    pub(super) class: &'static str,
    pub(super) words: String,
}

impl Key {
    pub(super) fn new(class: &'static str, words: impl Into<String>) -> Self {
        Self { class, words: words.into() }
    }
}

impl Picture {
    pub(super) fn draw(plot: &Plot, caption: String, described: String, legend: Vec<Key>) -> Self {
        let (wide, narrow) = (plot::draw(plot, plot::WIDE), plot::draw(plot, plot::NARROW));
        Self { caption, described, wide, narrow, legend }
    }
}

/// More readings than that are one line to the eye.
const DOTS_MAX: usize = 80;
/// Memory that hardly moves is shown as a part of all memory, not as a mountain range.
const FROM_ZERO_BELOW: f64 = 0.5;
/// Room above and below, as a part of the range.
const ROOM: f64 = 0.06;

/// None where nothing was read at rest.
pub(super) fn of(vector: &Vector) -> Vec<Picture> {
    let Some(series) = chart::shown(vector) else { return Vec::new() };
    let points = chart::dosed(&series.points);
    if points.len() < 2 {
        return Vec::new();
    }
    let scene = Scene::of(vector, series, &points);
    [Some(scene.measured()), forecast::of(vector, &points)].into_iter().flatten().collect()
}

/// What a picture is made from.
struct Scene<'a> {
    vector: &'a Vector,
    signal: Signal,
    against: Against,
    warm: Vec<Place>,
    judged: Vec<Place>,
}

impl<'a> Scene<'a> {
    fn of(vector: &'a Vector, series: &Series, points: &[Point]) -> Self {
        let against = Against::of(vector);
        let place = |point: &Point| against.place(point);
        let is_warm = |point: &&Point| matches!(point.stage, Stage::Baseline | Stage::WarmUp);
        let warm = points.iter().take_while(is_warm).map(place).collect();
        let judged = points.iter().skip_while(is_warm).map(place).collect();
        Self { vector, signal: series.signal, against, warm, judged }
    }

    fn measured(&self) -> Picture {
        let mut layers = Vec::new();
        let mut legend = Vec::new();
        self.cache(&mut layers, &mut legend);
        layers.push(Layer::Line(Role::Warm, self.warm.iter().chain(&self.judged).copied().collect()));
        self.growth(&mut layers, &mut legend);
        self.readings(&mut layers, &mut legend);
        let plot = self.plot(layers);
        let against = if self.against == Against::Time { "time" } else { "requests" };
        Picture::draw(&plot, format!("{}, against {against}", self.signal), self.described(), legend)
    }

    fn plot(&self, layers: Vec<Layer>) -> Plot {
        let places = || layers.iter().flat_map(Layer::places);
        let values = || places().map(|place| place.1);
        let (least, most) = (values().fold(f64::MAX, f64::min), values().fold(0.0, f64::max).max(1.0));
        let across = |fold: fn(f64, f64) -> f64, begin| places().map(|place| place.0).fold(begin, fold);
        let (from, to) = (across(f64::min, f64::MAX), across(f64::max, 0.0));
        let low = if least < most * FROM_ZERO_BELOW { 0.0 } else { (least - (most - least) * ROOM).max(0.0) };
        let high = most + (most - low).max(most * 0.01) * ROOM;
        let unit = Unit::from(drip_model::Signal::from(self.signal).unit());
        Plot { across: from..to.max(from + 1.0), upward: low..high, against: self.against, unit, layers }
    }

    /// What a cache may hold, from where the judged part begins.
    fn cache(&self, layers: &mut Vec<Layer>, legend: &mut Vec<Key>) {
        let cache = self.vector.thresholds.iter().find(|threshold| threshold.name == "cache");
        let (Some(cache), Some(first), Some(last)) = (cache, self.judged.first(), self.judged.last()) else {
            return;
        };
        if cache.unit != Some(Unit::Bytes) || self.against == Against::Time {
            return;
        }
        let bound = first.1 + cache.value;
        layers.push(Layer::Line(Role::Cache, vec![(first.0, bound), (last.0, bound)]));
        let held = quantity::bytes(cache.value);
        legend
            .push(Key::new("cache", format!("growth up to here ({held}) could be a cache that is filling")));
    }

    /// The judged slope, and the slopes at the ends of its interval.
    fn growth(&self, layers: &mut Vec<Layer>, legend: &mut Vec<Key>) {
        let is_line = matches!(self.vector.growth, Some(Growth::Grows | Growth::Undecided | Growth::Flat));
        let judged_here = self.vector.signal == Some(self.signal) && self.against == Against::Requests;
        let (Some(rate), true) = (self.vector.per_request, is_line && judged_here) else { return };
        let (Some(first), Some(last)) = (self.judged.first(), self.judged.last()) else { return };
        let count = self.judged.len() as f64;
        let middle = self
            .judged
            .iter()
            .fold((0.0, 0.0), |sum, place| (sum.0 + place.0 / count, sum.1 + place.1 / count));
        let at = |across: f64, slope: f64| (across, (middle.1 + slope * (across - middle.0)).max(0.0));
        let fan = [(first.0, rate.low), (last.0, rate.high), (last.0, rate.low), (first.0, rate.high)];
        layers.push(Layer::Area(Role::Fit, fan.map(|(across, slope)| at(across, slope)).to_vec()));
        layers.push(Layer::Line(Role::Fit, vec![at(first.0, rate.estimate), at(last.0, rate.estimate)]));
        let per_request = amount::of(self.signal, rate.estimate);
        let level = quantity::number(rate.level * 100.0, 4);
        legend.push(Key::new("fit", format!("growth as estimated: {per_request} per request")));
        legend.push(Key::new("band", format!("its {level} % interval")));
    }

    /// On top: dots do not hide the line that is laid through them.
    fn readings(&self, layers: &mut Vec<Layer>, legend: &mut Vec<Key>) {
        let places = [(Role::Warm, &self.warm), (Role::Data, &self.judged)];
        for (role, places) in places.into_iter().filter(|(_, places)| !places.is_empty()) {
            let few = places.len() <= DOTS_MAX;
            layers.push(if few {
                Layer::Dots(role, places.clone())
            } else {
                Layer::Line(role, places.clone())
            });
        }
        if !self.judged.is_empty() {
            legend.push(Key::new("data", "readings at rest"));
        }
        if !self.warm.is_empty() {
            legend.push(Key::new("warm", "warm-up, which is not judged"));
        }
    }

    /// For those who do not see it.
    fn described(&self) -> String {
        let all = || self.warm.iter().chain(&self.judged);
        let (Some(first), Some(last)) = (all().next(), all().last()) else { return String::new() };
        let unit = |across: f64| match self.against {
            Against::Requests => quantity::counted(across as u64, "request"),
            Against::Time => quantity::duration(across),
        };
        format!(
            "Line chart: {}, {} at {}, {} at {}.",
            self.signal,
            amount::of(self.signal, first.1),
            unit(first.0),
            amount::of(self.signal, last.1),
            unit(last.0)
        )
    }
}
