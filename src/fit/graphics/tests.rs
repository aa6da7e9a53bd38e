use super::fit_graphic;
use crate::fit::{FitOptions, photograph};
use crate::raster::{self, Limits, Raster};
use crate::sniff;
use crate::units::ByteCount;

#[test]
#[ignore]
fn look() {
    for (path, limit) in [
        ("screenshot.png", 300_000),
        ("screenshot.png", 120_000),
        ("screenshot.png", 50_000),
        ("flyer_small_text.png", 1_000_000),
        ("flyer_small_text.png", 500_000),
        ("flyer_small_text.png", 300_000),
        ("flyer_small_text.png", 120_000),
        ("sticker_alpha.png", 200_000),
        ("sticker_alpha.png", 60_000),
        ("alpha.webp", 40_000),
    ] {
        let bytes = std::fs::read(format!("fixtures/graphics/{path}")).expect("read");
        let from = std::time::Instant::now();
        let sniffed = sniff::sniff(&bytes);
        let (raster, _) = raster::decode(&bytes, &sniffed, &Limits::default()).expect("decodes");
        let decoded = from.elapsed();
        let options = FitOptions::default();
        let mut jpeg = |raster: &Raster, limit: u64| {
            photograph::fit_raster(raster, ByteCount::new(limit), &options, true).ok()
        };
        match fit_graphic(&raster, limit, &options, &mut jpeg) {
            Ok(f) => {
                println!(
                    "{path} {}x{} graphic {} {limit}: {} bytes {:?} {}x{} encodes {} decode {decoded:?} total {:?} fill {:.3} {:?}",
                    raster.width,
                    raster.height,
                    raster::is_graphic(&raster),
                    f.bytes.len(),
                    f.content_type,
                    f.width_px,
                    f.height_px,
                    f.encodes,
                    from.elapsed(),
                    f.bytes.len() as f64 / limit as f64,
                    f.findings.iter().map(|f| &f.message).collect::<Vec<_>>()
                );
                std::fs::write(
                    format!("target/look-{path}-{limit}.{}", f.content_type.extension()),
                    &f.bytes,
                )
                .expect("w");
            }
            Err(e) => println!("{path} {limit}: {e} {:?}", from.elapsed()),
        }
    }
}
