//! Streams of a trail from whose front entries were removed.

use super::*;
use crate::connections::Serving;
use crate::tail::listener::Listener;

on_both!(a_stream_from_before_the_front_begins_with_what_is_left);

const STREAM: &str = "/v1/trails/shop/events/stream";

async fn a_stream_from_before_the_front_begins_with_what_is_left(desk: Desk) {
    let (desk, _officer) = aged(desk).await;
    let admin = desk.admin.clone();
    let serving = Serving::of(&desk).await;
    let mut early = Listener::open(serving.at(), &format!("{STREAM}?from=1"), None).await;
    let place = early.block().await.expect("a beginning").id;
    drop(early);
    set(&desk, &admin).await;
    let done = post(&desk, &admin, "retention/run", Value::Null).await;
    assert_eq!(done.is(200).json()["first_kept"], 6);

    let from_all = format!("{STREAM}?from=0");
    for (url, last, skipped) in [
        (&*from_all, None, "the entries 0 to 5"),
        (STREAM, place.as_deref(), "the entries 1 to 5"),
    ] {
        let mut listener = Listener::open(serving.at(), url, last).await;
        listener.block().await.expect("a beginning");
        let said = listener.block().await.expect("what was skipped");
        let comment = said.comment.expect("a comment");
        assert!(comment.contains(skipped), "{comment}");
        assert_eq!((said.event, said.data), (None, None));
        let (id, first) = listener.entry().await.expect("an entry");
        assert_eq!(first["seq"], 6);
        // Whoever is cut off at the comment skips nothing of what is left.
        let mut again = Listener::open(serving.at(), STREAM, said.id.as_deref()).await;
        assert_eq!(again.entry().await.expect("an entry"), (id, first));
    }
    serving.end().await;
}
