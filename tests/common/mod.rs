//! Helpers that tests share.

use std::path::Path;

/// Compares a text with `tests/golden/<name>` whole; `MMSFIT_UPDATE_GOLDEN=1` writes the file instead.
pub(crate) fn assert_golden(name: &str, found: &str) -> std::io::Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name);
    if std::env::var_os("MMSFIT_UPDATE_GOLDEN").is_some() {
        return std::fs::write(&path, found);
    }
    let golden = std::fs::read_to_string(&path)?;
    for (at, (wanted, found)) in golden.lines().zip(found.lines()).enumerate() {
        assert_eq!(
            wanted,
            found,
            "{name} line {}: if the change is meant, run the test with MMSFIT_UPDATE_GOLDEN=1",
            at + 1
        );
    }
    assert!(
        golden == found,
        "{name} has another number of lines: if the change is meant, run the test with MMSFIT_UPDATE_GOLDEN=1"
    );
    Ok(())
}
