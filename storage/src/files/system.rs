//! What kind of file system a folder is on, as far as it matters for keeping data.

use std::io;
use std::path::Path;

/// Where a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileSystem {
    /// On a disk of this machine.
    Local,
    /// On another machine, by this protocol: locks and syncs may not mean what they say.
    Network(&'static str),
    /// In a container's layer, which goes with the container.
    Overlay,
    /// In memory, which goes with the power.
    Memory,
}

/// Numbers of `statfs`, from the kernel's magic.h and the file systems' own headers.
const KINDS: [(i64, FileSystem); 12] = [
    (0x6969, FileSystem::Network("NFS")),
    (0xFF53_4D42, FileSystem::Network("CIFS")),
    (0xFE53_4D42, FileSystem::Network("SMB")),
    (0x517B, FileSystem::Network("SMB")),
    (0x0102_1997, FileSystem::Network("9P")),
    (0x00C3_6400, FileSystem::Network("Ceph")),
    (0x5346_414F, FileSystem::Network("AFS")),
    (0x7375_7245, FileSystem::Network("Coda")),
    (0x6573_5546, FileSystem::Network("FUSE")),
    (0x794C_7630, FileSystem::Overlay),
    (0x0102_1994, FileSystem::Memory),
    (0x8584_58F6, FileSystem::Memory),
];

/// What kind of file system a folder is on.
///
/// # Errors
/// What the system says, for example that there is no such folder.
pub fn file_system(dir: &Path) -> io::Result<FileSystem> {
    let kind = rustix::fs::statfs(dir)?.f_type & 0xFFFF_FFFF;
    let found = KINDS.iter().find(|(number, _)| *number == kind);
    Ok(found.map_or(FileSystem::Local, |(_, system)| *system))
}
