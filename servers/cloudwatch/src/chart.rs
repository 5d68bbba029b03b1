//! Draws series over time as a PNG, with axes that say their units. It brings its own font.

mod names;
mod units;

use std::sync::LazyLock;

use awsmcp_mcp::{DAY, Error, HOUR, Result, TimeRange};
use jiff::Timestamp;
use plotters::{
    chart::ChartBuilder,
    coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter},
    drawing::{DrawingArea, IntoDrawingArea},
    element::{Circle, PathElement, Rectangle, Text},
    prelude::BitMapBackend,
    style::{Color, FontStyle, IntoFont, RGBColor, ShapeStyle, TextStyle, WHITE, register_font},
};

use self::units::scaled;
use crate::figures::Figure;

pub(crate) const WIDTH: u32 = 800;
pub(crate) const HEIGHT: u32 = 400;
/// Lines that can still be told apart.
pub(crate) const MOST: usize = 8;

/// What to draw.
pub(crate) struct Chart<'a> {
    pub(crate) title: &'a str,
    pub(crate) lines: Vec<Line<'a>>,
    pub(crate) range: TimeRange,
    /// Seconds from one point to the next: where more lies between two, there is a gap.
    pub(crate) period: i64,
    /// A level to mark, such as an alarm's threshold.
    pub(crate) threshold: Option<f64>,
}

/// One series.
pub(crate) struct Line<'a> {
    pub(crate) label: &'a str,
    pub(crate) unit: Option<&'a str>,
    pub(crate) points: &'a [(i64, f64)],
}

/// Colours that people who see few colours tell apart too (Okabe and Ito), the palest left out.
const COLOURS: [RGBColor; MOST] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
    RGBColor(146, 73, 0),
];
const INK: RGBColor = RGBColor(40, 40, 40);
const FAINT: RGBColor = RGBColor(222, 222, 222);
const ALARM: RGBColor = RGBColor(200, 30, 30);

/// DejaVu Sans, reduced to [`LETTERS`]; font-license.txt beside it.
static FONT: LazyLock<bool> =
    LazyLock::new(|| register_font(NAME, FontStyle::Normal, include_bytes!("chart/font.ttf")).is_ok());
const NAME: &str = "sans-serif";
const LETTERS: &str = "°µ·…μ–";

type Area<'a> = DrawingArea<BitMapBackend<'a>, plotters::coord::Shift>;

/// # Errors
/// When nothing can be drawn, which is a fault.
pub(crate) fn png(chart: &Chart<'_>) -> Result<Vec<u8>> {
    let fault = |why: String| Error::internal(format!("the chart could not be drawn: {why}"));
    if !*FONT {
        return Err(fault("its font is not readable".to_owned()));
    }
    let mut pixels = vec![255; (WIDTH * HEIGHT * 3) as usize];
    draw(chart, &mut pixels).map_err(|error| fault(error.to_string()))?;
    encode(&pixels).map_err(|error| fault(error.to_string()))
}

fn encode(pixels: &[u8]) -> Result<Vec<u8>, png::EncodingError> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, WIDTH, HEIGHT);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(out)
}

fn draw(chart: &Chart<'_>, pixels: &mut [u8]) -> Result<(), Box<dyn std::error::Error>> {
    let root = BitMapBackend::with_buffer(pixels, (WIDTH, HEIGHT)).into_drawing_area();
    root.fill(&WHITE)?;
    let rows = i32::try_from(chart.lines.len().div_ceil(COLUMNS)).unwrap_or(0);
    let (above, legend) = root.split_vertically(HEIGHT as i32 - rows * ROW - 6);
    let (time, level) = (chart.time_axis(), chart.level_axis());
    let mut context = ChartBuilder::on(&above)
        .caption(shown(chart.title, 80), font(17).color(&INK))
        .margin(8)
        .margin_right(24)
        .x_label_area_size(42)
        .y_label_area_size(68)
        .build_cartesian_2d(time.axis.clone(), level.axis.clone())?;
    context
        .configure_mesh()
        .bold_line_style(FAINT)
        .light_line_style(WHITE.mix(0.0))
        .axis_style(INK)
        .label_style(font(14).color(&INK))
        .axis_desc_style(font(15).color(&INK))
        .x_desc(&time.name)
        .y_desc(&level.name)
        .x_label_formatter(&|at: &f64| time.label(*at))
        .y_label_formatter(&|value: &f64| level.label(*value))
        .draw()?;
    // Of lines with different units nobody knows which one it is a level of.
    if let Some(threshold) = chart.threshold.filter(|_| !chart.is_mixed()) {
        let level = threshold / level.scale;
        let (left, right) = (time.axis.low, time.axis.high);
        let along = |part: u32| left + (right - left) * f64::from(part) / 60.0;
        // Dashes, so that it is not taken for one of the series.
        let dashes = (0..60).step_by(2).map(|part| {
            PathElement::new(vec![(along(part), level), (along(part + 1), level)], ALARM.stroke_width(2))
        });
        context.draw_series(dashes)?;
    }
    for (line, colour) in chart.lines.iter().zip(COLOURS) {
        let scale = if chart.is_mixed() { line.largest() / 100.0 } else { level.scale };
        for run in runs(line.points, chart.period) {
            let points: Vec<(f64, f64)> = run.iter().map(|(at, value)| (*at as f64, value / scale)).collect();
            let style = ShapeStyle { color: colour.to_rgba(), filled: true, stroke_width: 2 };
            if points.len() < 2 || line.points.len() <= 40 {
                context.draw_series(points.iter().map(|point| Circle::new(*point, 3, style)))?;
            }
            // Piece by piece: joined, they would end in spikes where the line turns sharply.
            let pieces = points.windows(2).map(|pair| PathElement::new(pair.to_vec(), style));
            context.draw_series(pieces)?;
        }
    }
    names(chart, &legend)?;
    root.present()?;
    Ok(())
}

