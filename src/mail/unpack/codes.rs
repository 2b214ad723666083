//! QR codes in gray pixels: made black and white, glanced at for the marks in the corners of a code, then read.
//!
//! Pure. Most pictures show no code, and the glance is much cheaper than the search.

use super::contents::Contents;
use crate::mail::content::LinkPlace;
use rqrr::PreparedImage;

/// The smallest code has 21 modules, of which each takes some pixels.
pub const SIDE_MIN: usize = 42;
/// Negatives of larger pictures are looked for in every second pixel: they are rare.
const NEGATIVE_SIDE: usize = 500;
const GRIDS_MAX: usize = 20;
/// Corners of one code.
const CORNERS: usize = 3;
/// A pixel is black that is darker than this share, in percent, of what stands beside it in its row.
const DARK_PERCENT: u64 = 95;
/// Pixels beside a pixel that count for that, at most.
const BESIDE_MAX: u64 = 2_500;
/// Products of sums with the inverse of a number of pixels are exact in so many bits.
const INVERSE_BITS: u32 = 42;

/// Looks for codes in lines of `width` gray pixels each, as they are and as a negative.
pub fn read(width: usize, gray: &[u8], contents: &mut Contents) {
    if width < SIDE_MIN || gray.len() / width < SIDE_MIN {
        return;
    }
    if is_read(&Bitmap::of(width, gray.chunks_exact(width)), contents) {
        return;
    }
    let height = gray.len() / width;
    let step = if width.max(height) > NEGATIVE_SIDE { 2 } else { 1 };
    let mut negative = Vec::with_capacity(gray.len() / step);
    for row in gray.chunks_exact(width).step_by(step) {
        negative.extend(row.chunks(step).filter_map(|pixels| pixels.first()).map(|gray| !gray));
    }
    let width = width.div_ceil(step);
    is_read(&Bitmap::of(width, negative.chunks_exact(width)), contents);
}

/// Reads the codes of a picture; whether there was one.
fn is_read(bitmap: &Bitmap, contents: &mut Contents) -> bool {
    if !bitmap.has_corners() {
        return false;
    }
    let is_black = |x, y| bitmap.is_black(x, y);
    let mut found = false;
    for grid in PreparedImage::prepare_from_bitmap(bitmap.width, bitmap.height(), is_black)
        .detect_grids()
        .iter()
        .take(GRIDS_MAX)
    {
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
    found
}

/// Pixels in rows, black ones 1.
struct Bitmap {
    width: usize,
    pixels: Vec<u8>,
}

impl Bitmap {
    /// A pixel is compared with those left and right of it, near ones counting most (as quirc does, whose port reads the codes).
    fn of<'a>(width: usize, rows: impl Iterator<Item = &'a [u8]>) -> Self {
        let beside = (width as u64 / 8).clamp(1, BESIDE_MAX);
        // What stays of a sum from one pixel to the next.
        let stays = ((1_u64 << INVERSE_BITS) / beside + 1) * (beside - 1);
        let slide = |sum: &mut u64, gray: u8| {
            *sum = ((*sum * stays) >> INVERSE_BITS) + u64::from(gray);
            *sum
        };
        let mut pixels = Vec::new();
        let (mut left, mut right) = (vec![0; width], vec![0; width]);
        // Each walks on where it came to in the row before.
        let (mut on, mut back) = (0, 0);
        for row in rows {
            let ends = row.iter().zip(row.iter().rev()).zip(left.iter_mut().zip(right.iter_mut().rev()));
            for ((first, last), (left, right)) in ends {
                *left = slide(&mut on, *first);
                *right = slide(&mut back, *last);
            }
            let is_black = |((left, right), gray): ((&u64, &u64), &u8)| {
                u64::from(*gray) * 200 * beside < (left + right) * DARK_PERCENT
            };
            pixels.extend(left.iter().zip(&right).zip(row).map(|pixel| u8::from(is_black(pixel))));
            std::mem::swap(&mut on, &mut back);
        }
        Self { width, pixels }
    }

    fn height(&self) -> usize {
        self.pixels.len() / self.width
    }

    fn is_black(&self, x: usize, y: usize) -> bool {
        self.pixels.get(y * self.width + x) == Some(&1)
    }

    /// Whether marks as in the corners of a code are met, across and down, in enough places.
    fn has_corners(&self) -> bool {
        let mut marks: Vec<Mark> = Vec::new();
        for (y, row) in self.pixels.chunks_exact(self.width).enumerate() {
            let mut runs = Runs::default();
            let mut at = 0;
            for run in row.chunk_by(|one, other| one == other) {
                at += run.len();
                runs.push(run.len());
                if run.first() == Some(&1)
                    && let Some((x, size)) = runs.middle(at)
                    && !marks.iter().any(|mark| mark.is_near(x, y))
                    && let Some(y) = self.mark_down(x, y, size)
                {
                    marks.push(Mark { x, y, size });
                    if marks.len() >= CORNERS {
                        return true;
                    }
                }
            }
        }
        false
    }

    /// The middle of a mark down the picture, if the pixels above and below a black one are those of one about as long.
    fn mark_down(&self, x: usize, y: usize, size: usize) -> Option<usize> {
        let column = |y: usize| self.is_black(x, y);
        let up = lengths((y.saturating_sub(size)..y).rev().map(column));
        let down = lengths((y + 1..self.height().min(y + 1 + size)).map(column));
        let ([middle_up, white_up, black_up], [middle_down, white_down, black_down]) = (up, down);
        let runs = [black_up, white_up, middle_up + middle_down + 1, white_down, black_down];
        let length: usize = runs.iter().sum();
        (2 * length >= size && length <= 2 * size && is_mark(runs, 2))
            .then_some((2 * y + middle_down).saturating_sub(middle_up) / 2)
    }
}

