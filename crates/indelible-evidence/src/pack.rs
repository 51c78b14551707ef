//! What is handed over for one control: files that are checked without the trail.

use std::io;

use indelible_core::engine::Audit;
use indelible_core::pack::{Coverage, PackRequest};
use indelible_core::{AuditAction, AuditError, AuditEvent, TrailName};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::controls::Controls;
use crate::framework::ControlId;
use crate::gather::{Progress, ReportRequest, report};
use crate::handed::{accesses_sheet, findings_sheet, reviews_sheet};
use crate::recorder::Recorder;
use crate::render::{Form, RenderError, render};
use crate::report::{Report, generated};
use crate::review::ledger_at;
use crate::state::State;

/// Where the files go, one after the other.
pub trait Folder: Send {
    /// Begins a file of this name.
    ///
    /// # Errors
    /// Those of the place.
    fn begin(&mut self, name: &str) -> io::Result<()>;

    /// Adds to the file that was begun last.
    ///
    /// # Errors
    /// Those of the place.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Ends that file.
    ///
    /// # Errors
    /// Those of the place.
    fn end(&mut self) -> io::Result<()>;
}

/// A control for which records can be evidence, and what is asked of it.
#[derive(Debug, Clone)]
pub struct PackAsked {
    control: ControlId,
    /// The actions that may be evidence; nothing where all may.
    actions: Option<Vec<String>>,
    request: ReportRequest,
    /// The first entry of the pack.
    begin: u64,
}

/// Why nothing is handed over.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// The catalogue maps nothing to it.
    #[error("no record is evidence for {0}")]
    NoEvidence(ControlId),
    /// There is nothing to hand over.
    #[error("the trail {0} has no entry")]
    Empty(TrailName),
    /// The pack would begin where the trail was not yet.
    #[error("the trail had {size} entries, and the pack is to begin at {begin}")]
    Beyond {
        /// Where it is to begin.
        begin: u64,
        /// The size that is asked about.
        size: u64,
    },
    /// What was made lacks something.
    #[error("{0} is not there")]
    Missing(&'static str),
    /// The statement cannot be written.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// The place takes no more.
    #[error(transparent)]
    Place(#[from] io::Error),
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PackProgress {
    /// Entries are read for the statement.
    Reading(Progress),
    /// Entries are packed.
    Packing(Progress),
}

/// A file that was handed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HandedFile {
    /// Its name.
    pub name: &'static str,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
}

/// What was handed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HandedOver {
    /// The control.
    pub control: String,
    /// The state that it is in.
    pub state: State,
    /// Entries that are about it.
    pub direct: u64,
    /// Entries that help to show it.
    pub supporting: u64,
    /// Entries of which it cannot be told.
    pub undecidable: u64,
    /// Entries of the period that may be evidence.
    pub entries: u64,
    /// The size of the trail that it answers for.
    pub as_of: u64,
    /// The files.
    pub files: Vec<HandedFile>,
    /// What the pack does not prove.
    pub not_proved: Vec<&'static str>,
}

impl PackAsked {
    /// Asks for a control; the pack begins where the trail had `begin` entries.
    ///
    /// # Errors
    /// [`PackError::NoEvidence`].
    pub fn of(control: ControlId, request: ReportRequest, begin: u64) -> Result<Self, PackError> {
        let controls = Controls::of(control.framework());
        let place = controls.place(control.id());
        let is_mapped = |place| controls.rows().iter().any(|row| row.control == place);
        match place.filter(|place| is_mapped(*place)) {
            None => Err(PackError::NoEvidence(control)),
            Some(place) => Ok(Self {
                actions: controls.actions_of(place),
                control,
                request,
                begin,
            }),
        }
    }
}

/// Makes the files. That the statement was made is recorded before its proof is, and that the
/// entries were handed over before this answers; where the request says so, nothing is.
///
/// # Errors
/// [`PackError`], [`AuditError`], those of the recorder.
pub async fn hand_over<R>(
    (audit, recorder): (&Audit, &R),
    asked: PackAsked,
    folder: &mut dyn Folder,
    progress: &mut (dyn FnMut(PackProgress) + Send),
) -> Result<HandedOver, R::Error>
where
    R: Recorder<Error: From<PackError> + From<AuditError>>,
{
    let recorded = asked.request.recorded;
    let mut read = |at| progress(PackProgress::Reading(at));
    let report = report(audit, asked.request.clone(), &mut read).await?;
    let report = report.ok_or_else(|| PackError::Empty(audit.name().clone()))?;
    let (begin, size) = (asked.begin, report.completeness.as_of);
    if begin > size {
        return Err(PackError::Beyond { begin, size }.into());
    }
    let report = report.on(&asked.control);
    let report = report.ok_or(PackError::Missing("the control in the report"))?;
    let mut files = Files::new(folder);
    let json = render(&report, Form::Json).map_err(PackError::from)?;
    let html = render(&report, Form::Html).map_err(PackError::from)?;
    files.put("statement.json", json.as_bytes())?;
    files.put("statement.html", html.as_bytes())?;
    let ledger = ledger_at(audit, report.completeness.as_of).await?;
    for (name, sheet) in [
        ("reviews.csv", reviews_sheet(&ledger, &report.period)),
        ("findings.csv", findings_sheet(&ledger, &report.period)),
        ("accesses.csv", accesses_sheet(&report)),
    ] {
        let sheet = sheet.map_err(PackError::from)?;
        files.put(name, sheet.as_bytes())?;
    }
    let made = match recorded {
        true => Some(recorder.record(asked.made(&report, &json, &files)).await?),
        false => None,
    };
    let packed = match asked
        .rest((audit, made), &report, &mut files, progress)
        .await
    {
        Ok(packed) => packed,
        Err(error) => {
            if recorded {
                let failed = asked.exported(&report, None, &files);
                // Where that fails too, why nothing is handed over is what matters.
                let _ = recorder.record(failed).await;
            }
            return Err(match error {
                Unpacked::Pack(error) => error.into(),
                Unpacked::Audit(error) => error.into(),
            });
        }
    };
    if recorded {
        let event = asked.exported(&report, Some(&packed), &files);
        recorder.record(event).await?;
    }
    let control = report.controls.first();
    let control = control.ok_or(PackError::Missing("the control in the report"))?;
    Ok(HandedOver {
        control: asked.control.to_string(),
        state: control.state,
        direct: control.direct,
        supporting: control.supporting,
        undecidable: control.undecidable,
        entries: packed.opened,
        as_of: report.completeness.as_of,
        files: files.list,
        not_proved: packed.not_proved,
    })
}

