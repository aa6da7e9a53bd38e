//! A sender from what the environment or a file holds: the names of the keys, and which provider wants which.

use std::sync::Arc;

use super::{
    BadEndpoint, CarrierX, Endpoint, Multipart, RingCentral, Secret, Sender, Sinch, TsgGlobal,
};
use crate::provider::Provider;

/// The names under which a provider's keys are looked up, all of them needed.
///
/// # Examples
///
/// ```
/// use mmsfit::Provider;
/// use mmsfit::send::key_names;
///
/// assert_eq!(key_names(Provider::CarrierX), ["MMSFIT_CARRIERX_TOKEN"]);
/// ```
#[must_use]
pub fn key_names(provider: Provider) -> &'static [&'static str] {
    match provider {
        Provider::RingCentral => &[
            "MMSFIT_RINGCENTRAL_CLIENT_ID",
            "MMSFIT_RINGCENTRAL_CLIENT_SECRET",
            "MMSFIT_RINGCENTRAL_JWT",
        ],
        Provider::Sinch => &["MMSFIT_SINCH_API_KEY", "MMSFIT_SINCH_SERVICE_ID"],
        Provider::CarrierX => &["MMSFIT_CARRIERX_TOKEN"],
        Provider::TsgGlobal => &["MMSFIT_TSG_GLOBAL_API_KEY"],
    }
}

/// The name under which another address of the provider's API is looked up.
#[must_use]
pub fn endpoint_name(provider: Provider) -> &'static str {
    match provider {
        Provider::RingCentral => "MMSFIT_RINGCENTRAL_ENDPOINT",
        Provider::Sinch => "MMSFIT_SINCH_ENDPOINT",
        Provider::CarrierX => "MMSFIT_CARRIERX_ENDPOINT",
        Provider::TsgGlobal => "MMSFIT_TSG_GLOBAL_ENDPOINT",
    }
}

/// The provider's sender with the keys that `look_up` finds by their names, usually in the environment. An endpoint given
/// here wins over one that is looked up; without either it is the documented one.
///
/// # Errors
///
/// [`AccountError`] names what is missing or malformed, never what was found.
///
/// # Examples
///
/// ```
/// use mmsfit::Provider;
/// use mmsfit::send::{Multipart, Sender, sender_from};
///
/// let keys = |name: &str| (name == "MMSFIT_CARRIERX_TOKEN").then(|| "a token".to_owned());
/// let sender = sender_from(Provider::CarrierX, None, Multipart::Mixed, keys)?;
/// assert_eq!(sender.provider(), Provider::CarrierX);
/// # Ok::<(), mmsfit::send::AccountError>(())
/// ```
pub fn sender_from(
    provider: Provider,
    endpoint: Option<Endpoint>,
    multipart: Multipart,
    look_up: impl Fn(&str) -> Option<String>,
) -> Result<Arc<dyn Sender>, AccountError> {
    let found = |name: &'static str| {
        look_up(name)
            .filter(|text| !text.trim().is_empty())
            .ok_or(AccountError::Missing { name })
    };
    let secret = |name| found(name).map(Secret::from);
    let named = endpoint_name(provider);
    let endpoint = match (endpoint, look_up(named)) {
        (Some(endpoint), _) => Some(endpoint),
        (None, Some(text)) if !text.trim().is_empty() => {
            let endpoint = text.parse();
            Some(endpoint.map_err(|source| AccountError::Endpoint {
                name: named,
                source,
            })?)
        }
        _ => None,
    };
    Ok(match provider {
        Provider::RingCentral => {
            let sender = RingCentral::new(
                found("MMSFIT_RINGCENTRAL_CLIENT_ID")?,
                secret("MMSFIT_RINGCENTRAL_CLIENT_SECRET")?,
                secret("MMSFIT_RINGCENTRAL_JWT")?,
            )
            .multipart(multipart);
            match endpoint {
                Some(endpoint) => Arc::new(sender.endpoint(endpoint)),
                None => Arc::new(sender),
            }
        }
        Provider::Sinch => {
            let sender = Sinch::new(
                secret("MMSFIT_SINCH_API_KEY")?,
                found("MMSFIT_SINCH_SERVICE_ID")?,
            );
            match endpoint {
                Some(endpoint) => Arc::new(sender.endpoint(endpoint)),
                None => Arc::new(sender),
            }
        }
        Provider::CarrierX => {
            let sender = CarrierX::new(secret("MMSFIT_CARRIERX_TOKEN")?);
            match endpoint {
                Some(endpoint) => Arc::new(sender.endpoint(endpoint)),
                None => Arc::new(sender),
            }
        }
        Provider::TsgGlobal => {
            let sender = TsgGlobal::new(secret("MMSFIT_TSG_GLOBAL_API_KEY")?);
            match endpoint {
                Some(endpoint) => Arc::new(sender.endpoint(endpoint)),
                None => Arc::new(sender),
            }
        }
    })
}

/// Why there is no sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// A key was not found.
    #[error("{name} is not set")]
    Missing {
        /// Its name.
        name: &'static str,
    },
    /// The endpoint is none.
    #[error("{name} is unusable")]
    Endpoint {
        /// Its name.
        name: &'static str,
        /// What is wrong with it.
        source: BadEndpoint,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_needed_and_no_other_is_asked_for() {
        for provider in Provider::ALL.iter().copied() {
            let names = key_names(provider);
            for missing in names {
                let look_up = |name: &str| (name != *missing).then(|| "x".to_owned());
                let endpoint = "https://example.com".parse().ok();
                let fault = sender_from(provider, endpoint, Multipart::Mixed, look_up).err();
                assert_eq!(fault, Some(AccountError::Missing { name: missing }));
            }
            let look_up = |name: &str| names.contains(&name).then(|| "x".to_owned());
            let sender = sender_from(provider, None, Multipart::Mixed, look_up);
            assert_eq!(sender.map(|sender| sender.provider()), Ok(provider));
        }
    }

    #[test]
    fn an_endpoint_that_is_given_wins_over_one_that_is_found() {
        let look_up = |name: &str| {
            Some(match name {
                "MMSFIT_CARRIERX_ENDPOINT" => "http://127.0.0.1:1".to_owned(),
                _ => "x".to_owned(),
            })
        };
        let host = |endpoint: Option<&str>| {
            let endpoint = endpoint.and_then(|text| text.parse().ok());
            let sender =
                sender_from(Provider::CarrierX, endpoint, Multipart::Mixed, look_up).ok()?;
            let request = sender.status_request("1").ok()?;
            request.uri().host().map(str::to_owned)
        };
        assert_eq!(host(None).as_deref(), Some("127.0.0.1"));
        assert_eq!(
            host(Some("https://example.com")).as_deref(),
            Some("example.com")
        );
        let bad = |_: &str| Some("no endpoint".to_owned());
        let fault = sender_from(Provider::Sinch, None, Multipart::Mixed, bad).err();
        assert!(
            matches!(fault, Some(AccountError::Endpoint { .. })),
            "{fault:?}"
        );
    }
}
