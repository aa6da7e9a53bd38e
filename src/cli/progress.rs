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

    /// The steps of one long piece of work.
    pub(crate) fn of_steps(wanted: bool) -> Self {
        if !Self::is_seen(wanted) {
            return Self::none();
        }
        Self::over(0)
            .of_length(None)
            .in_style("{spinner} {wide_msg}")
    }

    /// What is being done now.
    #[cfg(feature = "net")]
    pub(crate) fn say(&self, step: &'static str) {
        if let Some(bar) = &self.0 {
            bar.set_message(step);
        }
    }

    /// Tells what is being done now, from any thread; the text is safe to print.
    pub(crate) fn teller(&self) -> impl Fn(&str) + Send + Sync + 'static {
        let bar = self.0.clone();
        move |step| {
            if let Some(bar) = &bar {
                bar.set_message(step.to_owned());
            }
        }
    }

    fn in_style(self, template: &str) -> Self {
        if let (Some(bar), Ok(style)) = (&self.0, ProgressStyle::with_template(template)) {
            bar.set_style(style);
        }
        self
    }

    /// A bar over URLs; `None` where nobody knows how many will come.
    #[cfg(feature = "net")]
    pub(crate) fn of_urls(urls: Option<u64>) -> Self {
        Self::over(urls.unwrap_or(0)).of_length(urls)
    }

    fn of_length(self, length: Option<u64>) -> Self {
        if let (Some(bar), None) = (&self.0, length) {
            bar.unset_length();
            return self.in_style("{spinner} {human_pos}  {per_sec}  {wide_msg}");
        }
        self
    }

    /// Tells the file that is being worked on, from any thread.
    pub(crate) fn namer(&self) -> impl Fn(&Path) + Send + Sync + 'static {
        let tell = self.0.as_ref().map(|_| self.teller());
        move |path| {
            if let Some(tell) = &tell {
                tell(&text::path(path));
            }
        }
    }

    /// One more is done.
    pub(crate) fn done(&self) {
        if let Some(bar) = &self.0 {
            bar.inc(1);
        }
    }

    /// One more URL is done, by a name that is safe to print.
    #[cfg(feature = "net")]
    pub(crate) fn done_with(&self, name: String) {
        if let Some(bar) = &self.0 {
            bar.set_message(name);
        }
        self.done();
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
