//! What is said about the types of domain events.

use std::any::{Any, TypeId, type_name};
use std::collections::HashMap;
use std::fmt;

use indelible_core::{AuditEvent, uuid_of_name};
use uuid::Uuid;

/// A type of domain events.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct EventType {
    id: TypeId,
    name: &'static str,
}

impl EventType {
    /// The type `T`.
    pub fn of<T: Any>() -> Self {
        Self {
            id: TypeId::of::<T>(),
            name: type_name::<T>(),
        }
    }

    /// Its name with its path, for people.
    pub fn name(&self) -> &'static str {
        self.name
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl fmt::Debug for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

type Map = Box<dyn Fn(&dyn Any) -> Vec<AuditEvent> + Send + Sync>;

/// How domain events become events of the trail, said once per type. A test can ask whether
/// something is said about each type that there is: [`EventMappings::unmapped`].
#[derive(Default)]
pub struct EventMappings {
    types: HashMap<TypeId, Said>,
}

struct Said {
    event_type: EventType,
    maps: Vec<Map>,
    not_audited: Option<&'static str>,
}

/// What becomes of domain events of one type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Treatment {
    /// They are recorded.
    Recorded,
    /// They are not, for this reason.
    NotAudited(&'static str),
}

impl EventMappings {
    /// Nothing said about any type.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A domain event of type `T` is recorded as the event that `map` makes of it. Said again of
    /// the same type, both are recorded.
    ///
    /// Give the event the domain event's own id where that is a UUID: what a bus delivers twice is
    /// then recorded once. Two events of one domain event need two ids: [`EventMappings::nth_id`].
    #[must_use]
    pub fn on<T: Any>(self, map: impl Fn(&T) -> AuditEvent + Send + Sync + 'static) -> Self {
        self.on_each(move |event: &T| vec![map(event)])
    }

    /// A domain event of type `T`, which stands for several deeds, is recorded as the events that
    /// `map` makes of it.
    ///
    /// Give each an id by [`EventMappings::nth_id`]: what a bus delivers twice, or what is handled
    /// again because a part of it failed, is then recorded once.
    #[must_use]
    pub fn on_each<T: Any>(
        mut self,
        map: impl Fn(&T) -> Vec<AuditEvent> + Send + Sync + 'static,
    ) -> Self {
        let map: Map = Box::new(move |event| event.downcast_ref().map(&map).unwrap_or_default());
        self.said::<T>().maps.push(map);
        self
    }

    /// The id of the event of this index among those of one domain event: always the same, and
    /// another for each index and each domain event.
    ///
    /// ```
    /// use indelible::{AuditAction, AuditEvent, EventMappings};
    /// use uuid::Uuid;
    ///
    /// struct AccountsClosed { event_id: Uuid, accounts: Vec<String> }
    ///
    /// let mappings = EventMappings::new().on_each(|event: &AccountsClosed| {
    ///     let deleted = |(n, account): (usize, &String)| {
    ///         AuditEvent::new(AuditAction::DATA_DELETED, "account")
    ///             .id(EventMappings::nth_id(event.event_id, n))
    ///             .resource_id(account)
    ///     };
    ///     event.accounts.iter().enumerate().map(deleted).collect()
    /// });
    /// # let _ = mappings;
    /// ```
    pub fn nth_id(event_id: Uuid, index: usize) -> Uuid {
        let index = (index as u64).to_be_bytes();
        let parts: [&[u8]; 3] = [b"indelible/nth-event/v1\0", event_id.as_bytes(), &index];
        uuid_of_name(&parts.concat())
    }

    /// Domain events of type `T` are not recorded, for a reason that a reviewer can read. Has no
    /// effect where the type is mapped.
    #[must_use]
    pub fn not_audited<T: Any>(mut self, reason: &'static str) -> Self {
        self.said::<T>().not_audited = Some(reason);
        self
    }

    /// Those of `types` about which nothing is said. A test that lists all types of an application
    /// expects none.
    pub fn unmapped(&self, types: impl IntoIterator<Item = EventType>) -> Vec<EventType> {
        let mut types: Vec<_> = types.into_iter().collect();
        types.retain(|event_type| !self.types.contains_key(&event_type.id));
        types
    }

    /// All types about which something is said, by name.
    pub fn list(&self) -> Vec<(EventType, Treatment)> {
        let mut list: Vec<_> = (self.types.values())
            .map(|said| (said.event_type, said.treatment()))
            .collect();
        list.sort_by_key(|(event_type, _)| event_type.name);
        list
    }

    /// The events that a domain event becomes; `None` where nothing is said about its type.
    pub(super) fn events(&self, event: &dyn Any) -> Option<Vec<AuditEvent>> {
        let said = self.types.get(&event.type_id())?;
        Some(said.maps.iter().flat_map(|map| map(event)).collect())
    }

    /// The type of a domain event, which has a name only where something is said about it.
    pub(super) fn type_of(&self, event: &dyn Any) -> EventType {
        let id = event.type_id();
        match self.types.get(&id) {
            Some(said) => said.event_type,
            None => EventType {
                id,
                name: "of an unknown name",
            },
        }
    }

    fn said<T: Any>(&mut self) -> &mut Said {
        let event_type = EventType::of::<T>();
        self.types.entry(event_type.id).or_insert_with(|| Said {
            event_type,
            maps: Vec::new(),
            not_audited: None,
        })
    }
}

impl Said {
    fn treatment(&self) -> Treatment {
        match self.not_audited {
            Some(reason) if self.maps.is_empty() => Treatment::NotAudited(reason),
            _ => Treatment::Recorded,
        }
    }
}

impl fmt::Debug for EventMappings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.list()).finish()
    }
}
