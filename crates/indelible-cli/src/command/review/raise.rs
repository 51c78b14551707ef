//! `indelible review raise`

use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use indelible_evidence::review::{RuleSet, Severity, raised_by_hand};

use super::answer::{Done, DoneLine};
use super::place::{Reviewed, record, rules, standing};
use crate::failure::{Failure, Status};
use crate::session::{Access, Opened, Session};

/// Puts on record as findings what the rules flag, or what you found yourself
///
/// A finding says which rule flagged which entries; nothing of what these hold is copied, so that
/// what is erased from them is gone. One that is on record already is left alone, unless more came
/// to it since: then it is raised again, and is open again where it was closed.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  indelible review raise --all --as-of 4711 --by 'q. sa'
  indelible review raise brute_force_user-4402 --as-of 4711 --by 'q. sa' --owner 'm. muster'
  indelible review raise --seq 4417 --seq 4420 --severity high --by 'q. sa' --why 'odd refunds'")]
pub struct Raise {
    /// The findings, as `indelible review show` names them
    #[arg(required_unless_present_any = ["all", "seq"])]
    findings: Vec<String>,
    /// All that are flagged
    #[arg(long, conflicts_with_all = ["findings", "seq"])]
    all: bool,
    /// An entry that no rule flags; may be given again
    #[arg(
        long,
        value_name = "SEQ",
        requires = "why",
        conflicts_with = "findings"
    )]
    seq: Vec<u64>,
    /// What is wrong with these entries
    #[arg(long, value_name = "TEXT", requires = "seq")]
    why: Option<String>,
    /// How bad it is
    #[arg(long, value_parser = severities(), default_value = "medium", requires = "seq")]
    severity: Severity,
    /// The size of the trail that was shown
    #[arg(long, value_name = "SIZE", required_unless_present = "seq")]
    as_of: Option<u64>,
    /// Who raises it
    #[arg(long, value_name = "NAME")]
    by: String,
    /// Who has to see to it
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
    /// The rules [default: those that ship]
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
}

fn severities() -> impl TypedValueParser<Value = Severity> {
    PossibleValuesParser::new(Severity::ALL.map(Severity::as_str))
        .try_map(|text| Severity::named(&text).ok_or("no severity"))
}

impl Raise {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        let rules = rules(self.rules.as_ref())?;
        let opened = session.open(Access::Write).await?;
        let raised = match self.seq.is_empty() {
            true => self.flagged(&opened, &rules).await,
            false => self.by_hand(&opened).await,
        };
        let raised = opened.close(raised).await?;
        session.output.print(&Done { recorded: raised })?;
        Ok(Status::Fine)
    }

    async fn flagged(&self, opened: &Opened, rules: &RuleSet) -> Result<Vec<DoneLine>, Failure> {
        let reviewed = Reviewed::of(opened, rules, self.rules.as_ref(), self.as_of).await?;
        let flags = &reviewed.review.findings;
        if let Some(unknown) = self
            .findings
            .iter()
            .find(|id| !flags.iter().any(|flag| flag.id == **id))
        {
            return Err(Failure::not_found(format!(
                "nothing is flagged as {unknown}; `indelible review show` lists what is"
            )));
        }
        let wanted: Vec<_> = match self.all {
            true => Vec::new(),
            false => self.findings.clone(),
        };
        raise(
            opened,
            &reviewed,
            &wanted,
            (&self.by, self.owner.as_deref()),
        )
        .await
    }

    async fn by_hand(&self, opened: &Opened) -> Result<Vec<DoneLine>, Failure> {
        let mut seqs = self.seq.clone();
        seqs.sort_unstable();
        seqs.dedup();
        for seq in &seqs {
            if opened.audit.entry_at(*seq).await?.is_none() {
                return Err(Failure::not_found(format!("there is no entry {seq}")));
            }
        }
        let id = format!("manual-{}", seqs[0]);
        if standing(opened).await?.findings.contains_key(&id) {
            return Err(Failure::new(format!("{id} is on record already")));
        }
        let why = self.why.as_deref().unwrap_or_default();
        let event = raised_by_hand(&seqs, self.severity, why, (&self.by, self.owner.as_deref()));
        let seq = record(opened, event).await?;
        Ok(vec![DoneLine::of(id, "raised", seq)])
    }
}

/// Puts on record what is flagged and not on record yet: of these, or all where none is named.
pub async fn raise(
    opened: &Opened,
    reviewed: &Reviewed,
    wanted: &[String],
    (by, owner): (&str, Option<&str>),
) -> Result<Vec<DoneLine>, Failure> {
    let mut raised = Vec::new();
    for flag in &reviewed.review.findings {
        let known = reviewed.ledger.findings.get(&flag.id);
        let is_wanted = wanted.is_empty() || wanted.contains(&flag.id);
        if !is_wanted || !flag.is_news_to(known) {
            continue;
        }
        let counts = &reviewed.review.counts;
        let why = counts.iter().find(|count| count.rule == flag.rule);
        let why = why.map(|count| count.why.as_str()).unwrap_or_default();
        let seq = record(opened, flag.raised(by, why, owner)).await?;
        raised.push(DoneLine::of(flag.id.clone(), "raised", seq));
    }
    Ok(raised)
}
