//! Letters of other scripts, and letters with strokes and hooks, that look like one of the ASCII letters (after UTS 39).
//!
//! Pure. Chosen by looks at the size of a mail's text, for reading words: `m` stays `m`.

use unicode_security::confusable_detection::skeleton;

/// The ASCII letter that a reader takes `mark` for; `None` if there is none. Needs no decomposition first.
#[must_use]
pub fn letter(mark: char) -> Option<char> {
    by_table(mark).or_else(|| in_alphabets(mark)).or_else(|| by_skeleton(mark))
}

/// Cyrillic, Greek, Armenian, small capitals, Latin letters that do not decompose.
fn by_table(mark: char) -> Option<char> {
    Some(match mark {
        '\u{250}' | '\u{251}' | '\u{391}' | '\u{3b1}' | '\u{410}' | '\u{430}' | '\u{1d00}' => 'a',
        '\u{180}' | '\u{253}' | '\u{299}' | '\u{392}' | '\u{3b2}' | '\u{412}' | '\u{42c}' | '\u{432}' | '\u{44c}'
        | '\u{16d2}' | '\u{1d03}' => 'b',
        '\u{188}' | '\u{23c}' | '\u{3f2}' | '\u{3f9}' | '\u{421}' | '\u{441}' | '\u{1d04}' | '\u{2184}' => 'c',
        '\u{d0}' | '\u{f0}' | '\u{110}' | '\u{111}' | '\u{189}' | '\u{256}' | '\u{257}' | '\u{500}' | '\u{501}'
        | '\u{56a}' | '\u{1d05}' => 'd',
        '\u{247}' | '\u{258}' | '\u{25b}' | '\u{395}' | '\u{3b5}' | '\u{404}' | '\u{415}' | '\u{435}' | '\u{454}'
        | '\u{4bd}' | '\u{1d07}' | '\u{212e}' => 'e',
        '\u{192}' | '\u{3dd}' | '\u{492}' | '\u{493}' | '\u{a730}' => 'f',
        '\u{1e5}' | '\u{260}' | '\u{261}' | '\u{262}' | '\u{50d}' | '\u{581}' => 'g',
        '\u{126}' | '\u{127}' | '\u{266}' | '\u{29c}' | '\u{397}' | '\u{41d}' | '\u{43d}' | '\u{4ba}' | '\u{4bb}'
        | '\u{570}' | '\u{13c2}' => 'h',
        '\u{131}' | '\u{268}' | '\u{269}' | '\u{26a}' | '\u{399}' | '\u{3aa}' | '\u{3af}' | '\u{3b9}' | '\u{406}'
        | '\u{407}' | '\u{456}' | '\u{457}' | '\u{4c0}' | '\u{4cf}' => 'i',
        '\u{237}' | '\u{249}' | '\u{37f}' | '\u{3f3}' | '\u{408}' | '\u{458}' | '\u{575}' | '\u{1d0a}' => 'j',
        '\u{199}' | '\u{39a}' | '\u{3ba}' | '\u{41a}' | '\u{43a}' | '\u{1d0b}' => 'k',
        '\u{141}' | '\u{142}' | '\u{19a}' | '\u{26b}' | '\u{26d}' | '\u{29f}' | '\u{53c}' | '\u{56c}' | '\u{217c}' => {
            'l'
        }
        '\u{271}' | '\u{39c}' | '\u{41c}' | '\u{43c}' | '\u{57f}' | '\u{1d0d}' => 'm',
        '\u{14a}' | '\u{14b}' | '\u{272}' | '\u{273}' | '\u{274}' | '\u{39d}' | '\u{3a0}' | '\u{3b7}' | '\u{3c0}'
        | '\u{43f}' | '\u{548}' | '\u{578}' | '\u{57c}' => 'n',
        '\u{d8}' | '\u{f8}' | '\u{275}' | '\u{39f}' | '\u{3bf}' | '\u{3c3}' | '\u{3cc}' | '\u{41e}' | '\u{43e}'
        | '\u{4e9}' | '\u{555}' | '\u{585}' | '\u{1d0f}' => 'o',
        '\u{1a5}' | '\u{1bf}' | '\u{3a1}' | '\u{3c1}' | '\u{3f1}' | '\u{420}' | '\u{440}' | '\u{1d18}' => 'p',
        '\u{24b}' | '\u{51a}' | '\u{51b}' | '\u{563}' | '\u{566}' => 'q',
        '\u{24d}' | '\u{27c}' | '\u{27d}' | '\u{27e}' | '\u{280}' | '\u{413}' | '\u{42f}' | '\u{433}' | '\u{44f}'
        | '\u{1d26}' => 'r',
        '\u{219}' | '\u{282}' | '\u{283}' | '\u{405}' | '\u{455}' | '\u{54f}' | '\u{a731}' => 's',
        '\u{166}' | '\u{167}' | '\u{1ad}' | '\u{21b}' | '\u{288}' | '\u{3a4}' | '\u{3c4}' | '\u{422}' | '\u{442}'
        | '\u{1d1b}' => 't',
        '\u{289}' | '\u{28b}' | '\u{3bc}' | '\u{3c5}' | '\u{446}' | '\u{54d}' | '\u{57d}' | '\u{1d1c}' => 'u',
        '\u{3bd}' | '\u{474}' | '\u{475}' | '\u{1d20}' => 'v',
        '\u{3c9}' | '\u{428}' | '\u{448}' | '\u{461}' | '\u{51c}' | '\u{51d}' | '\u{561}' | '\u{1d21}' => 'w',
        '\u{d7}' | '\u{3a7}' | '\u{3c7}' | '\u{425}' | '\u{445}' => 'x',
        '\u{1b4}' | '\u{24f}' | '\u{28f}' | '\u{38e}' | '\u{3a5}' | '\u{3b3}' | '\u{423}' | '\u{443}' | '\u{4ae}'
        | '\u{4af}' => 'y',
        '\u{1b6}' | '\u{225}' | '\u{290}' | '\u{292}' | '\u{396}' | '\u{3b6}' | '\u{1d22}' => 'z',
        _ => return None,
    })
}

