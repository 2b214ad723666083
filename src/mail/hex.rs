//! Octets as hex digits. Pure.

/// Two digits for each octet, in lower case.
#[must_use]
pub fn hex<'a>(octets: impl IntoIterator<Item = &'a u8>) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or_default();
    octets.into_iter().flat_map(|octet| [digit(octet >> 4), digit(octet & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_octet_has_two_digits() {
        assert_eq!(hex(&[0, 1, 0x7f, 0xff]), "00017fff");
    }
}
