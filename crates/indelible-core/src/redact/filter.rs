//! A sieve that lets clean texts pass after one look at each byte.
//!
//! Every word that a rule starts from leaves one group of three neighbouring characters in a
//! table. A text without any of these groups cannot match.

use super::card;

/// Which rules a text may match: one bit each.
pub(super) type Suspects = u128;

const GROUPS: usize = 1 << 15;

/// The groups of three and the rules that each may lead to.
#[derive(Clone)]
pub(super) struct Filter {
    present: Box<[u64; GROUPS / 64]>,
    suspects: Vec<(u16, Suspects)>,
}

/// What one look at a text shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Look {
    /// The rules that may match.
    pub suspects: Suspects,
    /// The most ASCII digits with nothing but spaces and dashes between them.
    pub digits: u32,
    /// Whether `=`, `:` or `-` stands somewhere.
    pub may_assign: bool,
}

impl Look {
    /// Whether nothing can be found in the text.
    pub(super) fn is_clean(&self) -> bool {
        self.suspects == 0 && self.digits < card::DIGITS_MIN
    }
}

impl Filter {
    pub(super) fn new() -> Self {
        Self {
            present: Box::new([0; GROUPS / 64]),
            suspects: Vec::new(),
        }
    }

    /// Makes texts that hold `word` suspects of `rules`. The word has at least three characters.
    pub(super) fn add(&mut self, word: &str, rules: Suspects) {
        let bytes = word.as_bytes();
        let Some(rarest) = bytes.windows(3).max_by_key(|three| rarity(three)) else {
            return;
        };
        self.add_group(group(rarest), rules);
    }

    /// Makes texts that hold the words of `phrase`, together or apart, suspects of `rules`. Says
    /// whether it could: one word needs three ASCII characters.
    pub(super) fn add_phrase(&mut self, phrase: &str, rules: Suspects) -> bool {
        let groups = phrase
            .split(' ')
            .flat_map(|word| word.as_bytes().windows(3));
        let Some(rarest) = groups
            .filter(|three| three.is_ascii())
            .max_by_key(|it| rarity(it))
        else {
            return false;
        };
        self.add_group(group(rarest), rules);
        true
    }

    fn add_group(&mut self, group: u16, rules: Suspects) {
        self.present[usize::from(group) / 64] |= 1 << (group % 64);
        match self
            .suspects
            .binary_search_by_key(&group, |(group, _)| *group)
        {
            Ok(at) => self.suspects[at].1 |= rules,
            Err(at) => self.suspects.insert(at, (group, rules)),
        }
    }

    /// Looks at every byte once.
    pub(super) fn look(&self, text: &[u8]) -> Look {
        let mut look = Look::default();
        let mut last = 0_u16;
        let mut flags = 0_u8;
        let mut digits = 0_u32;
        for byte in text {
            let class = CLASS[usize::from(*byte)];
            last = last << 5 | u16::from(class & LETTER);
            flags |= class;
            let goes_on = u32::from(class & (DIGIT | JOINS) != 0);
            digits = (digits + u32::from(class >> 7)) * goes_on;
            look.digits = look.digits.max(digits);
            if self.has(last) {
                look.suspects |= self.of(last);
            }
        }
        look.may_assign = flags & ASSIGNS != 0;
        look
    }

    /// Whether any group of the text is known.
    pub(super) fn touches(&self, text: &[u8]) -> bool {
        let mut last = 0_u16;
        text.iter().any(|byte| {
            last = last << 5 | u16::from(CLASS[usize::from(*byte)] & LETTER);
            self.has(last)
        })
    }

    /// Whether the group in the lower bits is known.
    #[inline]
    fn has(&self, last: u16) -> bool {
        let group = usize::from(last) % GROUPS;
        self.present[group / 64] >> (group % 64) & 1 != 0
    }

