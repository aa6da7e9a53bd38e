//! The first page of a PDF in place of the document: what is sent, what is told, and what a hostile page may use.

use std::io::{self, Write};
#[cfg(target_os = "linux")]
use std::process::Stdio;
use std::time::Instant;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde_json::Value;

use crate::desk::Desk;

/// A PDF of one page with this content, deflated, and this entry among its resources.
fn pdf(content: &[u8], pages: usize, more: &[u8]) -> io::Result<Vec<u8>> {
    let mut deflated = ZlibEncoder::new(Vec::new(), Compression::default());
    deflated.write_all(content)?;
    let deflated = deflated.finish()?;
    // The first page is object 3, further ones stand behind the resource.
    let numbers = std::iter::once(3).chain(6..).take(pages);
    let kids: String = numbers.map(|number| format!("{number} 0 R ")).collect();
    let mut objects: Vec<Vec<u8>> = vec![
        b"<</Type/Catalog/Pages 2 0 R>>".to_vec(),
        format!("<</Type/Pages/Kids[{kids}]/Count {pages}>>").into_bytes(),
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 400]/Contents 4 0 R/Resources<</XObject<</I 5 0 R>>>>>>".to_vec(),
    ];
    let head = format!("<</Length {}/Filter/FlateDecode>>stream\n", deflated.len());
    objects.push([head.as_bytes(), &deflated, b"\nendstream"].concat());
    objects.push(more.to_vec());
    for _ in 1..pages {
        objects.push(objects[2].clone());
    }
    let mut file = b"%PDF-1.4\n".to_vec();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (index, object) in objects.iter().enumerate() {
        table.push_str(&format!("{:010} 00000 n \n", file.len()));
        file.extend(format!("{} 0 obj\n", index + 1).into_bytes());
        file.extend(object);
        file.extend(b"\nendobj\n");
    }
    let start = file.len();
    let size = objects.len() + 1;
    file.extend(table.into_bytes());
    file.extend(
        format!("trailer<</Size {size}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n").into_bytes(),
    );
    Ok(file)
}

fn fixed(desk: &Desk, flags: &[&str]) -> io::Result<Value> {
    let said = desk
        .command()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .args(["preflight", "-p", "tsg-global", "--fix", "--out", "ready"])
        .args(["--format", "jsonl", "up"])
        .args(flags)
        .output()?;
    let text = String::from_utf8_lossy(&said.stdout);
    Ok(serde_json::from_str(text.lines().next().unwrap_or("null"))?)
}

#[test]
fn the_first_page_is_sent_as_a_picture_where_that_was_allowed() -> io::Result<()> {
    let desk = Desk::new()?;
    // A red field in the upper left quarter of the first page.
    desk.write(
        "up/a.pdf",
        &pdf(b"1 0 0 rg 0 200 150 200 re f", 3, b"null")?,
    )?;
    let refused = fixed(&desk, &[])?;
    assert_eq!(refused["result"], "refused");
    let help = refused["findings"][0]["help"].as_str().unwrap_or_default();
    assert!(help.contains("allow a picture of its first page"), "{help}");

    let record = fixed(&desk, &["--allow-pdf-page"])?;
    assert_eq!(record["result"], "fixed", "{record}");
    assert_eq!(record["output"]["content_type"], "image/jpeg");
    let sides = [
        &record["output"]["width_px"],
        &record["output"]["height_px"],
    ];
    let [width, height] = sides.map(|side| side.as_u64().unwrap_or(0));
    assert!(width * 4 == height * 3 && height >= 1_000, "{record}");
    let told: Vec<&Value> = record["findings"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|finding| finding["code"] == "MMS306")
        .map(|finding| &finding["message"])
        .collect();
    assert_eq!(
        told,
        ["a picture of its first page is sent, as was allowed: 2 of 3 pages stay behind"]
    );
    let picture = std::fs::read(desk.at(record["output"]["path"].as_str().unwrap_or_default()))?;
    let picture = image::load_from_memory(&picture).map_err(io::Error::other)?;
    let picture = picture.to_rgb8();
    let at = |x: u32, y: u32| {
        picture
            .get_pixel(picture.width() * x / 10, picture.height() * y / 10)
            .0
    };
    assert!(at(2, 2)[0] > 240 && at(2, 2)[1] < 20, "{:?}", at(2, 2));
    for (x, y) in [(8, 2), (2, 8), (8, 8)] {
        assert!(
            at(x, y).iter().all(|&channel| channel > 240),
            "{:?}",
            at(x, y)
        );
    }
    Ok(())
}

