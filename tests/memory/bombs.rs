//! Mails made to take as much memory as they can, each along one bound.

use flate2::{Compression, Crc, write::DeflateEncoder};
use lzma_rust2::{XzOptions, XzWriter};
use std::io::Write;

/// Name and octets of every mail.
pub fn all() -> Vec<(&'static str, Vec<u8>)> {
    let page = "<p>wort <a href='http://a.example/x'>hier</a><b>fett</b></p>\r\n";
    let fields = "X-Long: wort wort wort wort\r\n ";
    vec![
        ("a text", text(16 << 20)),
        (
            "a page",
            [b"Content-Type: text/html\r\n\r\n".as_slice(), &page.repeat((16 << 20) / page.len()).into_bytes()]
                .concat(),
        ),
        ("a header", fields.repeat((1 << 20) / fields.len()).into_bytes()),
        ("octets in base64", attached("a.bin", &noise(12 << 20))),
        ("one large member", attached("a.zip", &zip(&[("a.bin", thin(90 << 20))]))),
        ("many large members", attached("a.zip", &zip(&large_members()))),
        ("many small members", attached("a.zip", &zip(&small_members()))),
        ("archives in archives", attached("a.zip", &nested(12))),
        ("the largest dictionary", attached("a.xz", &xz(&thin(80 << 20)))),
        (
            "a text in an archive",
            attached("a.zip", &zip(&[("a.txt", "wort und noch ein Wort\r\n".repeat(1 << 20).into_bytes())])),
        ),
        ("a picture", attached("a.png", &picture())),
        ("ambiguous delimiters", ambiguous()),
        ("one archive, many readings", readings()),
    ]
}

/// A mail of that many octets of words.
pub fn text(octets: usize) -> Vec<u8> {
    let line = "Sehr geehrte Damen und Herren, bitte pruefen Sie http://portal.example/anmeldung heute.\r\n";
    [b"Subject: a\r\nFrom: a@b.example\r\n\r\n".as_slice(), &line.repeat(octets / line.len()).into_bytes()].concat()
}

/// Octets that do not compress.
fn noise(octets: usize) -> Vec<u8> {
    let mut state = 1u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    std::iter::repeat_with(next).take(octets).collect()
}

/// Octets that compress to about a hundredth: below the bound on the ratio.
fn thin(octets: usize) -> Vec<u8> {
    let mut all = vec![0; octets];
    let grains = noise(octets / 1024 * 8);
    for (block, grains) in all.chunks_mut(1024).zip(grains.chunks(8)) {
        block[..8].copy_from_slice(grains);
    }
    all
}

fn large_members() -> Vec<(&'static str, Vec<u8>)> {
    (0..24).map(|number| ("a.bin", [thin(7 << 20), vec![number]].concat())).collect()
}

fn small_members() -> Vec<(&'static str, Vec<u8>)> {
    (0..20_000u32).map(|number| ("a.bin", number.to_le_bytes().to_vec())).collect()
}

fn nested(depth: usize) -> Vec<u8> {
    (0..depth).fold(thin(6 << 20), |inner, _| zip(&[("a.zip", inner)]))
}

fn attached(name: &str, octets: &[u8]) -> Vec<u8> {
    let head = format!(
        "From: a@b.example\r\nContent-Type: application/octet-stream; name={name}\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    );
    [head.as_bytes(), base64(octets).as_bytes()].concat()
}

fn base64(octets: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(octets.len() * 4 / 3 + octets.len() / 28);
    for line in octets.chunks(57) {
        for group in line.chunks(3) {
            let bits = group.iter().fold(0u32, |bits, octet| bits << 8 | u32::from(*octet)) << (8 * (3 - group.len()));
            for place in 0..4 {
                let digit = DIGITS[(bits >> (18 - 6 * place)) as usize & 63];
                text.push(if place > group.len() { '=' } else { char::from(digit) });
            }
        }
        text.push_str("\r\n");
    }
    text
}

/// A zip archive (APPNOTE 4.3) of deflated members.
fn zip(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let (mut local, mut central) = (Vec::new(), Vec::new());
    for (name, octets) in members {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(octets).unwrap();
        let packed = encoder.finish().unwrap();
        let mut crc = Crc::new();
        crc.update(octets);
        let length = |octets: usize| u32::try_from(octets).unwrap().to_le_bytes();
        let sizes = [crc.sum().to_le_bytes(), length(packed.len()), length(octets.len())].concat();
        let names = [&u16::try_from(name.len()).unwrap().to_le_bytes()[..], &[0, 0]].concat();
        let at = length(local.len());
        local.extend(
            [b"PK\x03\x04\x14\0\0\0\x08\0\0\0\0\0".as_slice(), &sizes, &names, name.as_bytes(), &packed].concat(),
        );
        let entry =
            [b"PK\x01\x02\x14\0\x14\0\0\0\x08\0\0\0\0\0".as_slice(), &sizes, &names, &[0; 10], &at, name.as_bytes()];
        central.extend(entry.concat());
    }
    let count = u16::try_from(members.len()).unwrap().to_le_bytes();
    let place = |octets: usize| u32::try_from(octets).unwrap().to_le_bytes();
    let end = [b"PK\x05\x06\0\0\0\0".as_slice(), &count, &count, &place(central.len()), &place(local.len()), &[0, 0]];
    [local, central.clone(), end.concat()].concat()
}

fn xz(octets: &[u8]) -> Vec<u8> {
    let mut options = XzOptions::with_preset(1);
    options.lzma_options.dict_size = 64 << 20;
    let mut writer = XzWriter::new(Vec::new(), options).unwrap();
    writer.write_all(octets).unwrap();
    writer.finish().unwrap()
}

/// As many pixels as are looked at, no two rows alike.
fn picture() -> Vec<u8> {
    let pixels = noise(3900 * 3900 / 16).into_iter().flat_map(|octet| [octet; 16]).collect();
    let picture = image::GrayImage::from_raw(3900, 3900, pixels).unwrap();
    let mut octets = Vec::new();
    picture.write_to(&mut std::io::Cursor::new(&mut octets), image::ImageFormat::Png).unwrap();
    octets
}

fn ambiguous() -> Vec<u8> {
    let head = "Content-Type: multipart/mixed; boundary=b; boundary=c\r\nContent-Type: text/plain\r\n\r\n";
    let piece = "--b\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\nUEsD!BBQ=UEsD\r\n--c\r\n";
    [head.as_bytes(), &piece.repeat((8 << 20) / piece.len()).into_bytes()].concat()
}

/// An archive that every part of a hostile structure shows again, by another encoding or from another place.
fn readings() -> Vec<u8> {
    let archive = base64(&zip(&[("a.bin", thin(4 << 20))]));
    let head = "Content-Type: multipart/mixed; boundary=b; boundary=\"b \"\r\n\r\n";
    let piece = format!(
        "--b\r\nContent-Type: application/zip; name=a.zip\r\nContent-Transfer-Encoding: quoted-printable, base64\r\n\r\n{archive}=\r\n"
    );
    [head.as_bytes(), &piece.repeat(40).into_bytes()].concat()
}
