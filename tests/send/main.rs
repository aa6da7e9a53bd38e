//! Messages and how they are sent: the rules, the requests on the wire, and what becomes of each under every fault.
#![cfg(feature = "net")]

#[cfg(feature = "cli")]
mod command;
#[path = "../common/mod.rs"]
mod common;
mod crash;
mod errors;
mod ledger;
mod nasty;
#[path = "../common/provider.rs"]
mod provider;
mod refusals;
mod requests;
mod retries;
mod sockets;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use mmsfit::provider::Limit;
use mmsfit::send::{
    CarrierX, Client, Endpoint, RetryPolicy, RingCentral, Sender, Sinch, TsgGlobal,
};
use mmsfit::{Attachment, Bundle, Compose, Message, Millis, Preparer, Provider, Report, Rules};
use url::Url;

use provider::ScriptedProvider;

/// Figures for those who run the tests with `--nocapture`.
#[expect(
    clippy::print_stderr,
    reason = "figures of a test, not output of the library"
)]
fn tell(figures: &str) {
    eprintln!("{figures}");
}

/// A picture of one pixel.
const GIF: &[u8] =
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,\
                     \x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";

type Fallible = Result<(), Box<dyn std::error::Error>>;

/// The provider's rules, with waits that a test can sit through.
fn quick(provider: Provider) -> Rules {
    let mut rules = provider.rules().clone();
    rules.sending.window_messages = assumed(1_000);
    rules.sending.window = assumed(Millis::new(1));
    rules.sending.throttle_wait = assumed(Millis::new(20));
    rules
}

fn assumed<T>(value: T) -> Limit<T> {
    Limit::Assumed {
        value,
        why: "a test has no minutes to wait",
    }
}

async fn bundle_under(rules: Rules, attachments: Vec<Attachment>) -> Result<Bundle, Report> {
    let provider = rules.provider;
    let prepared = Preparer::new(provider)
        .with_rules(rules)
        .expect("the rules accept something")
        .prepare(attachments)
        .await;
    prepared.expect("the surroundings are sound").into_bundle()
}

fn gif() -> Attachment {
    Attachment::from_bytes(GIF).named("pixel.gif")
}

fn fixture(path: &str) -> Result<Attachment, std::io::Error> {
    let whole = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(path);
    let name = whole
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    Ok(Attachment::from_bytes(Arc::<[u8]>::from(std::fs::read(whole)?)).named(name))
}

fn url(name: &str) -> Url {
    Url::parse("https://media.example.com/6f1d/")
        .and_then(|base| base.join(name))
        .expect("a URL")
}

/// A message that every provider takes: one picture, one recipient, a text.
fn plain(bundle: Bundle, text: &str) -> Compose {
    let provider = bundle.provider();
    let urls: Vec<Url> = bundle.parts().iter().map(|part| url(part.name())).collect();
    let compose = Message::compose(bundle)
        .from("+15162065575")
        .to(["+15162065574"])
        .text(text);
    let compose = match provider {
        Provider::Sinch => compose.no_fallback(),
        _ => compose,
    };
    match provider {
        Provider::RingCentral => compose,
        _ => compose.hosted(urls),
    }
}

/// A message that a scripted provider will know by its text, which is its reference too.
async fn quick_message(provider: Provider, text: &str) -> Message {
    let bundle = bundle_under(quick(provider), vec![gif()])
        .await
        .expect("a pixel passes everywhere");
    plain(bundle, text)
        .client_reference(text)
        .build()
        .expect("a plain message passes everywhere")
}

fn sender(provider: Provider, endpoint: Option<&str>) -> Arc<dyn Sender> {
    let at = |known: &str| -> Endpoint { endpoint.unwrap_or(known).parse().expect("an endpoint") };
    match provider {
        Provider::RingCentral => Arc::new(
            RingCentral::new("client-id", "client-secret", "the-jwt")
                .endpoint(at("https://platform.ringcentral.com")),
        ),
        Provider::Sinch => {
            Arc::new(Sinch::new("sinch-key", "campaign-1").endpoint(at("https://api.ci.mblox.com")))
        }
        Provider::CarrierX => {
            Arc::new(CarrierX::new("carrierx-token").endpoint(at("https://api.carrierx.com")))
        }
        Provider::TsgGlobal => {
            Arc::new(TsgGlobal::new("tsg-key").endpoint(at("https://mmsc.tsgglobal.world")))
        }
        _ => panic!("a provider without a sender"),
    }
}

/// A client with little patience.
fn client(provider: Provider, scripted: &ScriptedProvider) -> Client {
    let mut retry = RetryPolicy::default();
    retry.first_pause = Duration::from_millis(5);
    Client::new(sender(provider, Some(&scripted.endpoint())))
        .timeout(Duration::from_secs(5))
        .retry(retry)
}
