//! A plot as SVG: requests per second against connections, both in logarithmic scale.

use std::collections::BTreeMap;

use crate::report::number;
use crate::rounds::Series;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 440.0;
/// The corner of the plot's area, which leaves room for the numbers at both axes.
const LEFT: f64 = 80.0;
const TOP: f64 = 20.0;
const RIGHT: f64 = 740.0;
const BOTTOM: f64 = 340.0;
/// A colour and a dash pattern for each line, so that no line is known by its colour alone.
/// The colours are those of Okabe and Ito, which colour-blind people can tell apart.
const STYLES: [(&str, &str); 6] = [
    ("#0072b2", ""),
    ("#d55e00", "7 4"),
    ("#009e73", "2 3"),
    ("#cc79a7", "9 3 2 3"),
    ("#56b4e9", "4 2"),
    ("#555555", "1 2"),
];

struct Scale {
    most_connections: f64,
    /// Powers of ten.
    least: f64,
    most: f64,
}

impl Scale {
    fn of(series: &[&Series]) -> Self {
        let logarithms: Vec<f64> = series.iter().map(|one| one.per_second().log10()).collect();
        let most = series.iter().map(|one| one.connections).max().unwrap_or(1);
        Self {
            most_connections: f64::from(most.max(2)).log2(),
            least: logarithms.iter().copied().fold(f64::MAX, f64::min).floor(),
            most: logarithms.iter().copied().fold(f64::MIN, f64::max).ceil(),
        }
    }

    fn x(&self, connections: u32) -> f64 {
        LEFT + (RIGHT - LEFT) * f64::from(connections).log2() / self.most_connections
    }

    fn y(&self, per_second: f64) -> f64 {
        let part = (per_second.log10() - self.least) / (self.most - self.least).max(1.0);
        BOTTOM - (BOTTOM - TOP) * part
    }
}

/// Draws the lines of these pages.
pub(crate) fn draw(series: &[Series], names: &[&str]) -> String {
    let shown: Vec<&Series> = series.iter().filter(|one| names.contains(&one.name)).collect();
    let scale = Scale::of(&shown);
    let mut lines: BTreeMap<usize, Vec<&Series>> = BTreeMap::new();
    for one in &shown {
        let line = names.iter().position(|name| *name == one.name).unwrap_or_default();
        lines.entry(line).or_default().push(one);
    }
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"13\" role=\"img\">\n\
         <title>Requests per second against connections</title>\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n"
    );
    svg += &grid(&scale, &shown);
    for (at, mut line) in lines {
        line.sort_by_key(|one| one.connections);
        svg += &curve(&scale, &line, at);
    }
    svg + "</svg>\n"
}

fn grid(scale: &Scale, shown: &[&Series]) -> String {
    let mut svg = String::new();
    let mut power = scale.least;
    while power <= scale.most {
        for (factor, colour) in [(1.0, "#bbb"), (2.0, "#eee"), (5.0, "#eee")] {
            let value = factor * 10_f64.powf(power);
            if value.log10() > scale.most {
                continue;
            }
            let (y, label) = (scale.y(value), number(value));
            svg += &format!(
                "<path d=\"M{LEFT} {y:.1}H{RIGHT}\" stroke=\"{colour}\"/>\
                 <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>\n",
                LEFT - 8.0,
                y + 4.0
            );
        }
        power += 1.0;
    }
    let mut connections: Vec<u32> = shown.iter().map(|one| one.connections).collect();
    connections.sort_unstable();
    connections.dedup();
    for one in connections {
        svg += &format!(
            "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{one}</text>\n",
            scale.x(one),
            BOTTOM + 20.0
        );
    }
    svg + &format!(
        "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">connections (requests per second at the \
         left)</text>\n",
        f64::midpoint(LEFT, RIGHT),
        BOTTOM + 42.0
    )
}

fn curve(scale: &Scale, line: &[&Series], at: usize) -> String {
    let (colour, dashes) = STYLES[at % STYLES.len()];
    let point = |one: &&Series| (scale.x(one.connections), scale.y(one.per_second()));
    let points: Vec<(f64, f64)> = line.iter().map(point).collect();
    let path: String = points.iter().map(|(x, y)| format!("{x:.1},{y:.1} ")).collect();
    let dots = points
        .iter()
        .map(|(x, y)| format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>"));
    let stroke = format!("stroke=\"{colour}\" stroke-width=\"2\" stroke-dasharray=\"{dashes}\"");
    // The legend: two columns below the plot.
    let (x, y) = (LEFT + 340.0 * (at % 2) as f64, BOTTOM + 64.0 + 18.0 * (at / 2) as f64);
    format!(
        "<polyline points=\"{}\" fill=\"none\" {stroke}/>{}\n\
         <path d=\"M{x} {y}h36\" {stroke}/><text x=\"{}\" y=\"{}\">{}</text>\n",
        path.trim_end(),
        dots.collect::<String>(),
        x + 44.0,
        y + 4.0,
        line.first().map_or("", |one| one.name).replace('`', ""),
    )
}
