//! How text is to look.

use anstyle::{AnsiColor, Style};

/// What is shown, and in which colours.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    pub(super) palette: Palette,
    /// Payloads in hexadecimal.
    pub(super) hex: bool,
    /// All that there is to say.
    pub(super) details: bool,
    /// By which protocol, of several.
    pub(super) dialects: bool,
    /// When it was.
    pub(super) times: bool,
    /// What has become of those who are there: each line says it in a word.
    pub(super) news: bool,
    /// Bytes of what was said that are shown; what is longer is cut.
    pub(super) most: Option<usize>,
}

impl Look {
    pub(super) const PLAIN: Look = Look {
        palette: Palette::PLAIN,
        hex: false,
        details: false,
        dialects: false,
        times: false,
        news: false,
        most: None,
    };
}

/// The colours of text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Palette {
    pub(super) address: Style,
    pub(super) detail: Style,
    pub(super) refused: Style,
    pub(super) changed: Style,
    pub(super) found: Style,
}

impl Palette {
    pub(super) const PLAIN: Palette = Palette {
        address: Style::new(),
        detail: Style::new(),
        refused: Style::new(),
        changed: Style::new(),
        found: Style::new(),
    };
    pub(super) const COLORED: Palette = Palette {
        address: AnsiColor::Green.on_default().bold(),
        detail: Style::new().dimmed(),
        refused: AnsiColor::Yellow.on_default(),
        changed: AnsiColor::Cyan.on_default(),
        found: AnsiColor::Green.on_default(),
    };
}
