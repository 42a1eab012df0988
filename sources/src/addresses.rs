//! Which addresses of the network may be reached.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use futures::FutureExt;
use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::Host;

use crate::error::{Result, SourceError};
use crate::settings::Settings;

/// The rule of what may be reached: the public internet, and the networks that the configuration names. It is applied to
/// the very addresses that are connected to, after name resolution, so that no name can change its mind in between.
#[derive(Debug, Clone)]
pub struct Addresses {
    allowed: Vec<IpNet>,
    patience: Duration,
}

impl Addresses {
    /// The rule in force.
    pub fn new(settings: &Settings) -> Self {
        Addresses {
            allowed: settings.allow_private_networks.clone(),
            patience: Duration::from_secs(settings.connect_seconds),
        }
    }

    /// Refuses an address that is neither public nor allowed.
    ///
    /// # Errors
    /// [`SourceError::AddressRefused`], which names the setting.
    pub fn check(&self, host: &str, address: IpAddr) -> Result<()> {
        let address = meant(address);
        if is_public(address) || self.allowed.iter().any(|network| network.contains(&address)) {
            return Ok(());
        }
        Err(SourceError::AddressRefused { host: host.to_owned(), address })
    }

    /// Refuses a host that is written as an address which may not be reached; clients look no such host up, so the
    /// resolver never sees it.
    pub(crate) fn check_literal(&self, host: Option<Host<&str>>) -> Result<()> {
        match host {
            Some(Host::Ipv4(address)) => self.check(&address.to_string(), address.into()),
            Some(Host::Ipv6(address)) => self.check(&address.to_string(), address.into()),
            Some(Host::Domain(_)) | None => Ok(()),
        }
    }

    /// The addresses of a host. One that may not be reached refuses them all: such an answer is a mistake or an attack.
    pub(crate) async fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>> {
        let unreachable = |reason: String| SourceError::Unreachable { host: host.to_owned(), reason };
        let found = tokio::time::timeout(self.patience, tokio::net::lookup_host((host, port))).await;
        let found = found.map_err(|_| unreachable("its name is not found in time".to_owned()))?;
        let found: Vec<SocketAddr> = found.map_err(|fault| unreachable(fault.to_string()))?.collect();
        for address in &found {
            self.check(host, address.ip())?;
        }
        if found.is_empty() {
            return Err(unreachable("its name has no address".to_owned()));
        }
        Ok(found)
    }
}

impl Resolve for Addresses {
    fn resolve(&self, name: Name) -> Resolving {
        let addresses = self.clone();
        async move {
            let found = addresses.resolve(name.as_str(), 0).await?;
            Ok(Box::new(found.into_iter()) as Addrs)
        }
        .boxed()
    }
}

/// The address that packets go to: an IPv4 address written as IPv6 is the IPv4 address.
fn meant(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => match (v6.to_ipv4_mapped(), v6.segments()) {
            (Some(v4), _) => v4.into(),
            // NAT64 (RFC 6052): a gateway sends it on to the IPv4 address in the last 32 bits.
            (None, [0x64, 0xff9b, 0, 0, 0, 0, high, low]) => {
                Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)).into()
            }
            _ => address,
        },
        IpAddr::V4(_) => address,
    }
}

/// What IANA's special-purpose address registries do not set apart.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let special = matches!(
        address.octets(),
        [0 | 10 | 127, ..]
            | [100, 64..=127, ..]
            | [169, 254, ..]
            | [172, 16..=31, ..]
            | [192, 0, 0 | 2, _]
            | [192, 88, 99, _]
            | [192, 168, ..]
            | [198, 18 | 19, ..]
            | [198, 51, 100, _]
            | [203, 0, 113, _]
            | [224..=255, ..]
    );
    !special
}

/// Only 2000::/3 is global unicast. Of it, protocol assignments (with Teredo), documentation and 6to4 are not: 6to4 would
/// be a way round the rules of IPv4.
fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x2002, ..] | [0x3fff, 0..=0xfff, ..] => false,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(allowed: &[&str]) -> Addresses {
        let allow_private_networks = allowed.iter().map(|network| network.parse().unwrap()).collect();
        Addresses::new(&Settings { allow_private_networks, ..Settings::default() })
    }

    fn refused(allowed: &[&str], address: &str) -> bool {
        addresses(allowed).check("host", address.parse().unwrap()).is_err()
    }

    #[test]
    fn addresses_that_are_not_public_are_refused_in_every_writing() {
        for address in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.0.9",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd12:3456::1",
            "ff02::1",
            "fec0::1",
            "2001:db8::1",
            "2001::1",
            "3fff::1",
            "2002:7f00:1::",
            "100::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:10.0.0.1",
            "64:ff9b::127.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1",
            "5f00::1",
        ] {
            assert!(refused(&[], address), "{address}");
        }
    }

    #[test]
    fn public_addresses_are_reached() {
        for address in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.1",
            "100.63.255.255",
            "100.128.0.1",
            "126.1.1.1",
            "128.0.0.1",
            "172.15.1.1",
            "172.32.0.1",
            "192.0.1.1",
            "193.99.144.80",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450::1",
            "2001:4860:4860::8888",
            "64:ff9b::8.8.8.8",
            "::ffff:8.8.8.8",
        ] {
            assert!(!refused(&[], address), "{address}");
        }
    }

    #[test]
    fn an_allowed_network_is_reached_and_its_neighbours_are_not() {
        let allowed = ["10.1.0.0/16", "fd00:1::/32"];
        for (address, expected) in [
            ("10.1.2.3", false),
            ("::ffff:10.1.2.3", false),
            ("fd00:1::9", false),
            ("10.2.0.1", true),
            ("127.0.0.1", true),
            ("fd00:2::9", true),
        ] {
            assert_eq!(refused(&allowed, address), expected, "{address}");
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_to_this_machine_is_refused() {
        let error = addresses(&[]).resolve("localhost", 80).await.unwrap_err();
        assert!(matches!(error, SourceError::AddressRefused { .. }), "{error}");
        assert!(error.to_string().contains("sources.allow_private_networks"), "{error}");
        assert!(!addresses(&["127.0.0.0/8", "::1/128"]).resolve("localhost", 80).await.unwrap().is_empty());
    }
}
