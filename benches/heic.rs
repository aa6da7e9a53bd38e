//! What a whole fit of a HEIC costs beside its decode alone, in processor time of one process.
//!
//! `cargo bench --features bench-internals --bench heic -- FILE…`; pictures of that size are too long for the fixtures.
//! Encoders that make them: `heif-enc -q 70 photo.jpg`, or pillow-heif.

#![expect(clippy::print_stdout, reason = "a measurement prints its table")]

use std::error::Error;

use mmsfit::internals::decode_still;
use mmsfit::{ByteCount, FitOptions, fit_image};

/// The cap of the fit, and how often each is done.
const CAP_BYTES: u64 = 500_000;
const ROUNDS: u32 = 3;

fn main() -> Result<(), Box<dyn Error>> {
    let files: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .collect();
    if files.is_empty() {
        println!("no file is named: nothing is measured");
        return Ok(());
    }
    println!("| file | px | bytes | decode ms | fit ms | ratio | out px | out bytes |");
    println!("|---|---|---|---|---|---|---|---|");
    let mut ratios = Vec::new();
    for file in files {
        let bytes = std::fs::read(&file)?;
        let cap = ByteCount::new(CAP_BYTES);
        let (width, height, ..) = decode_still(&bytes).map_err(said)?;
        let fitted = fit_image(&bytes, cap, &FitOptions::default())?;
        let [mut decode_ms, mut fit_ms] = [0; 2];
        // In turns, so that what else the machine does falls on both.
        for _ in 0..ROUNDS {
            let start = cpu_ms()?;
            std::hint::black_box(decode_still(&bytes).map_err(said)?);
            let between = cpu_ms()?;
            std::hint::black_box(fit_image(&bytes, cap, &FitOptions::default())?);
            decode_ms += between - start;
            fit_ms += cpu_ms()? - between;
        }
        let ratio = fit_ms as f64 / decode_ms.max(1) as f64;
        ratios.push(ratio);
        println!(
            "| {file} | {width} x {height} | {} | {} | {} | {ratio:.2} | {} x {} | {} |",
            bytes.len(),
            decode_ms / u64::from(ROUNDS),
            fit_ms / u64::from(ROUNDS),
            fitted.width_px,
            fitted.height_px,
            fitted.bytes.len()
        );
    }
    ratios.sort_by(f64::total_cmp);
    let (median, worst) = (ratios[ratios.len() / 2], ratios[ratios.len() - 1]);
    println!("median {median:.2}, worst {worst:.2}");
    Ok(())
}

/// Processor time of this process so far, all threads, user and system: fields 14 and 15 of proc(5), in hundredths.
fn cpu_ms() -> Result<u64, Box<dyn Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let behind = stat.rsplit_once(')').ok_or("no name in /proc/self/stat")?.1;
    let field = |index: usize| -> Result<u64, Box<dyn Error>> {
        let field = behind.split_whitespace().nth(index - 3);
        Ok(field.ok_or("a short /proc/self/stat")?.parse()?)
    };
    Ok((field(14)? + field(15)?) * 10)
}

fn said(finding: mmsfit::Finding) -> String {
    finding.to_string()
}
