//! What pages load: the stylesheet, the scripts, the icon. Part of the program, and under a URL
//! that changes with them, so that browsers keep them for good.

use std::io::Write;
use std::sync::LazyLock;

use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use super::page::takes_gzip;
use crate::problem::{Answer, Problem};
use crate::reply;

/// An asset as it is built in.
struct Source {
    name: &'static str,
    media_type: &'static str,
    text: &'static str,
}

const SOURCES: &[Source] = &[
    style("console.css", include_str!("../../assets/console.css")),
    script("console.js", include_str!("../../assets/console.js")),
    script("tail.js", include_str!("../../assets/tail.js")),
    script("integrity.js", include_str!("../../assets/integrity.js")),
    script("verify.js", include_str!("../../assets/verify.js")),
    script(
        "verify_page.js",
        include_str!("../../assets/verify_page.js"),
    ),
    Source {
        name: "favicon.svg",
        media_type: "image/svg+xml",
        text: include_str!("../../assets/favicon.svg"),
    },
];

const fn style(name: &'static str, text: &'static str) -> Source {
    Source {
        name,
        media_type: "text/css; charset=utf-8",
        text,
    }
}

const fn script(name: &'static str, text: &'static str) -> Source {
    Source {
        name,
        media_type: "text/javascript; charset=utf-8",
        text,
    }
}

struct Asset {
    source: &'static Source,
    url: String,
    version: String,
    packed: Bytes,
}

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| SOURCES.iter().map(Asset::of).collect());

impl Asset {
    fn of(source: &'static Source) -> Self {
        let digest = Sha256::digest(source.text.as_bytes());
        let version: String = digest[..6].iter().map(|b| format!("{b:02x}")).collect();
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        // Writing to memory does not fail.
        let written = encoder.write_all(source.text.as_bytes());
        let packed = written.and_then(|()| encoder.finish()).unwrap_or_default();
        Self {
            url: format!("/console/assets/{version}/{}", source.name),
            version,
            source,
            packed: packed.into(),
        }
    }
}

/// The text of an asset.
pub fn text(name: &str) -> &'static str {
    let found = SOURCES.iter().find(|source| source.name == name);
    found.map_or("", |source| source.text)
}

/// Where an asset is.
pub fn url(name: &str) -> &'static str {
    let found = ASSETS.iter().find(|asset| asset.source.name == name);
    found.map_or("", |asset| asset.url.as_str())
}

/// `GET /console/assets/{version}/{name}`
pub async fn serve(Path((version, name)): Path<(String, String)>, headers: HeaderMap) -> Answer {
    let is_it = |asset: &&Asset| asset.source.name == name && asset.version == version;
    let asset = ASSETS.iter().find(is_it);
    let asset = asset.ok_or_else(|| Problem::not_found("nothing is at this URL"))?;
    let is_packed = takes_gzip(&headers);
    let body = if is_packed {
        asset.packed.clone()
    } else {
        Bytes::from_static(asset.source.text.as_bytes())
    };
    let mut response = reply::of(StatusCode::OK, asset.source.media_type, body);
    let headers = response.headers_mut();
    let for_good = HeaderValue::from_static("public, max-age=31536000, immutable");
    headers.insert(header::CACHE_CONTROL, for_good);
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if is_packed {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Ok(response)
}
