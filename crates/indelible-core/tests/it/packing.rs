//! Evidence packs: what is written is verified, and what was altered is refused.

mod altering;
mod building;
mod differing;
mod manifests;
mod proofs;
mod second;
mod signed;
mod text;

use indelible_core::pack::{Coverage, PackRequest, Refused, Verdict, verify_pack};
use indelible_core::part::PartKind;
use std::sync::Arc;

use indelible_core::engine::{Engine, Ground, Options};
use indelible_core::state::{State, StateInMemory};
use indelible_core::{AuditError, AuditProtocol, Query};

use serde_json::json;

use crate::ground::{Site, event};
use building::{Plan, erased, packed, request, trusted};
use second::proved_by_both;

fn judged(pack: &[u8], plan: &Plan) -> Result<Verdict, Refused> {
    verify_pack(&mut &*pack, &trusted(plan), &mut |_| {}).expect("memory is readable")
}

fn proved(pack: &[u8], plan: &Plan) -> Verdict {
    judged(pack, plan).unwrap_or_else(|refused| panic!("{refused:?}"))
}

#[tokio::test]
async fn packs_of_one_and_a_thousand_entries_verify() {
    for size in [1, 2, 255, 256, 257, 1_000] {
        let plan = Plan::of(size);
        let audit = plan.made().await;
        let mut packs = Vec::new();
        for coverage in [Coverage::Complete, Coverage::Selection] {
            let pack = packed(&audit, request(Query::new(), coverage)).await;
            packs.push((format!("{coverage}.pack"), pack));
        }
        for verdict in proved_by_both(&packs, &plan.key().verifier_key()) {
            assert_eq!(
                (&verdict["entries"], &verdict["opened"]),
                (&size.into(), &size.into())
            );
        }
    }
}

#[tokio::test]
async fn t33_t54_packs_of_20_000_entries_are_whole_and_verify_alone() {
    let plan = Plan::of(20_000);
    let audit = plan.made().await;
    let mut packs = Vec::new();
    for coverage in [Coverage::Complete, Coverage::Selection] {
        let pack = packed(&audit, request(Query::new(), coverage)).await;
        packs.push((format!("{coverage}.pack"), pack));
    }
    for verdict in proved_by_both(&packs, &plan.key().verifier_key()) {
        assert_eq!(
            (&verdict["entries"], &verdict["opened"]),
            (&20_000.into(), &20_000.into())
        );
    }
}

#[tokio::test]
async fn sys_41_a_range_is_bound_to_the_heads_at_both_ends() {
    let plan = Plan::of(700);
    let audit = plan.made().await;
    let mut packs = Vec::new();
    for (first, size) in [
        (1, 2),
        (255, 300),
        (256, 700),
        (300, 300),
        (511, 640),
        (699, 700),
    ] {
        for coverage in [Coverage::Complete, Coverage::Selection] {
            let asked = PackRequest {
                first,
                ..request(Query::new().as_of(size), coverage)
            };
            let pack = packed(&audit, asked).await;
            packs.push((format!("{first}-{size}-{coverage}.pack"), pack));
        }
    }
    for verdict in proved_by_both(&packs, &plan.key().verifier_key()) {
        let range = &verdict["manifest"]["range"];
        let (first, size) = (range["first"].as_u64(), range["size"].as_u64());
        assert_eq!(
            verdict["entries"].as_u64(),
            size.zip(first).map(|(size, first)| size - first)
        );
        assert_eq!(verdict["proved"][0], "history");
    }
}

