//! Panels of a dashboard as shapes: single values, curves, states over time. As much of Grafana's
//! panels as this dashboard uses.

use semisync_live_tests::dashboard::{Dashboard, Panel};
use semisync_live_tests::prometheus::{Prometheus, Series};
use serde_json::Value;

use crate::units::{axis_end, show};
use semisync_live_tests::svg::{Anchor, Area, Svg};

/// The time shown, in seconds since the epoch.
#[derive(Clone, Copy)]
pub struct Time {
    pub start: f64,
    pub end: f64,
}

const COLUMN: f64 = 50.0;
const ROW: f64 = 34.0;
const TOP: f64 = 44.0;
const GAP: f64 = 4.0;
const BACKGROUND: &str = "#111217";
const SURFACE: &str = "#181b1f";
const GRID: &str = "#2c3235";
const BRIGHT: &str = "#d8d9da";
const FAINT: &str = "#8e949c";
const PALETTE: [&str; 6] = [
    "#73bf69", "#f2cc0c", "#8ab8ff", "#ff780a", "#f2495c", "#b877d9",
];

/// A series with what its legend says.
struct Curve {
    name: String,
    color: String,
    points: Vec<(f64, f64)>,
}

pub fn dashboard(dashboard: &Dashboard, prometheus: &Prometheus, time: Time, last: &str) -> String {
    let all = dashboard.json["panels"].as_array().expect("panels");
    let top = |panel: &Value| panel["gridPos"]["y"].as_u64().expect("a place");
    let end = all.iter().find(|panel| panel["title"] == last);
    let end = end.map_or(u64::MAX, top);
    let shown = || dashboard.panels.iter().filter(|panel| panel.place[1] < end);
    let rows = shown().map(|panel| panel.place[1] + panel.place[3]).max();
    let height = TOP + real(rows.unwrap_or_default()) * ROW + GAP;
    let mut svg = Svg::new(24.0 * COLUMN + 2.0 * GAP, height);
    let title = dashboard.json["title"].as_str().unwrap_or_default();
    svg.text([14.0, 28.0], 18.0, BRIGHT, Anchor::Start, title);
    let seconds = time.end - time.start;
    let note = format!(
        "Drawn by this project's own program, not by Grafana, from the dashboard's queries and \
         {seconds:.0} seconds of real servers"
    );
    let right = [24.0 * COLUMN - 6.0, 28.0];
    svg.text(right, 12.0, FAINT, Anchor::End, &note);
    for heading in all
        .iter()
        .filter(|one| one["type"] == "row" && top(one) < end)
    {
        let title = heading["title"].as_str().unwrap_or_default();
        let y = TOP + real(top(heading)) * ROW + 22.0;
        svg.text([14.0, y], 14.0, BRIGHT, Anchor::Start, title);
    }
    for panel in shown() {
        draw(&mut svg, panel, prometheus, time);
    }
    svg.finish(BACKGROUND)
}

fn draw(svg: &mut Svg, panel: &Panel, prometheus: &Prometheus, time: Time) {
    let [x, y, w, h] = panel.place.map(real);
    let area = Area {
        x: x * COLUMN + GAP,
        y: TOP + y * ROW + GAP,
        w: w * COLUMN - GAP,
        h: h * ROW - GAP,
    };
    svg.rect(area, SURFACE);
    let at = [area.x + 10.0, area.y + 19.0];
    svg.text(at, 12.5, BRIGHT, Anchor::Start, &panel.title);
    let inner = Area {
        x: area.x + 8.0,
        y: area.y + 28.0,
        w: area.w - 16.0,
        h: area.h - 34.0,
    };
    let curves = curves(panel, prometheus, time);
    match panel.kind.as_str() {
        "stat" => values(svg, inner, panel, &curves),
        "state-timeline" => states(svg, inner, panel, &curves, time),
        "timeseries" => lines(svg, inner, panel, &curves, time),
        other => panic!("{}: no drawing of a {other}", panel.title),
    }
}

