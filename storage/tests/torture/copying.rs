//! The ways in which people copy a directory that is in use.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use super::Random;
use super::child::Writer;
use super::history::Lasts;

/// A copy to be made.
pub struct Job<'j> {
    pub from: &'j Path,
    /// Not there yet.
    pub to: PathBuf,
    pub writer: &'j Writer,
    pub random: Random,
    /// How long a slow copy may take.
    pub longest: Duration,
    /// Set when the tool ended with a word of complaint about files that changed under it.
    pub complained: bool,
}

/// Makes a copy; what had been acknowledged when it began.
pub type Copy = fn(&mut Job<'_>) -> Result<Lasts, String>;

/// A way to copy.
pub struct Kind {
    pub name: &'static str,
    pub copy: Copy,
    /// It is slow by itself, so several may run at the same time.
    pub slow: bool,
}

const fn fast(name: &'static str, copy: Copy) -> Kind {
    Kind {
        name,
        copy,
        slow: false,
    }
}

const fn slow(name: &'static str, copy: Copy) -> Kind {
    Kind {
        name,
        copy,
        slow: true,
    }
}

pub const KINDS: &[Kind] = &[
    fast("cp -a", |job| job.tool("cp -a \"$0/.\" \"$1\"")),
    fast("cp --reflink=never -r", |job| {
        job.tool("cp --reflink=never -r \"$0/.\" \"$1\"")
    }),
    fast(RSYNC, |job| job.tool(RSYNC_ONCE)),
    // It goes by size and by the second of the last change: a second run within one may miss things.
    slow(RSYNC_AGAIN, |job| {
        job.tool(RSYNC_ONCE)?;
        wait(Duration::from_millis(1100));
        job.tool(RSYNC_ONCE)
    }),
    fast("tar", |job| job.tool(TAR)),
    slow("slow, any order", |job| job.slowly(|_| true, false)),
    slow("slow, live file first", |job| job.slowly(|_| true, true)),
    slow("slow, without live file", |job| {
        job.slowly(|path| !path.starts_with("live"), false)
    }),
];

pub const RSYNC: &str = "rsync -a";
pub const RSYNC_AGAIN: &str = "rsync -a, again";

/// 23 when a file became shorter as it was read, 24 when one vanished: the live file does that.
const RSYNC_ONCE: &str =
    "rsync -a \"$0/\" \"$1\" || { code=$?; [ $code = 23 ] || [ $code = 24 ] && echo complained; }";

/// tar says 1 when a file changed as it read it; that is what we do here.
const TAR: &str = "mkdir \"$1\" \
    && { tar -C \"$0\" -cf \"$1.tar\" . || { [ $? = 1 ] && echo complained; }; } \
    && tar -C \"$1\" -xf \"$1.tar\" && rm \"$1.tar\"";

/// Whether a tool is installed.
pub fn installed(tool: &str) -> bool {
    Command::new(tool).arg("--version").output().is_ok()
}

impl Job<'_> {
    fn tool(&mut self, script: &str) -> Result<Lasts, String> {
        let acked = self.writer.said().acked;
        let output = Command::new("sh")
            .args(["-c", script])
            .arg(self.from)
            .arg(&self.to)
            .output()
            .map_err(|error| error.to_string())?;
        self.complained |= !output.stdout.is_empty();
        if output.status.success() {
            return Ok(acked);
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(format!("{}: {}", output.status, said.trim()))
    }

    /// Copies file by file in any order, in pieces, with pauses.
    fn slowly(&mut self, wanted: fn(&Path) -> bool, live_first: bool) -> Result<Lasts, String> {
        let acked = self.writer.said().acked;
        let mut files = files_of(self.from);
        files.retain(|(path, _)| wanted(path));
        self.random.shuffle(&mut files);
        if live_first {
            files.sort_by_key(|(path, _)| !path.starts_with("live"));
        }
        let pieces = 20;
        let percent = u32::try_from(10 + self.random.below(91)).unwrap();
        let between = self.longest * percent / 100 / pieces;
        let bytes: u64 = files.iter().map(|(_, len)| len).sum();
        let mut piece = vec![0; usize::try_from(bytes).unwrap() / pieces as usize + 1];
        for (path, _) in files {
            let to = self.to.join(&path);
            let copied = fs::create_dir_all(to.parent().unwrap())
                .and_then(|()| Self::pieces(&self.from.join(&path), &to, &mut piece, between));
            copied.map_err(|error| format!("{}: {error}", path.display()))?;
        }
        Ok(acked)
    }

    fn pieces(from: &Path, to: &Path, piece: &mut [u8], between: Duration) -> std::io::Result<()> {
        let (mut from, mut to) = (File::open(from)?, File::create_new(to)?);
        let mut room = piece.len();
        loop {
            let read = from.read(&mut piece[..room])?;
            if read == 0 {
                return Ok(());
            }
            to.write_all(&piece[..read])?;
            room -= read;
            if room == 0 {
                wait(between);
                room = piece.len();
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a slow copy takes its time")]
fn wait(time: Duration) {
    thread::sleep(time);
}

/// The files in a folder and below, with their lengths, sorted.
pub fn files_of(dir: &Path) -> Vec<(PathBuf, u64)> {
    let mut files = Vec::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            // What vanished in between is no file of the directory any more: the copy would notice.
            let about = entry.metadata().unwrap();
            if about.is_dir() {
                folders.push(entry.path());
            } else {
                let path = entry.path().strip_prefix(dir).unwrap().to_owned();
                files.push((path, about.len()));
            }
        }
    }
    files.sort();
    files
}

/// A plain copy of a directory that nobody writes.
pub fn copy_all(from: &Path, to: &Path) {
    for (path, _) in files_of(from) {
        let to = to.join(&path);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(from.join(&path), to).unwrap();
    }
}