/// What was packed.
struct Packed {
    opened: u64,
    not_proved: Vec<&'static str>,
}

/// Why nothing was.
enum Unpacked {
    Pack(PackError),
    Audit(AuditError),
}

impl From<AuditError> for Unpacked {
    fn from(error: AuditError) -> Self {
        Self::Audit(error)
    }
}

impl From<PackError> for Unpacked {
    fn from(error: PackError) -> Self {
        Self::Pack(error)
    }
}

impl PackAsked {
    /// Writes the proof of the record that the statement was made, where there is one, and the
    /// entries.
    async fn rest(
        &self,
        (audit, made): (&Audit, Option<u64>),
        report: &Report,
        files: &mut Files<'_>,
        progress: &mut (dyn FnMut(PackProgress) + Send),
    ) -> Result<Packed, Unpacked> {
        if let Some(seq) = made {
            let proof = audit.prove(seq, true).await?;
            let proof = proof.ok_or(PackError::Missing("the record of the statement"))?;
            files.put("statement.proof", proof.text.as_bytes())?;
        }
        self.pack(audit, report, files, progress).await
    }

    /// Writes the entries; the pack is of the same size of the trail as the statement.
    async fn pack(
        &self,
        audit: &Audit,
        report: &Report,
        files: &mut Files<'_>,
        progress: &mut (dyn FnMut(PackProgress) + Send),
    ) -> Result<Packed, Unpacked> {
        let as_of = report.completeness.as_of;
        let asked = PackRequest {
            query: self.request.period.query().as_of(as_of),
            first: self.begin,
            coverage: Coverage::Complete,
            without: Vec::new(),
            asked_by: self.request.asked_by.clone(),
            created: self.request.created,
            software: self.request.software.clone(),
        };
        let source = match self.actions.clone() {
            Some(actions) => audit.pack_of_actions(asked, actions).await?,
            None => audit.pack(asked).await?,
        };
        let mut source = source.ok_or_else(|| PackError::Empty(audit.name().clone()))?;
        files.begin("entries.pack")?;
        while let Some(lines) = source.next().await? {
            files.write(&lines)?;
            progress(PackProgress::Packing(Progress {
                seq: source.position() - self.begin,
                of: as_of - self.begin,
            }));
        }
        files.end("entries.pack")?;
        Ok(Packed {
            opened: source.opened(),
            not_proved: source.not_proved(),
        })
    }

    /// The record that the statement was made, with the digests of both its forms and of the
    /// sheets beside it.
    fn made(&self, report: &Report, json: &str, files: &Files<'_>) -> AuditEvent {
        let mut event = generated(report, "json", json.as_bytes());
        if let Some(Value::Object(context)) = &mut event.context {
            let html = files.digest("statement.html");
            context.insert("control".to_owned(), json!(self.control));
            context.insert("digest_html".to_owned(), json!(html));
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

    /// The record that the entries were handed over, or that they were not.
    fn exported(&self, report: &Report, packed: Option<&Packed>, files: &Files<'_>) -> AuditEvent {
        let action = match packed {
            Some(_) => AuditAction::AUDIT_LOG_EXPORTED,
            None => AuditAction::AUDIT_LOG_EXPORT_FAILED,
        };
        let event = AuditEvent::new(action, "audit_log").context(json!({
            "export_format": "pack",
            "control": self.control,
            "filters": [report.made.query],
            "period_start": report.period.from,
            "period_end": report.period.to,
            "record_count": packed.map(|packed| packed.opened),
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

/// The files so far, each with its digest.
struct Files<'f> {
    folder: &'f mut dyn Folder,
    digest: Sha256,
    list: Vec<HandedFile>,
}

impl<'f> Files<'f> {
    fn new(folder: &'f mut dyn Folder) -> Self {
        Self {
            folder,
            digest: Sha256::new(),
            list: Vec::new(),
        }
    }

    fn begin(&mut self, name: &str) -> Result<(), PackError> {
        self.digest = Sha256::new();
        Ok(self.folder.begin(name)?)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), PackError> {
        self.digest.update(bytes);
        Ok(self.folder.write(bytes)?)
    }

    fn end(&mut self, name: &'static str) -> Result<(), PackError> {
        self.folder.end()?;
        let digest = std::mem::take(&mut self.digest).finalize();
        self.list.push(HandedFile {
            name,
            sha256: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        });
        Ok(())
    }

    fn put(&mut self, name: &'static str, bytes: &[u8]) -> Result<(), PackError> {
        self.begin(name)?;
        self.write(bytes)?;
        self.end(name)
    }

    fn digest(&self, name: &str) -> Option<&str> {
        let found = self.list.iter().find(|file| file.name == name);
        found.map(|file| file.sha256.as_str())
    }
}
