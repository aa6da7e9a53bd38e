//! The progress bar: on standard error, on a terminal, on long work.

use std::io::{self, IsTerminal};
use std::path::Path;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::text;

/// A progress bar, or nothing.
pub(crate) struct Progress(Option<ProgressBar>);

impl Progress {
    /// Whether a bar would be seen.
    pub(crate) fn is_seen(wanted: bool) -> bool {
        wanted && io::stderr().is_terminal()
    }

    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// A bar over this many files.
    pub(crate) fn over(files: u64) -> Self {
        let bar =
            ProgressBar::with_draw_target(Some(files), ProgressDrawTarget::stderr_with_hz(10));
        let template = "{bar:24} {human_pos}/{human_len}  {per_sec}  {eta} left  {wide_msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(Some(bar))
    }

    /// A bar over URLs; `None` where nobody knows how many will come.
    #[cfg(feature = "net")]
    pub(crate) fn of_urls(urls: Option<u64>) -> Self {
        Self::over(urls.unwrap_or(0)).of_length(urls)
    }

    #[cfg(feature = "net")]
    fn of_length(self, length: Option<u64>) -> Self {
        if let (Some(bar), None) = (&self.0, length) {
            bar.unset_length();
            if let Ok(style) =
                ProgressStyle::with_template("{spinner} {human_pos}  {per_sec}  {wide_msg}")
            {
                bar.set_style(style);
            }
        }
        self
    }

    /// One more file is done.
    pub(crate) fn done(&self, path: &Path) {
        self.done_with(text::path(path));
    }

    /// One more is done, of a name that is safe to print.
    pub(crate) fn done_with(&self, name: String) {
        if let Some(bar) = &self.0 {
            bar.set_message(name);
            bar.inc(1);
        }
    }

    /// Prints without tearing the bar.
    pub(crate) fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        match &self.0 {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
