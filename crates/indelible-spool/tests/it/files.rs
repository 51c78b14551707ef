//! The files of a spool: private, bounded, redacted, locked, and read again after any cut.

use std::os::unix::fs::PermissionsExt;

use indelible_core::AuditProtocol;
use indelible_spool::{DeliveryMode, SpoolError, inspect};

use crate::ground::{Mood, Site, numbers, view};

/// A site whose spool holds views 0 to `count`, and is closed.
async fn filled(count: usize, segment_bytes: u64) -> Site {
    let site = Site::new().await;
    let mut options = site.options(DeliveryMode::Spooled);
    options.segment_bytes = segment_bytes;
    let audit = site.open_with(options);
    site.trail.set(Mood::Down);
    for n in 0..count {
        audit.record(view(n)).await.expect("spooled");
    }
    audit.close();
    site.trail.set(Mood::Up);
    site
}

#[tokio::test]
async fn files_are_private_and_hold_no_secret() {
    let site = filled(3, 1).await;
    let place = site.spool().join("0");
    let mode = |path: &std::path::Path| {
        let metadata = std::fs::metadata(path).expect("there");
        metadata.permissions().mode() & 0o777
    };
    assert_eq!(mode(&place), 0o700);
    let files = site.files("");
    assert_eq!(files.len(), 4, "a lock and three segments: {files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
        let text = std::fs::read_to_string(&file).expect("text");
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[tokio::test]
async fn segments_are_delivered_in_order_and_go_when_all_of_theirs_is() {
    let site = filled(30, 2_000).await;
    assert!(site.files(".spool").len() > 3, "{:?}", site.files(".spool"));
    let audit = site.open(DeliveryMode::Spooled);
    audit.flush().await.expect("delivered");
    audit.close();
    assert_eq!(site.viewed().await, numbers(0..30));
    assert!(site.files(".spool").is_empty());
}

#[tokio::test]
async fn a_tail_cut_anywhere_loses_nothing_before_it() {
    let whole = filled(2, 1 << 20).await;
    let bytes = std::fs::read(&whole.files(".spool")[0]).expect("a segment");
    let lines: Vec<usize> = (1..=bytes.len())
        .filter(|n| bytes[n - 1] == b'\n')
        .collect();
    for cut in (0..=bytes.len()).step_by(7).chain([bytes.len() - 1]) {
        let site = filled(1, 1 << 20).await;
        let file = &site.files(".spool")[0];
        std::fs::write(file, &bytes[..cut]).expect("written");
        let kept = lines.iter().skip(1).filter(|end| **end <= cut).count();
        let audit = site.open(DeliveryMode::Spooled);
        assert!(audit.vitals().depth_events <= kept as u64);
        audit.flush().await.expect("delivered");
        audit.record(view(2)).await.expect("recorded");
        audit.close();
        let mut expected = numbers(0..kept);
        expected.push("2".to_owned());
        assert_eq!(site.viewed().await, expected, "cut at {cut}");
        assert!(site.files(".spool").is_empty());
    }
}

#[tokio::test]
async fn a_damaged_line_is_set_aside_and_blocks_nothing() {
    let site = filled(3, 1 << 20).await;
    let file = &site.files(".spool")[0];
    let text = std::fs::read_to_string(file).expect("text");
    std::fs::write(file, text.replacen("user-1", "user-X", 1)).expect("written");
    let audit = site.open(DeliveryMode::Spooled);
    audit.flush().await.expect("delivered");
    assert_eq!(audit.vitals().damaged, 1);
    audit.close();
    assert_eq!(site.viewed().await, ["0", "2"]);
    let kept = std::fs::read_to_string(&site.files("damaged")[0]).expect("a file");
    assert!(kept.contains("user-X"));
    let seen = inspect(site.spool(), site.audit.name()).expect("readable");
    assert_eq!(seen.expect("there").damaged, 1);
}

#[tokio::test]
async fn two_that_share_a_folder_have_a_place_each() {
    let site = Site::new().await;
    let (first, second) = (
        site.open(DeliveryMode::Spooled),
        site.open(DeliveryMode::Spooled),
    );
    site.trail.set(Mood::Down);
    first.record(view(0)).await.expect("spooled");
    second.record(view(1)).await.expect("spooled");
    assert_eq!(
        (first.vitals().depth_events, second.vitals().depth_events),
        (1, 1)
    );
    let seen = inspect(site.spool(), site.audit.name())
        .expect("readable")
        .expect("there");
    assert_eq!((seen.events, seen.abandoned), (2, 0));
    second.close();
    let seen = inspect(site.spool(), site.audit.name())
        .expect("readable")
        .expect("there");
    assert_eq!((seen.events, seen.abandoned), (2, 1));
    // Whoever comes next takes over what the second left, though it takes another's place.
    first.close();
    let next = site.open(DeliveryMode::Spooled);
    assert_eq!(next.vitals().depth_events, 2);
    site.trail.set(Mood::Up);
    next.flush().await.expect("delivered");
    assert_eq!(site.viewed().await, numbers(0..2));
}

#[tokio::test]
async fn a_folder_of_another_trail_is_refused() {
    let site = filled(1, 1 << 20).await;
    let other = "other".parse().expect("a name");
    let options = site.options(DeliveryMode::Spooled);
    let opened = indelible_spool::Delivering::open(site.trail.clone(), other, options);
    let Err(error) = opened else {
        panic!("it is another's")
    };
    assert!(matches!(error, SpoolError::Foreign { .. }), "{error}");
}

#[tokio::test]
async fn to_spool_without_a_folder_is_refused_at_once() {
    let site = Site::new().await;
    let mut options = site.options(DeliveryMode::Spooled);
    options.folder = None;
    let trail = site.audit.name().clone();
    let opened = indelible_spool::Delivering::open(site.trail.clone(), trail, options);
    assert!(matches!(opened, Err(SpoolError::NoFolder)));
}
