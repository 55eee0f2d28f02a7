//! An SVG file, shape by shape.

use std::fmt::Write;

pub struct Svg {
    width: f64,
    height: f64,
    body: String,
}

#[derive(Clone, Copy)]
pub struct Area {
    pub x: f64,
    pub y: f64,
    pub w: f64,
    pub h: f64,
}

/// Where a text stands in relation to its point.
#[derive(Clone, Copy)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

impl Svg {
    pub fn new(width: f64, height: f64) -> Svg {
        Svg {
            width,
            height,
            body: String::new(),
        }
    }

    pub fn rect(&mut self, area: Area, fill: &str) {
        let Area { x, y, w, h } = area;
        let shape =
            format!("<rect x='{x:.1}' y='{y:.1}' width='{w:.1}' height='{h:.1}' fill='{fill}'/>\n");
        self.body.push_str(&shape);
    }

    pub fn line(&mut self, points: &[(f64, f64)], stroke: &str, width: f64) {
        let points = path(points);
        let _ = writeln!(
            self.body,
            "<polyline points='{points}' fill='none' stroke='{stroke}' stroke-width='{width}'/>"
        );
    }

    pub fn filled(&mut self, points: &[(f64, f64)], fill: &str, opacity: f64) {
        let points = path(points);
        let _ = writeln!(
            self.body,
            "<polygon points='{points}' fill='{fill}' fill-opacity='{opacity}'/>"
        );
    }

    pub fn text(&mut self, [x, y]: [f64; 2], size: f64, fill: &str, anchor: Anchor, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        let _ = writeln!(
            self.body,
            "<text x='{x:.1}' y='{y:.1}' font-size='{size}' fill='{fill}' \
             text-anchor='{anchor}'>{text}</text>"
        );
    }

    pub fn finish(self, background: &str) -> String {
        let Svg {
            width,
            height,
            body,
        } = self;
        format!(
            "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' \
             font-family='Inter, Helvetica, Arial, sans-serif'>\n\
             <rect width='{width}' height='{height}' fill='{background}'/>\n{body}</svg>\n"
        )
    }
}

fn path(points: &[(f64, f64)]) -> String {
    let point = |(x, y): &(f64, f64)| format!("{x:.1},{y:.1}");
    points.iter().map(point).collect::<Vec<_>>().join(" ")
}
