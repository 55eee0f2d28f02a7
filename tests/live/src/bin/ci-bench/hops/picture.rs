//! The picture: for each side the threads that take part, one below the other, and what each of
//! them does while a commit goes on. All sides have the same scale.

use semisync_live_tests::svg::{Anchor, Area, Svg};

use crate::hops::commit::Moment::{self, *};
use crate::hops::figures::Figures;

const WIDTH: f64 = 1000.0;
const LEFT: f64 = 170.0;
const RIGHT: f64 = 24.0;
const TITLE: f64 = 46.0;
const LANE: f64 = 27.0;
const BAR: f64 = 17.0;
const BELOW: f64 = 26.0;
const LEGEND: f64 = 58.0;

const PAPER: &str = "#ffffff";
const INK: &str = "#1f2937";
const FAINT: &str = "#6b7280";
const GRID: &str = "#e5e7eb";
const SLEEP: &str = "#d1d5db";
const WORK_OF_SOURCE: &str = "#93b4f5";
const WORK_OF_REPLICA: &str = "#7ccfb9";
const WAKING: &str = "#f6b26b";
const PACKET: &str = "#c9b3ee";

/// The lanes, by number.
const CLIENT: usize = 0;
const SESSION: usize = 1;
const DUMP: usize = 2;
const RECEIVER: usize = 3;
const READER: usize = 4;
const NAMES: [&str; 5] = [
    "client",
    "source: session",
    "source: dump thread",
    "replica: receiver",
    "source: ack receiver",
];

/// What a thread does between two moments.
struct Span {
    lane: usize,
    from: Moment,
    to: Moment,
    fill: &'static str,
}

const fn span(lane: usize, from: Moment, to: Moment, fill: &'static str) -> Span {
    Span {
        lane,
        from,
        to,
        fill,
    }
}

/// Up to the acknowledgement; then it depends on who reads it.
const SPANS: [Span; 7] = [
    span(SESSION, Asked, SessionRuns, WAKING),
    span(DUMP, DumpWoken, DumpRuns, WAKING),
    span(DUMP, DumpRuns, EventsSent, WORK_OF_SOURCE),
    span(DUMP, EventsSent, ReceiverWoken, PACKET),
    span(RECEIVER, ReceiverWoken, ReceiverRuns, WAKING),
    span(RECEIVER, ReceiverRuns, Logged, WORK_OF_REPLICA),
    span(RECEIVER, Logged, AckSent, WORK_OF_REPLICA),
];

/// Who hands on to whom, and when.
const HAND_OFFS: [(usize, usize, Moment); 4] = [
    (CLIENT, SESSION, Asked),
    (SESSION, DUMP, DumpWoken),
    (DUMP, RECEIVER, ReceiverWoken),
    (SESSION, CLIENT, Answered),
];

pub fn draw(sides: &[Figures]) -> String {
    let heights = sides.iter().map(height);
    let height = heights.sum::<f64>() + LEGEND;
    let longest = sides.iter().filter_map(|side| side.at(Told));
    let longest = longest.fold(0.0, f64::max).max(1.0);
    let mut picture = Picture {
        svg: Svg::new(WIDTH, height),
        scale: (WIDTH - LEFT - RIGHT) / longest,
        longest,
        top: 0.0,
    };
    for side in sides {
        picture.side(side);
    }
    picture.legend();
    picture.svg.finish(PAPER)
}

/// How many lanes a side has. Where nobody waits for the replica, what it does is not shown: it is
/// often still at the last commit.
fn lanes(side: &Figures) -> usize {
    match (side.waits, side.at(SessionGoesOn)) {
        (false, _) => RECEIVER,
        (true, None) => READER,
        (true, Some(_)) => READER + 1,
    }
}

fn height(side: &Figures) -> f64 {
    TITLE + LANE * lanes(side) as f64 + BELOW
}

struct Picture {
    svg: Svg,
    /// Of a microsecond.
    scale: f64,
    longest: f64,
    /// Where the side begins that is being drawn.
    top: f64,
}

impl Picture {
    fn side(&mut self, side: &Figures) {
        let whole = side.at(Told).unwrap_or_default();
        let words = match side.name {
            "async" => "without semi-sync",
            "stock" => "stock's plugins",
            _ => "our plugins",
        };
        let title = format!("{words}: {whole:.0} µs");
        let at = [LEFT, self.top + 28.0];
        self.svg.text(at, 15.0, INK, Anchor::Start, &title);
        self.grid(side);
        for (lane, name) in NAMES.iter().enumerate().take(lanes(side)) {
            let y = self.middle(lane);
            let at = [LEFT - 12.0, y + 4.0];
            self.svg.text(at, 12.0, INK, Anchor::End, name);
            self.svg.line(&[(LEFT, y), (self.x(whole), y)], SLEEP, 1.5);
        }
        self.spans(side);
        self.hand_offs(side);
        self.top += height(side);
    }

