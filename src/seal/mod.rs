//! Sealing: a plaintext mail is encrypted to its recipient before it is handed over (RFC 3156, RFC 8551, RFC 9788).
//!
//! Takes octets and a key, draws randomness, gives octets; no socket, no file, no clock. What the mail held stands in the
//! sealed one byte for byte: the body inside, every header field inside or outside or both.
//!
//! Memory: sealing a mail of n octets takes at most `limits::SEAL_MEMORY_FACTOR` times n.

pub mod base64;
pub mod certificate;
pub mod cms;
pub mod der;
pub mod header;
pub mod keyring;
#[cfg_attr(not(feature = "openpgp"), path = "openpgp_left_out.rs")]
pub mod openpgp;
pub mod recognise;
pub mod safe;
pub mod vault;

use crate::judge::policy::encryption::sealing::Sealing;
use crate::mail::{head::Head, hex::hex};
use keyring::Key;

/// Why a mail could not be sealed although its key was usable: the mail has to be deferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("no randomness")]
    Randomness,
    #[error("the cipher refused")]
    Cipher,
    #[error("the recipient's key refused")]
    Key,
    #[error("what was written to the spool came back altered")]
    Altered,
}

/// What comes before the content of a sealed mail, and what comes after it.
const VERSION_PART: &str = "Content-Type: application/pgp-encrypted\r\nContent-Description: PGP/MIME version identification\r\n\r\n\
                            Version: 1\r\n\r\n";
const OPENPGP_PART: &str = "Content-Type: application/octet-stream; name=\"encrypted.asc\"\r\n\
                            Content-Description: OpenPGP encrypted message\r\n\
                            Content-Disposition: inline; filename=\"encrypted.asc\"\r\n\r\n";

/// The mail with this header section and body, sealed to `key`: a whole message with CRLF line ends, seven bits in its
/// body.
///
/// `head` is the header section as the mailstore would get it, our own fields on top: they stay outside.
///
/// # Errors
/// When the key or the cipher does not work.
pub fn seal(head: &Head, body: &[u8], key: &Key, how: Sealing) -> Result<Vec<u8>, Fault> {
    let header::Sections { outer, mut inner } = header::split(head, how.hides_subject);
    inner.extend_from_slice(body);
    let mut out = outer;
    match key {
        Key::OpenPgp(key) => {
            let packets = openpgp::encrypt(inner, key)?;
            let cut = boundary()?;
            let fields = format!(
                "MIME-Version: 1.0\r\nContent-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\";\r\n \
                 boundary=\"{cut}\"\r\n\r\n\
                 This is an OpenPGP/MIME encrypted message (RFC 3156).\r\n--{cut}\r\n{VERSION_PART}--{cut}\r\n{OPENPGP_PART}"
            );
            out.extend_from_slice(fields.as_bytes());
            out.extend_from_slice(b"-----BEGIN PGP MESSAGE-----\r\n\r\n");
            base64::lines(&packets, &mut out);
            base64::checksum(&packets, &mut out);
            out.extend_from_slice(format!("-----END PGP MESSAGE-----\r\n\r\n--{cut}--\r\n").as_bytes());
        }
        Key::Smime(certificate) => {
            let cms::Enveloped { kind, octets } = cms::envelop(inner, certificate, how.cipher)?;
            let fields = format!(
                "MIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; smime-type={kind}; name=\"smime.p7m\"\r\n\
                 Content-Disposition: attachment; filename=\"smime.p7m\"\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            );
            out.extend_from_slice(fields.as_bytes());
            base64::lines(&octets, &mut out);
        }
    }
    Ok(out)
}

/// Random octets.
fn random<const BYTES: usize>() -> Result<[u8; BYTES], Fault> {
    let mut octets = [0; BYTES];
    aws_lc_rs::rand::fill(&mut octets).map_err(|_| Fault::Randomness)?;
    Ok(octets)
}

fn boundary() -> Result<String, Fault> {
    Ok(format!("=_sealed_{}", hex(&random::<12>()?)))
}
