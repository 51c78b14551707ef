//! Whether an import is the same as one before.

use crate::import::Importer;
use crate::source::Source;

impl Importer {
    /// What tells an import of these sources by this mapping from every other, in hexadecimal
    /// digits: as long as it is the same, the same records come in the same order. `None` where a
    /// source is no file, so that nobody can say.
    ///
    /// It is made under the secret for ids, of the mapping's text, the year that is assumed, and
    /// the path, length and time of change of each file; on Unix also its device, its inode and the
    /// time when that was changed.
    pub fn fingerprint(&self, sources: &[Source]) -> Option<String> {
        let mut parts = vec![
            self.mapping().digest().to_vec(),
            format!("{:?}", self.assumed_year()).into_bytes(),
        ];
        for source in sources {
            let (path, bytes, modified, stamp) = source.identity()?;
            let place = path.as_os_str().as_encoded_bytes();
            parts.push((place.len() as u64).to_be_bytes().to_vec());
            parts.push(place.to_vec());
            parts.push(bytes.to_be_bytes().to_vec());
            parts.push(modified.to_be_bytes().to_vec());
            parts.push(vec![stamp.len() as u8]);
            parts.push(stamp.to_vec());
        }
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        let digest = self.identity().digest("run", &parts);
        Some(digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}