#[tokio::test]
async fn each_question_opens_what_the_query_answers() {
    let plan = Plan::of(400);
    let audit = plan.made().await;
    let questions = [
        (Query::new().action("document_read"), true),
        (Query::new().outcome("failed").tag("data.chd"), true),
        (Query::new().resource_type("session"), true),
        (
            Query::new()
                .start_date("2026-01-01T01:00:00Z")
                .end_date("2026-01-01T02:00:00Z"),
            true,
        ),
        (Query::new().user_id("user-3"), false),
        (Query::new().user_id("none"), false),
        (Query::new().ip_address("10.0.2.0/23"), false),
        (Query::new().ip_address("not an address"), false),
        (
            Query::new().resource_id("doc-4").action("user_login"),
            false,
        ),
        (Query::new().correlation_id("job-3"), false),
        (Query::new().context("n=17"), false),
        (Query::new().action("nobody_did_this"), true),
    ];
    let mut packs = Vec::new();
    for (query, is_complete) in questions {
        let page = audit
            .query(query.clone().limit(1000))
            .await
            .expect("a page");
        let count = page.entries.len() as u64;
        for coverage in [Coverage::Complete, Coverage::Selection] {
            let pack = packed(&audit, request(query.clone(), coverage)).await;
            let verdict = proved(&pack, &plan);
            assert_eq!(verdict.opened, count, "{query:?} {coverage}");
            let claims = is_complete && coverage == Coverage::Complete;
            assert_eq!(
                verdict.proved.contains(&"completeness"),
                claims,
                "{query:?}"
            );
            assert_eq!(verdict.not_proved.contains(&"completeness"), !claims);
            let lines = if coverage == Coverage::Complete {
                400
            } else {
                count
            };
            assert_eq!(verdict.entries, lines);
            packs.push((format!("{coverage}.pack"), pack));
        }
    }
    proved_by_both(&packs, &plan.key().verifier_key());
}

#[tokio::test]
async fn erased_and_withheld_parts_are_marked() {
    let plan = Plan {
        event: erased,
        ..Plan::of(100)
    };
    let audit = plan.made().await;
    for coverage in [Coverage::Complete, Coverage::Selection] {
        let asked = PackRequest {
            without: vec![PartKind::Details, PartKind::Actor, PartKind::Details],
            ..request(Query::new().action("user_login"), coverage)
        };
        let pack = packed(&audit, asked).await;
        let verdict = proved(&pack, &plan);
        // 0, 21, 42, 63, 84 are logins without actor; of 84 nothing says why.
        assert_eq!((verdict.erased, verdict.unaccounted), (5, 1), "{coverage}");
        assert!(verdict.not_proved.contains(&"erasure"));
        proved_by_both(
            &[("erased.pack".to_owned(), pack.clone())],
            &plan.key().verifier_key(),
        );
        let text = String::from_utf8(pack).expect("UTF-8");
        assert!(
            !text.contains("user-") && !text.contains("\\\"n\\\""),
            "{text}"
        );
        if coverage == Coverage::Selection {
            // The two entries that account for the erased parts, of which none is a login.
            assert_eq!(verdict.entries, verdict.opened + 2);
        }
    }
}

#[tokio::test]
async fn the_same_question_gives_the_same_bytes() {
    let plan = Plan::of(300);
    let (audit, again) = (plan.made().await, plan.made().await);
    for coverage in [Coverage::Complete, Coverage::Selection] {
        let asked = PackRequest {
            first: 17,
            ..request(Query::new().user_id("user-1").as_of(290), coverage)
        };
        let pack = packed(&audit, asked.clone()).await;
        assert_eq!(pack, packed(&audit, asked.clone()).await);
        assert_eq!(pack, packed(&again, asked).await);
    }
}

#[tokio::test]
async fn what_cannot_be_packed_is_refused_by_name() {
    let plan = Plan::of(10);
    let audit = plan.made().await;
    let cases = [
        (Query::new().limit(1), 0, "limit"),
        (Query::new().offset(1), 0, "offset"),
        (Query::new().as_of(11), 0, "as_of"),
        (Query::new().as_of(0), 0, "as_of"),
        (Query::new().as_of(5), 6, "from"),
        (Query::new().outcome("maybe"), 0, "outcome"),
        (
            Query::new().context("password.old=hunter2hunter2"),
            0,
            "context",
        ),
        (
            Query::new().context("login.password=hunter2hunter2"),
            0,
            "context",
        ),
        (
            Query::new().resource_id("4111 1111 1111 1111"),
            0,
            "resource_id",
        ),
        (Query::new().action("password:hunter2hunter2"), 0, "action"),
    ];
    for (query, first, field) in cases {
        let asked = PackRequest {
            first,
            ..request(query, Coverage::Complete)
        };
        match audit.pack(asked).await {
            Err(AuditError::Query(error)) => assert_eq!(error.field(), field),
            _ => panic!("{field} was taken"),
        }
    }
    let empty = Plan::of(0).made().await;
    let none = empty.pack(request(Query::new(), Coverage::Complete)).await;
    assert!(none.expect("no failure").is_none());
}

