//! A folder that a web server publishes: ours, or any other one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use url::Url;

use super::name::{NameKey, type_of};
use super::{HostError, HostedUrl, MediaHost, Published, delivery_window, front};
use crate::bundle::Part;
use crate::content_type::ContentType;
use crate::durable::sync_folder;

/// The folder inside the folder that is published: the key stays outside.
const MEDIA: &str = "media";
/// The key of the names.
const KEY: &str = "name-key";
/// Held shared while media is published, alone while it is swept.
const LOCK: &str = "lock";

/// Publishes into a folder. The file `media/<name>` of the folder is served as `<public URL>/media/<name>`, by
/// `mmsfit serve` or by any web server that is pointed at it.
///
/// Names are a keyed hash of the bytes, so that nobody can guess one and the same bytes are written once. The key lies
/// beside `media`, readable by its owner alone.
#[derive(Clone, Debug)]
pub struct FolderHost {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    folder: PathBuf,
    media: PathBuf,
    front: Url,
    key: NameKey,
    keep_for: Duration,
}

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Swept {
    /// Files deleted because their time was over.
    pub deleted: usize,
    /// Files that stay.
    pub kept: usize,
}

impl FolderHost {
    /// Publishes into this folder, which is made if it is missing.
    ///
    /// # Errors
    ///
    /// The folder cannot be used, or the URL cannot be the front of a media URL.
    pub fn new(folder: impl AsRef<Path>, public_url: Url) -> Result<Self, HostError> {
        let folder = folder.as_ref().to_owned();
        let media = folder.join(MEDIA);
        fs::create_dir_all(&media).map_err(at(&media))?;
        let key = NameKey::from_file(&folder.join(KEY))?;
        let inner = Inner {
            front: front(&public_url)?,
            folder,
            media,
            key,
            keep_for: delivery_window(),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// How long media is kept after it was last published. Default: the longest delivery window of all providers.
    ///
    /// # Errors
    ///
    /// Shorter than that window: a provider could come too late.
    pub fn keep_for(self, time: Duration) -> Result<Self, HostError> {
        if time < delivery_window() {
            return Err(HostError::TooShort {
                given: time,
                needed: delivery_window(),
            });
        }
        let inner = Inner {
            folder: self.inner.folder.clone(),
            media: self.inner.media.clone(),
            front: self.inner.front.clone(),
            key: self.inner.key.clone(),
            keep_for: time,
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Publishes bytes of a type: what [`MediaHost::publish`] does with a part, on the thread that calls.
    ///
    /// # Errors
    ///
    /// The folder cannot be written, or no extension tells the type.
    pub fn publish_bytes(
        &self,
        bytes: &[u8],
        content_type: ContentType,
    ) -> Result<HostedUrl, HostError> {
        let Inner {
            folder,
            media,
            front,
            key,
            keep_for,
        } = &*self.inner;
        let name = key.name(bytes, content_type)?;
        let path = media.join(&name);
        // A sweep must not delete between our look and our touch.
        let _held = lock(folder, File::lock_shared).map_err(at(folder))?;
        let published = refresh(&path, bytes.len() as u64)
            .map_or_else(|| write_whole(media, &path, bytes), Ok)
            .map_err(at(&path))?;
        let url = front
            .join(&format!("{MEDIA}/{name}"))
            .map_err(|_| HostError::PublicUrl {
                url: crate::attachment::redacted(front.as_str()),
                why: "no path can follow it",
            })?;
        Ok(HostedUrl::new(url, published.checked_add(*keep_for)))
    }

    /// Deletes what is past its time, and leftovers of writers that died. A file that cannot be deleted keeps none of the
    /// others.
    ///
    /// # Errors
    ///
    /// The folder cannot be read, or a file not deleted: the first such fault, once all the rest is done.
    pub fn sweep(&self, now: SystemTime) -> Result<Swept, HostError> {
        self.sweep_with(now, |path| fs::remove_file(path))
    }

    fn sweep_with(
        &self,
        now: SystemTime,
        remove: impl Fn(&Path) -> io::Result<()>,
    ) -> Result<Swept, HostError> {
        let Inner { folder, media, .. } = &*self.inner;
        let _held = lock(folder, File::lock).map_err(at(folder))?;
        let mut swept = Swept::default();
        let mut first_fault = None;
        for entry in fs::read_dir(media).map_err(at(media))? {
            let done = entry
                .map_err(at(media))
                .and_then(|entry| self.sweep_one(&entry, now, &remove, &mut swept));
            first_fault = first_fault.or(done.err());
        }
        first_fault.map_or(Ok(swept), Err)
    }

    fn sweep_one(
        &self,
        entry: &fs::DirEntry,
        now: SystemTime,
        remove: impl Fn(&Path) -> io::Result<()>,
        swept: &mut Swept,
    ) -> Result<(), HostError> {
        let (name, path) = (entry.file_name(), entry.path());
        let ours = name
            .to_str()
            .is_some_and(|name| type_of(name).is_some() || name.starts_with(UNFINISHED));
        // What else lies here is not ours to delete.
        let Ok(facts) = entry.metadata() else {
            return Ok(());
        };
        if !ours || !facts.is_file() {
            return Ok(());
        }
        let written = facts.modified().map_err(at(&path))?;
        let age = now.duration_since(written);
        if age.is_ok_and(|age| age > self.inner.keep_for) {
            remove(&path).map_err(at(&path))?;
            swept.deleted += 1;
        } else {
            swept.kept += 1;
        }
        Ok(())
    }

    /// Proves that media can be published now: a small file is written and deleted.
    ///
    /// # Errors
    ///
    /// It cannot.
    pub fn writable(&self) -> Result<(), HostError> {
        let media = &self.inner.media;
        let probe = || {
            let mut file = tempfile::Builder::new()
                .prefix(UNFINISHED)
                .tempfile_in(media)?;
            file.write_all(b"mmsfit")?;
            file.as_file().sync_all()
        };
        probe().map_err(at(media))
    }

    /// The folder whose files are served under `media/`.
    #[must_use]
    pub fn media(&self) -> &Path {
        &self.inner.media
    }

    /// The front of every URL, with a slash at its end.
    #[must_use]
    pub fn public_url(&self) -> &Url {
        &self.inner.front
    }
}

impl MediaHost for FolderHost {
    fn publish<'a>(&'a self, part: &'a Part) -> Published<'a> {
        Box::pin(async move {
            let host = self.clone();
            let (bytes, content_type) = (Arc::clone(&part.bytes), part.facts().content_type);
            // Disks are slow: never on the runtime's threads.
            tokio::task::spawn_blocking(move || host.publish_bytes(&bytes, content_type))
                .await
                .unwrap_or(Err(HostError::Cancelled))
        })
    }
}

/// How names of files begin that are not yet whole. No published name does.
const UNFINISHED: &str = ".unfinished-";

fn at(path: &Path) -> impl Fn(io::Error) -> HostError + '_ {
    move |source| HostError::Folder {
        path: path.to_owned(),
        source,
    }
}

fn lock(folder: &Path, how: impl Fn(&File) -> io::Result<()>) -> io::Result<File> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(folder.join(LOCK))?;
    how(&file)?;
    Ok(file)
}

/// Begins the time of a file anew, where it is there already and whole.
fn refresh(path: &Path, length: u64) -> Option<SystemTime> {
    let facts = fs::symlink_metadata(path).ok()?;
    if !facts.is_file() || facts.len() != length {
        return None;
    }
    let now = SystemTime::now();
    let file = OpenOptions::new().append(true).open(path).ok()?;
    file.set_modified(now).ok()?;
    file.sync_all().ok()?;
    Some(now)
}

/// Writes a file whole or not at all, so that it survives a power cut: bytes first, then the name.
fn write_whole(folder: &Path, path: &Path, bytes: &[u8]) -> io::Result<SystemTime> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNFINISHED);
    // Another web server, under another user, may be the one that serves it.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    let written = file.as_file().metadata()?.modified()?;
    file.persist(path).map_err(|fault| fault.error)?;
    sync_folder(folder)?;
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Outcome = Result<(), Box<dyn std::error::Error>>;

