//! What is answered of persons, for people and as tables.

use indelible::core::part::PartKind;
use indelible_evidence::subject::{Erasure, Rejected, Request, Requests};
use uuid::Uuid;

use crate::answer::{Answer, Field, Layout, Sheet, cell, json_lines};

/// Parts, by their names.
pub fn parts(parts: &[PartKind]) -> String {
    let names: Vec<_> = parts.iter().map(|part| part.as_str()).collect();
    names.join(" ")
}

impl Answer for Erasure {
    fn layout(&self) -> Layout {
        let is_planned = self.dry_run || self.request.is_some();
        let would = if is_planned { "would go" } else { "went" };
        let count = |count: u64, part: &str| (count > 0).then(|| format!("{count} {part}"));
        let parts: Vec<String> = [
            count(self.parts.actor, "actor"),
            count(self.parts.target, "target"),
            count(self.parts.details, "details"),
        ]
        .into_iter()
        .flatten()
        .collect();
        let parts = match parts.is_empty() {
            true => "none".to_owned(),
            false => parts.join(", "),
        };
        let some = |count: u64| match count {
            0 => String::new(),
            count => count.to_string(),
        };
        // Where a run finds less than was planned, another one was there first.
        let erased = match is_planned {
            true => String::new(),
            false => format!("{} parts", self.erased),
        };
        let others = match self.of_other_actors {
            0 => String::new(),
            count => format!("with {count} of the actor parts goes who acted beside the person"),
        };
        let kept_own = match self.kept_own {
            0 => String::new(),
            count => format!("{count} of Indelible's own records keep their details"),
        };
        let held_back = match self.held_back {
            0 => String::new(),
            count => format!("{count} orders wait until nothing that they name is held"),
        };
        let seqs: Vec<String> = self.recorded.iter().map(|seq| format!("#{seq}")).collect();
        let mut fields = vec![
            Field::text(
                "trail",
                format!("{}, as of {} entries", self.trail, self.as_of),
            ),
            Field::text("subjects", self.subjects.to_string()),
            Field::lines("unknown", self.unknown.clone()),
            Field::text("entries", self.entries.to_string()),
            Field::text("parts", format!("{parts} {would}")),
            Field::text("of others", others),
            Field::text("kept", kept_own),
            Field::text("held", some(self.held)),
            Field::text("erased", erased),
            Field::text("recorded", seqs.join(" ")),
            Field::text("held back", held_back),
            Field::text(
                "waits",
                self.request.as_ref().map(waits).unwrap_or_default(),
            ),
            Field::lines("left", self.leftovers.clone()),
        ];
        fields.retain(|field| !field.is_empty());
        Layout::Fields(fields)
    }

    fn sheet(&self) -> Sheet {
        Sheet::of_fields(vec![
            ("trail", self.trail.to_string()),
            ("dry_run", self.dry_run.to_string()),
            ("as_of", self.as_of.to_string()),
            ("subjects", self.subjects.to_string()),
            ("unknown", self.unknown.join(" ")),
            ("entries", self.entries.to_string()),
            ("actor", self.parts.actor.to_string()),
            ("target", self.parts.target.to_string()),
            ("details", self.parts.details.to_string()),
            ("of_other_actors", self.of_other_actors.to_string()),
            ("kept_own", self.kept_own.to_string()),
            ("held", self.held.to_string()),
            ("erased", self.erased.to_string()),
            (
                "recorded",
                self.recorded
                    .iter()
                    .map(u64::to_string)
                    .collect::<Vec<_>>()
                    .join(" "),
            ),
            ("held_back", self.held_back.to_string()),
            ("unpurged", self.unpurged.clone().unwrap_or_default()),
            ("leftovers", self.leftovers.join("; ")),
            ("request", cell(&self.request.as_ref().map(|it| it.id))),
        ])
    }
}

/// What waits for somebody else, in a sentence.
fn waits(request: &Request) -> String {
    let (id, until) = (request.id, request.expires_at);
    format!("{id} until somebody else approves it, before {until}")
}

impl Answer for Requests {
    fn layout(&self) -> Layout {
        if self.requests.is_empty() && self.unreadable.is_empty() {
            return Layout::Line(format!("no erasure of trail {} waits", self.trail));
        }
        let row = |it: &Request| {
            vec![
                it.id.to_string(),
                it.requested_at.to_string(),
                cell(&it.by),
                (it.ids.len() + it.also.len()).to_string(),
                it.reason.clone(),
            ]
        };
        let unreadable = |id: &Uuid| {
            let mut row = vec![id.to_string(), String::new(), String::new(), String::new()];
            row.push("it cannot be read; reject it".to_owned());
            row
        };
        let rows = self.requests.iter().map(row);
        Layout::Table(Sheet {
            columns: vec!["request", "requested_at", "by", "subjects", "reason"],
            rows: rows.chain(self.unreadable.iter().map(unreadable)).collect(),
        })
    }

    fn sheet(&self) -> Sheet {
        let row = |it: &Request| {
            vec![
                it.id.to_string(),
                it.requested_at.to_string(),
                it.expires_at.to_string(),
                cell(&it.by),
                cell(&it.key_name),
                it.reason.clone(),
                cell(&it.legal_basis),
                cell(&it.request_id),
                it.ids.join(" "),
                it.also.join(" "),
                parts(&it.parts),
                it.subject_refs.join(" "),
            ]
        };
        Sheet {
            columns: vec![
                "request",
                "requested_at",
                "expires_at",
                "by",
                "key_name",
                "reason",
                "legal_basis",
                "request_id",
                "ids",
                "also",
                "parts",
                "subject_refs",
            ],
            rows: self.requests.iter().map(row).collect(),
        }
    }

    fn lines(&self) -> serde_json::Result<Vec<String>> {
        json_lines(&self.requests)
    }
}

impl Answer for Rejected {
    fn layout(&self) -> Layout {
        let id = self.rejected;
        Layout::Line(format!("{id} was rejected; who was meant is forgotten"))
    }

    fn sheet(&self) -> Sheet {
        Sheet::of_fields(vec![
            ("trail", self.trail.to_string()),
            ("rejected", self.rejected.to_string()),
            ("subject_refs", self.subject_refs.join(" ")),
        ])
    }
}
