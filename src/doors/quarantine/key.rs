//! The operator's key of the quarantine: 64 hex digits in a file that only its owner may read.
//!
//! Touches the file; draws randomness for a new one.

use crate::{
    doors::private,
    mail::hex::hex,
    seal::safe::{self, KEY_BYTES},
};
use std::{fs, io, path::Path};

/// Reads the key.
///
/// # Errors
/// In words, with what to do: no file, others may read it, no key inside.
pub fn read(file: &Path) -> Result<[u8; KEY_BYTES], String> {
    let shown = file.display();
    private::found(file, "the key of the quarantine")?;
    let text = fs::read_to_string(file).map_err(|error| format!("{shown}: {error}"))?;
    from_hex(text.trim())
        .ok_or_else(|| format!("{shown}: no key of the quarantine: 64 hex digits are needed; put the right file back"))
}

/// Makes the key, unless there is one. It is synced before it locks anything.
///
/// # Errors
/// In words.
pub fn make(file: &Path) -> Result<(), String> {
    write(file).map_err(|error| format!("{}: cannot make the key of the quarantine: {error}", file.display()))
}

/// Makes a file with a new key, unless there is one, that only its owner may read.
///
/// # Errors
/// When the disk refuses.
pub fn write(file: &Path) -> io::Result<()> {
    let key = safe::draw().map_err(io::Error::other)?;
    private::make(file, format!("{}\n", hex(&key)).as_bytes())
}

/// The key of 64 hex digits.
#[must_use]
pub fn from_hex(text: &str) -> Option<[u8; KEY_BYTES]> {
    let digits: Vec<u8> =
        text.chars().map(|digit| digit.to_digit(16).and_then(|it| u8::try_from(it).ok())).collect::<Option<_>>()?;
    let octets: Vec<u8> = digits.chunks_exact(2).filter_map(|pair| Some(pair.first()? << 4 | pair.get(1)?)).collect();
    if digits.len() == 2 * KEY_BYTES { octets.try_into().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_key_is_made_once_and_kept_secret() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deep/quarantine.key");
        make(&file).unwrap();
        let key = read(&file).unwrap();
        make(&file).unwrap();
        assert_eq!(read(&file).unwrap(), key);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(read(&file).unwrap_err().contains("chmod 600"));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&file, "abc").unwrap();
        assert!(read(&file).unwrap_err().contains("64 hex digits"));
    }
}
