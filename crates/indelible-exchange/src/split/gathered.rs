//! Lines that are one event only together.

use std::collections::{HashMap, VecDeque};

use super::Piece;
use crate::lines::event_of_line;

/// How many events are held open: lines of one event may stand so many events apart.
const OPEN_MAX: usize = 256;
/// The most lines that are taken for one event; more are another one.
const LINES_MAX: usize = 1024;

/// Events of the audit daemon whose lines may not be complete, in the order of their first lines.
///
/// The daemon writes the lines of several events among each other, and nothing says reliably which
/// is the last: an event is complete when many others have begun after it.
#[derive(Default)]
pub(super) struct Gathered {
    open: VecDeque<Event>,
    /// The places of those that can take another line, counted from the first ever held.
    places: HashMap<Vec<u8>, usize>,
    /// How many were given away.
    given: usize,
}

struct Event {
    key: Option<Vec<u8>>,
    line: u64,
    lines: usize,
    text: Vec<u8>,
}

impl Gathered {
    /// Takes in a line; gives the event that is complete by it.
    pub(super) fn take_in(&mut self, number: u64, line: Vec<u8>) -> Option<Piece> {
        let line = line.trim_ascii_end();
        let key = event_of_line(line).map(|(node, stamp)| [node, b" ", stamp].concat());
        let place = key.as_ref().and_then(|key| self.places.get(key));
        if let Some(place) = place
            && let Some(event) = self.open.get_mut(place - self.given)
            && event.lines < LINES_MAX
        {
            event.text.push(b'\n');
            event.text.extend_from_slice(line);
            event.lines += 1;
            return None;
        }
        if let Some(key) = &key {
            let place = self.given + self.open.len();
            self.places.insert(key.clone(), place);
        }
        self.open.push_back(Event {
            key,
            line: number,
            lines: 1,
            text: line.to_owned(),
        });
        if self.open.len() > OPEN_MAX {
            return self.rest();
        }
        None
    }

    /// The first event that is left.
    pub(super) fn rest(&mut self) -> Option<Piece> {
        let event = self.open.pop_front()?;
        if let Some(key) = &event.key
            && self.places.get(key) == Some(&self.given)
        {
            self.places.remove(key);
        }
        self.given += 1;
        Some(Piece {
            line: event.line,
            text: Ok(event.text),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gathered(lines: impl IntoIterator<Item = String>) -> Vec<(u64, String)> {
        let mut gathered = Gathered::default();
        let mut pieces = Vec::new();
        for (place, line) in lines.into_iter().enumerate() {
            pieces.extend(gathered.take_in(place as u64 + 1, line.into_bytes()));
        }
        pieces.extend(std::iter::from_fn(|| gathered.rest()));
        let text = |piece: Piece| {
            let text = piece.text.expect("a line is always a text");
            (piece.line, String::from_utf8(text).expect("UTF-8"))
        };
        pieces.into_iter().map(text).collect()
    }

    fn line(event: usize, what: &str) -> String {
        format!("type={what} msg=audit(1.0:{event}): x\n")
    }

    #[test]
    fn lines_among_each_other_are_put_together_in_the_order_of_their_first() {
        let lines = [
            line(1, "A"),
            line(2, "B"),
            line(1, "C"),
            "odd".to_owned(),
            line(2, "D"),
        ];
        let both = |event, one, two| format!("{}{}", line(event, one), line(event, two).trim_end());
        let expected = [
            (1, both(1, "A", "C")),
            (2, both(2, "B", "D")),
            (4, "odd".to_owned()),
        ];
        assert_eq!(gathered(lines), expected);
    }

    #[test]
    fn what_is_held_is_bounded() {
        // The second line of the first event comes when that is given away already.
        let far = (0..=OPEN_MAX).map(|n| line(n, "A")).chain([line(0, "B")]);
        assert_eq!(gathered(far).len(), OPEN_MAX + 2);
        let near = (0..OPEN_MAX).map(|n| line(n, "A")).chain([line(0, "B")]);
        assert_eq!(gathered(near).len(), OPEN_MAX);
        let long = gathered((0..=LINES_MAX).map(|_| line(7, "A")));
        assert_eq!(long.len(), 2);
        assert_eq!(long[0].1.split('\n').count(), LINES_MAX);
    }
}
