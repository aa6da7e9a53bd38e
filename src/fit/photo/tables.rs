//! The quantisers of the search: one factor for both tables, never finer than what the source has.

use libm::{exp, log};

use crate::jpeg::{QuantTable, Quantiser, chroma_table, luma_table};

/// Finest tables: all steps one or two.
pub(super) const LEAST_FACTOR: f64 = 0.005;
/// Coarsest tables: about quality 8, under which a smaller size always looks better.
pub(super) const MOST_FACTOR: f64 = 4.5;

/// Factors at which samples are tried: each half as much again as the one before.
pub(super) const GRID: usize = 18;

/// The factor at a step of the grid.
pub(super) fn grid(step: usize) -> f64 {
    let span = log(MOST_FACTOR / LEAST_FACTOR);
    LEAST_FACTOR * exp(span * step as f64 / (GRID - 1) as f64)
}

/// How finely a picture is quantised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Fineness {
    pub(super) factor: f64,
    /// By how much the dead zone of all but DC is widened, in steps.
    pub(super) dead: f64,
    /// How many of the highest frequencies have steps of another factor.
    pub(super) mixed: (usize, f64),
}

impl Fineness {
    pub(super) fn of(factor: f64) -> Self {
        Self {
            factor,
            dead: 0.0,
            mixed: (0, factor),
        }
    }
}

/// Luma's and chroma's steps, none below `floor`.
pub(super) fn tables(fineness: Fineness, floor: Option<&[QuantTable; 2]>) -> [QuantTable; 2] {
    let mut tables = both(fineness.factor);
    let (count, factor) = fineness.mixed;
    if count > 0 {
        for (table, other) in tables.iter_mut().zip(both(factor)) {
            let from = table.len().saturating_sub(count);
            table[from..].copy_from_slice(&other[from..]);
        }
    }
    if let Some(floor) = floor {
        for (table, floor) in tables.iter_mut().zip(floor) {
            for (step, &least) in table.iter_mut().zip(floor) {
                *step = (*step).max(least);
            }
        }
    }
    tables
}

/// The tables of `fineness`, ready for quantising.
pub(super) fn quantisers(fineness: Fineness, floor: Option<&[QuantTable; 2]>) -> [Quantiser; 2] {
    let rounding = std::array::from_fn(|position| {
        if position == 0 {
            ROUNDING[0]
        } else {
            ROUNDING[position] - fineness.dead as f32
        }
    });
    tables(fineness, floor).map(|table| Quantiser::new(table, &rounding))
}

fn both(factor: f64) -> [QuantTable; 2] {
    [luma_table(factor), chroma_table(factor)]
}

/// Rounding at each zigzag position: to nearest for DC, with a dead zone for the rest.
const ROUNDING: [f32; 64] = {
    let mut rounding = [0.44f32; 64];
    rounding[0] = 0.5;
    rounding
};