/// How the names below the chart are laid out.
const COLUMNS: usize = 2;
const ROW: i32 = 21;

/// Which line is which, in two columns.
fn names(chart: &Chart<'_>, area: &Area<'_>) -> Result<(), Box<dyn std::error::Error>> {
    let style: TextStyle<'_> = font(14).color(&INK);
    let labels: Vec<&str> = chart.lines.iter().map(|line| line.label).collect();
    let labels = names::told_apart(&labels);
    for (at, ((line, label), colour)) in chart.lines.iter().zip(labels).zip(COLOURS).enumerate() {
        let (row, column) = (i32::try_from(at / COLUMNS)?, i32::try_from(at % COLUMNS)?);
        let (x, y) = (76 + column * (WIDTH as i32 - 90) / COLUMNS as i32, row * ROW);
        area.draw(&Rectangle::new([(x, y + 6), (x + 16, y + 10)], colour.filled()))?;
        let name = match chart.is_mixed() {
            true => format!("{} (100 % is {})", shown(&label, 22), line.top()),
            false => shown(&label, 42),
        };
        area.draw(&Text::new(name, (x + 22, y + 1), style.clone()))?;
    }
    Ok(())
}

fn font(size: i32) -> plotters::style::FontDesc<'static> {
    (NAME, size).into_font()
}

/// A text with what the font has not replaced, its middle left out where it is long.
fn shown(text: &str, longest: usize) -> String {
    let known = |letter: char| letter.is_ascii_graphic() || letter == ' ' || LETTERS.contains(letter);
    let text: String = text.chars().map(|letter| if known(letter) { letter } else { '?' }).collect();
    names::without_middle(&text, longest)
}

/// The points without those stretches where nothing was measured.
fn runs(points: &[(i64, f64)], period: i64) -> impl Iterator<Item = &[(i64, f64)]> {
    points.chunk_by(move |(left, _), (right, _)| right - left <= period.max(1) * 3 / 2)
}

/// An axis with its marks at chosen places.
#[derive(Clone, Debug)]
struct Axis {
    low: f64,
    high: f64,
    marks: Vec<f64>,
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let part = (value - self.low) / (self.high - self.low).max(f64::MIN_POSITIVE);
        limit.0 + (part * f64::from(limit.1 - limit.0)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.marks.clone()
    }

    fn range(&self) -> std::ops::Range<f64> {
        self.low..self.high
    }
}

impl ValueFormatter<f64> for Axis {
    fn format(value: &f64) -> String {
        value.to_string()
    }
}

struct TimeAxis {
    axis: Axis,
    name: String,
    step: i64,
}

impl TimeAxis {
    fn label(&self, at: f64) -> String {
        let format = match self.step {
            step if step < 60 => "%H:%M:%S",
            step if step < DAY => "%H:%M",
            _ => "%b %d",
        };
        Timestamp::from_second(at as i64).map(|time| time.strftime(format).to_string()).unwrap_or_default()
    }
}

struct LevelAxis {
    axis: Axis,
    name: String,
    /// What values are divided by.
    scale: f64,
    step: f64,
}

impl LevelAxis {
    fn label(&self, value: f64) -> String {
        let digits = -self.step.log10().floor();
        if digits > 6.0 && value.abs() > self.step / 2.0 {
            // So small a number has more zeros than digits; three of these are enough for a mark.
            return format!("{:e}", format!("{value:.2e}").parse().unwrap_or(value));
        }
        let digits = digits.clamp(0.0, 9.0) as usize;
        let text = format!("{value:.digits$}");
        if text.trim_start_matches('-').chars().all(|letter| matches!(letter, '0' | '.')) {
            return "0".to_owned();
        }
        text
    }
}

