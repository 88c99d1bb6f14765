//! A QR code as a path for inline SVG, so that it needs no `data:` URL in the
//! Content-Security-Policy.

/// The blank modules on each side that scanners need (ISO/IEC 18004).
const QUIET_ZONE: usize = 4;

pub(super) struct QrCode {
    /// Modules on each side, the quiet zone included.
    pub(super) size: usize,
    /// The `d` of an SVG path: the dark modules, each a square of 1.
    pub(super) path: String,
}

impl QrCode {
    /// `None` if the text is too long for a QR code.
    pub(super) fn of(text: &str) -> Option<Self> {
        let code = qrcode::QrCode::new(text).ok()?;
        let width = code.width();
        let dark = code.to_colors().into_iter().enumerate();
        let path = dark
            .filter(|(_, color)| *color == qrcode::Color::Dark)
            .map(|(at, _)| {
                format!("M{},{}h1v1h-1z", at % width + QUIET_ZONE, at / width + QUIET_ZONE)
            })
            .collect();
        Some(Self { size: width + 2 * QUIET_ZONE, path })
    }
}
