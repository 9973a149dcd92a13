//! One HTTP exchange with a deadline and a cap, and its failures in words.

use std::error::Error as _;
use std::io;
use std::net::IpAddr;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Url, redirect};

use super::answer::short;

/// Bytes of a body that are read at most.
pub(super) const CAP: usize = 64 << 20;

/// The clients of a program: past any proxy, and with what the environment says about proxies. One that never speaks TLS
/// reads no certificates, which would cost more than all else at the start.
#[derive(Debug, Default)]
pub(super) struct Web {
    plain: OnceLock<Result<Client, String>>,
    direct: OnceLock<Result<Client, String>>,
    system: OnceLock<Result<Client, String>>,
}

/// A request.
pub(super) struct Call {
    pub(super) url: Url,
    pub(super) method: Method,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<String>,
    pub(super) timeout: Duration,
    /// Whether proxies of the environment are used for hosts other than this one.
    pub(super) proxy: bool,
}

/// An answer.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) openmetrics: bool,
    /// Where a redirect leads.
    pub(super) location: Option<String>,
    /// The body, or why it was not read to its end.
    pub(super) body: Result<Vec<u8>, String>,
    /// Until the end of the body.
    pub(super) took: Duration,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// Measured: the other side refused, broke off or spoke nonsense.
    Down(String),
    /// Measured: it did not answer in time.
    Late(String),
    /// Not measured: the question could not be asked.
    Blind(String),
}

impl Failure {
    pub(super) fn reason(&self) -> &str {
        match self {
            Failure::Down(reason) | Failure::Late(reason) | Failure::Blind(reason) => reason,
        }
    }
}

impl Web {
    fn client(&self, url: &Url, proxy: bool) -> Result<&Client, Failure> {
        let (slot, direct, tls) = match proxy && !loopback(url) {
            true => (&self.system, false, true),
            false if url.scheme() == "http" => (&self.plain, true, false),
            false => (&self.direct, true, true),
        };
        slot.get_or_init(|| build(direct, tls)).as_ref().map_err(|why| Failure::Blind(why.clone()))
    }

    /// Asks once. Redirects are not followed.
    pub(super) async fn fetch(&self, call: Call) -> Result<Answer, Failure> {
        let timeout = call.timeout;
        let host = place(&call.url);
        let client = self.client(&call.url, call.proxy)?;
        let mut request = client.request(call.method, call.url).headers(call.headers);
        if let Some(body) = call.body {
            request = request.body(body);
        }
        let begun = Instant::now();
        match tokio::time::timeout(timeout, exchange(request, begun)).await {
            Ok(answer) => answer.map_err(|e| explain(&e, &host, timeout)),
            Err(_) => Err(late(&host, timeout)),
        }
    }
}

async fn exchange(request: reqwest::RequestBuilder, begun: Instant) -> Result<Answer, reqwest::Error> {
    let mut response = request.send().await?;
    let header = |name| response.headers().get(name).and_then(|v| v.to_str().ok());
    let location = header(reqwest::header::LOCATION).map(short);
    let openmetrics =
        header(reqwest::header::CONTENT_TYPE).is_some_and(|t| t.starts_with("application/openmetrics-text"));
    let status = response.status().as_u16();
    let mut body = Ok(Vec::new());
    if response.content_length().is_some_and(|length| length > CAP as u64) {
        body = Err(too_big());
    }
    while let Ok(bytes) = &mut body {
        match response.chunk().await? {
            Some(chunk) if bytes.len() + chunk.len() > CAP => body = Err(too_big()),
            Some(chunk) => bytes.extend_from_slice(&chunk),
            None => break,
        }
    }
    Ok(Answer { status, openmetrics, location, body, took: begun.elapsed() })
}

fn too_big() -> String {
    format!("the answer is larger than {} MiB; it was not read", CAP >> 20)
}