    fn host(folder: &Path) -> Result<FolderHost, Box<dyn std::error::Error>> {
        Ok(FolderHost::new(folder, "https://a.test/mms".parse()?)?)
    }

    fn names(host: &FolderHost) -> io::Result<Vec<String>> {
        let mut names: Vec<String> = fs::read_dir(host.media())?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect::<io::Result<_>>()?;
        names.sort();
        Ok(names)
    }

    #[test]
    fn the_same_bytes_are_published_once_under_a_name_that_another_folder_does_not_have() -> Outcome
    {
        let (one, two) = (tempfile::tempdir()?, tempfile::tempdir()?);
        let host_one = host(one.path())?;
        let first = host_one.publish_bytes(b"GIF89a", ContentType::Gif)?;
        let again = host(one.path())?.publish_bytes(b"GIF89a", ContentType::Gif)?;
        assert_eq!(first.url, again.url);
        assert!(again.expires >= first.expires);
        let other = host(two.path())?.publish_bytes(b"GIF89a", ContentType::Gif)?;
        assert_ne!(first.url, other.url);
        let name = first.url.path().strip_prefix("/mms/media/");
        assert_eq!(names(&host_one)?, [name.unwrap_or_default()]);
        assert_eq!(
            fs::read(host_one.media().join(name.unwrap_or_default()))?,
            b"GIF89a"
        );
        Ok(())
    }

