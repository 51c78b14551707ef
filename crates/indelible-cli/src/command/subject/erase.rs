//! `indelible subject erase`

use std::path::PathBuf;

use clap::Args;
use indelible::core::engine::{Erased, ErasureOrder, ErasurePlan, ErasureProgress};
use indelible::core::part::{PartKind, PerPart};
use indelible::{Audit, TrailName};
use serde::Serialize;

use super::Places;
use crate::answer::{Answer, Field, Layout, Sheet};
use crate::failure::{Failure, Status, remark};
use crate::input;
use crate::progress::Bars;
use crate::session::{Access, Session};

/// Erases what the trail holds of persons, and says what it did in the trail
///
/// Without --yes nothing is erased: what would go is counted. The part in which a person is named
/// goes: `actor` where the id stands in user_id or on_behalf_of, `target` where it stands in
/// resource_id, `details` where --also names a place in them, or where they say that somebody
/// looked for the person. Who acted on behalf of the person goes with the part, and is counted as
/// `of_other_actors`. Every receipt and proof of before stays good. The trail gets entries that say which parts of which entries went, why and on whose
/// order; persons are named in them by a digest alone.
///
/// What is recorded of the persons afterwards stays. Copies of the database are out of reach, and
/// are listed. The exit status is 1 where entries are held, also of earlier orders, or where bytes are still in the files.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  indelible subject erase u-17 --reason 'Art. 17(1)(b)'
  indelible subject erase u-17 --reason 'Art. 17(1)(b)' --request-id DSR-12 --by dpo-2 --yes
  indelible subject erase --from ids.txt --reason 'contract ended' --part details --yes
  indelible subject erase u-17 --also context.email=ada@shop.example --reason 'Art. 17' --yes

A file holds one id a line; - is standard input, gzip is unpacked.")]
pub struct Erase {
    /// The persons' ids
    #[arg(required_unless_present_any = ["from", "also"])]
    ids: Vec<String>,
    /// A file of ids, one a line
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    #[command(flatten)]
    places: Places,
    /// Why, in words that name nobody: they stay in the trail
    #[arg(long, value_name = "TEXT", required = true)]
    reason: String,
    /// The legal basis or authority
    #[arg(long, value_name = "TEXT")]
    legal_basis: Option<String>,
    /// The number of the request that it answers
    #[arg(long, value_name = "ID")]
    request_id: Option<String>,
    /// Who orders it
    #[arg(long, value_name = "ID")]
    by: Option<String>,
    /// A part that goes with every entry in which one of them is named, wherever that is: actor,
    /// target or details; may be given again
    #[arg(long, value_name = "PART")]
    part: Vec<PartKind>,
    /// Erase it
    #[arg(long)]
    yes: bool,
}

/// The longest file of ids, in bytes.
const IDS_BYTES_MAX: usize = 256 << 20;

/// What went, or would go.
#[derive(Serialize)]
struct Erasure {
    trail: TrailName,
    dry_run: bool,
    as_of: u64,
    subjects: usize,
    unknown: Vec<String>,
    entries: u64,
    parts: Parts,
    /// Entries of which the actor part is another's, who acted on behalf of the person.
    of_other_actors: u64,
    /// Entries that keep their details, since they are Indelible's own records.
    kept_own: u64,
    held: u64,
    /// Parts that went in this run, of earlier orders too.
    erased: u64,
    recorded: Vec<u64>,
    /// Orders that wait for a hold.
    held_back: u64,
    unpurged: Option<String>,
    leftovers: Vec<String>,
}

#[derive(Serialize)]
struct Parts {
    actor: u64,
    target: u64,
    details: u64,
}

