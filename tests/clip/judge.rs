//! Independent programs asked about a file.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// A file of these bytes, in a folder that is removed with it.
pub(crate) struct Held {
    folder: TempDir,
    name: &'static str,
}

impl Held {
    pub(crate) fn new(bytes: &[u8], name: &'static str) -> Self {
        let folder = tempfile::tempdir().expect("a folder for temporary files");
        fs::write(folder.path().join(name), bytes).expect("room for a small file");
        Self { folder, name }
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join(self.name)
    }

    /// Decodes everything; what the decoder complains about.
    pub(crate) fn complaints(&self) -> String {
        let said = run(
            "ffmpeg",
            &["-nostdin", "-v", "error", "-xerror", "-i"],
            &self.path(),
            &["-f", "null", "-"],
        );
        said.1
    }

    /// The checksum of every decoded frame and sample, with its time.
    pub(crate) fn frame_sums(&self) -> String {
        run(
            "ffmpeg",
            &["-nostdin", "-v", "error", "-i"],
            &self.path(),
            &["-map", "0:V?", "-map", "0:a?", "-f", "framemd5", "-"],
        )
        .0
    }

    /// The first frame in eight by eight fields of grey.
    pub(crate) fn fields(&self) -> Vec<u8> {
        let output = Command::new("ffmpeg")
            .args(["-nostdin", "-v", "error", "-i"])
            .arg(self.path())
            .args(["-frames:v", "1", "-vf", "scale=8:8:flags=area,format=gray"])
            .args(["-f", "rawvideo", "-"])
            .output()
            .unwrap_or_else(|fault| panic!("ffmpeg is needed by this test: {fault}"));
        output.stdout
    }

    /// One field of ffprobe for the container, or for the first stream of a kind.
    pub(crate) fn probe(&self, select: &str, entry: &str) -> String {
        let mut arguments = vec!["-v", "error"];
        if !select.is_empty() {
            arguments.extend(["-select_streams", select]);
        }
        arguments.extend(["-show_entries", entry, "-of", "default=nw=1:nk=1"]);
        run("ffprobe", &arguments, &self.path(), &[])
            .0
            .trim()
            .to_owned()
    }

    pub(crate) fn duration_ms(&self) -> u64 {
        let seconds: f64 = self
            .probe("", "format=duration")
            .parse()
            .expect("a duration");
        (seconds * 1_000.0).round() as u64
    }

    /// Everything that exiftool finds.
    pub(crate) fn tags(&self) -> String {
        run("exiftool", &["-a", "-ee", "-u", "-G"], &self.path(), &[]).0
    }
}

/// Standard output and standard error; a judge that is not installed is a failure, not a pass.
fn run(program: &str, before: &[&str], path: &Path, behind: &[&str]) -> (String, String) {
    let output = Command::new(program)
        .args(before)
        .arg(path)
        .args(behind)
        .output()
        .unwrap_or_else(|fault| panic!("{program} is needed by this test: {fault}"));
    (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}
