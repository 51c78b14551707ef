//! `indelible report pack`

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use indelible::core::pack::{Coverage, PackRequest};
use indelible::{AuditAction, AuditEvent};
use indelible_evidence::review::ledger_at;
use indelible_evidence::{
    ControlId, Controls, Form, Report, ReportRequest, State, accesses_sheet, findings_sheet,
    generated, render, reviews_sheet,
};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::asking::{Asking, read};
use super::record;
use crate::answer::{Answer, Field, Layout, Sheet};
use crate::failure::{Failure, Status};
use crate::progress::{self, Unit};
use crate::session::{Opened, Session};

/// Hands over what is on record for one control, as a folder that is checked without the trail
///
/// `entries.pack` is an evidence pack of all entries of the period that may be evidence for the
/// control, with the skeletons of all others, so that none can have been left out. `statement.json`
/// and `statement.html` are the report on the control: counts, what cannot be told, days without
/// evidence, the sample by the auditor's seed, reviews, accesses to the log, and what it does not
/// show. `reviews.csv`, `findings.csv` and `accesses.csv` are sign-offs and missed days, findings,
/// and who looked at the trail. `statement.proof` proves that the trail has on record that this
/// statement and these sheets, by their SHA-256, were made. Making and handing over are recorded.
///
/// For a sample the auditor gets size and root of the trail first (`indelible checkpoint`), and
/// names the seed after that: whoever knows the seed before could record until it draws what they
/// like.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  indelible report pack PCI-DSS-4.0.1:10.2.1.4 --from 2026-03-01 --to 2026-03-31 \\
      --scope cards.toml --as-of 4711 --seed 'K. Okafor, 7 May' -o denied
  indelible verify-pack denied/entries.pack --key \"$KEY\"
  indelible verify-proof denied/statement.proof --key \"$KEY\"
  sha256sum denied/statement.json

The verifier key is what `indelible vkey` prints; contrib/verify_pack.py checks both files too.")]
pub struct Pack {
    /// The control, with framework and version, such as PCI-DSS-4.0.1:10.2.1.4
    control: ControlId,
    #[command(flatten)]
    asking: Asking,
    /// Begins the pack where the trail had this many entries, which makes it smaller; whether
    /// earlier entries are of the period it then does not prove
    #[arg(long, value_name = "SIZE", default_value_t)]
    begin: u64,
    /// The folder, which is made; it is there whole or not at all
    #[arg(short = 'o', long = "folder", value_name = "FOLDER")]
    folder: PathBuf,
}

impl Pack {
    pub async fn run(self, session: &Session) -> Result<Status, Failure> {
        let shown = self.folder.display();
        if fs::symlink_metadata(&self.folder).is_ok() {
            return Err(Failure::usage(format!(
                "{shown} is there already; name another folder"
            )));
        }
        let controls = Controls::of(self.control.framework());
        let place = controls.place(self.control.id());
        let is_mapped = |place| controls.rows().iter().any(|row| row.control == place);
        let Some(place) = place.filter(|place| is_mapped(*place)) else {
            let text = format!("no record is evidence for {}", self.control);
            return Err(Failure::usage(text));
        };
        let request = self
            .asking
            .request(self.control.framework(), session.now())?;
        let opened = session.open(self.asking.access()).await?;
        let handed = self
            .write(&opened, request, controls.actions_of(place))
            .await;
        let handed = opened.close(handed).await?;
        session.output.print(&handed)?;
        Ok(Status::Fine)
    }

