//! The layers hold: which module may import which, who may print, who may open a socket, how long a file may be.
//!
//! The tables are the rule. A new module needs a row; a row that names what is no longer there fails too.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

#[path = "architecture/scan.rs"]
mod scan;

use scan::{Source, Token};

/// Module, and what of this crate it may import. `module::Name` allows that one item and nothing else of the module: where
/// an arrow points upward, it carries a plain value and no behaviour.
const LAYERS: &[(&str, &[&str])] = &[
    // Words and values.
    ("units", &[]),
    ("content_type", &[]),
    ("error", &[]),
    ("batch", &[]),
    ("provider", &["units", "content_type"]),
    ("code", &["provider"]),
    // What was found out about a URL travels with it.
    ("attachment", &["report::Finding"]),
    (
        "report",
        &[
            "units",
            "code",
            "provider",
            // What a report tells of is defined by the stage that found it out.
            "bundle::Bundle",
            "bundle::Part",
            "bundle::PartFacts",
            "bundle::sha256_hex",
            "fit::FittedImage",
            "sniff::Sniffed",
            "sniff::Track",
            "sniff::TrackKind",
        ],
    ),
    // The engine: could be a crate of its own.
    ("jpeg", &[]),
    // The stages, in their order.
    ("read", &["units", "code", "attachment", "report"]),
    ("sniff", &["units", "code", "content_type", "report"]),
    // Pages of documents, drawn in a child.
    ("page", &["child", "code", "report"]),
    // One run of another program; knows nothing of media.
    ("child", &[]),
    // Where a panic ends.
    ("guard", &["code", "report"]),
    (
        "clip",
        &[
            "child",
            "units",
            "content_type",
            "provider",
            "code",
            "report",
            "sniff",
        ],
    ),
    // What a caller may choose: every stage is told.
    (
        "choices",
        &[
            "clip",
            "code",
            "page::PageRenderer",
            "provider",
            "report",
            "units",
        ],
    ),
    ("raster", &["code", "content_type", "report", "sniff"]),
    ("text", &["code", "content_type", "report", "sniff"]),
    (
        "check",
        &[
            "text",
            "units",
            "content_type",
            "provider",
            "code",
            "attachment",
            "report",
            "sniff",
            "clip",
            "raster::judge_drawing",
            "choices",
        ],
    ),
    ("bundle", &["units", "content_type", "provider"]),
    (
        "message_rules",
        &["units", "provider", "code", "report", "bundle", "check"],
    ),
    (
        "fit",
        &[
            "text",
            "units",
            "content_type",
            "provider",
            "code",
            "report",
            "jpeg",
            "sniff",
            "clip",
            "raster",
            "check",
            "message_rules::counted_bytes",
            "page::PageRenderer",
            "choices",
            "guard",
        ],
    ),
    // Files that outlast a power cut, and bodies of several parts.
    ("durable", &[]),
    ("multipart", &[]),
    // Connections of our own, for whoever speaks to others.
    ("dial", &[]),
    (
        "verify",
        &[
            "dial",
            "units",
            "content_type",
            "provider",
            "code",
            "attachment",
            "report",
            // Originals are read by the letter of T.81.
            "jpeg",
            "sniff",
            "check",
            "bundle",
            "fit::Fitted",
            "message_rules::counted_bytes",
            "choices",
            "guard",
        ],
    ),
    (
        "prepare",
        &[
            "units",
            "error",
            "provider",
            "code",
            "attachment",
            "report",
            "choices",
            "guard",
            "read",
            "check",
            "clip::Transcoder",
            "page::PageRenderer",
            "fit",
            "verify",
            "message_rules",
            "bundle",
            "prepare_url",
            "prepare_host::Host",
        ],
    ),
    (
        "prepare_host",
        &[
            "code",
            "host",
            "prepare::Prepared",
            "prepare::Preparer",
            "provider",
            "report",
        ],
    ),
    (
        "prepare_url",
        &[
            "provider",
            "code",
            "attachment",
            "report",
            "check",
            "verify",
            "prepare::Preparer",
        ],
    ),
    (
        "prepare_async",
        &["error", "provider", "attachment", "report", "prepare"],
    ),
    (
        "message",
        &[
            "content_type",
            "provider",
            "code",
            "report",
            "bundle",
            "check::provenance",
        ],
    ),
    (
        "send",
        &[
            "units",
            "provider",
            "code",
            "report",
            "bundle",
            "message",
            "dial",
            "durable",
            "multipart",
        ],
    ),
    // Sockets to others, and what is received from them.
    ("outgoing", &["dial", "units"]),
    // How far a message has come is one word for receipts and callbacks.
    (
        "receive",
        &["provider", "outgoing", "durable", "send::DeliveryStatus"],
    ),
    (
        "host",
        &[
            "units",
            "content_type",
            "provider",
            "code",
            "attachment",
            "report",
            "bundle",
            "verify",
            "outgoing",
            "durable",
            "multipart",
            "receive",
        ],
    ),
    // The engine's stages for the benchmarks, without a promise.
    (
        "internals",
        &["fit", "jpeg", "raster", "report", "sniff", "guard"],
    ),
    // The command knows the library by its public surface alone.
    ("cli", &[]),
    ("main", &["cli"]),
];

