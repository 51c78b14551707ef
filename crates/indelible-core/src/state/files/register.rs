//! The register of what was erased of a trail: a file that only grows.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::private::private_options;
use crate::trail::TrailName;

/// The lines of a register; none where there is no file. A last line without its line feed was
/// never kept: the process ended before.
pub(super) fn lines(path: &Path) -> io::Result<Vec<String>> {
    let mut bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    // It may end within a character.
    let end = bytes.iter().rposition(|&byte| byte == b'\n');
    bytes.truncate(end.unwrap_or(0));
    let text = String::from_utf8(bytes)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.utf8_error()))?;
    Ok(text.lines().map(str::to_owned).collect())
}

/// Adds lines and waits until they are on the disk. Nobody else may change the file meanwhile.
pub(super) fn add(path: &Path, lines: &[String]) -> io::Result<()> {
    let is_new = !path.exists();
    let mut file = private_options()
        .read(true)
        .create(true)
        .truncate(false)
        .open(path)?;
    let end = end_of_lines(&mut file)?;
    file.set_len(end)?;
    file.seek(SeekFrom::Start(end))?;
    let written = write(&file, lines).and_then(|()| file.sync_all());
    if written.is_err() {
        // All or none: what is cut off here was never answered for.
        file.set_len(end)?;
        return written;
    }
    match path.parent() {
        Some(folder) if is_new => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

fn write(file: &File, lines: &[String]) -> io::Result<()> {
    let mut out = BufWriter::new(file);
    for line in lines {
        out.write_all(line.as_bytes())?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// Where the last whole line ends.
fn end_of_lines(file: &mut File) -> io::Result<u64> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let end = bytes.iter().rposition(|&byte| byte == b'\n');
    Ok(end.map_or(0, |end| end as u64 + 1))
}

/// The trails that have a register in `folder`.
pub(super) fn trails(folder: &Path) -> io::Result<Vec<TrailName>> {
    let files = match fs::read_dir(folder) {
        Ok(files) => files,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut trails = Vec::new();
    for file in files {
        let file = file?;
        // Whoever copies the folder into itself must not lock the trail of that name.
        if !file.path().is_file() {
            continue;
        }
        let name = file.file_name();
        trails.extend(name.to_str().and_then(|name| name.parse().ok()));
    }
    trails.sort_unstable();
    Ok(trails)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_was_cut_short_was_never_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("default");
        assert_eq!(lines(&path).expect("nothing"), [""; 0]);
        add(&path, &["one".to_owned(), "two".to_owned()]).expect("kept");
        let mut file = fs::OpenOptions::new()
            .append(true)
            .open(&path)
            .expect("there");
        file.write_all(b"thr").expect("written");
        assert_eq!(lines(&path).expect("readable"), ["one", "two"]);
        add(&path, &["three".to_owned()]).expect("kept");
        add(&path, &[]).expect("nothing");
        assert_eq!(lines(&path).expect("readable"), ["one", "two", "three"]);
        assert_eq!(fs::read(&path).expect("readable"), b"one\ntwo\nthree\n");
        fs::write(folder.path().join("~default"), "").expect("written");
        fs::create_dir(folder.path().join("erasures")).expect("made");
        let found = trails(folder.path()).expect("readable");
        assert_eq!(found, [TrailName::standard()]);
        assert_eq!(trails(&folder.path().join("none")).expect("nothing"), []);
    }

    #[test]
    fn a_line_that_was_cut_within_a_character_was_never_kept_either() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("default");
        fs::write(&path, b"one\n{\"by\":\"m\xc3").expect("written");
        assert_eq!(lines(&path).expect("readable"), ["one"]);
        add(&path, &["two".to_owned()]).expect("kept");
        assert_eq!(lines(&path).expect("readable"), ["one", "two"]);
        fs::write(&path, b"m\xc3\ntwo\n").expect("written");
        let kind = lines(&path).expect_err("a whole line is no text").kind();
        assert_eq!(kind, io::ErrorKind::InvalidData);
    }

    #[cfg(unix)]
    #[test]
    fn it_is_readable_by_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("default");
        add(&path, &["one".to_owned()]).expect("kept");
        let mode = fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
