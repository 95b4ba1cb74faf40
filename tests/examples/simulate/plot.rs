//! The table as a picture: how many are found over time, for each loss.

use std::error::Error;
use std::path::Path;

use plotters::prelude::*;

/// So many points make a curve, at the most.
const POINTS: u32 = 200;
/// Of one panel, in pixels.
const SIZE: (u32, u32) = (640, 360);
/// Which people tell apart who see colours in other ways too (Okabe and Ito, 2008).
const COLOURS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(230, 159, 0),
    RGBColor(0, 158, 115),
    RGBColor(213, 94, 0),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
];

/// A network of one size.
pub(crate) struct Panel {
    pub(crate) responders: u32,
    pub(crate) curves: Vec<Curve>,
}

/// A loss: the share that is found, in percent, by the second.
pub(crate) struct Curve {
    loss: f64,
    points: Vec<(f64, f64)>,
}

impl Panel {
    pub(crate) fn new(responders: u32) -> Panel {
        Panel { responders, curves: Vec::new() }
    }

    /// When the last curve ends.
    fn end(&self) -> f64 {
        let ends = self.curves.iter().filter_map(|curve| curve.points.last());
        ends.map(|&(second, _)| second).fold(0.001, f64::max)
    }
}

impl Curve {
    /// The curve of a loss, from when so many were found.
    pub(crate) fn new(loss: f64, responders: u32, when: impl Fn(u32) -> f64) -> Curve {
        let percent = |number: u32| f64::from(number) * 100.0 / f64::from(responders);
        let steps = responders.min(POINTS);
        let number =
            |step: u32| (u64::from(responders) * u64::from(step) / u64::from(steps)) as u32;
        let found = (1..=steps).map(number).map(|number| (when(number), percent(number)));
        let told = found.filter(|(second, _)| second.is_finite());
        Curve { loss, points: std::iter::once((0.0, 0.0)).chain(told).collect() }
    }
}

/// Draws the panels, one below the other.
pub(crate) fn draw(file: &Path, panels: &[Panel]) -> Result<(), Box<dyn Error>> {
    let rows = panels.len().max(1);
    let whole = SVGBackend::new(file, (SIZE.0, SIZE.1 * rows as u32)).into_drawing_area();
    // What looks at it may be light or dark.
    whole.fill(&WHITE)?;
    for (panel, area) in panels.iter().zip(whole.split_evenly((rows, 1))) {
        let many = if panel.responders == 1 { "" } else { "s" };
        let end = panel.end() * 1.05;
        let mut chart = ChartBuilder::on(&area)
            .caption(format!("{} responder{many}", panel.responders), ("sans-serif", 18))
            .margin(12)
            .x_label_area_size(40)
            .y_label_area_size(52)
            .build_cartesian_2d(0.0..end, 0.0..102.0)?;
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .x_desc("seconds from the start")
            .y_desc("found, %")
            .y_label_formatter(&|percent| format!("{percent:.0}"))
            .draw()?;
        for (curve, colour) in panel.curves.iter().zip(COLOURS.iter().cycle()) {
            let held = curve.points.last().map(|&(_, percent)| (end, percent));
            chart
                .draw_series(LineSeries::new(
                    curve.points.iter().copied().chain(held),
                    colour.stroke_width(2),
                ))?
                .label(format!("{} % lost each way", (curve.loss * 1000.0).round() / 10.0))
                .legend(|(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::LowerRight)
            .margin(14)
            .background_style(WHITE)
            .label_font(("sans-serif", 14))
            .draw()?;
    }
    whole.present()?;
    Ok(())
}
