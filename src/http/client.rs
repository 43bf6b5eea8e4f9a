//! Who is on the other end of the connection: address, transport, browser or program.
//!
//! Must stay true: forwarded headers count only when the peer is a trusted proxy, and a request that
//! carries them never counts as loopback for any permission.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use crate::app::App;
use crate::config::Networks;
use crate::error::Error;
use crate::http::rate::Limit;

/// The caller's side of the connection.
#[derive(Clone, Debug)]
pub struct Client {
    /// An IPv4 address in IPv6 clothes (`::ffff:127.0.0.1`) stands here as IPv4.
    pub address: IpAddr,
    /// Straight from this machine, not through a proxy.
    pub loopback: bool,
    pub https: bool,
    /// A page of ours in a browser: it gets its refresh token as a cookie.
    pub browser: bool,
    pub user_agent: String,
}

impl Client {
    pub fn of(peer: IpAddr, headers: &HeaderMap, trusted: &Networks) -> Self {
        let forwarded = ["x-forwarded-for", "forwarded", "via"]
            .iter()
            .any(|name| headers.contains_key(*name));
        let peer = peer.to_canonical();
        let from_proxy = trusted.contains(peer);
        let address = if from_proxy {
            client_behind(peer, headers, trusted)
        } else {
            peer
        };
        let proto = text(headers, "x-forwarded-proto");
        Self {
            address,
            loopback: address.is_loopback() && !forwarded,
            https: from_proxy && proto.eq_ignore_ascii_case("https"),
            browser: is_browser(headers),
            user_agent: text(headers, header::USER_AGENT.as_str())
                .chars()
                .take(200)
                .collect(),
        }
    }

    /// What limits count by: the address, or of an IPv6 address the /64, because whoever has one
    /// address of it has all.
    pub fn network(&self) -> IpAddr {
        match self.address {
            IpAddr::V4(_) => self.address,
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        }
    }
}

impl Client {
    /// Counts a call of a route for which nobody need be known, by network, as often as one person may
    /// call those for which they must.
    ///
    /// # Errors
    /// `rate_limited`.
    pub fn admit(&self, app: &App, what: &'static str) -> Result<(), Error> {
        let limits = &app.config.limits;
        let limit = Limit::per_minute(limits.reads_per_minute).burst(limits.reads_burst);
        app.rates.take(what, &self.network(), limit)
    }
}

/// The right-most address of X-Forwarded-For that is no trusted proxy (API.md).
fn client_behind(peer: IpAddr, headers: &HeaderMap, trusted: &Networks) -> IpAddr {
    let mut hops: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    let mut nearest = peer;
    while let Some(hop) = hops.pop() {
        let Ok(address) = hop.parse::<IpAddr>() else {
            return nearest;
        };
        nearest = address.to_canonical();
        if !trusted.contains(nearest) {
            return nearest;
        }
    }
    nearest
}

/// `Sec-Fetch-Site: same-origin`, or, lacking that header, an Origin whose host equals Host.
fn is_browser(headers: &HeaderMap) -> bool {
    match headers.get("sec-fetch-site") {
        Some(site) => site == "same-origin",
        None => headers.contains_key(header::ORIGIN) && origin_is_ours(headers),
    }
}

/// Whether the Origin's host and port equal the Host header.
pub fn origin_is_ours(headers: &HeaderMap) -> bool {
    let origin = text(headers, header::ORIGIN.as_str());
    let host = text(headers, header::HOST.as_str());
    !host.is_empty()
        && origin
            .split_once("://")
            .is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(&host))
}

fn text(headers: &HeaderMap, name: &str) -> String {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .trim()
        .to_owned()
}

impl FromRequestParts<App> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let peer = parts
            .extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(address)| {
                address.ip()
            });
        Ok(Self::of(peer, &parts.headers, &app.trusted_proxies))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, headers: &[(&'static str, &str)]) -> Client {
        let trusted = Networks::parse(&["loopback".into(), "10.0.0.0/8".into()]).expect("networks");
        let map = headers
            .iter()
            .map(|(k, v)| (k.parse().expect("name"), v.parse().expect("value")))
            .collect();
        Client::of(peer.parse().expect("address"), &map, &trusted)
    }

    /// A stranger cannot choose the address that limits are counted by.
    #[test]
    fn forwarded_headers_of_strangers_do_not_count() {
        let c = client(
            "203.0.113.9",
            &[
                ("x-forwarded-for", "127.0.0.1"),
                ("x-forwarded-proto", "https"),
            ],
        );
        assert_eq!(c.address.to_string(), "203.0.113.9");
        assert!(!c.loopback && !c.https);
    }

    /// Through our own proxies the right-most untrusted address is the client, whatever it wrote itself.
    #[test]
    fn the_client_is_the_right_most_untrusted_address() {
        let c = client(
            "127.0.0.1",
            &[("x-forwarded-for", "1.1.1.1, 203.0.113.9, 10.2.3.4")],
        );
        assert_eq!(c.address.to_string(), "203.0.113.9");
        assert!(!c.loopback);
    }

    /// One machine has one address, however the system or a proxy writes it.
    #[test]
    fn an_ipv4_address_in_ipv6_clothes_is_the_same_address() {
        let direct = client("::ffff:127.0.0.1", &[]);
        assert_eq!(direct.address.to_string(), "127.0.0.1");
        assert!(direct.loopback);
        let proxied = client(
            "::ffff:10.1.1.1",
            &[("x-forwarded-for", "::ffff:203.0.113.9")],
        );
        assert_eq!(proxied.address.to_string(), "203.0.113.9");
    }

    /// Limits cannot be passed by walking through the addresses of one's own IPv6 network.
    #[test]
    fn limits_count_by_network() {
        let network = |peer| client(peer, &[]).network().to_string();
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(network("2001:db8:1:2::9"), network("2001:db8:1:2:ffff::"));
        assert_ne!(network("2001:db8:1:3::9"), network("2001:db8:1:2::9"));
        assert_eq!(network("203.0.113.9"), "203.0.113.9");
        assert_eq!(network("::ffff:203.0.113.9"), "203.0.113.9");
    }

    /// A proxied request is never loopback, even when every address in it says so.
    #[test]
    fn a_proxied_request_is_never_loopback() {
        assert!(client("127.0.0.1", &[]).loopback);
        assert!(!client("127.0.0.1", &[("x-forwarded-for", "127.0.0.1")]).loopback);
        assert!(!client("127.0.0.1", &[("via", "1.1 caddy")]).loopback);
    }

    /// Only our own page gets a cookie.
    #[test]
    fn a_browser_is_one_of_our_own_origin() {
        assert!(client("::1", &[("sec-fetch-site", "same-origin")]).browser);
        assert!(
            client(
                "::1",
                &[("origin", "http://nova:5000"), ("host", "nova:5000")]
            )
            .browser
        );
        assert!(!client("::1", &[("origin", "http://evil"), ("host", "nova:5000")]).browser);
        assert!(
            !client(
                "::1",
                &[
                    ("sec-fetch-site", "cross-site"),
                    ("origin", "http://a"),
                    ("host", "a")
                ]
            )
            .browser
        );
        assert!(!client("::1", &[]).browser);
    }
}
