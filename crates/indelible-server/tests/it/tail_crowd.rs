//! T42: many clients whose connections are cut at random bytes, beside writers.

use tokio::task::JoinSet;

use crate::connections::{At, Serving, is_long_form};
use crate::desk::{Desk, on_both};
use crate::dice::Dice;
use crate::tail::listener::{End, Listener};

on_both!(t42_connections_that_are_cut_leave_no_gap_and_no_duplicate);

/// Clients and events: a few in every test run, many in the long form.
fn size() -> (u64, u64) {
    if is_long_form() {
        (100, 50_000)
    } else {
        (20, 2_000)
    }
}

/// Events that are recorded together.
const TOGETHER: u32 = 250;
/// Where connections are cut: after 1 to so many bytes.
const CUT_BYTES_MAX: u64 = 256 << 10;

/// What one client went through.
#[derive(Debug, Default)]
struct Course {
    seen: u64,
    cut: u64,
    sent_away: u64,
}

/// A client that comes back until it has seen all that is for it.
struct Client {
    url: String,
    /// It sees one entry of so many, by `user_id`.
    every: u64,
    last: Option<String>,
    dice: Dice,
}

/// The seq of the first event that all clients see: before it are one and the first look.
const FIRST: u64 = 2;

impl Client {
    /// The first id is read in peace: without it a client begins at the present end again.
    async fn begin(number: u64, at: At) -> Self {
        let (url, every) = match number % 4 {
            0 => ("/v1/trails/shop/events/stream".to_owned(), 1),
            1 => (format!("/v1/trails/shop/events/stream?from={FIRST}"), 1),
            2 => ("/v1/trails/shop/events/stream?user_id=u-0".to_owned(), 250),
            _ => (
                "/v1/trails/shop/events/stream?context=n%3D0".to_owned(),
                250,
            ),
        };
        let mut listener = Listener::open(at.clone(), &url, None).await;
        let last = listener.block().await.expect("a beginning").id;
        Self {
            url,
            every,
            last,
            dice: Dice(number),
        }
    }

    async fn follow(mut self, at: At, events: u64) -> Course {
        let mut course = Course::default();
        let mut next = FIRST;
        let end_seq = FIRST + events;
        while next < end_seq {
            let longest = 1 << (1 + self.dice.below(CUT_BYTES_MAX.ilog2().into()));
            let budget = usize::try_from(1 + self.dice.below(longest)).expect("small");
            let end = self
                .listen(at.clone(), budget, end_seq, &mut next, &mut course)
                .await;
            match end {
                Some(End::Cut) => course.cut += 1,
                Some(End::Whole) => course.sent_away += 1,
                None => {}
            }
        }
        course
    }

    /// Follows over one connection.
    async fn listen(
        &mut self,
        at: At,
        budget: usize,
        end_seq: u64,
        next: &mut u64,
        course: &mut Course,
    ) -> Option<End> {
        let last = self.last.as_deref();
        let mut listener = match Listener::with(at, &self.url, last, budget).await {
            Ok(listener) => listener,
            Err(end) => return Some(end),
        };
        while *next < end_seq {
            let block = match listener.block().await {
                Ok(block) => block,
                Err(end) => return Some(end),
            };
            if let Some(id) = block.id {
                self.last = Some(id);
            }
            if let Some(data) = block.data {
                let entry: serde_json::Value = serde_json::from_str(&data).expect("JSON");
                assert_eq!(entry["seq"], *next, "of {}", self.url);
                *next += self.every;
                course.seen += 1;
            }
        }
        None
    }
}

async fn t42_connections_that_are_cut_leave_no_gap_and_no_duplicate(desk: Desk) {
    desk.records("shop", 1).await;
    // Later looks of the same minute are summed up.
    desk.get("/v1/trails/shop/events").await.is(200);
    let (clients, events) = size();
    let serving = Serving::of(&desk).await;
    let at = serving.at();
    let mut following = JoinSet::new();
    for number in 0..clients {
        let client = Client::begin(number, at.clone()).await;
        following.spawn(client.follow(at.clone(), events));
    }
    for _ in 0..events / u64::from(TOGETHER) {
        desk.records("shop", TOGETHER).await;
    }
    let (mut seen, mut cut, mut sent_away) = (0, 0, 0);
    while let Some(course) = following.join_next().await {
        let course = course.expect("each entry once, in order");
        (seen, cut) = (seen + course.seen, cut + course.cut);
        sent_away += course.sent_away;
    }
    println!("{clients} clients, {events} events: {seen} seen, {cut} cut, {sent_away} sent away");
    let whole = clients.div_ceil(4) + (clients - 1).div_ceil(4);
    let part = (clients - whole) * (events / u64::from(TOGETHER));
    assert_eq!(seen, whole * events + part);
    assert!(cut > clients, "{cut}");
    serving.end().await;
}
