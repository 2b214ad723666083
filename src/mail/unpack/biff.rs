//! Records of old Excel workbooks (MS-XLS): macro sheets, encryption, links of dynamic data exchange.
//!
//! Pure.

use super::{
    budget::ENCRYPTED,
    contents::Contents,
    octets::{le16, octet, piece},
};

/// Reads the records of a `Workbook` or `Book` stream for what matters.
pub fn read(bytes: &[u8], contents: &mut Contents) {
    let mut at = 0;
    let mut records = 0;
    while let Some((id, length)) = le16(bytes, at).zip(le16(bytes, at + 2)) {
        let data = piece(bytes, at + 4, length);
        match id {
            // BoundSheet8: type 1 is a macro sheet.
            0x0085 if octet(data, 5) == Some(1) => {
                contents.traits.insert("macro");
                contents.traits.insert("macro_xlm");
                // Hidden from view.
                if octet(data, 4).is_some_and(|state| state & 3 != 0) {
                    contents.traits.insert("hidden_sheet");
                }
            }
            0x002f => contents.skip(ENCRYPTED),
            // Lbl: a built-in name; 1 is Auto_Open, 2 Auto_Close.
            0x0018 if is_automatic(data) => {
                contents.traits.insert("auto_exec");
            }
            // SupBook: to another program rather than to another file.
            0x01ae if is_exchange(data) => {
                contents.traits.insert("dde");
            }
            _ => {}
        }
        at += 4 + length;
        records += 1;
        if records > RECORDS_MAX {
            return;
        }
    }
}

fn is_automatic(data: &[u8]) -> bool {
    let is_builtin = le16(data, 0).is_some_and(|flags| flags & 0x20 != 0);
    let name = data.get(14..).unwrap_or_default();
    let code = [name.first(), name.get(1)];
    is_builtin && code.into_iter().flatten().any(|code| matches!(code, 1 | 2))
        || super::octets::holds(piece(data, 14, 32), b"auto_open")
}

/// The path of an exchange is two words with the octet 3 between them.
fn is_exchange(data: &[u8]) -> bool {
    let path = data.get(4..).unwrap_or_default();
    let length = le16(data, 2).unwrap_or(0);
    (1..=0xff).contains(&length) && path.contains(&3)
}

const RECORDS_MAX: usize = 2_000_000;
