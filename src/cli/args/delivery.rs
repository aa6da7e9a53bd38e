//! What `send`, `status` and `serve` can be told.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum, ValueHint};
use mmsfit::send::{self, Endpoint};
use mmsfit::{AddressRange, Rules};
use serde::Deserialize;

use super::{Choices, duration, rules};

pub(super) const SEND_HELP: &str = "\
Prepares the attachments, publishes them where the provider fetches media by URL, verifies each
URL as the provider will fetch it, and only then sends. A provider that fetches by URL (Sinch,
CarrierX, TSG Global for what is too big to embed) needs a host: --media-dir with --public-url
(a folder that a web server or `mmsfit serve` publishes), --media-store with --public-url (a
bucket and its public front; credentials as AWS_ACCESS_KEY_ID and the others of that family),
or --carrierx-storage.

Keys come from the environment, or from the file that `secrets-file` of the configuration names
(lines NAME=value):
  ringcentral  MMSFIT_RINGCENTRAL_CLIENT_ID, MMSFIT_RINGCENTRAL_CLIENT_SECRET,
               MMSFIT_RINGCENTRAL_JWT
  sinch        MMSFIT_SINCH_API_KEY, MMSFIT_SINCH_SERVICE_ID
  carrierx     MMSFIT_CARRIERX_TOKEN
  tsg-global   MMSFIT_TSG_GLOBAL_API_KEY

Every message is written into a ledger before it is sent. The same --client-reference is never
sent twice; a message whose outcome is unknown (MMS702) is never sent again by itself:
`mmsfit status --unknown` lists those, --settle ends the doubt.

Exit codes: 0 the provider took it, 1 refused, declined, to be retried later or unknown (the
code says which), 2 could not run: keys, ledger, arguments.

Examples:
  mmsfit send -p ringcentral --to +15551230001 --text 'See you there' photo.heic
  mmsfit send -p sinch --from 12345 --to +15551230001 --no-fallback \\
    --media-dir /srv/mms --public-url https://mms.example.com photo.jpg
  mmsfit send -p carrierx --from +15551230000 --to +15551230001,+15551230002 \\
    --carrierx-storage photo.jpg
  mmsfit send -p tsg-global --from +15551230000 --to +15551230001 --dry-run photo.jpg";

/// Sends one message.
#[derive(Debug, Args)]
pub(crate) struct SendArgs {
    /// The provider: ringcentral, sinch, carrierx, tsg-global, or a variant of `mmsfit rules`.
    #[arg(short, long, value_name = "P", value_parser = rules)]
    pub(crate) provider: Option<&'static Rules>,
    /// The number to send from. RingCentral's is looked up where none is given.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) from: Option<String>,
    /// The recipients; several make a group where the provider has groups.
    #[arg(long, value_name = "N[,N…]", value_delimiter = ',')]
    pub(crate) to: Vec<String>,
    /// Make a group even of one recipient.
    #[arg(long)]
    pub(crate) group: bool,
    /// The text.
    #[arg(long, value_name = "TEXT")]
    pub(crate) text: Option<String>,
    /// The subject.
    #[arg(long, value_name = "TEXT")]
    pub(crate) subject: Option<String>,
    /// The SMS for phones that cannot show MMS (Sinch).
    #[arg(long, value_name = "TEXT", conflicts_with = "no_fallback")]
    pub(crate) fallback_text: Option<String>,
    /// No SMS for phones that cannot show MMS (Sinch wants one or the other said).
    #[arg(long)]
    pub(crate) no_fallback: bool,
    /// Ask the provider to tell of the delivery.
    #[arg(long)]
    pub(crate) delivery_reports: bool,
    /// Your own name for this message: it is never sent twice under it. Default: a random one.
    #[arg(long, value_name = "ID")]
    pub(crate) client_reference: Option<String>,
    /// How long delivery is tried: 90m, 36h, 3d. Default: the provider's own limit.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) expiry: Option<Duration>,
    /// A sound and the picture beside it share a slide (Sinch).
    #[arg(long)]
    pub(crate) sound_with_picture: bool,
    /// Small parts travel as data: URLs (TSG Global).
    #[arg(long)]
    pub(crate) data_urls: bool,
    /// How the parts of RingCentral's request are put together. Default: mixed.
    #[arg(long, value_enum, value_name = "KIND")]
    pub(crate) multipart: Option<Multipart>,
    /// Print the request without its secrets; publish and send nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) host: Host,
    #[command(flatten)]
    pub(crate) account: Account,
    #[command(flatten)]
    pub(crate) choices: Choices,
    /// An address range that URLs may reach although it is not public, over plain http and on any port as well; may be
    /// given several times. For tests and intranets.
    #[arg(long, value_name = "CIDR", help_heading = "Network")]
    pub(crate) allow_net: Vec<AddressRange>,
    /// The attachments in their order; `-` reads standard input.
    #[arg(required = true, value_name = "PATH_OR_URL", help_heading = None::<&str>, value_hint = ValueHint::FilePath)]
    pub(crate) attachments: Vec<PathBuf>,
}

/// Where media is published for providers that fetch it by URL.
#[derive(Debug, Args)]
#[command(next_help_heading = "Hosting")]
pub(crate) struct Host {
    /// Publish into this folder; its folder `media` is served under --public-url.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) media_dir: Option<PathBuf>,
    /// Publish into this bucket: s3://bucket/prefix.
    #[arg(long, value_name = "URL", conflicts_with = "media_dir")]
    pub(crate) media_store: Option<String>,
    /// The URL under which the world reaches the folder or the bucket.
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    pub(crate) public_url: Option<String>,
    /// Publish in CarrierX's own storage.
    #[arg(long, conflicts_with_all = ["media_dir", "media_store"])]
    pub(crate) carrierx_storage: bool,
    /// The file of the key that names in a bucket are made with; made where it is missing. Default: name-key in mmsfit's
    /// state folder.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) media_key: Option<PathBuf>,
}