impl Chart<'_> {
    /// The unit, if all lines have the same.
    fn unit(&self) -> Option<&str> {
        let (first, rest) = self.lines.split_first()?;
        rest.iter().all(|line| line.unit == first.unit).then_some(first.unit)?
    }

    fn time_axis(&self) -> TimeAxis {
        const STEPS: [i64; 19] = [
            1,
            5,
            10,
            30,
            60,
            300,
            600,
            900,
            1800,
            HOUR,
            2 * HOUR,
            3 * HOUR,
            6 * HOUR,
            12 * HOUR,
            DAY,
            2 * DAY,
            7 * DAY,
            30 * DAY,
            90 * DAY,
        ];
        const MARKS: i64 = 9;
        let (low, high) = (self.range.start.as_second(), self.range.end.as_second());
        let length = (high - low).max(1);
        let step = STEPS.into_iter().find(|step| length / step <= MARKS).unwrap_or(365 * DAY);
        let first = low.div_euclid(step) * step + if low.rem_euclid(step) == 0 { 0 } else { step };
        let marks =
            (0..=MARKS + 1).map(|n| first + n * step).take_while(|at| *at <= high).map(|at| at as f64);
        let day = |time: Timestamp| time.strftime("%Y-%m-%d").to_string();
        let (from, to) = (day(self.range.start), day(self.range.end));
        let name = if from == to { format!("{from}, UTC") } else { format!("{from} to {to}, UTC") };
        TimeAxis {
            axis: Axis { low: low as f64, high: high.max(low + 1) as f64, marks: marks.collect() },
            name,
            step,
        }
    }

    /// Whether the lines have different units: then no scale fits all of them, and each is drawn as a part of its own greatest
    /// value.
    fn is_mixed(&self) -> bool {
        self.unit().is_none() && self.lines.iter().any(|line| line.unit.is_some())
    }

    fn level_axis(&self) -> LevelAxis {
        let mixed = self.is_mixed();
        let values = self.lines.iter().flat_map(|line| {
            let part = if mixed { line.largest() / 100.0 } else { 1.0 };
            line.points.iter().map(move |(_, value)| *value / part)
        });
        let values = values.chain(self.threshold.filter(|_| !mixed)).filter(|value| value.is_finite());
        let (low, high) = values
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        let (low, high) = if low > high { (0.0, 1.0) } else { (low, high) };
        // Heights are read from zero, unless that would flatten what there is to see.
        let low = if low > 0.0 && low < high * 0.8 { 0.0 } else { low };
        let (low, high) = if high - low < f64::EPSILON * high.abs().max(1.0) {
            let room = if high == 0.0 { 1.0 } else { high.abs() * 0.1 };
            (if low == 0.0 { 0.0 } else { low - room }, high + room)
        } else {
            (low, high)
        };
        let (scale, name) = match mixed {
            true => (1.0, "% of each line's greatest".to_owned()),
            false => scaled(self.unit(), low.abs().max(high.abs())),
        };
        let (low, high) = (low / scale, high / scale);
        let step = nice((high - low) / 5.0);
        let first = (low / step).floor() as i64;
        let last = (high / step - 1e-9).ceil() as i64;
        let marks: Vec<f64> = (first..=last).map(|n| n as f64 * step).collect();
        let axis = Axis { low: first as f64 * step, high: last.max(first + 1) as f64 * step, marks };
        LevelAxis { axis, name, scale, step }
    }
}

impl Line<'_> {
    /// The size of its greatest value; one where it has none.
    fn largest(&self) -> f64 {
        let sizes = self.points.iter().map(|(_, value)| value.abs()).filter(|value| value.is_finite());
        let largest = sizes.fold(0.0, f64::max);
        if largest > 0.0 { largest } else { 1.0 }
    }

    /// The same in words: `2.73 TiB`.
    fn top(&self) -> String {
        let (scale, name) = scaled(self.unit, self.largest());
        format!("{} {name}", Figure(((self.largest() / scale) * 100.0).round() / 100.0))
    }
}

