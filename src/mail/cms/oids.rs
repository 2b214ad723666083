//! Object identifiers of CMS and certificates, as the content octets of their encoding (X.690 8.19).
//!
//! Pure data.

/// 1.2.840.113549.1.7: `.1` data, `.2` signed, `.3` enveloped (RFC 5652).
pub const PKCS7: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07";
/// id-data.
pub const DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";
/// 1.2.840.113549.1.9.16.1: `.9` compressed (RFC 3274), `.23` authenticated-enveloped (RFC 5083).
pub const PKCS9_SMIME_TYPES: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01";
/// Attributes of a signer (RFC 5652 11).
pub const CONTENT_TYPE: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03";
pub const MESSAGE_DIGEST: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04";
/// emailAddress in a name (RFC 2985 5.2.1).
pub const EMAIL_ADDRESS: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01";

/// Digests (RFC 5754 2, RFC 3370 2).
pub const SHA256: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x01";
pub const SHA384: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x02";
pub const SHA512: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x03";
pub const SHA1: &[u8] = b"\x2b\x0e\x03\x02\x1a";
pub const MD5: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x02\x05";

/// Signatures (RFC 8017 C, RFC 5754 3, RFC 8419 2).
pub const RSA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";
pub const RSA_MD5: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04";
pub const RSA_SHA1: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05";
pub const RSA_PSS: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a";
pub const RSA_SHA256: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b";
pub const RSA_SHA384: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c";
pub const RSA_SHA512: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d";
pub const ECDSA_SHA1: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x01";
pub const ECDSA_SHA256: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x03\x02";
pub const ECDSA_SHA384: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x03\x03";
pub const ECDSA_SHA512: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x03\x04";
pub const ED25519: &[u8] = b"\x2b\x65\x70";

/// Extensions of certificates (RFC 5280 4.2.1).
pub const SUBJECT_KEY_IDENTIFIER: &[u8] = b"\x55\x1d\x0e";
pub const KEY_USAGE: &[u8] = b"\x55\x1d\x0f";
pub const SUBJECT_ALT_NAME: &[u8] = b"\x55\x1d\x11";
