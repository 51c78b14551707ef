//! T42: many clients whose connections are cut at random bytes, beside writers.

use tokio::task::JoinSet;

use crate::connections::{At, Serving, is_long_form};
use crate::desk::{Desk, on_both};
use crate::dice::Dice;
use crate::tail::listener::{End, Listener};

on_both!(t42_connections_that_are_cut_leave_no_gap_and_no_duplicate);

/// How many follow and what.
struct Size {
    /// Clients that follow the whole trail.
    whole: u64,
    /// Clients with filters besides.
    filtered: u64,
    events: u64,
    /// Where connections are cut: after 1 to so many bytes, short pieces as often as long ones.
    cut_bytes_max: u64,
}

/// A few in every test run, many in the long form.
fn size() -> Size {
    if is_long_form() {
        Size {
            whole: 100,
            filtered: 10,
            events: 50_000,
            cut_bytes_max: 4 << 20,
        }
    } else {
        Size {
            whole: 10,
            filtered: 10,
            events: 2_000,
            cut_bytes_max: 256 << 10,
        }
    }
}

/// Events that are recorded together.
const TOGETHER: u32 = 250;

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
    async fn begin(number: u64, is_filtered: bool, at: At) -> Self {
        let (question, every) = match (is_filtered, number % 2) {
            (false, 0) => (String::new(), 1),
            (false, _) => (format!("?from={FIRST}"), 1),
            (true, 0) => ("?user_id=u-0".to_owned(), TOGETHER.into()),
            (true, _) => ("?context=n%3D0".to_owned(), TOGETHER.into()),
        };
        let url = format!("/v1/trails/shop/events/stream{question}");
        let mut listener = Listener::open(at.clone(), &url, None).await;
        let last = listener.block().await.expect("a beginning").id;
        Self {
            url,
            every,
            last,
            dice: Dice(number),
        }
    }

    async fn follow(mut self, at: At, events: u64, cut_bytes_max: u64) -> Course {
        let mut course = Course::default();
        let mut next = FIRST;
        let end_seq = FIRST + events;
        while next < end_seq {
            let longest = 1 << (1 + self.dice.below(cut_bytes_max.ilog2().into()));
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
    let Size {
        whole,
        filtered,
        events,
        cut_bytes_max,
    } = size();
    let serving = Serving::of(&desk).await;
    let at = serving.at();
    let mut following = JoinSet::new();
    let clients = whole + filtered;
    for number in 0..clients {
        let client = Client::begin(number, number >= whole, at.clone()).await;
        following.spawn(client.follow(at.clone(), events, cut_bytes_max));
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
    let part = events / u64::from(TOGETHER);
    assert_eq!(seen, whole * events + filtered * part);
    assert!(cut > clients, "{cut}");
    serving.end().await;
}