    fn grid(&mut self, side: &Figures) {
        let (above, below) = (self.top + TITLE - 6.0, self.middle(lanes(side) - 1) + BAR);
        let mut time = 0.0;
        while time <= self.longest {
            let x = self.x(time);
            self.svg.line(&[(x, above), (x, below)], GRID, 1.0);
            let at = [x, below + 13.0];
            let text = format!("{time:.0}");
            self.svg.text(at, 10.0, FAINT, Anchor::Middle, &text);
            time += 50.0;
        }
    }

    fn spans(&mut self, side: &Figures) {
        for Span {
            lane,
            from,
            to,
            fill,
        } in &SPANS
        {
            self.span(side, *lane, *from, *to, fill);
        }
        self.span(side, CLIENT, Answered, Told, WAKING);
        if !side.waits {
            return self.span(side, SESSION, SessionRuns, Answered, WORK_OF_SOURCE);
        }
        let sleeps = side.at(SessionSleeps).map_or(DumpWoken, |_| SessionSleeps);
        self.span(side, SESSION, SessionRuns, sleeps, WORK_OF_SOURCE);
        // With nobody to be woken the packet's way lasts until it is seen.
        let arrives = side.at(ReaderWoken).map_or(ReaderRuns, |_| ReaderWoken);
        self.span(side, RECEIVER, AckSent, arrives, PACKET);
        if side.at(SessionGoesOn).is_some() {
            self.span(side, READER, ReaderWoken, ReaderRuns, WAKING);
            self.span(side, READER, ReaderRuns, SessionWoken, WORK_OF_SOURCE);
            self.span(side, SESSION, SessionWoken, SessionGoesOn, WAKING);
            self.span(side, SESSION, SessionGoesOn, Answered, WORK_OF_SOURCE);
        } else {
            self.span(side, SESSION, ReaderWoken, ReaderRuns, WAKING);
            self.span(side, SESSION, ReaderRuns, Answered, WORK_OF_SOURCE);
        }
    }

    fn span(&mut self, side: &Figures, lane: usize, from: Moment, to: Moment, fill: &str) {
        let (Some(from), Some(to)) = (side.at(from), side.at(to)) else {
            return;
        };
        if lane >= lanes(side) {
            return;
        }
        let took = (to - from).max(0.0);
        let area = Area {
            x: self.x(from),
            y: self.middle(lane) - BAR / 2.0,
            w: (took * self.scale).max(1.0),
            h: BAR,
        };
        self.svg.rect(area, fill);
        if area.w >= 14.0 {
            let at = [area.x + area.w / 2.0, self.middle(lane) + 4.0];
            let text = format!("{took:.0}");
            self.svg.text(at, 11.0, INK, Anchor::Middle, &text);
        }
    }

    fn hand_offs(&mut self, side: &Figures) {
        for (from, to, moment) in HAND_OFFS {
            self.hand_off(side, from, to, moment);
        }
        if side.at(SessionGoesOn).is_some() {
            self.hand_off(side, RECEIVER, READER, ReaderWoken);
            self.hand_off(side, READER, SESSION, SessionWoken);
        } else {
            let arrives = side.at(ReaderWoken).map_or(ReaderRuns, |_| ReaderWoken);
            self.hand_off(side, RECEIVER, SESSION, arrives);
        }
    }

    fn hand_off(&mut self, side: &Figures, from: usize, to: usize, moment: Moment) {
        let Some(time) = side.at(moment).filter(|_| from.max(to) < lanes(side)) else {
            return;
        };
        let (x, from, to) = (self.x(time), self.middle(from), self.middle(to));
        let towards = if to > from { 1.0 } else { -1.0 };
        let (from, to) = (from + towards * BAR / 2.0, to - towards * BAR / 2.0);
        self.svg.line(&[(x, from), (x, to)], INK, 1.2);
        let back = to - towards * 6.0;
        let tip = [(x - 3.5, back), (x + 3.5, back), (x, to)];
        self.svg.filled(&tip, INK, 1.0);
    }

    fn legend(&mut self) {
        let entries = [
            (WORK_OF_SOURCE, "the source works"),
            (WORK_OF_REPLICA, "the replica works"),
            (WAKING, "woken, does not run yet"),
            (PACKET, "a packet on its way"),
        ];
        let y = self.top + 8.0;
        for (number, (fill, text)) in entries.iter().enumerate() {
            let x = LEFT + 195.0 * number as f64;
            let area = Area {
                x,
                y,
                w: 18.0,
                h: 12.0,
            };
            self.svg.rect(area, fill);
            let at = [x + 25.0, y + 10.0];
            self.svg.text(at, 12.0, INK, Anchor::Start, text);
        }
        let note = "Microseconds since the client sent its statement; medians of each moment. A grey \
                    line: the thread sleeps, or works for others.";
        let at = [LEFT, y + 32.0];
        self.svg.text(at, 11.0, FAINT, Anchor::Start, note);
    }

    fn x(&self, time: f64) -> f64 {
        LEFT + time * self.scale
    }

    fn middle(&self, lane: usize) -> f64 {
        self.top + TITLE + LANE * (lane as f64 + 0.5)
    }
}
