//! One application, four URLs: what it does and finds is the same behind each of them.

use std::sync::Arc;

use indelible::core::Delivery;
use indelible::{
    AnyAudit, ApiKey, AuditAction, AuditError, AuditEvent, AuditProtocol, Query, Settings,
    TrailName,
};
use indelible_server::App;
use serde_json::json;
use tokio::net::TcpListener;

use crate::place::Kind;
use crate::site::{Site, expect_clean};

/// What an application does with its trail, of which it knows nothing but the port.
async fn application(audit: Arc<dyn AuditProtocol>) -> Vec<String> {
    let mut told = Vec::new();
    let login = AuditEvent::new(AuditAction::USER_LOGIN_FAILED, "session")
        .user_id("u-17")
        .ip_address("203.0.113.9")
        .context(json!({"reason": "invalid_password", "attempts": u64::MAX}));
    let first = audit.record(login.clone()).await.expect("recorded");
    told.push(format!("{:?} {:?}", first.seq, first.delivery));
    let id = first.id.to_string();
    let again = audit.record(login.clone().id(first.id)).await;
    let again = again.expect("recorded");
    assert_eq!(again.delivery, Delivery::Duplicate);
    assert_eq!((again.seq, again.leaf_hash), (first.seq, first.leaf_hash));
    let conflict = audit.record(login.user_id("u-18").id(first.id)).await;
    told.push(said(conflict.expect_err("a conflict"), &id));
    for n in 0..5 {
        let view = AuditEvent::new(AuditAction::DATA_VIEWED, "statement")
            .user_id(format!("u-{n}"))
            .resource_id(format!("s-{n}"))
            .context(json!({"n": n, "password": "hunter2"}));
        let receipt = audit.record(view).await.expect("recorded");
        told.push(format!("{:?}", receipt.seq));
    }
    let ill = audit
        .record(AuditEvent::new(AuditAction::DATA_VIEWED, "a b"))
        .await;
    told.push(said(ill.expect_err("ill-formed"), &id));
    let views = Query::new().action("data_viewed").limit(2);
    let mut page = audit.query(views.clone()).await.expect("a page");
    loop {
        told.push(format!("{} {}", page.has_more, page.limit));
        for entry in &page.entries {
            let context = entry.context.as_ref().expect("a context");
            told.push(format!(
                "{} {} {:?} {:?} {context} {}",
                entry.seq, entry.action, entry.user_id, entry.resource_id, entry.outcome
            ));
        }
        let Some(cursor) = page.next_cursor else {
            break;
        };
        page = audit
            .query(views.clone().cursor(cursor))
            .await
            .expect("a page");
    }
    for question in [
        Query::new().limit(0),
        Query::new().start_date("soon"),
        views.cursor("x"),
    ] {
        told.push(said(
            audit.query(question).await.expect_err("ill-formed"),
            &id,
        ));
    }
    told
}

/// What went wrong, without what is another one in every run.
fn said(error: AuditError, id: &str) -> String {
    let kind = match &error {
        AuditError::Invalid(_) => "invalid",
        AuditError::Query(_) => "query",
        AuditError::IdConflict { .. } => "conflict",
        other => panic!("{other}"),
    };
    let text = error.to_string().replace(id, "ID");
    format!("{kind} {:?}: {text}", error.field())
}

/// Runs the application at a URL, and answers what it told.
async fn run(url: &str, settings: Settings) -> Vec<String> {
    let audit = AnyAudit::open(url, TrailName::standard(), settings).await;
    let audit = audit.expect("opens");
    let mut told = application(Arc::new(audit.clone())).await;
    let types = ["statement", "no kind", "statement"];
    let many = types.map(|kind| AuditEvent::new(AuditAction::DATA_VIEWED, kind));
    // A server has recorded meanwhile that it was asked: the places are others there.
    for answer in audit.record_all(many.to_vec()).await {
        told.push(match answer {
            Ok(receipt) => format!("{:?}", receipt.delivery),
            Err(error) => said(error, "no id"),
        });
    }
    audit.close().await.expect("closed");
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_moves_by_its_url_alone() {
    let expected = run("memory:", Settings::default()).await;
    assert!(expected.iter().all(|line| !line.contains("hunter2")));
    assert_eq!(expected.len(), 22, "{expected:#?}");

    let (file, server) = (Site::new(Kind::Sqlite), Site::new(Kind::Postgres));
    for site in [&file, &server] {
        let url = site.place.url_text();
        assert_eq!(run(&url, site.settings()).await, expected);
        expect_clean(&site.open().await).await;
    }

    let behind = Site::new(Kind::Sqlite);
    let database = behind.open().await;
    let app = App::new(database.engine().clone());
    let first = app.keys().first().await.expect("made").expect("the first");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let stopped = async {
        let _ = stopped.await;
    };
    let serving = tokio::spawn(indelible_server::serve(listener, app, stopped));
    let mut settings = Settings::default();
    settings.state_home = Some(behind.folder.path().join("home"));
    settings.client.key = Some(ApiKey::new(first.key.token.expose()));
    assert_eq!(run(&url, settings.clone()).await, expected);

    // What was learned of the server is kept for the next process.
    let servers = behind.folder.path().join("home/indelible/servers");
    let mut files = std::fs::read_dir(servers).expect("a folder");
    assert!(files.any(|file| {
        let name = file.expect("a file").file_name();
        name.to_string_lossy().ends_with("~default")
    }));
    stop.send(()).expect("it runs");
    serving.await.expect("no panic").expect("in order");
    expect_clean(&database).await;
    database.close().await.expect("closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_in_the_url_is_refused_unseen() {
    for url in [
        "http://hunter2@h",
        "https://u:hunter2@h:1/",
        "http://h?key=hunter2",
    ] {
        let opened = AnyAudit::open(url, TrailName::standard(), Settings::default()).await;
        let error = opened.err().expect("refused").to_string();
        assert!(!error.contains("hunter2"), "{error}");
        assert!(error.contains("URL"), "{error}");
    }
}
