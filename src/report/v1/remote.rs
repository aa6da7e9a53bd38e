//! What a server answered for a URL.

use serde::Serialize;

/// What `verify-url` adds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Remote {
    /// The URL without its query, fragment and credentials.
    pub url: String,
    /// Where its redirects ended, shown in the same way; `null` where nothing answered.
    pub final_url: Option<String>,
    /// The address that answered, and its port.
    pub address: Option<String>,
    /// What HEAD was answered; `null` where there was no answer or none was asked for.
    pub head: Option<Exchange>,
    /// What GET was answered.
    pub get: Option<Exchange>,
    /// What the provider would have made of the message: `message_rejected`, `part_dropped` or `unknown`; `null` where
    /// the URL breaks none of its rules.
    pub provider_would: Option<&'static str>,
}

/// One answer of a server, as it was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Exchange {
    /// The status code.
    pub status: u16,
    /// Content-Type; several are joined by `, `.
    pub content_type: Option<String>,
    /// Content-Length; several are joined by `, `.
    pub content_length: Option<String>,
    /// Transfer-Encoding; several are joined by `, `.
    pub transfer_encoding: Option<String>,
}
