//! A web site of a few pages, on a port of 127.0.0.1.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame, Incoming};
use hyper::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE};
use hyper::header::{LOCATION, SET_COOKIE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// A policy as strict as they come.
pub const STRICT: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; \
    base-uri 'none'; require-trusted-types-for 'script'";

/// Size of `/large.js`, in bytes.
pub const LARGE_BYTES: usize = 50_000;

/// The site, for as long as its runtime runs.
pub struct Site {
    pub url: String,
    /// Requests, each with its cookies and its body.
    pub asked: Arc<Mutex<Vec<String>>>,
}

impl Site {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let log = Arc::clone(&log);
                let serve = service_fn(move |request| answer(request, Arc::clone(&log)));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), serve));
            }
        });
        Self { url, asked }
    }

    pub fn page(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    pub fn was_asked(&self, what: &str) -> bool {
        let asked = self.asked.lock().expect("no panic");
        asked.iter().any(|asked| asked.contains(what))
    }
}

async fn answer(
    request: Request<Incoming>,
    log: Arc<Mutex<Vec<String>>>,
) -> Result<Response<BoxBody<Bytes, Infallible>>, Infallible> {
    let target = request.uri().to_string();
    let path = request.uri().path().to_owned();
    let cookies = request.headers().get(COOKIE).cloned();
    let cookies = cookies.map(|cookies| String::from_utf8_lossy(cookies.as_bytes()).into_owned());
    let body = request
        .into_body()
        .collect()
        .await
        .map(|body| body.to_bytes());
    let body = String::from_utf8_lossy(&body.unwrap_or_default()).into_owned();
    let cookies = cookies.unwrap_or_default();
    log.lock()
        .expect("no panic")
        .push(format!("{target} [{cookies}] {body}"));
    let head = Response::builder().header(CONTENT_SECURITY_POLICY, STRICT);
    if path == "/stream" {
        let stream = Stream(Some("data: came\n\n".into()));
        let head = head.header(CONTENT_TYPE, "text/event-stream");
        return Ok(head.body(BoxBody::new(stream)).expect("a response"));
    }
    let response = match path.as_str() {
        "/good.css" => head.header(CONTENT_TYPE, "text/css").body(CSS.into()),
        "/tail.js" => head
            .header(CONTENT_TYPE, "text/javascript")
            .body(TAIL.into()),
        "/good.js" => head.header(CONTENT_TYPE, "text/javascript").body(JS.into()),
        "/throws.js" => {
            let throws = "console.error('a word'); throw new Error('thrown on purpose')";
            head.header(CONTENT_TYPE, "text/javascript")
                .body(throws.into())
        }
        "/large.js" => {
            let large = vec![b' '; LARGE_BYTES];
            head.header(CONTENT_TYPE, "text/javascript")
                .body(large.into())
        }
        "/export" => {
            let named = "attachment; filename=\"export.csv\"";
            head.header(CONTENT_DISPOSITION, named)
                .body("a,b\n1,2\n".into())
        }
        "/login" => {
            let cookie = "__Host-session=secret; Path=/; HttpOnly; SameSite=Strict; Secure";
            let head = head.status(303).header(LOCATION, "/good");
            head.header(SET_COOKIE, cookie).body("".into())
        }
        "/forbidden" => html(head.status(403), "<h1>Not yours</h1>"),
        "/good" | "/sent" => html(head, GOOD),
        "/inline" => html(head, INLINE),
        "/unlabelled" => html(head, "<h1>Who</h1><input name=who>"),
        "/throws" => html(head, "<h1>Throws</h1><script src=/throws.js></script>"),
        "/lost" => html(head, "<h1>Lost</h1><script src=/nowhere.js></script>"),
        "/tail" => html(head, "<h1>Tail</h1><script src=/tail.js></script>"),
        "/large" => html(head, "<h1>Large</h1><script src=/large.js></script>"),
        "/wide" => {
            let wide = "<!doctype html><title>Wide</title><h1>Wide</h1>";
            head.header(CONTENT_TYPE, "text/html").body(wide.into())
        }
        "/favicon.ico" => head.body("".into()),
        _ => head.status(404).body("".into()),
    };
    Ok(response.expect("a response").map(Full::boxed))
}

/// Says one thing, and goes on for ever.
struct Stream(Option<Bytes>);

impl Body for Stream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let said = self.0.take();
        said.map_or(Poll::Pending, |said| {
            Poll::Ready(Some(Ok(Frame::data(said))))
        })
    }
}

fn html(
    head: hyper::http::response::Builder,
    main: &str,
) -> hyper::http::Result<Response<Full<Bytes>>> {
    let text = format!(
        "<!doctype html><html lang=en><head><meta charset=utf-8><title>Site</title>
        <meta name=viewport content='width=device-width'><link rel=stylesheet href=/good.css>
        <link rel=icon href=/favicon.ico></head><body><main>{main}</main></body></html>"
    );
    head.header(CONTENT_TYPE, "text/html").body(text.into())
}

const CSS: &str = "
body { background: white; color: black; }
@media (prefers-color-scheme: dark) { body { background: black; color: white; } a { color: #9cf; } }
#tall { height: 3000px; }
@media print { #tall { display: none; } }
";

const JS: &str = "'use strict';
(() => {
    const line = (text) => {
        const item = document.createElement('li');
        item.textContent = text;
        document.querySelector('#lines').append(item);
    };
    document.addEventListener('keydown', (event) => line('key ' + event.key));
    document.querySelector('#later').addEventListener('click', () => {
        requestAnimationFrame(() => requestAnimationFrame(() => {
            line('later');
            document.querySelector('#lines').lastChild.id = 'came';
        }));
    });
})();
";

const TAIL: &str = "new EventSource('/stream').onmessage = (event) => {
    document.querySelector('h1').textContent = event.data;
};";

const GOOD: &str = "<h1>Good</h1>
<noscript><p id=quiet>No scripts here</p></noscript>
<ul id=lines><li>first</li><li hidden>hidden</li></ul>
<button id=later type=button>Later</button>
<form id=form method=post action=/sent enctype=multipart/form-data>
<label>Name <input id=name name=name value=old></label>
<label>Day <input id=day name=day type=date></label>
<label>Kind <select id=kind name=kind><option value=a>A<option value='b \"2\"'>B</select></label>
<label>File <input id=file name=file type=file></label>
<button>Send</button></form>
<a id=next href=/large>Large</a> <a id=export href=/export>Export</a>
<p id=tall>Tall</p>
<script src=/good.js></script>";

const INLINE: &str = "<h1>Inline</h1>
<script>document.title = 'ran'</script>
<p style='color: red'>styled</p>";