fn curves(panel: &Panel, prometheus: &Prometheus, time: Time) -> Vec<Curve> {
    let mut curves: Vec<Curve> = Vec::new();
    for query in &panel.queries {
        let range = [time.start, time.end, 1.0];
        for series in prometheus.query_range(&query.expression, range) {
            let name = legend(&query.legend, &series);
            let color = overridden(panel, &name);
            let color = color.unwrap_or_else(|| PALETTE[curves.len() % PALETTE.len()].to_owned());
            curves.push(Curve {
                name,
                color,
                points: series.points,
            });
        }
    }
    assert!(!curves.is_empty(), "{} is empty", panel.title);
    curves
}

fn legend(format: &str, series: &Series) -> String {
    let labels = series.labels.iter();
    let mut text = labels.fold(format.to_owned(), |text, (name, value)| {
        text.replace(&format!("{{{{{name}}}}}"), value)
    });
    if let Some(rest) = text.split_once(' ').map(|(_, rest)| rest.to_owned())
        && text.starts_with("db1 ")
        && format.matches("{{").count() == 1
    {
        // One source is shown, so its name is no news.
        text = rest;
    }
    text
}

/// The color that the panel gives to the series by name.
fn overridden(panel: &Panel, name: &str) -> Option<String> {
    let overrides = panel.json["fieldConfig"]["overrides"].as_array()?;
    let fits = |one: &&Value| {
        // This dashboard has patterns for the ends of names alone: `/needed$/`.
        let pattern = one["matcher"]["options"].as_str().unwrap_or_default();
        let end = pattern
            .strip_prefix('/')
            .and_then(|rest| rest.strip_suffix("$/"));
        end.is_some_and(|end| name.ends_with(end))
    };
    let found = overrides.iter().find(fits)?;
    let color = found["properties"][0]["value"]["fixedColor"].as_str()?;
    Some(named(color).to_owned())
}

/// Grafana's names of colors.
fn named(color: &str) -> &str {
    match color {
        "red" => "#c4162a",
        "orange" => "#e0752d",
        "green" => "#37872d",
        "text" => "#464c54",
        other => other,
    }
}

/// The text and the color of a value: by the panel's mappings, else by its thresholds.
fn shown(panel: &Panel, value: f64) -> (String, String) {
    let defaults = &panel.json["fieldConfig"]["defaults"];
    let mapping = &defaults["mappings"][0]["options"][format!("{value:.0}")];
    if let Some(text) = mapping["text"].as_str() {
        let color = mapping["color"].as_str().unwrap_or("text");
        return (text.to_owned(), named(color).to_owned());
    }
    let steps = defaults["thresholds"]["steps"].as_array();
    let steps = steps.map(Vec::as_slice).unwrap_or_default();
    let reached = |step: &&Value| step["value"].as_f64().is_none_or(|from| value >= from);
    let step = steps.iter().rfind(reached);
    let color = step
        .and_then(|step| step["color"].as_str())
        .unwrap_or("text");
    let unit = defaults["unit"].as_str().unwrap_or_default();
    (show(value, unit), named(color).to_owned())
}

fn values(svg: &mut Svg, area: Area, panel: &Panel, curves: &[Curve]) {
    let width = area.w / count(curves.len());
    for (number, curve) in curves.iter().enumerate() {
        let Some((_, value)) = curve.points.last() else {
            continue;
        };
        let (text, color) = shown(panel, *value);
        let color = overridden(panel, &curve.name).unwrap_or(color);
        let place = Area {
            x: area.x + width * count(number),
            w: width - 3.0,
            ..area
        };
        svg.rect(place, &color);
        let middle = place.x + place.w / 2.0;
        let y = place.y + place.h / 2.0;
        let size = if text.len() > 12 { 15.0 } else { 26.0 };
        svg.text([middle, y + 16.0], size, "#ffffff", Anchor::Middle, &text);
        svg.text(
            [middle, y - 18.0],
            12.0,
            "#ffffff",
            Anchor::Middle,
            &curve.name,
        );
    }
}