/// Other crates that only some modules may name.
const CONFINED: &[(&str, &[&str])] = &[
    ("calcard", &["text"]),
    ("encoding_rs", &["text"]),
    ("reqwest", &["verify", "host", "send"]),
    (
        "tokio",
        &[
            "prepare_async",
            "prepare_url",
            "verify",
            "host",
            "send",
            "receive",
            "dial",
            "outgoing",
            "cli",
        ],
    ),
    ("tokio_rustls", &["dial", "verify", "send", "outgoing"]),
    ("rustls", &["dial", "verify", "send", "outgoing"]),
    ("hyper", &["host", "send", "outgoing"]),
    ("hyper_util", &["host", "send", "outgoing"]),
    ("axum", &["host"]),
    ("object_store", &["host"]),
    ("ring", &["host", "receive"]),
    ("redb", &["send"]),
    ("secrecy", &["send"]),
    ("phonenumber", &["message"]),
    ("httparse", &["verify"]),
    // Whoever starts, bounds and ends a child process.
    ("rustix", &["child"]),
    ("clap", &["cli", "main"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("indicatif", &["cli"]),
    ("anstream", &["cli"]),
    ("toml", &["cli"]),
    ("heifer_hevc_dec", &["raster"]),
    ("heifer_isobmff", &["raster"]),
    ("re_rav1d", &["raster"]),
    ("jxl_oxide", &["raster"]),
    ("resvg", &["raster"]),
    ("hayro", &["page"]),
];

/// Modules that may print.
const PRINTERS: &[&str] = &["cli", "main"];

/// Files of provider data: no behaviour.
const PROVIDER_DATA: &[&str] = &[
    "src/provider/ringcentral.rs",
    "src/provider/sinch.rs",
    "src/provider/carrierx.rs",
    "src/provider/tsg_global.rs",
    "src/provider/carriers.rs",
];

const MOST_LINES: usize = 800;
const USUAL_LINES: usize = 500;

/// Files over the usual length, and why.
const LONG: &[(&str, &str)] = &[
    (
        "src/code/explain_media.rs",
        "a table of texts, one entry a code",
    ),
    (
        "src/code/explain_delivery.rs",
        "a table of texts, one entry a code",
    ),
    (
        "src/fit/animation/mod.rs",
        "the search for an animation is one stage",
    ),
];

#[test]
fn every_import_follows_the_layers() -> io::Result<()> {
    let mut found = Vec::new();
    for source in sources()? {
        found.extend(imports_upward(&source));
    }
    assert_eq!(found, Vec::<String>::new());
    Ok(())
}

#[test]
fn every_module_has_a_row_and_every_row_a_module() -> io::Result<()> {
    let modules: BTreeSet<String> = sources()?
        .iter()
        .map(|source| source.module().to_owned())
        .filter(|module| module != "lib")
        .collect();
    let rows: BTreeSet<String> = LAYERS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(modules, rows);
    Ok(())
}

#[test]
fn the_items_allowed_one_by_one_are_all_in_use() -> io::Result<()> {
    let mut used = BTreeSet::new();
    for source in sources()? {
        for path in source.imports() {
            used.insert((
                source.module().to_owned(),
                path.iter().take(2).cloned().collect::<Vec<_>>().join("::"),
            ));
        }
    }
    let idle: Vec<String> = LAYERS
        .iter()
        .flat_map(|(module, allowed)| allowed.iter().map(move |item| (*module, *item)))
        .filter(|(_, item)| item.contains("::"))
        .filter(|(module, item)| !used.contains(&((*module).to_owned(), (*item).to_owned())))
        .map(|(module, item)| format!("{module} needs {item} no more"))
        .collect();
    assert_eq!(idle, Vec::<String>::new());
    Ok(())
}

#[test]
fn sockets_runtimes_and_command_lines_stay_in_their_modules() -> io::Result<()> {
    let mut found = Vec::new();
    for source in sources()? {
        found.extend(strays(&source));
    }
    assert_eq!(found, Vec::<String>::new());
    Ok(())
}

#[test]
fn only_the_command_prints() -> io::Result<()> {
    let mut found = Vec::new();
    for source in sources()? {
        found.extend(prints(&source));
    }
    assert_eq!(found, Vec::<String>::new());
    Ok(())
}

#[test]
fn provider_files_are_pure_data() -> io::Result<()> {
    let mut found = Vec::new();
    for file in PROVIDER_DATA {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file))?;
        found.extend(behaviour(&Source::read(file, &text)));
    }
    assert_eq!(found, Vec::<String>::new());
    Ok(())
}

