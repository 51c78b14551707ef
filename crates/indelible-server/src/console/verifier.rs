//! Checking proofs and evidence packs in a browser, for whoever has one: as a page, and as a file
//! that needs neither this server nor a network.

use std::sync::LazyLock;

use askama::Template;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::frame::{Frame, Place};
use super::{assets, entrance, page};
use crate::app::App;
use crate::problem::{Answer, Kind, Problem};
use crate::reply;

#[derive(Template)]
#[template(path = "verifier.html")]
struct VerifierPage {
    frame: Frame,
}

/// `GET /console/verify`, which anybody may see; who is logged in finds the way back.
pub async fn show(State(app): State<App>, request: Request) -> Answer {
    let caller = entrance::known(&app, request).await;
    let page = VerifierPage {
        frame: Frame::of(caller.as_ref(), "Verify", None, Place::Elsewhere),
    };
    page::html(StatusCode::OK, &page)
}

#[derive(Template)]
#[template(path = "verifier_file.html", escape = "none")]
struct VerifierFile {
    policy: String,
    style: &'static str,
    verify: &'static str,
    page: &'static str,
}

/// Made once: the same for everybody.
static FILE: LazyLock<Option<String>> = LazyLock::new(|| {
    let [style, verify, page] = ["console.css", "verify.js", "verify_page.js"].map(assets::text);
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
    // What is in the file may run, and nothing it says may leave it.
    let policy = format!(
        "default-src 'none'; script-src {} {}; style-src {}; base-uri 'none'; form-action 'none'; \
         require-trusted-types-for 'script'",
        hash(verify),
        hash(page),
        hash(style)
    );
    let file = VerifierFile {
        policy,
        style,
        verify,
        page,
    };
    file.render().ok()
});

/// `GET /console/verifier.html`: the page as one file, to be kept.
pub async fn file() -> Answer {
    let text = FILE.as_deref();
    let text = text.ok_or_else(|| Problem::new(Kind::Internal, "the file could not be written"))?;
    let mut response = reply::of(StatusCode::OK, "text/html; charset=utf-8", text);
    let kept = HeaderValue::from_static("attachment; filename=\"indelible-verifier.html\"");
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_DISPOSITION, kept);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_holds_all_that_it_needs_and_ends_no_script_early() {
        let file = FILE.as_deref().expect("written");
        assert_eq!(file.matches("<script>").count(), 2);
        assert_eq!(file.matches("</script").count(), 2);
        assert_eq!(file.matches("</style").count(), 1);
        for elsewhere in [" src=", " href=", "@import", "url("] {
            assert!(!file.contains(elsewhere), "{elsewhere}");
        }
        // What the policy lets run is what stands between the tags.
        for (begin, end) in [("<script>", "</script>"), ("<style>", "</style>")] {
            for part in file.split(begin).skip(1) {
                let inner = part.split(end).next().expect("ended");
                let hash = STANDARD.encode(Sha256::digest(inner));
                assert!(file.contains(&format!("'sha256-{hash}'")), "{begin}");
            }
        }
    }
}