fn states(svg: &mut Svg, area: Area, panel: &Panel, curves: &[Curve], time: Time) {
    let left = 76.0;
    let plot = Area {
        x: area.x + left,
        w: area.w - left,
        h: area.h - 18.0,
        ..area
    };
    times(svg, plot, time);
    let height = plot.h / count(curves.len());
    for (number, curve) in curves.iter().enumerate() {
        let y = plot.y + height * count(number);
        let name = [plot.x - 8.0, y + height / 2.0 + 4.0];
        svg.text(name, 11.0, BRIGHT, Anchor::End, &curve.name);
        for (value, from, until) in spans(&curve.points) {
            let (text, color) = shown(panel, value);
            let span = Area {
                x: across(plot, time, from),
                y: y + height * 0.1,
                w: across(plot, time, until) - across(plot, time, from),
                h: height * 0.8,
            };
            svg.rect(span, &color);
            if span.w > 7.0 * count(text.len()) {
                let at = [span.x + 6.0, y + height / 2.0 + 4.0];
                svg.text(at, 11.0, "#ffffff", Anchor::Start, &text);
            }
        }
    }
}

/// Times in which a value stays as it is. A gap ends it.
fn spans(points: &[(f64, f64)]) -> Vec<(f64, f64, f64)> {
    let mut spans: Vec<(f64, f64, f64)> = Vec::new();
    for &(at, value) in points {
        match spans.last_mut() {
            Some((last, _, until)) if at - *until < 0.5 => {
                *until = at + 1.0;
                if *last != value {
                    *until = at;
                    spans.push((value, at, at + 1.0));
                }
            }
            _ => spans.push((value, at, at + 1.0)),
        }
    }
    spans
}

fn lines(svg: &mut Svg, area: Area, panel: &Panel, curves: &[Curve], time: Time) {
    let unit = panel.json["fieldConfig"]["defaults"]["unit"].as_str();
    let unit = unit.unwrap_or_default();
    let left = 56.0;
    let plot = Area {
        x: area.x + left,
        w: area.w - left - 4.0,
        h: area.h - 38.0,
        ..area
    };
    let values = curves.iter().flat_map(|curve| &curve.points);
    let top = values
        .map(|point| point.1)
        .filter(|value| value.is_finite());
    let end = axis_end(top.fold(0.0, f64::max), unit);
    for quarter in 0..=4_u8 {
        let part = f64::from(quarter) / 4.0;
        let y = plot.y + plot.h * (1.0 - part);
        svg.line(&[(plot.x, y), (plot.x + plot.w, y)], GRID, 1.0);
        let text = show(end * part, unit);
        svg.text([plot.x - 6.0, y + 4.0], 10.5, FAINT, Anchor::End, &text);
    }
    times(svg, plot, time);
    let mut x = plot.x;
    for curve in curves {
        let place = |&(at, value): &(f64, f64)| {
            let y = plot.y + plot.h * (1.0 - value / end);
            (across(plot, time, at), y)
        };
        for run in curve.points.chunk_by(|one, two| two.0 - one.0 < 1.5) {
            let finite = run.iter().filter(|point| point.1.is_finite());
            let mut points: Vec<(f64, f64)> = finite.map(place).collect();
            let Some((&first, &last)) = points.first().zip(points.last()) else {
                continue;
            };
            svg.line(&points, &curve.color, 1.5);
            points.push((last.0, plot.y + plot.h));
            points.push((first.0, plot.y + plot.h));
            svg.filled(&points, &curve.color, 0.1);
        }
        let y = area.y + area.h - 5.0;
        let mark = Area {
            x,
            y: y - 5.0,
            w: 14.0,
            h: 3.0,
        };
        svg.rect(mark, &curve.color);
        svg.text([x + 19.0, y], 11.0, BRIGHT, Anchor::Start, &curve.name);
        x += 34.0 + 6.2 * count(curve.name.chars().count());
    }
}

/// The marks of the axis of time: seconds from the beginning.
fn times(svg: &mut Svg, plot: Area, time: Time) {
    let mut at = 0.0;
    let end = time.end - time.start;
    while at <= end {
        let x = across(plot, time, time.start + at);
        let y = plot.y + plot.h + 14.0;
        let anchor = if at + 1.0 < end {
            Anchor::Middle
        } else {
            Anchor::End
        };
        svg.text([x, y], 10.5, FAINT, anchor, &format!("{at:.0} s"));
        at += 20.0;
    }
}

fn across(plot: Area, time: Time, at: f64) -> f64 {
    let part = (at.min(time.end) - time.start) / (time.end - time.start);
    plot.x + plot.w * part
}

fn real(number: u64) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}