    #[test]
    fn a_file_that_was_cut_short_is_written_anew() -> Outcome {
        let folder = tempfile::tempdir()?;
        let host = host(folder.path())?;
        let url = host.publish_bytes(b"whole", ContentType::Gif)?.url;
        let name = url.path().rsplit('/').next().unwrap_or_default();
        fs::write(host.media().join(name), b"who")?;
        host.publish_bytes(b"whole", ContentType::Gif)?;
        assert_eq!(fs::read(host.media().join(name))?, b"whole");
        Ok(())
    }

    #[test]
    fn a_sweep_deletes_what_is_past_its_time_and_nothing_else() -> Outcome {
        let folder = tempfile::tempdir()?;
        let host = host(folder.path())?;
        let hosted = host.publish_bytes(b"a", ContentType::Gif)?;
        let name = hosted
            .url
            .path()
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_owned();
        fs::write(host.media().join(".unfinished-x"), b"")?;
        fs::write(host.media().join("notes.txt"), b"not ours")?;
        let expires = hosted.expires.ok_or("no end")?;
        let before = host.sweep(expires - Duration::from_secs(2))?;
        assert_eq!((before.deleted, before.kept), (0, 2));
        assert_eq!(names(&host)?, [".unfinished-x", name.as_str(), "notes.txt"]);
        let after = host.sweep(expires + Duration::from_secs(60))?;
        assert_eq!((after.deleted, after.kept), (2, 0));
        assert_eq!(names(&host)?, ["notes.txt"]);
        Ok(())
    }

    #[test]
    fn a_file_that_cannot_be_deleted_keeps_none_of_the_others_and_is_told() -> Outcome {
        let folder = tempfile::tempdir()?;
        let host = host(folder.path())?;
        for bytes in [b"a", b"b", b"c", b"d"] {
            host.publish_bytes(bytes, ContentType::Gif)?;
        }
        let all = names(&host)?;
        let later = SystemTime::now() + delivery_window() * 2;
        // Whichever two the folder names first.
        let stuck = std::cell::RefCell::new(Vec::new());
        let fault = host.sweep_with(later, |path| {
            let mut stuck = stuck.borrow_mut();
            if stuck.len() < 2 {
                stuck.push(path.to_owned());
                return Err(io::ErrorKind::PermissionDenied.into());
            }
            fs::remove_file(path)
        });
        let stuck = stuck.into_inner();
        let Err(HostError::Folder { path, source }) = fault else {
            return Err(format!("{fault:?}").into());
        };
        assert_eq!(Some(&path), stuck.first());
        assert_eq!(source.kind(), io::ErrorKind::PermissionDenied);
        let mut left: Vec<String> = stuck
            .iter()
            .filter_map(|path| path.file_name()?.to_str().map(str::to_owned))
            .collect();
        left.sort();
        assert_eq!(names(&host)?, left, "of {all:?}");
        Ok(())
    }

    #[test]
    fn publishing_again_begins_the_time_anew() -> Outcome {
        let folder = tempfile::tempdir()?;
        let host = host(folder.path())?;
        let first = host.publish_bytes(b"a", ContentType::Gif)?;
        let name = first.url.path().rsplit('/').next().unwrap_or_default();
        let old = SystemTime::now() - delivery_window() - Duration::from_secs(60);
        File::options()
            .append(true)
            .open(host.media().join(name))?
            .set_modified(old)?;
        host.publish_bytes(b"a", ContentType::Gif)?;
        assert_eq!(
            host.sweep(SystemTime::now())?,
            Swept {
                deleted: 0,
                kept: 1
            }
        );
        Ok(())
    }

    #[test]
    fn media_is_never_kept_for_less_than_the_delivery_window() -> Outcome {
        let folder = tempfile::tempdir()?;
        let short = host(folder.path())?.keep_for(Duration::from_secs(3_600));
        assert!(matches!(short, Err(HostError::TooShort { .. })));
        let long = host(folder.path())?.keep_for(delivery_window() * 2)?;
        let hosted = long.publish_bytes(b"a", ContentType::Gif)?;
        assert!(hosted.expires > Some(SystemTime::now() + delivery_window()));
        Ok(())
    }
}
