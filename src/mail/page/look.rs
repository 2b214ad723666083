//! How an element looks: what it inherits and what is said about it, and why its text is not seen.
//!
//! Pure.

use super::{
    color::Color,
    style::{self, Declarations, Size},
};

/// Why a reader does not see a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    DisplayNone,
    Invisible,
    TinyFont,
    SameColor,
    OffScreen,
    ZeroSize,
}

impl Cause {
    /// As `html.style_oddity` says it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::DisplayNone => "display_none",
            Self::Invisible => "invisible",
            Self::TinyFont => "tiny_font",
            Self::SameColor => "text_on_same_color",
            Self::OffScreen => "off_screen",
            Self::ZeroSize => "zero_size",
        }
    }
}

/// The look of an open element.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Hidden for good: nothing inside shows it again.
    hidden: Option<Cause>,
    /// What follows can be undone inside.
    invisible: bool,
    indented: bool,
    /// Pixels.
    size: f32,
    color: Color,
    background: Color,
}

impl Default for Look {
    fn default() -> Self {
        Self {
            hidden: None,
            invisible: false,
            indented: false,
            size: style::ROOT_PIXELS,
            color: Color::BLACK,
            background: Color::WHITE,
        }
    }
}

impl Look {
    /// The look of an element inside this one.
    #[must_use]
    pub fn inside(&self, said: &Declarations) -> Self {
        Self {
            hidden: self.hidden.or_else(|| cause_of(said)),
            invisible: said.visible.map_or(self.invisible, |visible| !visible),
            indented: said.indented.unwrap_or(self.indented),
            size: match said.size {
                Some(Size::Pixels(pixels)) => pixels,
                Some(Size::Times(factor)) => self.size * factor,
                None => self.size,
            },
            color: said.color.unwrap_or(self.color),
            background: said.background.filter(|color| *color != Color::Transparent).unwrap_or(self.background),
        }
    }

    /// Why text here is not seen; `None` if it is.
    #[must_use]
    pub fn cause(&self) -> Option<Cause> {
        match () {
            () if self.hidden.is_some() => self.hidden,
            () if self.invisible => Some(Cause::Invisible),
            () if self.size <= TINY_PIXELS_MAX => Some(Cause::TinyFont),
            () if self.color.vanishes_on(self.background) => Some(Cause::SameColor),
            () if self.indented => Some(Cause::OffScreen),
            () => None,
        }
    }

    /// Is a picture here hidden for good?
    #[must_use]
    pub fn is_hidden(&self) -> bool {
        self.hidden.is_some() || self.invisible
    }
}

fn cause_of(said: &Declarations) -> Option<Cause> {
    let is_flat = |length: Option<f32>| length.is_some_and(|pixels| pixels <= style::BOX_PIXELS_MIN);
    match () {
        () if said.display == Some(false) => Some(Cause::DisplayNone),
        () if said.opaque == Some(false) => Some(Cause::Invisible),
        () if said.away == Some(true) => Some(Cause::OffScreen),
        () if said.cut == Some(true) && (is_flat(said.width) || is_flat(said.height)) => Some(Cause::ZeroSize),
        () => None,
    }
}

/// Letters up to this size are dust.
const TINY_PIXELS_MAX: f32 = 2.0;
