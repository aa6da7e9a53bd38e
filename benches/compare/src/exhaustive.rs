//! The exhaustive search with libjpeg-turbo: baseline with optimal tables, and progressive.

mod pixels;
mod search;
mod turbo;

use pixels::{Picture, Result};
use search::Asked;
use turbo::Writing;

fn main() -> Result<()> {
    let asked = Asked::from_arguments()?;
    let progressive = match asked.mode.as_str() {
        "baseline" => false,
        "progressive" => true,
        other => return Err(format!("no mode is called {other}").into()),
    };
    let encode = |picture: &Picture, quality, full_chroma| {
        let writing = Writing {
            quality,
            full_chroma,
            optimal_tables: true,
            progressive,
        };
        turbo::write(picture, writing)
    };
    search::run(&asked, &encode, &turbo::read)
}