/// Alphabets in a row that Unicode gives no decomposition, or one with parentheses around.
fn in_alphabets(mark: char) -> Option<char> {
    let number = u32::from(mark);
    let first = match number {
        // In parentheses; circled and squared white on black; the letters of flags.
        0x249c..=0x24b5 => 0x249c,
        0x1f110..=0x1f129 => 0x1f110,
        0x1f150..=0x1f169 => 0x1f150,
        0x1f170..=0x1f189 => 0x1f170,
        0x1f1e6..=0x1f1ff => 0x1f1e6,
        _ => return None,
    };
    char::from_u32(u32::from('a') + number - first)
}

/// Cherokee, Lisu, Coptic and other scripts whose capitals were made after the Latin ones.
fn by_skeleton(mark: char) -> Option<char> {
    let is_made_alike = matches!(mark,
        '\u{180}'..='\u{2af}' | '\u{13a0}'..='\u{13ff}' | '\u{1400}'..='\u{167f}' | '\u{1d00}'..='\u{1d7f}'
        | '\u{2c60}'..='\u{2cff}' | '\u{2d30}'..='\u{2d7f}' | '\u{a4d0}'..='\u{a4ff}' | '\u{a720}'..='\u{a7ff}'
        | '\u{ab30}'..='\u{abbf}' | '\u{10280}'..='\u{1034f}' | '\u{10400}'..='\u{104ff}' | '\u{118a0}'..='\u{118ff}');
    if !is_made_alike {
        return None;
    }
    let mut octets = [0; 4];
    let mut alike = skeleton(mark.encode_utf8(&mut octets));
    let first = alike.next()?;
    // The prototype of m is rn.
    let first = if first == 'r' && alike.next() == Some('n') { 'm' } else { first };
    first.is_ascii_alphabetic().then(|| first.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_read_by_their_looks() {
        for (mark, expected) in [
            ('\u{430}', 'a'),
            ('\u{3a1}', 'p'),
            ('\u{578}', 'n'),
            ('\u{1d0d}', 'm'),
            ('\u{1f178}', 'i'),
            ('\u{13d2}', 'r'),
            ('\u{a4d0}', 'b'),
        ] {
            assert_eq!(letter(mark), Some(expected), "{mark:?}");
        }
        assert_eq!(letter('\u{5d0}'), None);
        assert_eq!(letter('\u{4e00}'), None);
    }
}