#[test]
fn a_page_that_never_ends_or_needs_all_memory_is_refused_in_time() -> io::Result<()> {
    let endless = b"0 0 m 300 400 l 0 399 l 300 1 l f* ".repeat(3_000_000);
    // One bit a sample, all of them zero: 90,000 x 90,000 of them are a few kilobytes.
    let mut rows = ZlibEncoder::new(Vec::new(), Compression::best());
    rows.write_all(&vec![0; 100_000_000])?;
    let rows = rows.finish()?;
    let head = format!(
        "<</Subtype/Image/Width 90000/Height 90000/BitsPerComponent 1/ColorSpace/DeviceGray/Filter/FlateDecode/Length {}>>stream\n",
        rows.len()
    );
    let image = [head.as_bytes(), &rows, b"\nendstream"].concat();
    for (name, bytes) in [
        ("endless", pdf(&endless, 1, b"null")?),
        ("vast", pdf(b"300 0 0 400 0 0 cm /I Do", 1, &image)?),
        ("damaged", b"%PDF-1.4\nstartxref\n0\n%%EOF\n".to_vec()),
    ] {
        let desk = Desk::new()?;
        desk.write("up/a.pdf", &bytes)?;
        let start = Instant::now();
        let record = fixed(&desk, &["--allow-pdf-page"])?;
        assert_eq!(record["result"], "refused", "{name}: {record}");
        let last = record["findings"].as_array().and_then(|all| all.last());
        let code = last.map(|finding| finding["code"].to_string());
        assert!(
            matches!(code.as_deref(), Some("\"MMS207\"" | "\"MMS302\"")),
            "{name}: {record}"
        );
        // Two seconds of a processor that others use as well; ten are the end in any case.
        assert!(
            start.elapsed().as_secs() < 14,
            "{name}: {:?}",
            start.elapsed()
        );
    }
    Ok(())
}

/// The most memory that a child of this process was seen to have held, in bytes.
#[cfg(target_os = "linux")]
fn held_by_child_of(parent: u32) -> Option<u64> {
    let field = |status: &str, name: &str| {
        let line = status.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok()
    };
    std::fs::read_dir("/proc")
        .ok()?
        .flatten()
        .filter_map(|entry| std::fs::read_to_string(entry.path().join("status")).ok())
        .filter(|status| field(status, "PPid:") == Some(parent.into()))
        .filter_map(|status| field(&status, "VmHWM:"))
        .max()
        .map(|kib| kib * 1_024)
}

#[cfg(target_os = "linux")]
#[test]
fn a_hostile_page_never_holds_more_than_128_mib() -> io::Result<()> {
    let mut deflated = ZlibEncoder::new(Vec::new(), Compression::best());
    deflated.write_all(&vec![0; 300_000_000])?;
    let deflated = deflated.finish()?;
    let flat = |what: &str| {
        let head = format!(
            "<</Subtype/Image/{what}/Filter/FlateDecode/Length {}>>stream\n",
            deflated.len()
        );
        [head.as_bytes(), &deflated, b"\nendstream"].concat()
    };
    let rgb = flat("Width 10000/Height 10000/BitsPerComponent 8/ColorSpace/DeviceRGB");
    let line: Vec<u8> = (0..1_000_000_u64)
        .flat_map(|at| format!("{} {} l ", at * 7_919 % 300, at * 104_729 % 400).into_bytes())
        .collect();
    let form = b"<</Subtype/Form/BBox[0 0 300 400]/Group<</S/Transparency>>/Length 19>>stream\n0 0 300 400 re f /I\nendstream";
    for (name, bytes) in [
        ("picture", pdf(b"300 0 0 400 0 0 cm /I Do", 1, &rgb)?),
        (
            "path",
            pdf(&[b"0 0 m ", &line[..], b"S"].concat(), 1, b"null")?,
        ),
        ("content", pdf(&b"q ".repeat(150_000_000), 1, b"null")?),
        ("forms", pdf(&b"/I Do ".repeat(3_000_000), 1, form)?),
    ] {
        let desk = Desk::new()?;
        desk.write("up/a.pdf", &bytes)?;
        let mut run = desk
            .command()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .args(["preflight", "-p", "tsg-global", "--fix", "--out", "ready"])
            .args(["--format", "jsonl", "up", "--allow-pdf-page"])
            .stdout(Stdio::piped())
            .spawn()?;
        let mut most = 0;
        while run.try_wait()?.is_none() {
            most = held_by_child_of(run.id()).unwrap_or(0).max(most);
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        let said = run.wait_with_output()?;
        let record: Value = serde_json::from_slice(
            said.stdout
                .split(|&byte| byte == b'\n')
                .next()
                .unwrap_or_default(),
        )?;
        assert!((20 << 20..=128 << 20).contains(&most), "{name}: {most}");
        // One that can be drawn within its bounds may be.
        let codes = record["findings"].to_string();
        assert!(
            record["result"] == "fixed" || codes.contains("MMS207"),
            "{name}: {record}"
        );
    }
    Ok(())
}
