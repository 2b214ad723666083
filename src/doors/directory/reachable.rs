//! Which addresses a name that strangers control may lead us to: those of the public network only.
//!
//! Pure.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Is it a unicast address of the public network (RFC 6890)? A translated IPv4 address is what it stands for.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    let is_special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || address.is_multicast();
    let is_shared = first == 100 && (64..128).contains(&second);
    let is_protocol = (first, second, third) == (192, 0, 0) || (first, second, third) == (192, 88, 99);
    let is_benchmark = first == 198 && matches!(second, 18 | 19);
    !(is_special || is_shared || is_protocol || is_benchmark || first == 0 || first >= 240)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    match segments {
        // RFC 6052: an IPv4 address behind a translator.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
            is_public_v4(Ipv4Addr::new(a, b, c, d))
        }
        // 6to4, Teredo and other protocols, documentation.
        [0x2002 | 0x3fff, ..] | [0x2001, 0x0..=0x1ff | 0xdb8, ..] => false,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_network_is_reached() {
        let is_public = |text: &str| is_public(text.parse().unwrap());
        for public in ["9.9.9.9", "2606:4700::1111", "64:ff9b::909:909", "::ffff:9.9.9.9", "100.128.0.1"] {
            assert!(is_public(public), "{public}");
        }
        for other in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "192.0.2.1",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::1",
            "2001::1",
            "::7f00:1",
        ] {
            assert!(!is_public(other), "{other}");
        }
    }
}
