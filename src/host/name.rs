//! Names that nobody can guess: a keyed hash of the bytes, and the extension of their type.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};

use super::HostError;
use crate::content_type::ContentType;
use crate::durable::{folder_of, sync_folder};
use crate::provider::{Delivery, Rules, TypeRule};

/// The length of the hash in a name: HMAC-SHA-256 in hexadecimal.
const HASH_CHARS: usize = 64;

/// The key of a store's names: the same bytes under the same key always have the same name, and without the key nobody can
/// tell the name from the bytes.
#[derive(Clone)]
pub struct NameKey(hmac::Key);

impl NameKey {
    /// A key of these bytes: at least 16 that nobody can guess.
    ///
    /// # Errors
    ///
    /// Fewer than 16 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, HostError> {
        if bytes.len() < 16 {
            return Err(HostError::Key("it has fewer than 16 bytes"));
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, bytes)))
    }

    /// The key in a file; where there is none it is made, of 32 random bytes, readable by its owner alone.
    ///
    /// # Errors
    ///
    /// The file cannot be read or made, or holds no key.
    pub fn from_file(path: &Path) -> Result<Self, HostError> {
        let fault = |source| HostError::Folder {
            path: path.to_owned(),
            source,
        };
        match read_key(path) {
            Err(missing) if missing.kind() == io::ErrorKind::NotFound => {
                make_key(path).map_err(fault)?;
                Self::from_bytes(&read_key(path).map_err(fault)?)
            }
            read => Self::from_bytes(&read.map_err(fault)?),
        }
    }

    /// The name of bytes of this type.
    ///
    /// # Errors
    ///
    /// A type that no provider fetches by URL, or whose extensions all belong to other types.
    pub fn name(&self, bytes: &[u8], content_type: ContentType) -> Result<String, HostError> {
        let extension = extension(content_type).ok_or(HostError::NotHosted(content_type))?;
        let tag = hmac::sign(&self.0, bytes);
        let mut name = String::with_capacity(HASH_CHARS + 1 + extension.len());
        for byte in tag.as_ref() {
            // Writing to a String cannot fail.
            let _ = fmt::Write::write_fmt(&mut name, format_args!("{byte:02x}"));
        }
        name.push('.');
        name.push_str(extension);
        Ok(name)
    }
}

/// Never the key itself.
impl fmt::Debug for NameKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NameKey(..)")
    }
}

/// The type of a name, where it is exactly one that [`NameKey::name`] makes.
pub(crate) fn type_of(name: &str) -> Option<ContentType> {
    let (hash, ending) = name.split_at_checked(HASH_CHARS)?;
    let hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if !hash.bytes().all(hexadecimal) {
        return None;
    }
    let ending = ending.strip_prefix('.')?;
    ContentType::ALL
        .iter()
        .copied()
        .find(|&content_type| extension(content_type) == Some(ending))
}

/// The content type to serve: as the providers that fetch by URL spell it.
pub(crate) fn served_as(content_type: ContentType) -> &'static str {
    rule(content_type).map_or(content_type.mime(), |rule| rule.spelling)
}

/// The rule of the first provider that fetches this type by URL. What none fetches is neither published nor served: no
/// page, no program.
fn rule(content_type: ContentType) -> Option<&'static TypeRule> {
    Rules::ALL
        .iter()
        .filter(|rules| rules.delivery.contains(&Delivery::Url))
        .find_map(|rules| rules.accepts(content_type))
}

/// The first extension of a type that no earlier type has: with it the name alone tells the type.
fn extension(content_type: ContentType) -> Option<&'static str> {
    rule(content_type)?;
    let at = ContentType::ALL
        .iter()
        .position(|&known| known == content_type)?;
    let earlier = ContentType::ALL.get(..at)?;
    content_type.extensions().iter().copied().find(|extension| {
        !earlier
            .iter()
            .any(|other| other.extensions().contains(extension))
    })
}

fn read_key(path: &Path) -> io::Result<Vec<u8>> {
    let mut key = Vec::new();
    File::open(path)?.take(4_096).read_to_end(&mut key)?;
    Ok(key)
}

/// Makes the key whole or not at all; whoever comes second keeps the first one's.
fn make_key(path: &Path) -> io::Result<()> {
    let mut key = [0; 32];
    SystemRandom::new()
        .fill(&mut key)
        .map_err(|_| io::Error::other("the system gives no random numbers"))?;
    let folder = folder_of(path);
    // Made with mode 0600.
    let mut file = tempfile::Builder::new()
        .prefix(".key-")
        .tempfile_in(folder)?;
    file.write_all(&key)?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Ok(_) => sync_folder(folder),
        Err(fault) if fault.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(fault) => Err(fault.error),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn key() -> NameKey {
        NameKey::from_bytes(&[7; 32]).expect("a key")
    }

    #[test]
    fn every_name_tells_its_type_and_no_two_types_share_an_extension() {
        for &content_type in ContentType::ALL {
            match key().name(b"bytes", content_type) {
                Ok(name) => assert_eq!(type_of(&name), Some(content_type), "{name}"),
                Err(_) => assert!(rule(content_type).is_none(), "{content_type} has no name"),
            }
        }
        assert!(key().name(b"bytes", ContentType::Html).is_err());
        assert!(key().name(b"bytes", ContentType::Jpeg).is_ok());
    }

    #[test]
    fn names_depend_on_the_key_and_on_every_byte() {
        let name = |key: u8, bytes: &[u8]| {
            NameKey::from_bytes(&[key; 32])
                .and_then(|key| key.name(bytes, ContentType::Jpeg))
                .expect("a name")
        };
        assert_eq!(name(1, b"a"), name(1, b"a"));
        assert_ne!(name(1, b"a"), name(2, b"a"));
        assert_ne!(name(1, b"a"), name(1, b"b"));
        // RFC 4231, test case 2, with its short key.
        let short = NameKey(hmac::Key::new(hmac::HMAC_SHA256, b"Jefe"));
        assert_eq!(
            short
                .name(b"what do ya want for nothing?", ContentType::Png)
                .expect("a name"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843.png"
        );
    }

    #[test]
    fn what_is_not_exactly_a_name_has_no_type() {
        let name = key().name(b"x", ContentType::Jpeg).expect("a name");
        let hash = &name[..HASH_CHARS];
        for wrong in [
            String::new(),
            hash.to_owned(),
            format!("{hash}."),
            format!("{hash}.exe"),
            format!("{hash}.jpeg"),
            format!("{hash}.JPG"),
            format!("{hash}.jpg/"),
            format!("{hash}.jpg\0"),
            format!("a{hash}.jpg"),
            format!("{}.jpg", &hash[1..]),
            format!("{}.jpg", hash.to_uppercase()),
            format!("../{}.jpg", &hash[3..]),
            format!("{}é.jpg", &hash[2..]),
        ] {
            assert_eq!(type_of(&wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_key_is_made_once_and_readable_by_its_owner_alone() -> Result<(), Box<dyn std::error::Error>>
    {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("key");
        let first = NameKey::from_file(&path)?.name(b"x", ContentType::Gif)?;
        let again = NameKey::from_file(&path)?.name(b"x", ContentType::Gif)?;
        assert_eq!(first, again);
        assert_eq!(fs::read(&path)?.len(), 32);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path)?.permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(format!("{:?}", NameKey::from_file(&path)?), "NameKey(..)");
        fs::write(&path, b"short")?;
        assert!(matches!(NameKey::from_file(&path), Err(HostError::Key(_))));
        Ok(())
    }
}