#[test]
fn nothing_is_unsafe() -> io::Result<()> {
    let mut found = Vec::new();
    for source in sources()? {
        if source.tokens.iter().any(|token| token.is("unsafe")) {
            found.push(format!("{} is unsafe", source.file));
        }
    }
    assert_eq!(found, Vec::<String>::new());
    Ok(())
}

#[test]
fn files_stay_short_or_say_why_not() -> io::Result<()> {
    let mut found = Vec::new();
    for source in sources()? {
        let excused = LONG.iter().any(|(file, _)| *file == source.file);
        found.extend(too_long(&source.file, source.lines, excused));
    }
    assert_eq!(found, Vec::<String>::new());
    Ok(())
}

// The checkers themselves, on planted violations.

#[test]
fn a_planted_upward_import_is_found_however_it_is_written() {
    for (file, text) in [
        ("src/jpeg/bits.rs", "use crate::units::ByteCount;"),
        ("src/jpeg/bits.rs", "use crate::{units::ByteCount};"),
        ("src/jpeg/bits.rs", "use super::super::units::ByteCount;"),
        ("src/jpeg/mod.rs", "use super::units;"),
        (
            "src/jpeg/bits.rs",
            "fn f() { let n = crate::units::ByteCount::new(1); }",
        ),
        (
            "src/jpeg/bits.rs",
            "mod tests { use super::super::super::units; }",
        ),
        ("src/jpeg/bits.rs", "pub(crate) use crate::units as words;"),
    ] {
        let found = imports_upward(&Source::read(file, text));
        assert_eq!(found, [format!("{file}: jpeg imports units")], "{text}");
    }
}

#[test]
fn an_item_allowed_alone_does_not_open_its_module() {
    let source = Source::read(
        "src/fit/page.rs",
        "use crate::page::{PageFault, PageRenderer, draw as d};",
    );
    assert_eq!(
        imports_upward(&source),
        [
            "src/fit/page.rs: fit imports page::PageFault",
            "src/fit/page.rs: fit imports page::draw"
        ]
    );
    let whole = Source::read("src/fit/page.rs", "use crate::page;");
    assert_eq!(
        imports_upward(&whole),
        ["src/fit/page.rs: fit imports page"]
    );
}

#[test]
fn a_re_export_of_the_crate_root_is_no_way_around() {
    let source = Source::read("src/sniff/gif.rs", "use crate::Preparer;");
    assert_eq!(
        imports_upward(&source),
        ["src/sniff/gif.rs: sniff imports Preparer"]
    );
}

#[test]
fn comments_strings_and_own_submodules_are_no_imports() {
    for text in [
        "// use crate::units::ByteCount;",
        "/* use /* nested */ crate::units; */",
        "const S: &str = \"use crate::units::ByteCount;\";",
        "const S: &str = r#\"\"use crate::units;\"#;",
        "const Q: char = '\"'; const P: &str = \"crate::units\"; fn f<'a>(_: &'a u8) {}",
        "use crate::jpeg::header; use super::huffman::{self, Table}; use self::inner::x;",
        "mod tests { use super::*; use super::super::huffman; }",
    ] {
        let found = imports_upward(&Source::read("src/jpeg/bits.rs", text));
        assert_eq!(found, Vec::<String>::new(), "{text}");
    }
}