/// The next of 1, 2, 5, 10, ... from `step` on.
fn nice(step: f64) -> f64 {
    let power = 10_f64.powf(step.max(f64::MIN_POSITIVE).log10().floor());
    let part = step / power;
    let round = [1.0, 2.0, 5.0].into_iter().find(|round| part <= *round + 1e-9).unwrap_or(10.0);
    round * power
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(start: &str, end: &str) -> TimeRange {
        TimeRange { start: start.parse().unwrap(), end: end.parse().unwrap() }
    }

    fn chart<'a>(points: &'a [(i64, f64)], unit: Option<&'a str>) -> Chart<'a> {
        Chart {
            title: "t",
            lines: vec![Line { label: "l", unit, points }],
            range: range("2026-11-22T09:50:00Z", "2026-11-22T12:50:00Z"),
            period: 60,
            threshold: None,
        }
    }

    #[test]
    fn times_stand_at_round_places() {
        let axis = chart(&[], None).time_axis();
        let labels: Vec<String> = axis.axis.marks.iter().map(|at| axis.label(*at)).collect();
        assert_eq!(labels, ["10:00", "10:30", "11:00", "11:30", "12:00", "12:30"]);
        assert_eq!(axis.name, "2026-11-22, UTC");
        let week = Chart { range: range("2026-11-01T00:00:00Z", "2026-11-08T00:00:00Z"), ..chart(&[], None) };
        let axis = week.time_axis();
        assert_eq!(axis.label(axis.axis.marks[0]), "Nov 01");
        assert_eq!(axis.name, "2026-11-01 to 2026-11-08, UTC");
    }

    #[test]
    fn levels_are_scaled_to_few_digits_and_say_so() {
        let labels = |points: &[(i64, f64)], unit| {
            let axis = chart(points, unit).level_axis();
            let labels: Vec<String> = axis.axis.marks.iter().map(|at| axis.label(*at)).collect();
            (labels.join(" "), axis.name)
        };
        let pair = |left: &str, right: &str| (left.to_owned(), right.to_owned());
        assert_eq!(labels(&[(0, 1.0), (60, 97.0)], Some("Percent")), pair("0 20 40 60 80 100", "percent"));
        assert_eq!(labels(&[(0, 0.0), (60, 4.0e9)], Some("Bytes")), pair("0 1 2 3 4", "GiB"));
        assert_eq!(labels(&[(0, 15_000.0)], Some("Milliseconds")).1, "seconds");
        assert_eq!(labels(&[(0, 2_000_000.0)], Some("Count")).1, "thousand count");
        // A narrow band far from zero is not flattened.
        assert_eq!(labels(&[(0, 99.0), (60, 100.0)], None).0, "99.0 99.2 99.4 99.6 99.8 100.0");
        assert_eq!(labels(&[], None), pair("0 0.2 0.4 0.6 0.8 1.0", "value"));
        // What is small is not rounded to nothing.
        assert_eq!(labels(&[(0, 0.000_001)], Some("Seconds")).1, "microseconds");
        assert_eq!(labels(&[(0, 0.0), (60, 4.0e-9)], Some("Seconds")), pair("0 1 2 3 4", "nanoseconds"));
        assert_eq!(
            labels(&[(0, 0.0), (60, 4.0e-12)], Some("Count")),
            pair("0 1e-12 2e-12 3e-12 4e-12", "count")
        );
    }

    #[test]
    fn lines_of_different_units_are_parts_of_their_own_greatest() {
        let (bytes, counts) = ([(0, 3.0e12), (60, 1.5e12)], [(0, 50.0), (60, 25.0)]);
        let mixed = Chart {
            lines: vec![
                Line { label: "b", unit: Some("Bytes"), points: &bytes },
                Line { label: "c", unit: Some("Count"), points: &counts },
            ],
            threshold: Some(1.0e9),
            ..chart(&[], None)
        };
        let axis = mixed.level_axis();
        assert_eq!((axis.name.as_str(), axis.scale), ("% of each line's greatest", 1.0));
        assert_eq!((axis.axis.low, axis.axis.high), (0.0, 100.0));
        let tops: Vec<String> = mixed.lines.iter().map(Line::top).collect();
        assert_eq!(tops, ["2.73 TiB", "50 count"]);
        assert!(png(&mixed).is_ok());
    }

    #[test]
    fn where_nothing_was_measured_the_line_stops() {
        let points = [(0, 1.0), (60, 1.0), (120, 1.0), (300, 1.0)];
        assert_eq!(runs(&points, 60).map(<[_]>::len).collect::<Vec<_>>(), [3, 1]);
    }

    #[test]
    fn a_chart_is_a_png_of_the_promised_size() {
        let points: Vec<(i64, f64)> = (0..180).map(|n| (1_795_341_000 + n * 60, (n % 30) as f64)).collect();
        for chart in [
            chart(&points, Some("Count")),
            chart(&[], None),
            chart(&[(1_795_341_000, f64::NAN)], None),
            Chart { threshold: Some(25.0), title: "文 \u{202e}", ..chart(&points, None) },
        ] {
            let png = png(&chart).unwrap();
            assert_eq!(png.get(..8).unwrap(), b"\x89PNG\r\n\x1a\n");
            assert_eq!(png.get(16..24).unwrap(), [0, 0, 3, 32, 0, 0, 1, 144]);
        }
    }
}