impl Erase {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        let is_run = self.yes;
        let order = self.order()?;
        let access = if is_run { Access::Write } else { Access::Read };
        let opened = session.open(access).await?;
        let spool = opened.settings.spool_folder.clone();
        let bars = Bars::default();
        let done = erase(&opened.audit, &order, is_run, bars).await;
        let trail = opened.audit.name().clone();
        let (erased, plan) = opened.close(done).await?;
        let mut leftovers = erased.leftovers;
        leftovers.extend(elsewhere(spool));
        let PerPart {
            actor,
            target,
            details,
        } = plan.parts;
        let parts = Parts {
            actor,
            target,
            details,
        };
        let answer = Erasure {
            trail,
            dry_run: !is_run,
            as_of: plan.as_of,
            subjects: order.subjects.ids.len() + order.subjects.also.len(),
            unknown: plan.unknown,
            entries: plan.entries,
            parts,
            of_other_actors: plan.of_other_actors,
            kept_own: plan.kept_own,
            held: plan.held.len() as u64,
            erased: erased.parts,
            recorded: erased.recorded,
            held_back: erased.held_back,
            unpurged: erased.unpurged,
            leftovers,
        };
        let verdict = match (&answer.unpurged, answer.held_back) {
            (Some(problem), _) => Err(Failure::new(format!(
                "what was erased is still in the database's files: {problem}; run it again"
            ))),
            (None, 0) => Ok(Status::Fine),
            (None, count) => Err(Failure::new(format!(
                "{count} orders wait, since entries that they name are held; `indelible hold list` \
                 names the holds, and once they are released the next run goes on"
            ))),
        };
        if !is_run {
            remark("nothing was erased; --yes erases");
        }
        session.output.print_judged(&answer, verdict)
    }

    fn order(self) -> Result<ErasureOrder, Failure> {
        let mut ids = self.ids;
        if let Some(file) = &self.from {
            let bytes = input::read(file, IDS_BYTES_MAX)?;
            let text = String::from_utf8(bytes)
                .map_err(|_| Failure::usage(format!("{}: it is no UTF-8", file.display())))?;
            let lines = text.lines().map(str::trim).filter(|id| !id.is_empty());
            ids.extend(lines.map(str::to_owned));
        }
        let mut subjects = self.places.subjects(ids);
        subjects.widen = self.part;
        Ok(ErasureOrder {
            subjects,
            reason: self.reason,
            legal_basis: self.legal_basis,
            request_id: self.request_id,
            by: self.by,
            holds: Vec::new(),
        })
    }
}

async fn erase(
    audit: &Audit,
    order: &ErasureOrder,
    is_run: bool,
    mut bars: Bars,
) -> Result<(Erased, ErasurePlan), Failure> {
    let mut progress = |progress| show(&mut bars, progress);
    if is_run {
        return Ok(audit.erase(order, &mut progress).await?);
    }
    let plan = audit.plan_erasure(order, &mut progress).await?;
    Ok((Erased::default(), plan))
}

fn show(bars: &mut Bars, progress: ErasureProgress) {
    match progress {
        ErasureProgress::Search(done, all) => bars.show("searching", done, Some(all)),
        ErasureProgress::Record(done, all) => bars.show("recording", done, Some(all)),
        ErasureProgress::Blank(done, all) => bars.show("erasing", done, Some(all)),
        _ => bars.show("purging", 0, None),
    }
}

/// Copies that no command of ours reaches.
fn elsewhere(spool: Option<PathBuf>) -> Vec<String> {
    let spool = match spool {
        Some(folder) => format!(" (here {})", folder.display()),
        None => String::new(),
    };
    vec![
        "backups and snapshots of the database: let them expire; a restored one is erased again \
         when it is opened to write, by the register in the state directory, or, where the trail \
         has gone on elsewhere, when it is succeeded"
            .to_owned(),
        "the database that `indelible copy` has read from: it keeps everything; take it away"
            .to_owned(),
        "the state directories of other hosts: copy `erasures` there".to_owned(),
        format!("events that wait in spools{spool} and outboxes: drain them first"),
        "look-ups of the person in the last minute, which a server that runs records at its end: \
         erase again then"
            .to_owned(),
        "exports, evidence packs and proofs with opened parts that were handed out".to_owned(),
    ]
}

impl Answer for Erasure {
    fn layout(&self) -> Layout {
        let would = if self.dry_run { "would go" } else { "went" };
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
        let erased = match self.dry_run {
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
        ])
    }
}