/// Whom to speak to, and what is remembered of it.
#[derive(Debug, Args)]
#[command(next_help_heading = "Account")]
pub(crate) struct Account {
    /// Scheme and authority in place of the provider's own: a sandbox, a test double.
    #[arg(long, value_name = "URL", value_parser = endpoint, value_hint = ValueHint::Url)]
    pub(crate) endpoint: Option<Endpoint>,
    /// The send ledger. Default: sent.redb in mmsfit's state folder ($XDG_STATE_HOME/mmsfit or ~/.local/state/mmsfit).
    #[arg(long, env = "MMSFIT_LEDGER", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) ledger: Option<PathBuf>,
    /// How long the provider may take, waits and retries counted: 30s, 500ms, 2m. Default: 30s.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) timeout: Option<Duration>,
    /// The file of the keys, from the configuration alone.
    #[arg(skip)]
    pub(crate) secrets_file: Option<PathBuf>,
}

/// How the parts of a request to RingCentral are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Multipart {
    /// multipart/mixed.
    Mixed,
    /// multipart/form-data.
    FormData,
}

impl From<Multipart> for send::Multipart {
    fn from(kind: Multipart) -> Self {
        match kind {
            Multipart::Mixed => Self::Mixed,
            Multipart::FormData => Self::FormData,
        }
    }
}

pub(super) const STATUS_HELP: &str = "\
Only RingCentral and CarrierX have such a call; Sinch and TSG Global tell in callbacks, which
`mmsfit serve` receives.

--unknown lists the messages of the ledger that may have been taken or not (MMS702). --settle
ends the doubt once the provider's log or a callback has told: with --accepted-as ID the
message was taken, without it was not, and its reference may be sent again.

Exit codes: 0 known and not failed, 1 failed or expired, 2 could not run.

Examples:
  mmsfit status --provider carrierx 097b49df-c54e-4b91-8b0c-4d3a2e1f0a9b
  mmsfit status --unknown
  mmsfit status --provider sinch --settle order-4711 --accepted-as ABC123";

/// Asks what became of a message.
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// The provider: ringcentral, sinch, carrierx, tsg-global, or a variant of `mmsfit rules`.
    #[arg(short, long, value_name = "P", value_parser = rules)]
    pub(crate) provider: Option<&'static Rules>,
    /// List what the ledger does not know the outcome of.
    #[arg(long, conflicts_with_all = ["id", "settle"], help_heading = "Ledger")]
    pub(crate) unknown: bool,
    /// End the doubt about the message of this client reference.
    #[arg(
        long,
        value_name = "REFERENCE",
        conflicts_with = "id",
        help_heading = "Ledger"
    )]
    pub(crate) settle: Option<String>,
    /// The provider's id of the message that --settle names: it was taken.
    #[arg(long, value_name = "ID", requires = "settle", help_heading = "Ledger")]
    pub(crate) accepted_as: Option<String>,
    #[command(flatten)]
    pub(crate) account: Account,
    /// The provider's id of the message, from the receipt.
    #[arg(value_name = "ID", help_heading = None::<&str>, required_unless_present_any = ["unknown", "settle"])]
    pub(crate) id: Option<String>,
}

fn endpoint(text: &str) -> Result<Endpoint, String> {
    text.parse()
        .map_err(|fault: send::BadEndpoint| fault.to_string())
}

pub(super) const SERVE_HELP: &str = "\
Serves DIR/media/<name> as URL/media/<name>, and receives callbacks on
URL/callbacks/<provider>. Answers /healthz and /readyz. Media is deleted three days after it
was last published. SIGTERM finishes what is in flight.

Events are JSON lines of schema mms-event/1. A callback is answered with a 2xx only when its
events are kept: in the file (on the disk), on standard output, or in DIR/events.jsonl from
where they are posted on to a URL in their order, again and again until the answer is a 2xx. An
event that was kept before is not kept again; the event_id is the same each time.

The file of --webhook-secret-file holds one secret a line, at least 16 characters long; each is
in force. A callback gives it as ?secret=... in its URL, as X-Webhook-Secret, as
Verification-Token (RingCentral), or as Authorization: Bearer; a secret of the form
user:password also as basic authentication (https://user:password@host/callbacks/tsg-global).

Examples:
  mmsfit serve --listen 0.0.0.0:8080 --media-dir /srv/mms --public-url https://mms.example.com \\
    --events /srv/mms/events.jsonl --webhook-secret-file /etc/mmsfit/secret
  mmsfit serve --media-dir media --public-url http://127.0.0.1:8080 --events - | jq .status
  mmsfit serve --media-dir media --public-url https://mms.example.com \\
    --events https://app.example.com/mms-events";

/// Hosts media and receives callbacks.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// The address and port to listen on. Default: 127.0.0.1:8080.
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) listen: Option<std::net::SocketAddr>,
    /// The folder of the media, made if it is missing; the media itself lies in its folder `media`.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) media_dir: Option<PathBuf>,
    /// The URL under which the world reaches this server.
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    pub(crate) public_url: Option<String>,
    /// Where events go: a file, `-` for standard output, or a URL that they are posted on to. Default: -.
    #[arg(long, value_name = "FILE|-|URL", value_hint = ValueHint::FilePath)]
    pub(crate) events: Option<String>,
    /// The file of the secrets that callbacks must know.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) webhook_secret_file: Option<PathBuf>,
    /// Believe callbacks without a secret, although others than this machine can reach the server.
    #[arg(long, conflicts_with = "webhook_secret_file")]
    pub(crate) insecure: bool,
}
