//! Every fixture prepared for every provider, once for all tests.

use std::path::Path;
use std::sync::OnceLock;
use std::{fs, io};

use mmsfit::{Part, Prepared, Preparer, Provider, Verdict};
use rayon::prelude::*;

use crate::{fixture, fixtures};

/// One fixture prepared for one provider.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) provider: Provider,
    pub(crate) source: Vec<u8>,
    pub(crate) prepared: Prepared,
}

impl Case {
    pub(crate) fn part(&self) -> Option<&Part> {
        self.prepared
            .bundle()
            .and_then(|bundle| bundle.parts().first())
    }

    pub(crate) fn verdict(&self) -> Verdict {
        self.prepared.report().verdict
    }
}

/// Prepared once, on two threads, and held against every promise.
pub(crate) fn cases() -> &'static [Case] {
    static CASES: OnceLock<Vec<Case>> = OnceLock::new();
    CASES.get_or_init(|| {
        let mut names = Vec::new();
        collect(&fixtures(), &mut names).expect("the fixtures can be listed");
        names.sort();
        assert!(
            names.len() > 200,
            "only {} fixtures were found",
            names.len()
        );
        let pairs: Vec<(&String, Provider)> = names
            .iter()
            .flat_map(|name| Provider::ALL.iter().map(move |provider| (name, *provider)))
            .collect();
        let prepare = |(name, provider): (&String, Provider)| Case {
            name: name.clone(),
            provider,
            source: fs::read(fixtures().join(name)).expect("a fixture can be read"),
            prepared: prepared(name, provider),
        };
        on_threads(2, || pairs.into_par_iter().map(prepare).collect())
    })
}

/// The fixture as the only attachment of a message, on the threads of the caller's pool.
pub(crate) fn prepared(name: &str, provider: Provider) -> Prepared {
    Preparer::new(provider)
        .prepare_blocking([fixture(name)])
        .expect("bad media is a report, never an error")
}

/// Runs something with a pool of so many threads for everything that it calls.
pub(crate) fn on_threads<T: Send>(count: usize, work: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(count).build();
    pool.expect("threads can be started").install(work)
}

/// Names below the folder; what makes and describes the fixtures is none.
fn collect(folder: &Path, names: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, names)?;
        } else if path.parent() != Some(&fixtures()) {
            let name = path.strip_prefix(fixtures()).unwrap_or(&path);
            names.push(name.to_string_lossy().replace('\\', "/"));
        }
    }
    Ok(())
}

/// Fails with every case that breaks a promise.
pub(crate) fn hold(broken: impl Fn(&Case) -> Option<String> + Sync) {
    let found: Vec<String> = cases()
        .par_iter()
        .filter_map(|case| {
            broken(case).map(|how| format!("{} for {}: {how}", case.name, case.provider))
        })
        .collect();
    assert!(
        found.is_empty(),
        "{} broken promises:\n{}",
        found.len(),
        found.join("\n")
    );
}