/// A mark as in the corners of a code.
struct Mark {
    x: usize,
    y: usize,
    size: usize,
}

impl Mark {
    /// Whether a place is within it.
    fn is_near(&self, x: usize, y: usize) -> bool {
        self.x.abs_diff(x).max(self.y.abs_diff(y)) <= self.size / 2
    }
}

/// The lengths of a black, a white and a black run at the beginning.
fn lengths(pixels: impl Iterator<Item = bool>) -> [usize; 3] {
    let mut lengths = [0; 3];
    let mut run = 0;
    for is_black in pixels {
        if is_black != (run % 2 == 0) {
            run += 1;
        }
        let Some(length) = lengths.get_mut(run) else { break };
        *length += 1;
    }
    lengths
}

/// The last five runs of a row.
#[derive(Default)]
struct Runs([usize; 5]);

impl Runs {
    fn push(&mut self, length: usize) {
        let Self([_, second, third, fourth, fifth]) = *self;
        self.0 = [second, third, fourth, fifth, length];
    }

    /// Where the middle of a mark is, and how long it is, if one ends here, before `at`.
    fn middle(&self, at: usize) -> Option<(usize, usize)> {
        let Self([.., middle, white, black]) = *self;
        is_mark(self.0, 0).then(|| (at - black - white - middle.div_ceil(2), self.0.iter().sum()))
    }
}

/// Whether runs are about 1:1:3:1:1 (ISO/IEC 18004, 6.3.3): three quarters of a module more or less, as the reader takes
/// it, and so many quarters of a pixel.
fn is_mark(runs: [usize; 5], more: usize) -> bool {
    let [first, second, middle, third, fourth] = runs;
    let module = (first + second + third + fourth) / 4;
    let room = 4 * (module * 3 / 4) + more;
    let is_one = |run: usize| run > 0 && (4 * run).abs_diff(4 * module) <= room;
    [first, second, third, fourth].into_iter().all(is_one) && (4 * middle).abs_diff(12 * module) <= room
}

