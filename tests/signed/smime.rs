//! S/MIME, made and checked by OpenSSL.

use crate::house::{ANNA, DAY, crlf, has, judge, must, now, rulebook, run, symbols};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};
use wehr::{
    judge::{auth::signed::Standing, rulebook::Rulebook},
    mail::{asn1, cms::oids, message::Message, protection::Family},
    seal::{
        base64,
        der::{self, element},
    },
};

const BODY: &str =
    "Content-Type: text/plain; charset=utf-8\r\n\r\nDear all,\r\n\r\nthe room is changed.  \r\n-- \r\nAnna\r\n";

/// Authorities and signers, each as NAME.pem with NAME.key.
pub struct Authority {
    pub folder: tempfile::TempDir,
}

impl Authority {
    pub fn new() -> Self {
        let authority = Self { folder: tempfile::tempdir().unwrap() };
        let folder = authority.folder.path();
        for name in ["root", "other"] {
            must(
                folder,
                "openssl",
                &format!(
                    "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout {name}.key -out {name}.pem \
                     -days 3650 -subj /CN={name} -addext keyUsage=critical,keyCertSign,cRLSign"
                ),
            );
        }
        authority.sign(
            "middle",
            "rsa:2048",
            "root",
            "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign",
        );
        fs::write(folder.join("body.txt"), BODY).unwrap();
        authority
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A certificate with these extensions.
    pub fn sign(&self, name: &str, key: &str, by: &str, extensions: &str) {
        self.sign_as(name, key, by, extensions, name);
    }

    fn sign_as(&self, name: &str, key: &str, by: &str, extensions: &str, subject: &str) {
        let key = match key.split_once(':') {
            Some(("ec", curve)) => format!("ec -pkeyopt ec_paramgen_curve:{curve}"),
            _ => key.to_owned(),
        };
        fs::write(self.path().join("extensions"), extensions).unwrap();
        let subject = format!("/CN={subject}");
        must(
            self.path(),
            "openssl",
            &format!("req -newkey {key} -nodes -keyout {name}.key -out {name}.csr -subj {subject}"),
        );
        must(
            self.path(),
            "openssl",
            &format!(
                "x509 -req -in {name}.csr -CA {by}.pem -CAkey {by}.key -CAcreateserial -out {name}.pem -days 365 \
                 -extfile extensions"
            ),
        );
    }

    /// A signer of mail with this address.
    pub fn signer(&self, name: &str, key: &str, by: &str, address: &str) {
        let usage = "keyUsage=critical,digitalSignature\nextendedKeyUsage=emailProtection\nsubjectKeyIdentifier=hash";
        self.sign(name, key, by, &format!("{usage}\nsubjectAltName=email:{address}\nbasicConstraints=CA:FALSE"));
    }

    /// A mail from Anna, signed with these options.
    pub fn mail(&self, signer: &str, options: &str) -> Vec<u8> {
        self.mail_from(signer, options, ANNA)
    }

    pub fn mail_from(&self, signer: &str, options: &str, from: &str) -> Vec<u8> {
        let words = format!(
            "cms -sign -in body.txt -signer {signer}.pem -inkey {signer}.key -certfile middle.pem -from {from} \
             -to all@schule.example -subject room {options}"
        );
        crlf(&must(self.path(), "openssl", &words))
    }

    pub fn rulebook(&self) -> Arc<Rulebook> {
        rulebook(Some(self.path().join("root.pem")), None, None)
    }

    /// Does OpenSSL call it valid?
    fn is_valid_there(&self, mail: &[u8]) -> bool {
        fs::write(self.path().join("mail.eml"), mail).unwrap();
        run(self.path(), "openssl", "cms -verify -in mail.eml -CAfile root.pem -purpose smimesign -out verified")
            .is_ok()
    }
}

fn standing(rulebook: &Arc<Rulebook>, mail: &[u8], at: i64) -> (Standing, String) {
    let signature = judge(rulebook, mail, "all@schule.example", at).authentication.signatures.smime;
    (signature.result, signature.reason)
}

#[test]
fn what_openssl_signs_is_valid_and_what_is_changed_is_not() {
    if !has("openssl") {
        return;
    }
    let house = Authority::new();
    let rulebook = house.rulebook();
    let mut wrong = Vec::new();
    for key in ["rsa:2048", "rsa:3072", "ec:P-256", "ec:P-384", "ec:P-521", "ed25519"] {
        let by = if key == "ec:P-256" { "root" } else { "middle" };
        house.signer("anna", key, by, ANNA);
        let mut forms =
            vec!["", "-nodetach", "-stream", "-nodetach -stream", "-keyid", "-md sha384", "-md sha512 -nodetach"];
        if key.starts_with("rsa") {
            forms.extend([
                "-keyopt rsa_padding_mode:pss -keyopt rsa_pss_saltlen:digest",
                "-md sha512 -keyopt rsa_padding_mode:pss -keyopt rsa_pss_saltlen:digest -nodetach",
                "-noattr",
            ]);
        }
        for form in forms {
            if key == "ed25519"
                && run(house.path(), "openssl", "cms -sign -in body.txt -signer anna.pem -inkey anna.key -md sha512")
                    .is_err()
            {
                eprintln!("left out: this OpenSSL signs no mail with Ed25519");
                break;
            }
            let mail = house.mail("anna", form);
            let found = standing(&rulebook, &mail, now());
            if found.0 != Standing::Valid || !house.is_valid_there(&mail) {
                wrong.push(format!("{key} {form}: {found:?}, there {}", house.is_valid_there(&mail)));
            }
            let changed = changed(&mail);
            let found = standing(&rulebook, &changed, now());
            if found.0 != Standing::Invalid || house.is_valid_there(&changed) {
                wrong.push(format!("{key} {form}, changed: {found:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// OpenSSL 3.0 makes certificates of Ed25519, but signs no mail with them: the envelope is ours, key and signature are its.
#[test]
fn ed25519_certificates_sign() {
    if !has("openssl") {
        return;
    }
    let house = Authority::new();
    let rulebook = house.rulebook();
    house.signer("anna", "ed25519", "root", ANNA);
    let certificate = must(house.path(), "openssl", "x509 -in anna.pem -outform DER");
    let content = "Content-Type: text/plain\r\n\r\nThe room is changed.\r\n";
    fs::write(house.path().join("content"), content).unwrap();
    let signature = must(house.path(), "openssl", "pkeyutl -sign -rawin -inkey anna.key -in content");
    let signed = |content: &str| {
        let mut mail = format!(
            "From: Anna <{ANNA}>\r\nTo: all@schule.example\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: base64\r\n\
             Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\r\n\r\n"
        )
        .into_bytes();
        base64::lines(&signed_data(content.as_bytes(), &certificate, &signature), &mut mail);
        mail
    };
    assert_eq!(standing(&rulebook, &signed(content), now()).0, Standing::Valid);
    assert_eq!(standing(&rulebook, &signed(&content.replace("changed", "chanced")), now()).0, Standing::Invalid);
    let strange = judge(&rulebook, &signed(content), "all@schule.example", now() + 400 * DAY);
    assert_eq!(strange.authentication.signatures.smime.result, Standing::Expired);
}

/// SignedData without attributes, as RFC 8419 3.2 has it.
fn signed_data(content: &[u8], certificate: &[u8], signature: &[u8]) -> Vec<u8> {
    let oid = |octets: &[u8]| element(der::OID, &[octets]);
    let algorithm = |octets: &[u8]| element(der::SEQUENCE, &[&oid(octets)]);
    let mut fields = asn1::item(certificate).unwrap().items().next().unwrap().items();
    let (_version, serial, _algorithm, issuer) =
        (fields.next(), fields.next().unwrap(), fields.next(), fields.next().unwrap());
    let one = element(der::INTEGER, &[&[1]]);
    let signer = element(
        der::SEQUENCE,
        &[
            &one,
            &element(der::SEQUENCE, &[issuer.whole, serial.whole]),
            &algorithm(oids::SHA512),
            &algorithm(oids::ED25519),
            &element(der::OCTET_STRING, &[signature]),
        ],
    );
    let held = element(der::context(0), &[&element(der::OCTET_STRING, &[content])]);
    let data = element(
        der::SEQUENCE,
        &[
            &one,
            &element(der::SET, &[&algorithm(oids::SHA512)]),
            &element(der::SEQUENCE, &[&oid(oids::DATA), &held]),
            &element(der::context(0), &[certificate]),
            &element(der::SET, &[&signer]),
        ],
    );
    let kind = oid(&[oids::PKCS7, &[2]].concat());
    element(der::SEQUENCE, &[&kind, &element(der::context(0), &[&data])])
}

/// The same with one letter changed in what is signed: in the clear, or in the first lines of base64.
fn changed(mail: &[u8]) -> Vec<u8> {
    let text = String::from_utf8(mail.to_vec()).unwrap();
    if text.contains("changed") {
        return text.replace("changed", "chanced").into_bytes();
    }
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let raw: String = body.split_whitespace().collect();
    let octets = openssl_base64(&raw, true);
    let at = memchr::memmem::find(&octets, b"chan").expect("the signed text stands in the file");
    let mut octets = octets;
    octets[at] = b'C';
    let body = String::from_utf8(openssl_base64_encode(&octets)).unwrap();
    format!("{head}\r\n\r\n{body}\r\n").into_bytes()
}

fn openssl_base64(text: &str, _: bool) -> Vec<u8> {
    wehr::mail::coding::base64::decoded(text.as_bytes())
}

fn openssl_base64_encode(octets: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = Vec::new();
    for (number, group) in octets.chunks(3).enumerate() {
        if number > 0 && number % 16 == 0 {
            out.extend_from_slice(b"\r\n");
        }
        let word = group.iter().fold(0u32, |word, octet| word << 8 | u32::from(*octet)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let digit = DIGITS[(word >> (18 - 6 * place) & 63) as usize];
            out.push(if place <= group.len() { digit } else { b'=' });
        }
    }
    out
}

#[test]
fn whose_certificate_it_is_decides() {
    if !has("openssl") {
        return;
    }
    let house = Authority::new();
    let rulebook = house.rulebook();
    let usage = |usage: &str, purpose: &str| {
        format!("keyUsage=critical,{usage}\nextendedKeyUsage={purpose}\nsubjectAltName=email:{ANNA}")
    };
    house.signer("anna", "rsa:2048", "middle", ANNA);
    house.signer("stranger", "rsa:2048", "other", ANNA);
    house.signer("bob", "rsa:2048", "middle", "bob@schule.example");
    house.signer("short", "rsa:1024", "middle", ANNA);
    house.sign("server", "rsa:2048", "middle", &usage("digitalSignature", "serverAuth"));
    house.sign("cipher", "rsa:2048", "middle", &usage("keyEncipherment", "emailProtection"));
    house.sign("plain", "rsa:2048", "middle", "subjectAltName=email:Anna@SCHULE.example");
    house.sign_as("subject", "rsa:2048", "middle", "basicConstraints=CA:FALSE", &format!("Anna/emailAddress={ANNA}"));
    house.sign("nobody", "rsa:2048", "middle", "basicConstraints=CA:FALSE");
    let mut wrong = Vec::new();
    for (what, mail, at, expected) in [
        ("good", house.mail("anna", ""), 0, Standing::Valid),
        ("address in other case, no usage", house.mail("plain", ""), 0, Standing::Valid),
        ("address in the subject", house.mail("subject", ""), 0, Standing::Valid),
        ("later", house.mail("anna", ""), 400 * DAY, Standing::Expired),
        ("earlier", house.mail("anna", ""), -2 * DAY, Standing::Expired),
        ("unknown authority", house.mail("stranger", ""), 0, Standing::Untrusted),
        ("unknown authority, later", house.mail("stranger", ""), 400 * DAY, Standing::Untrusted),
        ("a server's", house.mail("server", ""), 0, Standing::Untrusted),
        ("for encryption", house.mail("cipher", ""), 0, Standing::Untrusted),
        ("somebody else", house.mail("bob", ""), 0, Standing::WrongAddress),
        ("no address", house.mail("nobody", ""), 0, Standing::WrongAddress),
        ("SHA-1", house.mail("anna", "-md sha1"), 0, Standing::Invalid),
        ("MD5", house.mail("anna", "-md md5"), 0, Standing::Invalid),
        ("a short key", house.mail("short", ""), 0, Standing::Invalid),
        ("no certificate", house.mail("anna", "-nocerts"), 0, Standing::UnknownKey),
        (
            "a long salt",
            house.mail("anna", "-keyopt rsa_padding_mode:pss -keyopt rsa_pss_saltlen:20"),
            0,
            Standing::Unsupported,
        ),
        ("two signers", house.mail("bob", "-signer anna.pem -inkey anna.key"), 0, Standing::Valid),
        (
            "two From",
            [b"From: boss@schule.example\r\n".to_vec(), house.mail("anna", "")].concat(),
            0,
            Standing::WrongAddress,
        ),
    ] {
        let found = standing(&rulebook, &mail, now() + at);
        if found.0 != expected {
            wrong.push(format!("{what}: expected {expected:?}, found {found:?}"));
        }
    }
    let mail = house.mail("anna", "");
    let verdict = judge(&rulebook, &mail, "all@schule.example", now());
    let field = format!("{:?}", verdict.edits);
    assert!(field.contains("smime=pass") && field.contains(&format!("body.smime-identifier={ANNA}")), "{field}");
    assert!(symbols(&verdict).contains(&"SIGNED_VALID"));
    let nobody = crate::house::rulebook(None, None, None);
    assert_eq!(standing(&nobody, &mail, now()).0, Standing::Untrusted);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_signed_part_does_not_sign_the_mail_around_it() {
    if !has("openssl") {
        return;
    }
    let house = Authority::new();
    let rulebook = house.rulebook();
    house.signer("anna", "ec:P-256", "root", ANNA);
    for form in ["", "-nodetach"] {
        let mail = String::from_utf8(house.mail("anna", form)).unwrap();
        let at = mail.find("MIME-Version").unwrap();
        let inner = &mail[at..];
        let wrapped = format!(
            "From: {ANNA}\r\nTo: all@schule.example\r\nSubject: pay\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/mixed; boundary=wrap\r\n\r\n--wrap\r\nContent-Type: text/plain\r\n\r\n\
             pay now\r\n--wrap\r\n{inner}\r\n--wrap--\r\n"
        );
        let verdict = judge(&rulebook, wrapped.as_bytes(), "all@schule.example", now());
        assert_eq!(verdict.authentication.signatures.smime.result, Standing::None, "{form}");
        assert!(symbols(&verdict).contains(&"SIGNED_PART"), "{form}");
    }
    // A third part, and text before the parts.
    let mail = String::from_utf8(house.mail("anna", "")).unwrap();
    let end = mail.trim_end().rfind("\r\n--").unwrap();
    let (body, last) = mail.split_at(end);
    let delimiter = last.trim().trim_end_matches("--");
    let third = format!("{body}\r\n{delimiter}\r\nContent-Type: text/plain\r\n\r\npay now{last}");
    assert_eq!(standing(&rulebook, third.as_bytes(), now()).0, Standing::Invalid);
}

#[test]
fn what_openssl_encrypts_is_encrypted_whatever_the_label() {
    if !has("openssl") {
        return;
    }
    let house = Authority::new();
    let rulebook = house.rulebook();
    house.signer("anna", "rsa:2048", "root", ANNA);
    for cipher in ["-aes256", "-aes-256-gcm", "-aes128 -stream", "-aes256 -keyid"] {
        let words =
            format!("cms -encrypt {cipher} -in body.txt -from {ANNA} -to all@schule.example -subject s anna.pem");
        let mail = crlf(&must(house.path(), "openssl", &words));
        let text = String::from_utf8(mail.clone()).unwrap();
        let message = Message::parse(mail.clone().into());
        assert_eq!(message.protection.encrypted, Some(Family::Smime), "{cipher}");
        assert!(message.coverage.skipped.iter().any(|gap| gap.reason == "encrypted"), "{cipher}");
        let verdict = judge(&rulebook, &mail, "all@schule.example", now());
        assert!(symbols(&verdict).contains(&"ENCRYPTED_MAIL"), "{cipher}");
        assert!(!symbols(&verdict).contains(&"ENCRYPTION_LABEL_FALSE"), "{cipher}: {text}");
        let start = text.find("smime-type=").unwrap();
        let end = start + text[start..].find([';', '\r']).unwrap();
        let lying = format!("{}smime-type=signed-data{}", &text[..start], &text[end..]);
        let verdict = judge(&rulebook, lying.as_bytes(), "all@schule.example", now());
        let found = symbols(&verdict);
        assert!(found.contains(&"ENCRYPTED_MAIL") && found.contains(&"ENCRYPTION_LABEL_FALSE"), "{cipher}: {found:?}");
    }
    let signed = String::from_utf8(house.mail("anna", "-nodetach")).unwrap();
    let lying = signed.replace("smime-type=signed-data", "smime-type=enveloped-data");
    assert_ne!(lying, signed);
    let verdict = judge(&rulebook, lying.as_bytes(), "all@schule.example", now());
    assert!(symbols(&verdict).contains(&"ENCRYPTION_LABEL_FALSE"));
    let message = Message::parse(lying.into_bytes().into());
    assert!(message.texts.iter().any(|text| text.text.contains("room is changed")), "{:?}", message.parts);
    let compressed =
        run(house.path(), "openssl", &format!("cms -compress -in body.txt -from {ANNA} -to b@schule.example"));
    if let Ok(mail) = compressed {
        let message = Message::parse(crlf(&mail).into());
        assert!(message.texts.iter().any(|text| text.text.contains("room is changed")), "{:?}", message.parts);
    }
}

/// Folder of the hostile files, if it is there.
fn suites() -> Option<PathBuf> {
    let named = std::env::var_os("WEHR_SUITES").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/suites");
    named.into_iter().chain([beside]).find(|folder| folder.is_dir())
}

#[test]
fn labels_of_the_suite_are_told_from_bytes() {
    let Some(folder) = suites().map(|folder| folder.join("attach/crypto")) else { return };
    let rulebook = rulebook(None, None, None);
    for (name, encrypted, is_false) in [
        ("smime-enveloped", Some(Family::Smime), false),
        ("smime-authenveloped", Some(Family::Smime), false),
        ("smime-mislabelled", Some(Family::Smime), true),
        ("pgp-mime", Some(Family::Openpgp), false),
        ("pgp-inline", Some(Family::Openpgp), false),
        ("pgp-fake", None, true),
        ("smime-opaque-signed-eicar", None, false),
    ] {
        let raw = fs::read(folder.join(format!("{name}.eml"))).unwrap();
        let message = Message::parse(raw.clone().into());
        assert_eq!(message.protection.encrypted, encrypted, "{name}: {:?}", message.parts);
        let verdict = judge(&rulebook, &raw, "all@schule.example", now());
        assert_eq!(symbols(&verdict).contains(&"ENCRYPTION_LABEL_FALSE"), is_false, "{name}");
    }
}
