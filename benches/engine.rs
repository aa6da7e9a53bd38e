//! The photo engine by stage and as a whole, beside the loop that one writes with the `image` crate, in one run.
//!
//! `cargo bench --features bench-internals --bench engine` takes a few minutes; less with `-- --quick`, and with
//! `-- paired` it prints the table beside the loops alone. The groups tell wall time, the table CPU time.
//! `MMSFIT_BENCH_PHOTO` names another JPEG than the repository's. libjpeg-turbo stands beside the engine in
//! `benches/compare`: it needs a C compiler, CMake and NASM, which nobody should need to run the tests.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use image::ImageFormat;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType as Filter, PngEncoder};
use image::imageops::FilterType;
use mmsfit::{ByteCount, FitOptions, fit_image, internals};

const CAPS: [u64; 3] = [300_000, 500_000, 1_000_000];
/// The box of the loop that shrinks first, in px.
const BOX: u32 = 2048;

struct Photo {
    name: String,
    bytes: Vec<u8>,
}

/// A baseline and a progressive photograph: the two kinds that phones send and sites serve.
fn photos() -> Vec<Photo> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/photos");
    let paths = match std::env::var_os("MMSFIT_BENCH_PHOTO") {
        Some(path) => vec![PathBuf::from(path)],
        None => vec![
            folder.join("bird_12mp_baseline_420.jpg"),
            folder.join("picos_8mp_progressive_420.jpg"),
        ],
    };
    let read = |path: PathBuf| Photo {
        name: path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
        bytes: std::fs::read(&path).expect("the photograph can be read"),
    };
    paths.into_iter().map(read).collect()
}

/// What one writes without this crate: decode, shrink into a box or not at all, bisect on quality.
fn plain_loop(data: &[u8], cap: u64, side: Option<u32>) -> Vec<u8> {
    let mut picture = image::load_from_memory(data).expect("decodes");
    if let Some(side) = side {
        picture = picture.resize(side, side, FilterType::Lanczos3);
    }
    let picture = picture.to_rgb8();
    let (mut low, mut high, mut best) = (1u8, 95u8, Vec::new());
    while low <= high {
        let quality = low.midpoint(high);
        let mut bytes = Vec::new();
        JpegEncoder::new_with_quality(&mut bytes, quality)
            .encode_image(&picture)
            .expect("encodes");
        if bytes.len() as u64 <= cap {
            best = bytes;
            low = quality + 1;
        } else {
            high = quality - 1;
        }
    }
    best
}

fn fitted(data: &[u8], cap: u64) -> Vec<u8> {
    let image = fit_image(data, ByteCount::new(cap), &FitOptions::default());
    image.expect("a photograph of megapixels fits").bytes
}

fn stages(criterion: &mut Criterion) {
    for Photo { name, bytes } in photos() {
        let mut group = criterion.benchmark_group(format!("stage/{name}"));
        group
            .sample_size(10)
            .warm_up_time(Duration::from_millis(500))
            .measurement_time(Duration::from_secs(2));
        group.bench_function("entropy_decode", |bench| {
            bench.iter(|| internals::decode_entropy(black_box(&bytes)));
        });
        let read = internals::Coefficients::read(&bytes).expect("the photograph can be read");
        for eighths in [3, 4, 8] {
            group.bench_function(BenchmarkId::new("scaled_idct", eighths), |bench| {
                bench.iter(|| black_box(&read).scaled(eighths).samples());
            });
        }
        group.bench_function("probe", |bench| {
            bench.iter(|| black_box(&read).probed(4));
        });
        let half = read.scaled(4);
        group.bench_function("encode", |bench| {
            bench.iter(|| black_box(&half).encoded(0.3));
        });
        // What the search adds to reading: samples of every size, solved for three caps.
        group.bench_function("entropy_decode_and_search", |bench| {
            bench.iter(|| internals::curve_of_jpeg(black_box(&bytes), &CAPS));
        });
        group.bench_function("full_decode_image_crate", |bench| {
            bench.iter(|| image::load_from_memory(black_box(&bytes)));
        });
        group.finish();
    }
}