#[test]
fn planted_prints_sockets_and_behaviour_are_found() {
    let printing = "fn f() { println!(\"x\"); std::eprint!(\"y\"); }";
    assert_eq!(
        prints(&Source::read("src/check.rs", printing)),
        ["src/check.rs: println!", "src/check.rs: eprint!"]
    );
    assert_eq!(
        prints(&Source::read("src/cli/text.rs", printing)),
        Vec::<String>::new()
    );
    assert_eq!(
        strays(&Source::read(
            "src/fit/mod.rs",
            "use reqwest::Client; use clap::Parser;"
        )),
        [
            "src/fit/mod.rs: fit names reqwest",
            "src/fit/mod.rs: fit names clap"
        ]
    );
    assert_eq!(
        behaviour(&Source::read(
            "src/provider/sinch.rs",
            "const fn f(x: u8) -> u8 { if x > 1 { 1 } else { match x { _ => 0 } } }"
        )),
        [
            "src/provider/sinch.rs: fn",
            "src/provider/sinch.rs: if",
            "src/provider/sinch.rs: match"
        ]
    );
}

#[test]
fn planted_long_files_are_found() {
    assert_eq!(too_long("a.rs", 500, false), Vec::<String>::new());
    assert_eq!(
        too_long("a.rs", 501, false),
        ["a.rs: 501 lines and no reason"]
    );
    assert_eq!(too_long("a.rs", 501, true), Vec::<String>::new());
    assert_eq!(
        too_long("a.rs", 500, true),
        ["a.rs: 500 lines need no reason"]
    );
    assert_eq!(too_long("a.rs", 801, true), ["a.rs: 801 lines, over 800"]);
}

fn imports_upward(source: &Source) -> Vec<String> {
    let module = source.module();
    // The crate's root re-exports; that is all it does.
    if module == "lib" {
        return Vec::new();
    }
    let allowed = LAYERS
        .iter()
        .find(|(name, _)| *name == module)
        .map_or(&[][..], |(_, allowed)| allowed);
    let mut found = BTreeSet::new();
    for path in source.imports() {
        let Some(target) = path.first().filter(|target| *target != module) else {
            continue;
        };
        let item = path.iter().take(2).cloned().collect::<Vec<_>>().join("::");
        if allowed.contains(&target.as_str()) || allowed.contains(&item.as_str()) {
            continue;
        }
        let by_item = allowed
            .iter()
            .any(|entry| entry.split("::").next() == Some(target));
        let named = if by_item { &item } else { target };
        found.insert(format!("{}: {module} imports {named}", source.file));
    }
    found.into_iter().collect()
}

fn strays(source: &Source) -> Vec<String> {
    let module = source.module();
    CONFINED
        .iter()
        .filter(|(_, homes)| !homes.contains(&module))
        .filter(|(name, _)| source.names_crate(name))
        .map(|(name, _)| format!("{}: {module} names {name}", source.file))
        .collect()
}

fn prints(source: &Source) -> Vec<String> {
    if PRINTERS.contains(&source.module()) {
        return Vec::new();
    }
    let words = ["println", "eprintln", "print", "eprint", "dbg"];
    source
        .tokens
        .windows(2)
        .filter_map(|pair| match pair {
            [Token::Word(word), Token::Mark('!')] if words.contains(&word.as_str()) => {
                Some(format!("{}: {word}!", source.file))
            }
            _ => None,
        })
        .collect()
}

fn behaviour(source: &Source) -> Vec<String> {
    ["fn", "if", "match", "for", "while", "loop"]
        .iter()
        .filter(|word| source.tokens.iter().any(|token| token.is(word)))
        .map(|word| format!("{}: {word}", source.file))
        .collect()
}

fn too_long(file: &str, lines: usize, excused: bool) -> Vec<String> {
    match lines {
        lines if lines > MOST_LINES => vec![format!("{file}: {lines} lines, over {MOST_LINES}")],
        lines if lines > USUAL_LINES && !excused => {
            vec![format!("{file}: {lines} lines and no reason")]
        }
        lines if lines <= USUAL_LINES && excused => {
            vec![format!("{file}: {lines} lines need no reason")]
        }
        _ => Vec::new(),
    }
}

/// Every file of `src`, in order.
fn sources() -> io::Result<Vec<Source>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    collect(&root.join("src"), &mut files)?;
    files.sort();
    assert!(
        files.len() > 50,
        "only {} files of src were found",
        files.len()
    );
    files
        .iter()
        .map(|path| {
            let name = path.strip_prefix(root).unwrap_or(path);
            let name = name.to_string_lossy().replace('\\', "/");
            Ok(Source::read(&name, &fs::read_to_string(path)?))
        })
        .collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}
