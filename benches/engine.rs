//! The photo engine by stage and as a whole, paired with the plain loop: a full decode and a bisection on quality.
//!
//! `MMSFIT_BENCH_PHOTO` names a camera JPEG; without it a synthetic scene of 8 MP is used.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use image::codecs::jpeg::JpegEncoder;
use mmsfit::internals;

fn photo() -> Vec<u8> {
    if let Some(path) = std::env::var_os("MMSFIT_BENCH_PHOTO") {
        return std::fs::read(path).expect("MMSFIT_BENCH_PHOTO can be read");
    }
    let mut state = 1u32;
    let picture = image::RgbImage::from_fn(3264, 2448, |x, y| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let grain = (state >> 28) as i32 - 8;
        let wave = ((f64::from(x) / 31.0).sin() * 40.0 + (f64::from(y) / 57.0).cos() * 50.0) as i32;
        let level = |base: i32| (base + wave + grain).clamp(0, 255) as u8;
        image::Rgb([level(120), level(110), level(90)])
    });
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, 90)
        .encode_image(&picture)
        .expect("encodes");
    bytes
}

/// What a user would write instead: decode, then bisect on quality at full size.
fn plain_loop(data: &[u8], limit: usize) -> Vec<u8> {
    let picture = image::load_from_memory(data).expect("decodes").to_rgb8();
    let (mut low, mut high, mut best) = (1u8, 95u8, Vec::new());
    while low <= high {
        let quality = low.midpoint(high);
        let mut bytes = Vec::new();
        JpegEncoder::new_with_quality(&mut bytes, quality)
            .encode_image(&picture)
            .expect("encodes");
        if bytes.len() <= limit {
            best = bytes;
            low = quality + 1;
        } else {
            high = quality - 1;
        }
    }
    best
}

fn stages(criterion: &mut Criterion) {
    let data = photo();
    let mut group = criterion.benchmark_group("stage");
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(3));
    group.bench_function("entropy_decode", |bench| {
        bench.iter(|| internals::decode_entropy(black_box(&data)));
    });
    group.bench_function("curve_of_five_points", |bench| {
        bench.iter(|| {
            internals::curve_of_jpeg(
                black_box(&data),
                &[100_000, 200_000, 300_000, 500_000, 800_000],
            )
        });
    });
    group.bench_function("full_decode_image_crate", |bench| {
        bench.iter(|| image::load_from_memory(black_box(&data)));
    });
    group.finish();
}

fn whole(criterion: &mut Criterion) {
    let data = photo();
    for limit in [300_000u64, 500_000, 1_000_000] {
        let mut group = criterion.benchmark_group(format!("fit_{limit}"));
        group
            .sample_size(10)
            .measurement_time(Duration::from_secs(3));
        group.bench_function("mmsfit", |bench| {
            bench.iter(|| internals::fit_jpeg(black_box(&data), limit, 1440, None));
        });
        group.bench_function("plain_loop", |bench| {
            bench.iter(|| plain_loop(black_box(&data), limit as usize));
        });
        group.finish();
    }
}

criterion_group!(benches, stages, whole);
criterion_main!(benches);
