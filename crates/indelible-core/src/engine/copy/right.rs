//! Where the right to write a trail is, kept in the registry of each database that it left or is
//! on its way to.
//!
//! A move has a name of its own, and whoever goes on with it, or gives it up, gives it another
//! one: of two that are at it, the one that came first can no longer end it.

use serde_json::{Value, json};

use super::super::Ground;
use crate::clock::Entropy;
use crate::error::{AuditError, Refusal};
use crate::store::StoreError;
use crate::trail::TrailName;

/// The kind of registry rows that say where the right to write a trail is.
const MOVED: &str = "moved";
/// The kind of registry rows that say which incarnation of a trail is kept for another database.
const RESERVED: &str = "incarnation";

/// How far a move is, as the database that has the row sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The trail leaves. The other database never had the right to write it.
    Sending,
    /// The trail left. The other database has the right, and may have gone on.
    Sent,
    /// The trail arrives.
    Receiving,
}

/// A move of a trail from or to a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// The database that the trail leaves, without secrets.
    pub from: String,
    /// The database that it goes to.
    pub to: String,
    /// How far it is.
    pub stage: Stage,
    /// The entries of the trail when the move began.
    pub size: u64,
    /// The incarnation that the database which the trail leaves goes on with, should the other one
    /// be lost: nobody else takes that number.
    pub(super) reserved: u32,
    pub(super) name: String,
}

impl Stage {
    const ALL: [Self; 3] = [Self::Sending, Self::Sent, Self::Receiving];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Receiving => "receiving",
        }
    }
}

impl Move {
    /// Why the database does not record; `size` is what it has of the trail.
    pub fn refusal(&self, size: u64) -> Refusal {
        let (from, to) = (self.from.clone(), self.to.clone());
        match self.stage {
            Stage::Sent => Refusal::Moved { from, to },
            Stage::Sending => Refusal::Copying {
                from,
                to,
                done: None,
                size: self.size,
            },
            Stage::Receiving => Refusal::Copying {
                from,
                to,
                done: Some(size),
                size: self.size,
            },
        }
    }

    fn of(value: &Value) -> Self {
        let text = |name: &str| value[name].as_str();
        let place = |name| text(name).unwrap_or("another database").to_owned();
        let stage = Stage::ALL
            .into_iter()
            .find(|stage| text("stage") == Some(stage.as_str()));
        Self {
            from: place("from"),
            to: place("to"),
            // Of what cannot be read the worst is taken: the other database may have gone on.
            stage: stage.unwrap_or(Stage::Sent),
            size: value["size"].as_u64().unwrap_or_default(),
            reserved: number(&value["reserved"]),
            name: text("move").unwrap_or_default().to_owned(),
        }
    }

    fn value(&self) -> Value {
        json!({
            "from": self.from,
            "to": self.to,
            "stage": self.stage.as_str(),
            "size": self.size,
            "reserved": self.reserved,
            "move": self.name,
        })
    }
}

/// A name for a move that no other has.
pub(super) fn fresh_name(entropy: &dyn Entropy) -> String {
    let mut bytes = [0; 16];
    entropy.fill(&mut bytes);
    format!("{:032x}", u128::from_be_bytes(bytes))
}

/// The moves from and to a database, by trail.
pub(in super::super) async fn list(ground: &Ground) -> Result<Vec<(String, Move)>, StoreError> {
    let rows = ground.registry.list(MOVED).await?;
    let moves = rows
        .into_iter()
        .map(|(trail, row)| (trail, Move::of(&row.value)));
    Ok(moves.collect())
}

/// The move of a trail, if the right to write it is not here.
pub(in super::super) async fn moved(
    ground: &Ground,
    trail: &TrailName,
) -> Result<Option<Move>, StoreError> {
    let row = ground.registry.get(MOVED, trail.as_str()).await?;
    Ok(row.map(|row| Move::of(&row.value)))
}

/// Refuses to write a trail whose right to write is elsewhere.
pub(in super::super) async fn check_moved(
    ground: &Ground,
    trail: &TrailName,
) -> Result<(), AuditError> {
    let Some(moved) = moved(ground, trail).await? else {
        return Ok(());
    };
    let head = ground.store.head(trail).await?;
    Err(AuditError::Refused {
        trail: trail.clone(),
        refusal: moved.refusal(head.map_or(0, |head| head.size)),
    })
}

/// Puts `next` in the place of what stands there of a trail's move, or ends the move, where it is
/// still `expected`, in every value. Answers whether it was: of two that decided on what they had
/// read, one comes too late.
pub(super) async fn settle(
    ground: &Ground,
    trail: &TrailName,
    expected: Option<&Move>,
    next: Option<&Move>,
) -> Result<bool, StoreError> {
    let there = ground.registry.get(MOVED, trail.as_str()).await?;
    if there.as_ref().map(|row| Move::of(&row.value)).as_ref() != expected {
        return Ok(false);
    }
    let version = there.map(|row| row.version);
    if version.is_none() && next.is_none() {
        return Ok(true);
    }
    let value = next.map(Move::value);
    let put = ground
        .registry
        .put(MOVED, trail.as_str(), version, value.as_ref());
    Ok(put.await?.is_some())
}

/// The highest incarnation of a trail that is kept for another database, 0 where none is.
pub(in super::super) async fn reserved(
    ground: &Ground,
    trail: &TrailName,
) -> Result<u32, StoreError> {
    let row = ground.registry.get(RESERVED, trail.as_str()).await?;
    Ok(row.map_or(0, |row| number(&row.value["reserved"])))
}

/// Keeps an incarnation, and all before it, for another database.
pub(super) async fn reserve(
    ground: &Ground,
    trail: &TrailName,
    incarnation: u32,
) -> Result<(), StoreError> {
    loop {
        let there = ground.registry.get(RESERVED, trail.as_str()).await?;
        if let Some(row) = &there
            && number(&row.value["reserved"]) >= incarnation
        {
            return Ok(());
        }
        let version = there.map(|row| row.version);
        let value = json!({ "reserved": incarnation });
        let put = ground
            .registry
            .put(RESERVED, trail.as_str(), version, Some(&value));
        if put.await?.is_some() {
            return Ok(());
        }
    }
}

fn number(value: &Value) -> u32 {
    let number = value.as_u64().unwrap_or_default();
    u32::try_from(number).unwrap_or_default()
}
