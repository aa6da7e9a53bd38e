//! Names to addresses. Nothing that comes from here is trusted: every address is held against the table.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;

/// An answer under way.
pub type Resolution<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'a>>;

/// Who turns a host's name into its addresses.
pub trait Resolve: Send + Sync {
    /// Every address of the name. Names are asked for as the URL parser left them: lower case, Punycode.
    fn resolve<'a>(&'a self, host: &'a str) -> Resolution<'a>;
}

/// The operating system's resolver.
pub(crate) struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, host: &'a str) -> Resolution<'a> {
        Box::pin(async move {
            let answers = tokio::net::lookup_host((host, 0)).await?;
            Ok(answers.map(|answer| answer.ip()).collect())
        })
    }
}
