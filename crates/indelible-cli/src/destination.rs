//! Where a file that a command makes goes.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use indelible::DatabaseUrl;
use tempfile::NamedTempFile;

use crate::answer::Answer;
use crate::failure::Failure;
use crate::output::Output;
use crate::session::{Opened, Session};

/// Standard output, or a file.
#[derive(Debug, Clone, Default, Args)]
pub struct Destination {
    /// Writes to this file instead of standard output; it is there whole or not at all
    #[arg(short = 'o', long = "file", value_name = "FILE")]
    file: Option<PathBuf>,
}

impl Destination {
    /// The file, where it is one.
    pub fn path(&self) -> Option<&Path> {
        self.file.as_deref().filter(|path| path.as_os_str() != "-")
    }

    /// Refuses a file in whose place the trail's own are: the database with what is kept beside
    /// it, and all in the state directory.
    ///
    /// # Errors
    /// Which of them it is.
    pub fn check(&self, opened: &Opened) -> Result<(), Failure> {
        let Some(path) = self.path() else {
            return Ok(());
        };
        let refused = |what: String| {
            let shown = path.display();
            Err(Failure::usage(format!(
                "{shown} {what}; write to another file"
            )))
        };
        let places = places(path);
        if let DatabaseUrl::Sqlite(file) = opened.database.url()
            && is_database(&places, file)
        {
            return refused(format!("is the database at {}", opened.database.url()));
        }
        let state = opened.database.state_dir().map(fs::canonicalize);
        if let Some(Ok(state)) = state
            && places.iter().any(|place| place.starts_with(&state))
        {
            return refused(format!("lies in the state directory {}", state.display()));
        }
        Ok(())
    }

    /// Refuses a form for the answer where none is printed, since the file itself takes its place: it
    /// has a form of its own.
    ///
    /// # Errors
    /// What to say instead.
    pub fn check_answer(&self, session: &Session) -> Result<(), Failure> {
        if self.path().is_some() || !session.names_output() {
            return Ok(());
        }
        Err(Failure::usage(
            "--output is the form of an answer; what is written here has its form by --format",
        ))
    }

    /// Puts a text that is a file of its own there. On standard output it is `answer`, in the
    /// form that the caller wants.
    ///
    /// # Errors
    /// Those of the file system and of standard output.
    pub fn put(&self, output: &Output, answer: &impl Answer, text: &str) -> Result<(), Failure> {
        if self.path().is_none() {
            return output.print(answer);
        }
        let mut sink = self.begin(output)?;
        sink.write_all(text.as_bytes())?;
        sink.finish()
    }

    /// Begins to write.
    ///
    /// # Errors
    /// A file that cannot be made.
    pub fn begin(&self, output: &Output) -> Result<Sink, Failure> {
        let Some(path) = self.path() else {
            return Ok(Sink::Stream(output.writer()));
        };
        let failed = |error: io::Error| Failure::new(format!("{}: {error}", path.display()));
        // A pipe or a device is written to; nothing may take its place.
        if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
            let file = fs::OpenOptions::new()
                .write(true)
                .open(path)
                .map_err(failed)?;
            return Ok(Sink::Stream(Box::new(BufWriter::new(file))));
        }
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let file = NamedTempFile::new_in(folder.unwrap_or(Path::new("."))).map_err(failed)?;
        Ok(Sink::File {
            writer: BufWriter::new(file),
            path: path.to_owned(),
        })
    }
}

/// Where a name leads, whether there is a file or not: the name itself in its true folder, and the
/// file behind it where the name is a link.
fn places(path: &Path) -> Vec<PathBuf> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = fs::canonicalize(folder.unwrap_or(Path::new(".")));
    let named = folder.ok().zip(path.file_name());
    let named = named.map(|(folder, name)| folder.join(name));
    named.into_iter().chain(fs::canonicalize(path)).collect()
}

/// What is kept beside a database file, by the ends of the names: SQLite's own files, and the index
/// with its own.
const BESIDE: [&str; 8] = [
    "",
    "-wal",
    "-shm",
    "-journal",
    "-index",
    "-index-wal",
    "-index-shm",
    "-index-journal",
];

/// Whether one of the places is that of the database file or of a file that is kept beside it.
fn is_database(places: &[PathBuf], file: &Path) -> bool {
    let beside = |file: &PathBuf| {
        BESIDE.map(|suffix| {
            let mut name = file.clone().into_os_string();
            name.push(suffix);
            PathBuf::from(name)
        })
    };
    self::places(file)
        .iter()
        .flat_map(beside)
        .any(|own| places.contains(&own))
}

/// A destination that is being written to.
pub enum Sink {
    /// Written as it comes.
    Stream(Box<dyn Write>),
    /// Takes its name at the end. Readable by its owner alone.
    File {
        /// The file under a name of its own.
        writer: BufWriter<NamedTempFile>,
        /// The name it takes.
        path: PathBuf,
    },
}

impl Sink {
    /// Writes out what is held back and puts the file in its place.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn finish(self) -> Result<(), Failure> {
        match self {
            Self::Stream(mut out) => Ok(out.flush()?),
            Self::File { writer, path } => {
                let failed =
                    |error: io::Error| Failure::new(format!("{}: {error}", path.display()));
                let file = writer
                    .into_inner()
                    .map_err(|error| failed(error.into_error()))?;
                file.as_file().sync_all().map_err(failed)?;
                let kept: Result<File, _> = file.persist(&path);
                kept.map_err(|error| failed(error.error)).map(drop)
            }
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stream(out) => out.write(bytes),
            Self::File { writer, .. } => writer.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stream(out) => out.flush(),
            Self::File { writer, .. } => writer.flush(),
        }
    }
}
