//! Which configured folder lies in which.

use std::path::{Path, PathBuf};

use super::{Backup, Data};

impl Backup {
    /// Whether backups can go where they are set to go.
    ///
    /// # Errors
    /// A sentence, when that is in the data directory or a file.
    pub fn fits(&self, data: &Data) -> Result<(), String> {
        let path = self.path(data);
        let shown = path.display();
        if lies_in(&path, &data.dir) {
            let dir = data.dir.display();
            return Err(format!(
                "{shown} lies in the data directory {dir}, which would then hold its own backups; name a folder elsewhere, best on another disk"
            ));
        }
        if path.is_file() {
            return Err(format!("{shown} is a file; name a folder"));
        }
        Ok(())
    }
}

/// Whether `path` is `dir` or lies in it, links followed; neither need exist.
pub fn lies_in(path: &Path, dir: &Path) -> bool {
    real(path).starts_with(real(dir))
}

/// The path without links, as far as it exists.
fn real(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let there = path.ancestors().find_map(|above| {
        let rest = path.strip_prefix(above).ok()?;
        Some(above.canonicalize().ok()?.join(rest))
    });
    there.unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Backups in what they are backups of, or in a file, are refused before anything is opened, whether
    /// or not the folders exist yet.
    #[test]
    fn backups_lie_elsewhere() {
        let folder = tempfile::tempdir().expect("folder");
        let data = Data {
            dir: folder.path().join("data"),
            ..Data::default()
        };
        std::fs::write(folder.path().join("file"), "mine").expect("written");
        for (name, fits) in [
            ("", true),
            ("data-backups", true),
            ("data", false),
            ("data/backups", false),
            ("file", false),
        ] {
            let mut backup = Backup::default();
            if !name.is_empty() {
                backup.dir = folder.path().join(name);
            }
            assert_eq!(backup.fits(&data).is_ok(), fits, "{name}");
        }
    }
}
