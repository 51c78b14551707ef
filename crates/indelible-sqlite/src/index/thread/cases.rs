use super::*;
use crate::index::upkeep::tests::upkeep;
use crate::made::Log;

/// Whether somebody who writes would wait for the thread after a step of it.
fn is_waited_for(thread: &mut Thread) -> bool {
    let worked = thread.work.flush(1);
    thread.tell(&worked);
    thread.shared.works.load(Ordering::Relaxed)
}

#[test]
fn nobody_waits_for_an_index_that_is_far_behind_until_it_is_abreast() {
    let log = Log::of(300);
    let mut thread = Thread::new(Arc::default(), upkeep(&log));
    assert!(!is_waited_for(&mut thread), "it is being made");
    while thread.work.lag() > 0 {
        is_waited_for(&mut thread);
    }
    assert!(is_waited_for(&mut thread));
    // Another process has emptied it, of a log that is long.
    let size = 3 * LAG_ENTRIES_MAX;
    let grow = format!("UPDATE head SET size = {size}");
    log.db.execute_batch(&grow).expect("it is longer");
    thread.work.ends();
    thread.tell(&Ok(true));
    assert!(!thread.shared.works.load(Ordering::Relaxed), "made again");
    let shrink = "DROP TRIGGER head_update; UPDATE head SET size = 300";
    log.db.execute_batch(shrink).expect("it is shorter");
    assert!(is_waited_for(&mut thread));
    thread.leaves_off();
    assert!(!thread.shared.works.load(Ordering::Relaxed));
}
