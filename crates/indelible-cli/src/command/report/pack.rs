//! `indelible report pack`

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use indelible::core::state::StateDir;
use indelible_evidence::{
    ControlId, Folder, HandedOver, PackAsked, PackError, PackProgress, hand_over,
};
use indicatif::ProgressBar;
use serde::Serialize;
use tempfile::TempDir;

use super::asking::Asking;
use crate::answer::{Answer, Field, Layout, Sheet};
use crate::command::recorded::Recorded;
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
        let access = self.asking.access();
        let framework = self.control.framework();
        let request = self.asking.request(framework, session.now())?;
        let asked = PackAsked::of(self.control, request, self.begin)?;
        let opened = session.open(access).await?;
        let handed = write(&opened, asked, &self.folder).await;
        let handed = opened.close(handed).await?;
        session.output.print(&handed)?;
        Ok(Status::Fine)
    }
}

async fn write(opened: &Opened, asked: PackAsked, place: &Path) -> Result<Handed, Failure> {
    let beside = place.parent().filter(|it| !it.as_os_str().is_empty());
    let folder = private_folder(beside.unwrap_or(Path::new(".")))?;
    let mut files = Files {
        folder: folder.path().to_owned(),
        file: None,
    };
    let reading = progress::bar("reading", None, Unit::Entries);
    let mut packing: Option<ProgressBar> = None;
    let mut moved = |progress: PackProgress| match progress {
        PackProgress::Reading(at) => reading.set_position(at.seq),
        PackProgress::Packing(at) => packing
            .get_or_insert_with(|| {
                reading.finish_and_clear();
                progress::bar("exporting", Some(at.of), Unit::Entries)
            })
            .set_position(at.seq),
    };
    let trail = Recorded(opened);
    let handed = hand_over((&opened.audit, &trail), asked, &mut files, &mut moved).await;
    reading.finish_and_clear();
    if let Some(packing) = packing {
        packing.finish_and_clear();
    }
    let handed = handed?;
    let folder = folder.keep();
    fs::rename(&folder, place).inspect_err(|_| {
        // What cannot take its name is of no use to anybody.
        let _ = fs::remove_dir_all(&folder);
    })?;
    Ok(Handed {
        handed,
        folder: place.display().to_string(),
    })
}

/// A folder that has no name yet, its owner's alone.
fn private_folder(beside: &Path) -> io::Result<TempDir> {
    let mut made = tempfile::Builder::new();
    #[cfg(unix)]
    made.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    made.tempdir_in(beside)
}

impl From<PackError> for Failure {
    fn from(error: PackError) -> Self {
        match error {
            PackError::NoEvidence(_) | PackError::Beyond { .. } => Self::usage(error),
            PackError::Empty(_) => Self::not_found(error),
            PackError::Place(error) => error.into(),
            PackError::Missing(_) | PackError::Render(_) => Self::new(error),
        }
    }
}

/// The files of the folder, which is its owner's alone.
struct Files {
    folder: PathBuf,
    /// The one that is being written.
    file: Option<BufWriter<File>>,
}

impl Folder for Files {
    fn begin(&mut self, name: &str) -> io::Result<()> {
        let file = StateDir::private_file(&self.folder.join(name))?;
        self.file = Some(BufWriter::new(file));
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file
            .as_mut()
            .map_or(Ok(()), |file| file.write_all(bytes))
    }

    fn end(&mut self) -> io::Result<()> {
        let Some(mut file) = self.file.take() else {
            return Ok(());
        };
        file.flush()?;
        file.get_ref().sync_all()
    }
}

/// What was handed over, and where it is.
#[derive(Debug, Serialize)]
struct Handed {
    #[serde(flatten)]
    handed: HandedOver,
    folder: String,
}

impl Answer for Handed {
    fn layout(&self) -> Layout {
        let it = &self.handed;
        let files = it.files.iter();
        let files = files.map(|file| format!("{}  {}", file.sha256, file.name));
        Layout::Fields(vec![
            Field::text("control", it.control.clone()),
            Field::text("state", it.state.title()),
            Field::text("direct", it.direct.to_string()),
            Field::text("supporting", it.supporting.to_string()),
            Field::text("undecidable", it.undecidable.to_string()),
            Field::text("entries", it.entries.to_string()),
            Field::text("as of", it.as_of.to_string()),
            Field::text("folder", self.folder.clone()),
            Field::lines("files", files.collect()),
            Field::text("not proved", it.not_proved.join(", ")),
        ])
    }

    fn sheet(&self) -> Sheet {
        let it = &self.handed;
        Sheet::of_fields(vec![
            ("control", it.control.clone()),
            ("state", it.state.as_str().to_owned()),
            ("direct", it.direct.to_string()),
            ("supporting", it.supporting.to_string()),
            ("undecidable", it.undecidable.to_string()),
            ("entries", it.entries.to_string()),
            ("as_of", it.as_of.to_string()),
            ("folder", self.folder.clone()),
        ])
    }
}
