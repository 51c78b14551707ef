//! Disks that refuse: what was acknowledged stays, the rest is refused, and later all goes on.

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use indelible::{AuditAction, AuditEvent, AuditProtocol};

use crate::place::Kind;
use crate::site::{Site, expect_clean, standard};
use crate::writing::{Writing, writer_path};

/// The writing program under a limit on the size of any file it writes, in blocks of 512 bytes:
/// what is beyond fails as on a full disk.
fn starved(site: &Site, blocks: usize, tasks: usize, count: usize) -> Command {
    let whole = site.writer(tasks, count);
    let mut shell = Command::new("/bin/sh");
    // An ignored SIGXFSZ turns the signal into the error EFBIG.
    shell
        .arg("-c")
        .arg(format!(
            "trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\""
        ))
        .arg(writer_path())
        .args(whole.get_args())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0);
    shell
}

#[tokio::test(flavor = "multi_thread")]
async fn t71_a_full_disk_refuses_cleanly_and_the_trail_goes_on_afterwards() {
    let site = Site::new(Kind::Sqlite);
    let mut first = Writing::start(site.writer(4, 10));
    let (mut acknowledged, _) = first.lines(usize::MAX);
    assert!(first.ended());
    let mut refused = 0;
    for blocks in [600, 1200, 2400] {
        let mut starving = Writing::start(starved(&site, blocks, 8, 400));
        let (receipts, refusals) = starving.lines(usize::MAX);
        starving.ended();
        refused += refusals.len();
        acknowledged.extend(receipts);
        let database = site.open().await;
        expect_clean(&database).await;
        let audit = standard(&database);
        let size = audit.head().await.expect("readable").expect("there").size;
        assert_eq!(
            size,
            acknowledged.len() as u64,
            "exactly what was acknowledged is there"
        );
        database.close().await.expect("closes");
    }
    assert!(refused > 100, "the limit was met: {refused}");
    let database = site.open().await;
    let audit = standard(&database);
    let event = AuditEvent::new(AuditAction::DATA_VIEWED, "customer_record");
    let receipt = audit.record(event).await.expect("recorded");
    assert_eq!(receipt.seq, Some(acknowledged.len() as u64));
    for receipt in &acknowledged {
        let entry = audit
            .entry_at(receipt.seq)
            .await
            .expect("readable")
            .expect("there");
        assert_eq!(entry.leaf_hash.to_string(), receipt.leaf);
    }
    expect_clean(&database).await;
}
