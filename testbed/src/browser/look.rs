//! What kind of visitor a page is shown to.

use serde_json::{Value, json};

/// The widest screen of a phone, in CSS pixels: on one, a page that does not say how wide it is
/// (`<meta name=viewport>`) is laid out for a desk and shrunk.
const PHONE_WIDTH_MAX: u32 = 600;

/// The screen of a visitor, and what the visitor has chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Of the window's inside, in CSS pixels; up to 600 it is the screen of a phone.
    pub width: u32,
    /// Of the window's inside, in CSS pixels.
    pub height: u32,
    /// Whether a dark page is preferred, else a light one.
    pub dark: bool,
    /// Whether scripts of the page run.
    pub javascript: bool,
}

impl Look {
    /// A wide screen, light, with scripts.
    pub const DESK: Self = Self {
        width: 1440,
        height: 900,
        dark: false,
        javascript: true,
    };

    /// A phone, light, with scripts.
    pub const PHONE: Self = Self {
        width: 390,
        height: 844,
        ..Self::DESK
    };

    /// The same in the dark.
    #[must_use]
    pub const fn dark(self) -> Self {
        Self { dark: true, ..self }
    }

    /// The same with no script running.
    #[must_use]
    pub const fn without_javascript(self) -> Self {
        Self {
            javascript: false,
            ..self
        }
    }

    /// The commands of the DevTools protocol that show a page so, on `medium`.
    pub(crate) fn commands(self, medium: &str) -> [(&'static str, Value); 3] {
        let scheme = if self.dark { "dark" } else { "light" };
        [
            (
                "Emulation.setDeviceMetricsOverride",
                json!({
                    "width": self.width, "height": self.height,
                    "deviceScaleFactor": 1, "mobile": self.width <= PHONE_WIDTH_MAX,
                }),
            ),
            (
                "Emulation.setEmulatedMedia",
                json!({
                    "media": medium,
                    "features": [{"name": "prefers-color-scheme", "value": scheme}],
                }),
            ),
            (
                "Emulation.setScriptExecutionDisabled",
                json!({"value": !self.javascript}),
            ),
        ]
    }
}
