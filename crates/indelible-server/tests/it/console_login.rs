//! Beginning and ending sessions of the console.

use crate::desk::{Desk, on_both};

on_both!(every_role_logs_in);

async fn every_role_logs_in(desk: Desk) {
    for role in ["writer", "reader", "auditor", "admin"] {
        let cookie = desk.log_in(&desk.key(role, None).await).await;
        let page = desk.visit(&cookie, "/console").await;
        // What a writer may do is no page.
        let page = page.is(if role == "writer" { 403 } else { 200 });
        assert!(page.text().contains(&format!("a {role}")), "{role}");
    }
}