#[cfg(test)]
mod tests {
    use super::*;
    use qrcodegen::{QrCode, QrCodeEcc};

    /// A mark of modules of so many pixels, on white, three times.
    fn marks(module: usize) -> (usize, Vec<u8>) {
        let side = 21 * module + 8 * module;
        let is_black = |x: usize, y: usize| {
            let at = |corner: usize, place: usize| {
                place.checked_sub(corner * module + 4 * module).map(|place| place / module)
            };
            [(0, 0), (14, 0), (0, 14)].into_iter().any(|(left, top)| match (at(left, x), at(top, y)) {
                (Some(x @ 0..7), Some(y @ 0..7)) => {
                    let ring = x.min(y).min(6 - x).min(6 - y);
                    ring != 1
                }
                _ => false,
            })
        };
        let pixels = (0..side * side).map(|place| if is_black(place % side, place / side) { 20 } else { 230 });
        (side, pixels.collect())
    }

    #[test]
    fn corners_of_a_code_are_seen_at_any_size() {
        for module in [2, 3, 7, 20] {
            let (side, gray) = marks(module);
            assert!(Bitmap::of(side, gray.chunks_exact(side)).has_corners(), "{module}");
        }
    }

    /// A code drawn with modules of `size` pixels, turned by an angle, in two shades.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "small")]
    fn drawn(size: f64, angle: f64, (dark, light): (u8, u8)) -> (usize, Vec<u8>) {
        let code = QrCode::encode_text("https://login.example/?a=1", QrCodeEcc::Medium).unwrap();
        let modules = f64::from(code.size()) + 16.0;
        let width = (modules * size) as usize;
        let middle = width as f64 / 2.0;
        let shade = |place: usize| {
            let (x, y) = ((place % width) as f64 - middle, (place / width) as f64 - middle);
            let module = |along: f64| ((along + middle) / size).floor() as i32 - 8;
            let is_dark =
                code.get_module(module(x * angle.cos() + y * angle.sin()), module(y * angle.cos() - x * angle.sin()));
            if is_dark { dark } else { light }
        };
        (width, (0..width * width).map(shade).collect())
    }

    #[test]
    fn what_the_reader_reads_is_read_behind_the_glance_too() {
        let mut read_once = 0;
        for size in [1.5, 2.0, 3.0, 4.4, 8.0] {
            for angle in [0.0, 0.2, 0.78, 3.0] {
                for shades in [(0, 255), (90, 200), (230, 20)] {
                    let (width, gray) = drawn(size, angle, shades);
                    let mut contents = Contents::default();
                    read(width, &gray, &mut contents);
                    let reads = |mask: u8, step: usize| {
                        let pixel = |x: usize, y: usize| gray[y * step * width + x * step] ^ mask;
                        let (width, height) = (width / step, gray.len() / width / step);
                        let mut plain = PreparedImage::prepare_from_greyscale(width, height, pixel);
                        plain.detect_grids().iter().any(|grid| grid.decode().is_ok())
                    };
                    let step = if width > NEGATIVE_SIDE { 2 } else { 1 };
                    let is_read = reads(0, 1) || reads(0xff, step);
                    assert!(!is_read || !contents.targets.is_empty(), "{size} {angle} {shades:?}");
                    read_once += usize::from(is_read);
                }
            }
        }
        assert!(read_once > 36, "{read_once} of 60");
    }

    #[test]
    fn stripes_and_noise_in_one_direction_are_no_corners() {
        let stripes: Vec<u8> = (0..200 * 200).map(|place| if place % 200 / 5 % 2 == 0 { 0 } else { 255 }).collect();
        assert!(!Bitmap::of(200, stripes.chunks_exact(200)).has_corners());
        assert!(!Bitmap::of(200, vec![255; 40_000].chunks_exact(200)).has_corners());
    }
}