    async fn write(
        &self,
        opened: &Opened,
        request: ReportRequest,
        actions: Option<Vec<String>>,
    ) -> Result<Handed, Failure> {
        let report = read(opened, request.clone()).await?.on(&self.control);
        let report = report.ok_or_else(|| Failure::new("the report lacks the control"))?;
        let place = self.folder.parent().filter(|it| !it.as_os_str().is_empty());
        let folder = TempDir::new_in(place.unwrap_or(Path::new(".")))?;
        let mut files = Files::new(folder.path());
        let json = render(&report, Form::Json).map_err(Failure::new)?;
        let html = render(&report, Form::Html).map_err(Failure::new)?;
        files.put("statement.json", json.as_bytes())?;
        files.put("statement.html", html.as_bytes())?;
        let ledger = ledger_at(&opened.audit, report.completeness.as_of).await?;
        for (name, sheet) in [
            ("reviews.csv", reviews_sheet(&ledger, &report.period)),
            ("findings.csv", findings_sheet(&ledger, &report.period)),
            ("accesses.csv", accesses_sheet(&report)),
        ] {
            files.put(name, sheet.map_err(Failure::new)?.as_bytes())?;
        }
        if request.recorded {
            let event = self.made(&report, &json, &files);
            let seq = record(opened, event).await?.seq.unwrap_or_default();
            let proof = opened.audit.prove(seq, true).await?;
            let missing = || Failure::new("the record of the statement is not there");
            files.put(
                "statement.proof",
                proof.ok_or_else(missing)?.text.as_bytes(),
            )?;
        }
        let packed = self
            .pack(opened, &report, (request.clone(), actions), &mut files)
            .await?;
        if request.recorded {
            record(opened, self.exported(&report, &packed, &files)).await?;
        }
        let folder = folder.keep();
        fs::rename(&folder, &self.folder).inspect_err(|_| {
            // What cannot take its name is of no use to anybody.
            let _ = fs::remove_dir_all(&folder);
        })?;
        let control = &report.controls[0];
        Ok(Handed {
            control: self.control.to_string(),
            state: control.state,
            direct: control.direct,
            supporting: control.supporting,
            undecidable: control.undecidable,
            entries: packed.opened,
            as_of: report.completeness.as_of,
            folder: self.folder.display().to_string(),
            files: files.list,
            not_proved: packed.not_proved,
        })
    }

    /// Writes the entries; the pack is of the same size of the trail as the statement.
    async fn pack(
        &self,
        opened: &Opened,
        report: &Report,
        (request, actions): (ReportRequest, Option<Vec<String>>),
        files: &mut Files,
    ) -> Result<Packed, Failure> {
        let as_of = report.completeness.as_of;
        let asked = PackRequest {
            query: request.period.query().as_of(as_of),
            first: self.begin,
            coverage: Coverage::Complete,
            without: Vec::new(),
            asked_by: request.asked_by,
            created: request.created,
            software: request.software,
        };
        let source = match actions {
            Some(actions) => opened.audit.pack_of_actions(asked, actions).await?,
            None => opened.audit.pack(asked).await?,
        };
        let empty = || Failure::not_found("the trail has no entry to prove");
        let mut source = source.ok_or_else(empty)?;
        let bar = progress::bar("exporting", Some(as_of - self.begin), Unit::Entries);
        let mut file = files.begin("entries.pack")?;
        while let Some(lines) = source.next().await? {
            file.write_all(&lines)?;
            bar.set_position(source.position() - self.begin);
        }
        bar.finish_and_clear();
        files.end("entries.pack", file)?;
        Ok(Packed {
            opened: source.opened(),
            not_proved: source.not_proved(),
        })
    }

    /// The record that the statement was made, with the digests of both its forms and of the
    /// sheets beside it.
    fn made(&self, report: &Report, json: &str, files: &Files) -> AuditEvent {
        let mut event = generated(report, "json", json.as_bytes());
        if let Some(Value::Object(context)) = &mut event.context {
            context.insert("control".to_owned(), json!(self.control));
            context.insert(
                "digest_html".to_owned(),
                json!(files.digest("statement.html")),
            );
            for (member, name) in [
                ("digest_reviews", "reviews.csv"),
                ("digest_findings", "findings.csv"),
                ("digest_accesses", "accesses.csv"),
            ] {
                context.insert(member.to_owned(), json!(files.digest(name)));
            }
        }
        event
    }

