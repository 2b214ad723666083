//! Pictures, made gray and small, so that QR codes can be looked for: what a telephone before the screen would read.
//!
//! Pure. A code that fills some part of a letter survives being made small.

use super::{budget::Budget, codes, contents::Contents};
use image::{DynamicImage, ImageReader, Limits};
use std::io::Cursor;

/// Looks for codes in a picture.
#[must_use]
pub fn open(bytes: &[u8], budget: &mut Budget) -> Contents {
    let mut contents = Contents::default();
    let Ok(reader) = ImageReader::new(Cursor::new(bytes)).with_guessed_format() else { return contents };
    // A picture that is broken or of an unknown kind shows no code.
    let Ok((width, height)) = reader.into_dimensions() else { return contents };
    let (width, height) = (width as usize, height as usize);
    let pixels = width.saturating_mul(height);
    if width.min(height) < codes::SIDE_MIN {
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
    let (width, gray) = gray(&picture);
    codes::read(width, &gray, &mut contents);
    contents
}

/// The gray pixels of a picture, made small, and how many a line has. Clear parts are white, as on a page.
fn gray(picture: &DynamicImage) -> (usize, Vec<u8>) {
    let size = (picture.width() as usize, picture.height() as usize);
    match picture {
        DynamicImage::ImageLuma8(plain) => small(size, plain, |[gray]| u32::from(gray)),
        DynamicImage::ImageRgb8(plain) => small(size, plain, |[red, green, blue]| luma(red, green, blue)),
        DynamicImage::ImageRgba8(plain) => small(size, plain, seen_through),
        other => small(size, &other.to_rgba8(), seen_through),
    }
}

/// How bright a colour is (ITU-R BT.709), from 0 to 255.
fn luma(red: u8, green: u8, blue: u8) -> u32 {
    (54 * u32::from(red) + 183 * u32::from(green) + 19 * u32::from(blue)) >> 8
}

/// How bright red, green, blue and alpha are on white paper.
fn seen_through([red, green, blue, alpha]: [u8; 4]) -> u32 {
    (luma(red, green, blue) * u32::from(alpha) + 255 * (255 - u32::from(alpha))) / 255
}

/// A picture of lines of pixels of so many octets each, with its longer side `SCALED_SIDE` at most: means over rectangles.
fn small<const OCTETS: usize>(
    (width, height): (usize, usize),
    picture: &[u8],
    bright: impl Fn([u8; OCTETS]) -> u32,
) -> (usize, Vec<u8>) {
    let (pixels, _) = picture.as_chunks::<OCTETS>();
    let longer = width.max(height);
    if longer <= SCALED_SIDE {
        return (width, pixels.iter().map(|pixel| u8::try_from(bright(*pixel)).unwrap_or(u8::MAX)).collect());
    }
    let scaled = |side: usize| (side * SCALED_SIDE / longer).max(1);
    let (columns, lines) = (spans(width, scaled(width)), spans(height, scaled(height)));
    let mut gray = Vec::with_capacity(columns.len() * lines.len());
    let mut rows = pixels.chunks_exact(width);
    let mut sums = vec![0; columns.len()];
    for line in lines {
        sums.fill(0);
        for row in rows.by_ref().take(line) {
            let mut pixels = row.iter();
            for (sum, column) in sums.iter_mut().zip(&columns) {
                *sum += pixels.by_ref().take(*column).map(|pixel| bright(*pixel)).sum::<u32>();
            }
        }
        let mean = |(sum, column): (&u32, &usize)| u8::try_from(*sum as usize / (column * line)).unwrap_or(u8::MAX);
        gray.extend(sums.iter().zip(&columns).map(mean));
    }
    (columns.len(), gray)
}

/// A side cut into so many spans that differ by one at most.
fn spans(side: usize, count: usize) -> Vec<usize> {
    (0..count).map(|span| (span + 1) * side / count - span * side / count).collect()
}

const SIDE_MAX: u32 = 20_000;
const SCALED_SIDE: usize = 1000;
const PIXELS_MAX: usize = 30_000_000;
const ALLOCATION_MAX: u64 = 192 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_made_small_without_losing_its_halves() {
        let (width, height) = (3001, 1501);
        let picture: Vec<u8> = (0..width * height)
            .flat_map(|place| if place % width < 1500 { [0; 4] } else { [255, 0, 0, 255] })
            .collect();
        let (columns, gray) = small((width, height), &picture, seen_through);
        assert_eq!((columns, gray.len() / columns), (1000, 500));
        // What is clear is white; red is dark.
        assert_eq!((gray.first(), gray.last()), (Some(&255), Some(&53)));
    }

    #[test]
    fn gray_and_colour_are_as_bright() {
        let black = DynamicImage::new_rgb8(50, 50);
        assert_eq!(gray(&black), (50, vec![0; 2500]));
        let mut picture = DynamicImage::new_luma8(50, 50);
        picture.invert();
        assert_eq!(gray(&picture), (50, vec![255; 2500]));
    }
}