fn whole(criterion: &mut Criterion) {
    for Photo { name, bytes } in photos() {
        for cap in CAPS.into_iter().filter(|&cap| cap < bytes.len() as u64) {
            let mut group = criterion.benchmark_group(format!("fit/{name}"));
            group
                .sample_size(10)
                .warm_up_time(Duration::from_millis(500))
                .measurement_time(Duration::from_secs(2));
            group.bench_function(BenchmarkId::new("mmsfit", cap), |bench| {
                bench.iter(|| fitted(black_box(&bytes), cap));
            });
            group.bench_function(BenchmarkId::new("engine", cap), |bench| {
                bench.iter(|| internals::fit_jpeg(black_box(&bytes), cap, 1440, None));
            });
            group.finish();
        }
    }
}

/// The loops take seconds each, too long for ten samples: two turns of each side by side, and the ratio of the better ones.
fn paired(_: &mut Criterion) {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let asked_for = |name: &str| arguments.iter().any(|argument| argument == name);
    let filtered = arguments.iter().any(|argument| !argument.starts_with('-'));
    if asked_for("--test") || asked_for("--list") || (filtered && !asked_for("paired")) {
        return;
    }
    beside_loops();
    beside_decodes();
}

#[expect(clippy::print_stdout, reason = "a bench prints its figures")]
fn beside_loops() {
    println!(
        "\nours beside the loops of the `image` crate, CPU of the better of two turns, in one run"
    );
    println!("| photograph | cap | mmsfit | 2048 px box | ratio | full size | ratio |");
    println!("|---|---|---|---|---|---|---|");
    for Photo { name, bytes } in photos() {
        for cap in CAPS.into_iter().filter(|&cap| cap < bytes.len() as u64) {
            let ours = seconds(|| fitted(&bytes, cap));
            let boxed = seconds(|| plain_loop(&bytes, cap, Some(BOX)));
            let full = seconds(|| plain_loop(&bytes, cap, None));
            let (to_box, to_full) = (boxed / ours, full / ours);
            println!(
                "| {name} | {cap} | {ours:.3} s | {boxed:.2} s | {to_box:.1} x | {full:.2} s | {to_full:.1} x |"
            );
        }
    }
}

/// The photographs as other formats hold them: a whole fit beside nothing but this crate's own decode of the same file.
#[expect(clippy::print_stdout, reason = "a bench prints its figures")]
fn beside_decodes() {
    println!("\nother sources, CPU of the better of two turns, in one run");
    println!("| photograph | format | decode alone | cap | mmsfit | ratio |");
    println!("|---|---|---|---|---|---|");
    for Photo { name, bytes } in photos() {
        let picture = image::load_from_memory(&bytes).expect("decodes");
        for format in [ImageFormat::Png, ImageFormat::WebP, ImageFormat::Tiff] {
            let mut source = std::io::Cursor::new(Vec::new());
            let written = match format {
                // As most software writes it; the crate's own choice is a faster one.
                ImageFormat::Png => picture.write_with_encoder(PngEncoder::new_with_quality(
                    &mut source,
                    CompressionType::Default,
                    Filter::Adaptive,
                )),
                _ => picture.write_to(&mut source, format),
            };
            written.expect("is written");
            let source = source.into_inner();
            let decode = seconds(|| internals::decode_still(&source).expect("decodes").3);
            for cap in CAPS {
                let ours = seconds(|| fitted(&source, cap));
                let ratio = ours / decode;
                println!(
                    "| {name} | {format:?} | {decode:.3} s | {cap} | {ours:.3} s | {ratio:.2} x |"
                );
            }
        }
    }
}

/// CPU seconds of the better of two turns.
fn seconds(work: impl Fn() -> Vec<u8>) -> f64 {
    let turn = || {
        let start = on_the_cpu();
        black_box(work());
        on_the_cpu() - start
    };
    turn().min(turn())
}

/// Seconds that this thread has had of a CPU, as Linux counts them: other work on the machine does not add to it.
fn on_the_cpu() -> f64 {
    let counted = std::fs::read_to_string("/proc/thread-self/schedstat")
        .expect("Linux with CONFIG_SCHED_INFO, which every distribution's kernel has");
    let nanoseconds = counted.split(' ').next().map(str::parse::<f64>);
    nanoseconds.expect("a first field").expect("a number") / 1e9
}

criterion_group!(benches, stages, whole, paired);
criterion_main!(benches);
