//! How the answers of retention are printed.

use indelible::core::engine::RetentionPolicy;
use indelible_evidence::retention::{Outcome, Standing, policy_lines};

use crate::answer::{Answer, Field, Layout, Sheet, cell};

fn as_cell(policy: Option<&RetentionPolicy>) -> String {
    policy
        .and_then(|policy| serde_json::to_string(policy).ok())
        .unwrap_or_default()
}

impl Answer for Standing {
    fn layout(&self) -> Layout {
        let begins = match self.first_kept {
            0 => "#0: nothing was removed".to_owned(),
            first => format!("#{first}: {first} entries were removed"),
        };
        let remarks = self.remarks().into_iter().map(str::to_owned);
        let mut fields = vec![
            Field::text("trail", self.trail.to_string()),
            Field::lines("policy", policy_lines(self.policy.as_ref())),
            Field::text("begins", begins),
            Field::lines("to do", remarks.collect()),
        ];
        fields.retain(|field| !field.is_empty());
        Layout::Fields(fields)
    }

    fn sheet(&self) -> Sheet {
        Sheet::of_fields(vec![
            ("trail", self.trail.to_string()),
            ("policy", as_cell(self.policy.as_ref())),
            ("first_kept", self.first_kept.to_string()),
            ("overdue", self.overdue.to_string()),
            ("unfinished", self.unfinished.to_string()),
        ])
    }
}

impl Answer for Outcome {
    fn layout(&self) -> Layout {
        let seqs: Vec<String> = self.recorded.iter().map(|seq| format!("#{seq}")).collect();
        let root = self.expired.as_ref().map(|gone| gone.root.clone());
        let mut fields = vec![
            Field::text(
                "trail",
                format!("{}, as of {} entries", self.trail, self.as_of),
            ),
            Field::lines("policy", policy_lines(self.policy.as_ref())),
            Field::text("entries", self.gone()),
            Field::text("root", root.unwrap_or_default()),
            Field::text("kept back", self.stays()),
            Field::text("parts", self.blanked()),
            Field::text("recorded", seqs.join(" ")),
            Field::text("begins", format!("#{}", self.first_kept)),
        ];
        fields.retain(|field| !field.is_empty());
        Layout::Fields(fields)
    }

    fn sheet(&self) -> Sheet {
        let gone = self.expired.as_ref();
        let recorded: Vec<_> = self.recorded.iter().map(u64::to_string).collect();
        Sheet::of_fields(vec![
            ("trail", self.trail.to_string()),
            ("dry_run", self.dry_run.to_string()),
            ("as_of", self.as_of.to_string()),
            ("policy", as_cell(self.policy.as_ref())),
            ("first", cell(&gone.map(|gone| gone.first))),
            ("last", cell(&gone.map(|gone| gone.last))),
            ("count", gone.map_or(0, |gone| gone.count).to_string()),
            ("root", cell(&gone.map(|gone| &gone.root))),
            (
                "kept_back",
                cell(&self.kept_back.as_ref().map(|kept| kept.entries)),
            ),
            (
                "hold",
                cell(&self.kept_back.as_ref().and_then(|kept| kept.hold.clone())),
            ),
            ("actor", self.parts.actor.to_string()),
            ("target", self.parts.target.to_string()),
            ("details", self.parts.details.to_string()),
            ("recorded", recorded.join(" ")),
            ("removed", self.removed.to_string()),
            ("first_kept", self.first_kept.to_string()),
            ("unpurged", self.unpurged.clone().unwrap_or_default()),
            ("held_back", self.held_back.to_string()),
        ])
    }
}