    #[cold]
    fn of(&self, last: u16) -> Suspects {
        let group = last % GROUPS as u16;
        let at = self
            .suspects
            .binary_search_by_key(&group, |(group, _)| *group);
        at.map_or(0, |at| self.suspects[at].1)
    }
}

fn group(three: &[u8]) -> u16 {
    let class = |byte: &u8| u16::from(CLASS[usize::from(*byte)] & LETTER);
    three.iter().fold(0, |group, byte| group << 5 | class(byte)) % GROUPS as u16
}

/// Groups of seldom letters that are common all the same.
const COMMON: [&[u8]; 32] = [
    b"ack", b"ail", b"ain", b"age", b"ase", b"ate", b"con", b"cur", b"den", b"ery", b"ess", b"gen",
    b"ied", b"ion", b"ity", b"log", b"mfa", b"mon", b"nt-", b"ock", b"ode", b"oke", b"ord", b"pro",
    b"tio", b"umb", b"unt", b"url", b"use", b"uth", b"ver", b"wor",
];

/// How seldom a group stands in ordinary text: symbols and the letters that English uses least.
fn rarity(three: &[u8]) -> u32 {
    if COMMON.contains(&three.to_ascii_lowercase().as_slice()) {
        return 0;
    }
    let of = |byte: &u8| match byte.to_ascii_lowercase() {
        b'j' | b'q' | b'x' | b'z' | b'_' | b'$' => 4,
        b'k' | b'v' | b'w' | b'y' | b'b' | b'\'' | b'/' => 3,
        b'g' | b'p' | b'f' | b'h' | b'm' | b'd' | b'u' => 2,
        b' ' | b'.' | b'>' => 0,
        _ => 1,
    };
    three.iter().map(of).sum()
}

/// The part of a class that groups are made of.
const LETTER: u8 = 31;
/// The flag of the bytes that may stand between a name and its value.
const ASSIGNS: u8 = 32;
/// The flag of the bytes that may stand between the groups of a number.
const JOINS: u8 = 64;
/// The flag of digits, the highest so that they can be counted.
const DIGIT: u8 = 128;

/// Letters without case, digits as one, the symbols that matter; all else is nothing.
static CLASS: [u8; 256] = {
    let mut class = [0_u8; 256];
    let mut letter = 0;
    while letter < 26 {
        class[b'a' as usize + letter] = letter as u8 + 1;
        class[b'A' as usize + letter] = letter as u8 + 1;
        letter += 1;
    }
    let mut digit = 0;
    while digit < 10 {
        class[b'0' as usize + digit] = 27 | DIGIT;
        digit += 1;
    }
    class[b'_' as usize] = 28;
    class[b'$' as usize] = 28;
    class[b' ' as usize] = JOINS;
    class[b'-' as usize] = 29 | ASSIGNS | JOINS;
    class[b'/' as usize] = 30;
    class[b':' as usize] = 31 | ASSIGNS;
    class[b'=' as usize] = ASSIGNS;
    class
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_texts_with_a_known_group_are_suspects() {
        let mut filter = Filter::new();
        filter.add("ghp_", 1);
        filter.add("bearer", 2);
        assert!(filter.add_phrase("pass word", 4));
        assert!(!filter.add_phrase("pw", 4));
        assert_eq!(filter.look(b"nothing of the kind").suspects, 0);
        assert_eq!(filter.look(b"a GHP_x").suspects, 1);
        assert_eq!(filter.look(b"Bearer").suspects, 2);
        assert_eq!(filter.look(b"Pass_Word=1").suspects, 4);
        assert!(filter.touches(b"userPassword"));
        assert!(!filter.touches(b"user_id"));
        assert!(!filter.touches(b""));
    }

    #[test]
    fn digits_and_assignments_are_seen() {
        let filter = Filter::new();
        let look = filter.look(b"1 a=12 3-4,5");
        assert_eq!((look.digits, look.may_assign), (4, true));
        assert!(!filter.look(b"plain words 1").may_assign);
    }
}
