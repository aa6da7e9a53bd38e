//! The quantisers of the search: one factor for both tables, never finer than what the source has.

use crate::jpeg::{QuantTable, Quantiser, chroma_table, luma_table};

/// Finest tables: all steps one or two.
pub(super) const LEAST_FACTOR: f64 = 0.02;
/// Coarsest tables: about quality 8, under which a smaller size always looks better.
pub(super) const MOST_FACTOR: f64 = 6.0;

/// Factors at which samples are tried: each half as much again as the one before.
pub(super) const GRID: usize = 15;

/// The factor at a step of the grid.
pub(super) fn grid(step: usize) -> f64 {
    let span = (MOST_FACTOR / LEAST_FACTOR).ln();
    LEAST_FACTOR * (span * step as f64 / (GRID - 1) as f64).exp()
}

/// Tables at `factor`, no step below `floor`; `dead` widens the dead zone of all but DC, in steps.
pub(super) fn quantisers(
    factor: f64,
    dead: f64,
    floor: Option<&[QuantTable; 2]>,
) -> [Quantiser; 2] {
    let rounding = std::array::from_fn(|position| {
        if position == 0 {
            ROUNDING[0]
        } else {
            ROUNDING[position] - dead as f32
        }
    });
    let mut tables = [luma_table(factor), chroma_table(factor)];
    if let Some(floor) = floor {
        for (table, floor) in tables.iter_mut().zip(floor) {
            for (step, &least) in table.iter_mut().zip(floor) {
                *step = (*step).max(least);
            }
        }
    }
    tables.map(|table| Quantiser::new(table, &rounding))
}

/// Rounding at each zigzag position: to nearest for DC, with a dead zone for the rest.
const ROUNDING: [f32; 64] = {
    let mut rounding = [0.44f32; 64];
    rounding[0] = 0.5;
    rounding
};