    /// The record that the entries were handed over.
    fn exported(&self, report: &Report, packed: &Packed, files: &Files) -> AuditEvent {
        let event = AuditEvent::new(AuditAction::AUDIT_LOG_EXPORTED, "audit_log").context(json!({
            "export_format": "pack",
            "control": self.control,
            "filters": [report.made.query],
            "period_start": report.period.from,
            "period_end": report.period.to,
            "record_count": packed.opened,
            "first_sequence": self.begin,
            "last_sequence": report.completeness.as_of - 1,
            "digest": files.digest("entries.pack"),
        }));
        match &report.made.asked_by {
            Some(user) => event.user_id(user.clone()),
            None => event,
        }
    }
}

/// What was packed.
struct Packed {
    opened: u64,
    not_proved: Vec<&'static str>,
}

/// The files of the folder, readable by their owner alone.
struct Files {
    folder: PathBuf,
    list: Vec<Named>,
}

#[derive(Debug, Serialize)]
struct Named {
    name: &'static str,
    sha256: String,
}

/// A file that is being written, and its digest so far.
struct Hashed {
    writer: BufWriter<File>,
    digest: Sha256,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.writer.write(bytes)?;
        self.digest.update(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

impl Files {
    fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            list: Vec::new(),
        }
    }

    fn begin(&self, name: &str) -> io::Result<Hashed> {
        // The folder is its owner's alone.
        let file = File::create_new(self.folder.join(name))?;
        Ok(Hashed {
            writer: BufWriter::new(file),
            digest: Sha256::new(),
        })
    }

    fn end(&mut self, name: &'static str, mut file: Hashed) -> io::Result<()> {
        file.flush()?;
        file.writer.get_ref().sync_all()?;
        let digest = file.digest.finalize();
        self.list.push(Named {
            name,
            sha256: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        });
        Ok(())
    }

    fn put(&mut self, name: &'static str, bytes: &[u8]) -> io::Result<()> {
        let mut file = self.begin(name)?;
        file.write_all(bytes)?;
        self.end(name, file)
    }

    fn digest(&self, name: &str) -> Option<&str> {
        let found = self.list.iter().find(|file| file.name == name);
        found.map(|file| file.sha256.as_str())
    }
}

/// What was handed over.
#[derive(Debug, Serialize)]
struct Handed {
    control: String,
    state: State,
    direct: u64,
    supporting: u64,
    undecidable: u64,
    /// Entries of the period that may be evidence.
    entries: u64,
    as_of: u64,
    folder: String,
    files: Vec<Named>,
    /// What the pack does not prove.
    not_proved: Vec<&'static str>,
}

impl Answer for Handed {
    fn layout(&self) -> Layout {
        let files = self.files.iter();
        let files = files.map(|file| format!("{}  {}", file.sha256, file.name));
        Layout::Fields(vec![
            Field::text("control", self.control.clone()),
            Field::text("state", self.state.title()),
            Field::text("direct", self.direct.to_string()),
            Field::text("supporting", self.supporting.to_string()),
            Field::text("undecidable", self.undecidable.to_string()),
            Field::text("entries", self.entries.to_string()),
            Field::text("as of", self.as_of.to_string()),
            Field::text("folder", self.folder.clone()),
            Field::lines("files", files.collect()),
            Field::text("not proved", self.not_proved.join(", ")),
        ])
    }

    fn sheet(&self) -> Sheet {
        Sheet::of_fields(vec![
            ("control", self.control.clone()),
            ("state", self.state.as_str().to_owned()),
            ("direct", self.direct.to_string()),
            ("supporting", self.supporting.to_string()),
            ("undecidable", self.undecidable.to_string()),
            ("entries", self.entries.to_string()),
            ("as_of", self.as_of.to_string()),
            ("folder", self.folder.clone()),
        ])
    }
}
