//! QR codes in pictures: what a telephone that is held before the screen would read.
//!
//! Pure. Pictures are made small before codes are looked for; a code that fills some part of a letter survives that.

use super::{budget::Budget, contents::Contents};
use crate::mail::content::LinkPlace;
use image::{ImageReader, Limits};
use rqrr::PreparedImage;
use std::io::Cursor;

/// Looks for codes in a picture.
#[must_use]
pub fn open(bytes: &[u8], budget: &mut Budget) -> Contents {
    let mut contents = Contents::default();
    let Ok(reader) = ImageReader::new(Cursor::new(bytes)).with_guessed_format() else { return contents };
    // A picture that is broken or of an unknown kind shows no code.
    let Ok((width, height)) = reader.into_dimensions() else { return contents };
    let pixels = (width as usize).saturating_mul(height as usize);
    if width.min(height) < SIDE_MIN {
        return contents;
    }
    if pixels > PIXELS_MAX || !budget.picture(pixels) {
        contents.skip(super::budget::SIZE_LIMIT);
        return contents;
    }
    let Ok(mut reader) = ImageReader::new(Cursor::new(bytes)).with_guessed_format() else { return contents };
    let mut bounds = Limits::default();
    bounds.max_image_width = Some(SIDE_MAX);
    bounds.max_image_height = Some(SIDE_MAX);
    bounds.max_alloc = Some(ALLOCATION_MAX);
    reader.limits(bounds);
    let Ok(picture) = reader.decode() else { return contents };
    let picture = if width.max(height) > SCALED_SIDE { picture.thumbnail(SCALED_SIDE, SCALED_SIDE) } else { picture };
    // Clear parts are white, as on a page.
    let gray: Vec<u8> = picture
        .to_luma_alpha8()
        .pixels()
        .map(|pixel| {
            let [luma, alpha] = pixel.0;
            let shown = u16::from(luma) * u16::from(alpha) / 255 + (255 - u16::from(alpha));
            u8::try_from(shown).unwrap_or(u8::MAX)
        })
        .collect();
    codes(picture.width() as usize, &gray, &mut contents);
    contents
}

/// Looks for codes in lines of `width` gray pixels each, as they are and as a negative.
pub fn codes(width: usize, gray: &[u8], contents: &mut Contents) {
    if width == 0 || gray.len() / width < SIDE_MIN as usize {
        return;
    }
    let height = gray.len() / width;
    // Negatives are rare: they are looked for in every second pixel of a large picture.
    let coarse = if width.max(height) > SCALED_SIDE as usize / 2 { 2 } else { 1 };
    for (mask, step) in [(0, 1), (0xff, coarse)] {
        let pixel = |x: usize, y: usize| gray.get(y * step * width + x * step).copied().unwrap_or(0xff) ^ mask;
        let mut prepared = PreparedImage::prepare_from_greyscale(width / step, height / step, pixel);
        let grids = prepared.detect_grids();
        let mut found = false;
        for grid in grids.iter().take(GRIDS_MAX) {
            let Ok((_, text)) = grid.decode() else { continue };
            found = true;
            contents.traits.insert("qr");
            let text = text.trim();
            if text.contains(':') || text.starts_with("www.") {
                contents.targets.push((text.to_owned(), LinkPlace::Qr));
            } else {
                contents.show(text);
                contents.show("\n");
            }
        }
        if found {
            return;
        }
    }
}

/// The smallest code has 21 modules, of which each takes some pixels.
const SIDE_MIN: u32 = 42;
const SIDE_MAX: u32 = 20_000;
const SCALED_SIDE: u32 = 1000;
const PIXELS_MAX: usize = 30_000_000;
const ALLOCATION_MAX: u64 = 192 << 20;
const GRIDS_MAX: usize = 20;