/// Whether a URL stays on this host.
fn loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn build(direct: bool, tls: bool) -> Result<Client, String> {
    let _already = rustls::crypto::ring::default_provider().install_default();
    let builder = || {
        let builder = Client::builder()
            .user_agent(concat!("ripcord/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .pool_max_idle_per_host(4);
        if direct { builder.no_proxy() } else { builder }
    };
    // a host without a CA bundle can still speak plain http; https then fails by name
    let known = if tls { builder().build().ok() } else { None };
    known
        .map_or_else(|| builder().tls_certs_only([]).build(), Ok)
        .map_err(|e| format!("no HTTP client: {}", deepest(&e)))
}

/// Host and port, without credentials or path.
fn place(url: &Url) -> String {
    let host = url.host_str().unwrap_or("?");
    match url.port_or_known_default() {
        Some(port) => short(&format!("{host}:{port}")),
        None => short(host),
    }
}

fn late(host: &str, timeout: Duration) -> Failure {
    Failure::Late(format!("{host} gave no answer within {timeout:?}"))
}

fn explain(e: &reqwest::Error, host: &str, timeout: Duration) -> Failure {
    use Failure::{Blind, Down};
    let cause = deepest(e);
    if e.is_timeout() {
        return late(host, timeout);
    }
    if e.is_dns() {
        return Blind(format!("{host} has no address: {cause}"));
    }
    match io_kind(e) {
        Some(io::ErrorKind::ConnectionRefused) => Down(format!("{host} refused the connection")),
        Some(
            io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe,
        ) => Down(format!("{host} broke the connection off")),
        Some(io::ErrorKind::TimedOut) => late(host, timeout),
        _ if e.is_connect() || e.is_builder() => Blind(format!("{host} cannot be reached: {cause}")),
        _ => Down(format!("{host} did not answer properly: {cause}")),
    }
}

/// The error at the bottom of the chain, which is the one that says something.
fn deepest(e: &reqwest::Error) -> String {
    let mut cause = e.source();
    let mut text = None;
    while let Some(e) = cause {
        text = Some(e.to_string());
        cause = e.source();
    }
    short(&text.unwrap_or_else(|| "no more is known".into()))
}

fn io_kind(e: &reqwest::Error) -> Option<io::ErrorKind> {
    let mut cause = e.source();
    let mut kind = None;
    while let Some(e) = cause {
        kind = e.downcast_ref::<io::Error>().map(io::Error::kind).or(kind);
        cause = e.source();
    }
    kind
}

/// Parses a URL that is http or https.
pub(super) fn url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|e| format!("`{}` is not a URL: {e}", short(text)))?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        other => Err(format!("`{}` is not http or https", short(other))),
    }
}

/// Headers from names and filled values, each kept out of debug output.
pub(super) fn headers<'a>(pairs: impl Iterator<Item = (&'a str, String)>) -> Result<HeaderMap, String> {
    let mut out = HeaderMap::new();
    for (name, value) in pairs {
        let bad = |what| format!("the header `{}` has {what} HTTP does not allow", short(name));
        let key: HeaderName = name.parse().map_err(|_| bad("a name"))?;
        let mut value = HeaderValue::from_str(&value).map_err(|_| bad("a value"))?;
        value.set_sensitive(true);
        out.insert(key, value);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_host_is_known_by_its_names() {
        for (text, own) in [
            ("http://127.0.0.1:9090", true),
            ("http://127.8.0.1/", true),
            ("http://localhost/", true),
            ("http://[::1]:80/", true),
            ("http://10.0.0.1/", false),
            ("http://localhost.example.com/", false),
        ] {
            assert_eq!(loopback(&url(text).unwrap()), own, "{text}");
        }
        assert!(url("file:///etc/passwd").unwrap_err().contains("not http"));
        assert!(url("nonsense").unwrap_err().contains("not a URL"));
    }

    #[test]
    fn a_header_cannot_smuggle_a_line() {
        assert!(headers([("x", "a\r\nb: c".to_string())].into_iter()).is_err());
        assert!(headers([("x y", "a".to_string())].into_iter()).is_err());
        assert_eq!(headers([("x", "a".to_string())].into_iter()).unwrap()["x"], "a");
    }
}
