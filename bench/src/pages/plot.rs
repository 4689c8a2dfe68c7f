//! Pictures, drawn in stand-in colours that the page's style gives their light or dark ones.

use plotters::{
    prelude::{
        ChartBuilder, Circle, IntoDrawingArea as _, IntoFont as _, IntoLogRange as _, LineSeries,
        PathElement, Rectangle, SVGBackend, SeriesLabelPosition, Text,
    },
    style::{Color as _, RGBColor},
};

use crate::{
    findings::{Bar, Kind, Line, Plot},
    numbers::{figure, float_of},
};

const WIDTH: u32 = 860;
const LINES_HEIGHT: u32 = 340;
/// Above the highest point there is room for the names of the lines: each takes this share of the height up to there.
const LEGEND_LINE: f64 = 0.13;
/// Where names end and bars begin, where bars end, and the height of one.
const NAMES: i32 = 330;
const BARS: f64 = 340.0;
const ROW: i32 = 26;
const TOP: i32 = 40;
const LETTERS: &str = "sans-serif";
const RULE: RGBColor = RGBColor(6, 6, 6);
const SERIES: [Kind; 5] = [
    Kind::Kith,
    Kind::Postgres,
    Kind::Redis,
    Kind::Driver,
    Kind::Limit,
];

/// A picture as SVG.
pub(super) fn draw(plot: &Plot) -> anyhow::Result<String> {
    let mut svg = String::new();
    match plot {
        Plot::Bars { title, unit, bars } => {
            draw_bars(&mut svg, (title.as_str(), unit.as_str()), bars)?;
        }
        Plot::Lines {
            title,
            over,
            unit,
            lines,
        } => {
            let words = (title.as_str(), over.as_str(), unit.as_str());
            draw_lines(&mut svg, words, lines)?;
        }
    }
    Ok(svg)
}

fn draw_bars(svg: &mut String, (title, unit): (&str, &str), bars: &[Bar]) -> anyhow::Result<()> {
    let rows = i32::try_from(bars.len())?;
    let height = u32::try_from(TOP + rows * ROW + ROW)?;
    let area = SVGBackend::with_string(svg, (WIDTH, height)).into_drawing_area();
    let longest = bars
        .iter()
        .map(Bar::total)
        .fold(f64::MIN_POSITIVE, f64::max);
    let head = format!("{title}, {unit}{}", legend(bars));
    area.draw(&Text::new(head, (8, 8), (LETTERS, 16).into_font()))?;
    for (bar, top) in bars
        .iter()
        .zip((TOP..).step_by(ROW.unsigned_abs() as usize))
    {
        area.draw(&Text::new(
            bar.name.clone(),
            (8, top + 5),
            (LETTERS, 14).into_font(),
        ))?;
        let mut left = NAMES;
        for (kind, value) in &bar.parts {
            let right = left + pixels(value / longest);
            let corners = [(left, top), (right.max(left + 1), top + ROW - 7)];
            area.draw(&Rectangle::new(corners, colour(*kind).filled()))?;
            left = right;
        }
        area.draw(&Text::new(
            bar.label(),
            (left + 6, top + 5),
            (LETTERS, 14).into_font(),
        ))?;
    }
    area.present()?;
    Ok(())
}

fn draw_lines(
    svg: &mut String,
    (title, over, unit): (&str, &str, &str),
    lines: &[Line],
) -> anyhow::Result<()> {
    let points = || lines.iter().flat_map(|line| line.points.iter().copied());
    let least = points().map(|(x, _)| x).fold(f64::INFINITY, f64::min);
    let most = points().map(|(x, _)| x).fold(0.0, f64::max);
    let top = points().map(|(_, y)| y).fold(f64::MIN_POSITIVE, f64::max);
    let area = SVGBackend::with_string(svg, (WIDTH, LINES_HEIGHT)).into_drawing_area();
    let mut chart = ChartBuilder::on(&area)
        .caption(format!("{title}, {unit}"), (LETTERS, 16))
        .margin(10)
        .x_label_area_size(40)
        .y_label_area_size(60)
        .build_cartesian_2d(
            (least * 0.9..most * 1.1).log_scale(),
            0.0..top * (1.1 + LEGEND_LINE * float_of(lines.len())),
        )?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(RULE.mix(0.0))
        .bold_line_style(RULE)
        .axis_style(RULE)
        .x_desc(over)
        .x_label_formatter(&|x| size(*x))
        .y_label_formatter(&|y| figure(*y))
        .label_style((LETTERS, 13))
        .draw()?;
    for (line, kind) in lines.iter().zip(SERIES.iter().cycle()) {
        let colour = colour(*kind);
        let points = line.points.clone();
        chart
            .draw_series(LineSeries::new(points.clone(), colour.stroke_width(2)))?
            .label(line.name.clone())
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
        chart.draw_series(
            points
                .into_iter()
                .map(|point| Circle::new(point, 4, colour.filled())),
        )?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .label_font((LETTERS, 13))
        .draw()?;
    area.present()?;
    Ok(())
}

/// 1, 2 and 5 and their powers of ten are written; between them there is no room.
fn size(x: f64) -> String {
    let digits = format!("{:.0}", x.round());
    let is_round = digits.trim_end_matches('0').len() == 1;
    if !is_round || !digits.starts_with(['1', '2', '5']) {
        return String::new();
    }
    figure(x.round())
        .trim_end_matches(".00")
        .trim_end_matches(".0")
        .to_owned()
}

impl Bar {
    fn total(&self) -> f64 {
        self.parts.iter().map(|(_, value)| value).sum()
    }

    /// The amount; of several parts, each.
    fn label(&self) -> String {
        let parts: Vec<String> = self.parts.iter().map(|(_, value)| figure(*value)).collect();
        parts.join(" + ")
    }
}

/// What the parts of bars are, where there are several.
fn legend(bars: &[Bar]) -> String {
    let Some(bar) = bars.iter().max_by_key(|bar| bar.parts.len()) else {
        return String::new();
    };
    let names: Vec<&str> = bar.parts.iter().map(|(kind, _)| name(*kind)).collect();
    if names.len() < 2 {
        String::new()
    } else {
        format!(" ({})", names.join(" + "))
    }
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Kith => "kith",
        Kind::Limit => "limit",
        Kind::Postgres => "Postgres",
        Kind::Redis => "Redis",
        Kind::Driver => "driver",
    }
}

/// The page's style knows these.
fn colour(kind: Kind) -> RGBColor {
    let number = match kind {
        Kind::Kith => 1,
        Kind::Limit => 2,
        Kind::Postgres => 3,
        Kind::Redis => 4,
        Kind::Driver => 5,
    };
    RGBColor(number, number, number)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a share of a width of some hundred pixels"
)]
fn pixels(share: f64) -> i32 {
    (share * BARS).round() as i32
}
