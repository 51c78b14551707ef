//! The logic of three values.

use indelible_evidence::{Condition, Contents, Facts, Scope, Truth};
use proptest::prelude::*;

use Truth::{False, True, Unknown};

const ALL: [Truth; 3] = [True, False, Unknown];

#[test]
fn the_tables_of_kleene() {
    for (a, b, and, or) in [
        (True, True, True, True),
        (True, False, False, True),
        (True, Unknown, Unknown, True),
        (False, False, False, False),
        (False, Unknown, False, Unknown),
        (Unknown, Unknown, Unknown, Unknown),
    ] {
        assert_eq!((a.and(b), b.and(a)), (and, and), "{a:?} {b:?}");
        assert_eq!((a.or(b), b.or(a)), (or, or), "{a:?} {b:?}");
    }
}

#[test]
fn what_is_unknown_may_be_either() {
    // A value of three is right whichever of two each unknown one is.
    for a in ALL {
        for b in ALL {
            for c in ALL {
                let whole = a.and(b).or(c);
                let mut meant = Vec::new();
                for x in choices(a) {
                    for y in choices(b) {
                        for z in choices(c) {
                            meant.push((*x && *y) || *z);
                        }
                    }
                }
                if whole != Unknown {
                    let truth = whole == True;
                    assert!(meant.iter().all(|it| *it == truth), "{a:?} {b:?} {c:?}");
                }
            }
        }
    }
}

fn choices(truth: Truth) -> &'static [bool] {
    match truth {
        True => &[true],
        False => &[false],
        Unknown => &[true, false],
    }
}

const TAGS: [&str; 4] = [
    "actor.privileged",
    "actor.user",
    "data.chd",
    "data.personal",
];

/// Of each of the tags: whether it is written, denied or left out.
fn written() -> impl Strategy<Value = [Truth; 4]> {
    prop::array::uniform4(prop::sample::select(&ALL[..]))
}

proptest! {
    /// To know more changes no answer that there was; and a condition is what its terms make it.
    #[test]
    fn more_is_known_and_no_answer_changes(
        (less, more) in (written(), written()),
        places in prop::collection::vec(0..TAGS.len(), 1..4),
        is_any in any::<bool>(),
    ) {
        let more: Vec<Truth> = less.iter().zip(more).map(|(less, more)| match less {
            Unknown => more,
            known => *known,
        }).collect();
        let join = if is_any { " or " } else { " and " };
        let text = places.iter().map(|place| TAGS[*place]).collect::<Vec<_>>().join(join);
        let condition: Condition = text.parse().expect("a condition");
        prop_assert_eq!(condition.to_string(), text);
        let answers = [&less[..], &more[..]].map(|known| {
            let tags: Vec<String> = known.iter().zip(TAGS).filter_map(|(truth, tag)| match truth {
                True => Some(tag.to_owned()),
                False => Some(format!("{tag}:no")),
                Unknown => None,
            }).collect();
            let facts = Facts { tags: &tags, tags_dropped: false, resource_type: "account", contents: &Contents::None };
            let own = places.iter().map(|place| known[*place]);
            let expected = match is_any {
                true => own.fold(False, Truth::or),
                false => own.fold(True, Truth::and),
            };
            let scope = Scope::default();
            let found = condition.holds(&facts, &scope);
            assert_eq!(found, expected);
            let unknown = condition.unknown(&facts, &scope).count();
            assert!(found != Unknown || unknown > 0);
            found
        });
        prop_assert!(answers[0] == Unknown || answers[0] == answers[1]);
    }
}

#[test]
fn conditions_that_are_none_are_refused() {
    for text in [
        "",
        "always and data.chd",
        "data.chd and data.ephi or actor.user",
        "data.chd and",
        "or data.chd",
        "data.unheard_of",
        "data.chd=true",
        "Data.CHD",
        "scope.cde=x",
        "subject.request=",
    ] {
        assert!(text.parse::<Condition>().is_err(), "{text}");
    }
}