/// How often something is done in the short form, and in the long one.
#[expect(
    clippy::disallowed_methods,
    reason = "whether this is the long form is a setting of the run"
)]
fn turns(short: usize, long: usize) -> usize {
    match std::env::var_os("INDELIBLE_SOAK") {
        Some(_) => long,
        None => short,
    }
}

#[tokio::test]
async fn no_byte_of_a_pack_can_be_another() {
    let plan = Plan {
        event: erased,
        ..Plan::of(12)
    };
    let audit = plan.made().await;
    let keys = trusted(&plan);
    for coverage in [Coverage::Complete, Coverage::Selection] {
        let asked = PackRequest {
            first: 5,
            ..request(Query::new().action("document_read"), coverage)
        };
        let pack = packed(&audit, asked).await;
        proved(&pack, &plan);
        for place in 0..pack.len() {
            for bit in 0..turns(1, 8) {
                let mut altered = pack.clone();
                // Each bit has its turn, and in the long form all of them at each place.
                altered[place] ^= 1 << ((place + bit) % 8);
                let judged = verify_pack(&mut &*altered, &keys, &mut |_| {});
                let judged = judged.expect("memory is readable");
                assert!(judged.is_err(), "byte {place} of {coverage}");
            }
        }
    }
}

#[tokio::test]
async fn t30_t35_the_largest_entries_are_there_each_once() {
    let site = Site::new();
    let audit = site.audit().await;
    // What grows most on its way into a line: backslashes and control characters, to every limit.
    let filled = |bytes: usize| "\\\u{1}\"".repeat(bytes / 3);
    let context = json!({"all": filled(18_000), "path": {"a\u{1}": filled(1_000)}});
    let large = || {
        event("large")
            .user_id(filled(255))
            .on_behalf_of(filled(255))
            .user_agent(filled(1_024))
            .resource_id(filled(255))
            .correlation_id(filled(255))
            .context(context.clone())
    };
    for _ in 0..150 {
        audit.record(event("small")).await.expect("recorded");
        audit.record(large()).await.expect("recorded");
    }
    let key = audit.verifier_key().await.expect("read").expect("a key");
    let mut packs = Vec::new();
    for coverage in [Coverage::Complete, Coverage::Selection] {
        let pack = packed(&audit, request(Query::new().action("large"), coverage)).await;
        packs.push((format!("{coverage}.pack"), pack));
    }
    for verdict in proved_by_both(&packs, &key) {
        assert_eq!(verdict["opened"], 150);
    }
    let text = String::from_utf8_lossy(&packs[0].1).into_owned();
    for seq in 0..300 {
        let line = format!("\"seq\":{seq},");
        assert_eq!(text.matches(&line).count(), 1, "{seq}");
    }
}

#[tokio::test]
async fn without_the_signing_key_the_newest_checkpoint_is_the_end() {
    let plan = Plan::of(100);
    let audit = plan.made().await;
    let note = audit.checkpoint().await.expect("read").expect("a note");
    let state = Arc::new(StateInMemory::new());
    let kept = state.raise_mark(audit.name(), &note, &|_| false);
    kept.expect("memory");
    let ground = Ground {
        state,
        ..audit.engine().ground().clone()
    };
    let options = Options {
        read_only: true,
        long_lived: false,
        ..Options::default()
    };
    let engine = Engine::open(ground, options).await.expect("opens");
    let keyless = engine.trail(audit.name().clone());
    let asked = || request(Query::new(), Coverage::Complete);
    assert_eq!(
        packed(&keyless, asked()).await,
        packed(&audit, asked()).await
    );
    for (first, size, field) in [(0, 99, "as_of"), (50, 100, "from")] {
        let asked = PackRequest {
            first,
            ..request(Query::new().as_of(size), Coverage::Complete)
        };
        match keyless.pack(asked).await {
            Err(AuditError::Query(error)) => assert_eq!(error.field(), field),
            _ => panic!("{field} was taken"),
        }
    }
}
