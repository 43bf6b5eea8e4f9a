//! Sets of network addresses, as settings name them.

use std::net::IpAddr;

/// A set of addresses, from words such as `loopback`, `10.0.0.0/8` or `192.168.1.4`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks(Vec<(IpAddr, u8)>);

impl Networks {
    /// # Errors
    /// The first word that is no network, in a sentence.
    pub fn parse(words: &[String]) -> Result<Self, String> {
        let mut networks = Vec::new();
        for word in words {
            if word == "loopback" {
                networks.push((IpAddr::from([127, 0, 0, 0]), 8));
                networks.push((IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]), 128));
                continue;
            }
            let (address, bits) = word
                .split_once('/')
                .map_or((word.as_str(), None), |(a, b)| (a, Some(b)));
            let no_network =
                || format!("\"{word}\" is no network; write loopback, 10.0.0.0/8 or 192.168.1.4");
            let address: IpAddr = address.parse().map_err(|_| no_network())?;
            let whole = if address.is_ipv4() { 32 } else { 128 };
            let bits = bits.map_or(Ok(whole), |b| b.parse::<u8>().map_err(|_| no_network()))?;
            if bits > whole {
                return Err(no_network());
            }
            networks.push((address, bits));
        }
        Ok(Self(networks))
    }

    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0
            .iter()
            .any(|(network, bits)| match (network, address) {
                (IpAddr::V4(n), IpAddr::V4(a)) => {
                    same_prefix(n.to_bits().into(), a.to_bits().into(), 32 - bits)
                }
                (IpAddr::V6(n), IpAddr::V6(a)) => same_prefix(n.to_bits(), a.to_bits(), 128 - bits),
                _ => false,
            })
    }
}

fn same_prefix(a: u128, b: u128, ignored_bits: u8) -> bool {
    (a ^ b).checked_shr(u32::from(ignored_bits)).unwrap_or(0) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Who is trusted as a proxy decides whose word about client addresses counts.
    #[test]
    fn networks_hold_what_they_say() {
        let networks = Networks::parse(&[
            "loopback".into(),
            "10.1.0.0/16".into(),
            "2001:db8::/32".into(),
        ]);
        let networks = networks.unwrap_or_default();
        let inside = |a: &str| networks.contains(a.parse().unwrap_or(IpAddr::from([0, 0, 0, 0])));
        assert!(
            inside("127.9.9.9") && inside("::1") && inside("10.1.255.1") && inside("2001:db8:1::5")
        );
        assert!(
            inside("::ffff:10.1.2.3"),
            "an IPv4 address in IPv6 clothes is the same address"
        );
        assert!(
            !inside("10.2.0.1") && !inside("::2") && !inside("2001:db9::1") && !inside("8.8.8.8")
        );
        assert!(Networks::parse(&["everyone".into()]).is_err());
        assert!(Networks::parse(&["10.0.0.0/33".into()]).is_err());
    }
}
