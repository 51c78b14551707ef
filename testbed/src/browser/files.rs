//! Files that a browser writes: pictures and downloads.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::page::Page;
use super::waiting::until;

impl Page {
    /// Writes a picture of the whole page, below the window's edge too, as PNG: one pixel for
    /// each CSS pixel.
    pub async fn screenshot(&self, path: &Path) {
        let taken = self.take_picture(path).await;
        self.sound(taken, || format!("screenshot {}", path.display()))
            .await;
    }

    /// The folder that downloads go to.
    pub fn downloads(&self) -> &Path {
        self.session.downloads()
    }

    /// What a download of that name holds, once it is complete.
    ///
    /// # Panics
    /// It is not within 30 s, or it is empty.
    pub async fn downloaded(&self, name: &str) -> Vec<u8> {
        let read = until(async || downloaded(self.downloads(), name)).await;
        self.sound(read, || format!("download {name}")).await
    }

    async fn take_picture(&self, path: &Path) -> Result<()> {
        let metrics = self
            .session
            .devtools("Page.getLayoutMetrics", json!({}))
            .await?;
        let size = &metrics["cssContentSize"];
        let clip = json!({
            "x": 0, "y": 0, "scale": 1, "width": size["width"], "height": size["height"],
        });
        let asked = json!({"format": "png", "captureBeyondViewport": true, "clip": clip});
        let picture = self
            .session
            .devtools("Page.captureScreenshot", asked)
            .await?;
        let bytes = STANDARD.decode(picture["data"].as_str().context("a picture")?)?;
        fs::write(path, bytes).with_context(|| path.display().to_string())
    }
}

/// The browser holds a name with an empty file, and writes under another name until the end.
fn downloaded(folder: &Path, name: &str) -> Result<Option<Vec<u8>>> {
    for entry in fs::read_dir(folder)? {
        let other = entry?.file_name();
        let other = other.to_string_lossy();
        if other.ends_with(".crdownload") || other.starts_with('.') {
            return Ok(None);
        }
    }
    match fs::read(folder.join(name)) {
        Ok(bytes) if bytes.is_empty() => Ok(None),
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) => Err(error).context(name.to_owned()),
    }
}
