//! Where `send` publishes media: a folder, a bucket, or CarrierX's storage.

use mmsfit::host::{CarrierXStorage, FolderHost, MediaHost, NameKey};
use mmsfit::send::endpoint_name;
use mmsfit::{HostError, Provider};
use url::Url;

use super::account::{Keys, state_folder};
use super::args::SendArgs;
use super::fault::Fault;

/// The flags that would give a message a host.
pub(super) const FLAGS: &str = "give --media-dir DIR --public-url URL (a folder behind a web server or `mmsfit serve`), --media-store s3://bucket/prefix --public-url URL, or --carrierx-storage";

/// The host of the flags; none where they name none.
pub(super) fn host(args: &SendArgs, keys: &Keys) -> Result<Option<Box<dyn MediaHost>>, Fault> {
    let flags = &args.host;
    if flags.carrierx_storage {
        return storage(args, keys).map(Some);
    }
    if flags.media_dir.is_none() && flags.media_store.is_none() {
        return Ok(None);
    }
    let example = "such as: --public-url https://mms.example.com";
    let public = flags.public_url.as_deref().ok_or_else(|| {
        Fault::new(
            "the media would have no URL: no --public-url is given",
            example,
        )
    })?;
    let public =
        Url::parse(public).map_err(|fault| Fault::of("--public-url is no URL", &fault, example))?;
    if let Some(folder) = &flags.media_dir {
        let host = FolderHost::new(folder, public).map_err(|fault| unusable(&fault))?;
        return Ok(Some(Box::new(host)));
    }
    bucket(args, &public).map(Some)
}

/// A URL under which a part would be published: only for a request that is shown. `None` where there is no host.
pub(super) fn planned(args: &SendArgs, name: &str) -> Option<Url> {
    let flags = &args.host;
    let base = if flags.carrierx_storage {
        "https://storage.carrierx.com/".to_owned()
    } else if flags.media_dir.is_some() || flags.media_store.is_some() {
        format!("{}/", flags.public_url.as_deref()?.trim_end_matches('/'))
    } else {
        return None;
    };
    Url::parse(&base)
        .ok()?
        .join(&format!("media/{NOT_PUBLISHED}/{name}"))
        .ok()
}

/// Stands in a URL of a request that is only shown, where the name that nobody can guess would stand.
const NOT_PUBLISHED: &str = "not-published-yet";

fn storage(args: &SendArgs, keys: &Keys) -> Result<Box<dyn MediaHost>, Fault> {
    let token = keys.look_up("MMSFIT_CARRIERX_TOKEN").ok_or_else(|| {
        Fault::new(
            "--carrierx-storage needs MMSFIT_CARRIERX_TOKEN, which is not set",
            "set it in the environment: a token of scope storage.manage",
        )
    })?;
    let storage = CarrierXStorage::new(&token).map_err(|fault| unusable(&fault))?;
    let is_carrierx = args
        .provider
        .is_some_and(|rules| rules.provider == Provider::CarrierX);
    let given = args
        .account
        .endpoint
        .as_ref()
        .filter(|_| is_carrierx)
        .map(|endpoint| endpoint.as_str().to_owned());
    let Some(endpoint) = given.or_else(|| keys.look_up(endpoint_name(Provider::CarrierX))) else {
        return Ok(Box::new(storage));
    };
    let endpoint = Url::parse(&endpoint).map_err(|fault| {
        Fault::of(
            "the endpoint of CarrierX is no URL",
            &fault,
            "write it as https://host or http://host:port",
        )
    })?;
    Ok(Box::new(storage.endpoint(endpoint)))
}

#[cfg(feature = "object-store")]
fn bucket(args: &SendArgs, public: &Url) -> Result<Box<dyn MediaHost>, Fault> {
    let help = "write it as s3://bucket/prefix";
    let store = args.host.media_store.as_deref().unwrap_or_default();
    let store =
        Url::parse(store).map_err(|fault| Fault::of("--media-store is no URL", &fault, help))?;
    let path = match &args.host.media_key {
        Some(path) => path.clone(),
        None => state_folder()?.join("name-key"),
    };
    let key = NameKey::from_file(&path).map_err(|fault| unusable(&fault))?;
    let host =
        mmsfit::host::ObjectStoreHost::s3(&store, public, key).map_err(|fault| unusable(&fault))?;
    Ok(Box::new(host))
}

#[cfg(not(feature = "object-store"))]
fn bucket(_: &SendArgs, _: &Url) -> Result<Box<dyn MediaHost>, Fault> {
    Err(Fault::new(
        "this build has no object stores",
        "build it with the feature object-store, or give --media-dir",
    ))
}

fn unusable(fault: &HostError) -> Fault {
    Fault::of(
        "cannot host media",
        fault,
        "check --media-dir, --media-store and --public-url, and the credentials of the bucket",
    )
}
