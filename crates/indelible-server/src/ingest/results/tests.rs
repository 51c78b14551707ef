use super::*;
use futures_util::StreamExt;

#[tokio::test]
async fn all_comes_in_order_however_late_it_is_read() {
    let (sender, pieces) = channel(Room::new().of_key("k"));
    let mut pieces = Box::pin(pieces);
    let mut expected = Vec::new();
    let mut read = Vec::new();
    for round in 0..20_u32 {
        for n in 0..100_u32 {
            let piece = format!("{round}/{n}").repeat(100);
            expected.extend_from_slice(piece.as_bytes());
            assert!(matches!(sender.put(piece.into(), 0), Put::Kept));
        }
        for _ in 0..round {
            let piece = pieces.next().await.expect("more").expect("whole");
            read.extend_from_slice(&piece);
        }
    }
    sender.end();
    while let Some(piece) = pieces.next().await {
        read.extend_from_slice(&piece.expect("whole"));
    }
    assert!(read == expected);
}

#[tokio::test]
async fn an_end_that_was_not_said_is_an_error_and_nobody_writes_for_no_one() {
    let (sender, pieces) = channel(Room::new().of_key("k"));
    let mut pieces = Box::pin(pieces);
    sender.put("x".into(), 0);
    drop(sender);
    assert_eq!(pieces.next().await.expect("more").expect("whole"), "x");
    assert!(pieces.next().await.expect("an end").is_err());
    let (sender, pieces) = channel(Room::new().of_key("k"));
    drop(pieces);
    assert!(matches!(sender.put("x".into(), 0), Put::Unread));
}

/// A piece that is larger than what is held in memory.
fn large() -> Bytes {
    vec![b'l'; RESULTS_HELD_BYTES + 1].into()
}

async fn all(pieces: impl Stream<Item = io::Result<Bytes>>) -> Vec<u8> {
    let mut pieces = Box::pin(pieces);
    let mut read = Vec::new();
    while let Some(piece) = pieces.next().await {
        read.extend_from_slice(&piece.expect("whole"));
    }
    read
}

#[tokio::test]
async fn the_files_of_all_streams_have_one_bound_and_what_does_not_fit_is_not_lost() {
    let room = Room::of((2 * large().len() as u64, u64::MAX), tempfile::tempfile);
    let (one, of_one) = channel(room.of_key("k"));
    let (two, of_two) = channel(room.of_key("k"));
    for sender in [&one, &two] {
        assert!(matches!(sender.put(large(), 0), Put::Kept));
    }
    assert!(room.is_full());
    assert!(matches!(one.put("more".into(), 0), Put::Last(Full::Bound)));
    assert!(matches!(one.put("end".into(), 0), Put::Last(Full::Bound)));
    one.end();
    assert_eq!(all(of_one).await, [&large()[..], b"moreend"].concat());
    // What one has read, another may take.
    assert_eq!(room.taken(), large().len() as u64);
    assert!(matches!(two.put(large(), 0), Put::Kept));
    two.end();
    assert_eq!(all(of_two).await.len(), 2 * large().len());
    assert_eq!(room.taken(), 0);
}

#[tokio::test]
async fn room_is_given_back_on_every_way_out() {
    let room = Room::of((u64::MAX, u64::MAX), tempfile::tempfile);
    // The client goes while the sender is busy.
    let (sender, pieces) = channel(room.of_key("k"));
    sender.put(large(), 0);
    assert_eq!(room.taken(), large().len() as u64);
    drop(pieces);
    assert_eq!(room.taken(), 0);
    assert!(sender.is_unread());
    assert!(matches!(sender.put(large(), 0), Put::Unread));
    drop(sender);
    // Recording is cut off, and then the client goes; half is read.
    let (sender, pieces) = channel(room.of_key("k"));
    let mut pieces = Box::pin(pieces);
    sender.put(large(), 0);
    drop(sender);
    pieces.next().await.expect("more").expect("whole");
    drop(pieces);
    assert_eq!(room.taken(), 0);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_loses_no_result() {
    let full = || {
        let mut file = File::options();
        file.read(true).write(true).open("/dev/full")
    };
    let room = Room::of((u64::MAX, u64::MAX), full);
    let (sender, pieces) = channel(room.of_key("k"));
    assert!(matches!(sender.put("first".into(), 0), Put::Kept));
    let put = sender.put(large(), 0);
    let Put::Last(Full::Disk(error)) = put else {
        panic!("{put:?}");
    };
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    assert_eq!(room.taken(), 0);
    sender.put("last".into(), 0);
    sender.end();
    assert_eq!(
        all(pieces).await,
        [b"first", &large()[..], b"last"].concat()
    );
}
