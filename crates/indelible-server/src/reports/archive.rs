//! Files as one tar archive, in a file without a name that goes away with the answer.

use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};

use indelible_core::Timestamp;
use indelible_evidence::Folder;
use tar::{EntryType, Header};

use crate::limits::PACK_BYTES_MAX;

/// Tar is made of blocks of so many bytes.
const BLOCK: u64 = 512;

/// An archive that is being made: all its files lie in one folder, readable by their owner alone.
pub struct Archive {
    file: BufWriter<File>,
    folder: String,
    modified: u64,
    /// How long the archive is so far.
    length: u64,
    /// The file that was begun: its name, and where its header goes.
    begun: Option<(String, u64)>,
}

impl Archive {
    /// An archive whose files lie in a folder of this name and are of this time.
    pub fn new(folder: &str, time: Timestamp) -> io::Result<Self> {
        Ok(Self {
            file: BufWriter::new(tempfile::tempfile()?),
            folder: folder.to_owned(),
            modified: u64::try_from(time.as_micros() / 1_000_000).unwrap_or_default(),
            length: 0,
            begun: None,
        })
    }

    /// The whole, from its beginning, and how long it is.
    pub fn finish(mut self) -> io::Result<(File, u64)> {
        // Two blocks of nothing end an archive.
        self.put(&[0; 2 * BLOCK as usize])?;
        let mut file = self
            .file
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        file.seek(SeekFrom::Start(0))?;
        Ok((file, self.length))
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.length += bytes.len() as u64;
        if self.length > PACK_BYTES_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.file.write_all(bytes)
    }
}

impl Folder for Archive {
    fn begin(&mut self, name: &str) -> io::Result<()> {
        self.begun = Some((format!("{}/{name}", self.folder), self.length));
        // How long the file is, its header says, and that is known at its end.
        self.put(&[0; BLOCK as usize])
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.put(bytes)
    }

    fn end(&mut self) -> io::Result<()> {
        let Some((path, start)) = self.begun.take() else {
            return Ok(());
        };
        let size = self.length - start - BLOCK;
        let mut header = Header::new_ustar();
        header.set_path(path)?;
        header.set_entry_type(EntryType::Regular);
        header.set_size(size);
        header.set_mode(0o600);
        header.set_mtime(self.modified);
        header.set_uid(0);
        header.set_gid(0);
        header.set_cksum();
        let fill = size.next_multiple_of(BLOCK) - size;
        self.put(&[0; BLOCK as usize][..usize::try_from(fill).unwrap_or_default()])?;
        self.file.seek(SeekFrom::Start(start))?;
        self.file.write_all(header.as_bytes())?;
        self.file.seek(SeekFrom::End(0))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn what_is_archived_is_read_again_by_another_program() {
        let time: Timestamp = "2026-03-09T12:00:00Z".parse().expect("a time");
        let mut archive = Archive::new("shop-x", time).expect("a file");
        let long = vec![b'x'; 70_001];
        for (name, pieces) in [("empty", vec![]), ("short", vec!["a", "b"])] {
            archive.begin(name).expect("begun");
            for piece in pieces {
                archive.write(piece.as_bytes()).expect("written");
            }
            archive.end().expect("ended");
        }
        archive.begin("long").expect("begun");
        archive.write(&long).expect("written");
        archive.end().expect("ended");
        let (file, length) = archive.finish().expect("finished");
        assert_eq!(file.metadata().expect("facts").len(), length);
        let mut read = Vec::new();
        for entry in tar::Archive::new(file).entries().expect("an archive") {
            let mut entry = entry.expect("an entry");
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).expect("whole");
            let path = entry.path().expect("a path").display().to_string();
            let header = entry.header();
            assert_eq!(header.mtime().expect("a time"), 1_773_057_600);
            assert_eq!(header.mode().expect("a mode"), 0o600);
            read.push((path, bytes));
        }
        let name = |name: &str| format!("shop-x/{name}");
        assert_eq!(
            read,
            [
                (name("empty"), vec![]),
                (name("short"), b"ab".to_vec()),
                (name("long"), long)
            ]
        );
    }

    #[test]
    fn what_is_too_long_is_refused_and_not_cut() {
        let mut archive = Archive::new("x", Timestamp::MIN).expect("a file");
        archive.begin("long").expect("begun");
        archive.length = PACK_BYTES_MAX - 1;
        let error = archive.write(b"ab").expect_err("too long");
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
    }
}
