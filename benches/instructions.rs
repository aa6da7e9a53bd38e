//! One whole fit of a photograph and nothing else, for `benches/instructions.sh` to count: `instructions PHOTO CAP`.
//!
//! Called by `cargo bench`, it says so and ends: without valgrind there is nothing to count.

use std::error::Error;

use mmsfit::{ByteCount, FitOptions, fit_image};

#[expect(
    clippy::print_stdout,
    reason = "its caller compares the length of the result"
)]
fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [photo, cap] = arguments.as_slice() else {
        println!("instructions are counted by benches/instructions.sh");
        return Ok(());
    };
    let bytes = std::fs::read(photo)?;
    let cap = ByteCount::new(cap.parse()?);
    let fitted = fit_image(&bytes, cap, &FitOptions::default())?;
    println!("{}", fitted.bytes.len());
    Ok(())
}
