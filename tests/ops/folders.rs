//! The folders that settings name: ours are closed to others, other people's are left as they are.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::support::process::Place;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn folder(path: &Path, mode: u32, holding: &[&str]) {
    fs::create_dir(path).unwrap();
    for name in holding {
        fs::write(path.join(name), "mine").unwrap();
    }
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// A folder that others use keeps its mode, at the first start and at later ones, and the log names
/// it with its setting; one that is ours alone is closed.
#[tokio::test]
async fn a_folder_of_others_is_not_closed() {
    for (at, holding, after) in [
        (0o755, &["thesis.odt"][..], 0o755),
        (0o1777, &[], 0o1777),
        (0o755, &[], 0o700),
    ] {
        let mut place = Place::new();
        let cache = place.path().join("shared");
        folder(&cache, at, holding);
        folder(&place.data(), at, holding);
        place.set("DATA__CACHE_DIR", cache.to_str().unwrap());
        for start in ["first", "second"] {
            let program = place.serve().await;
            let log = program.log();
            program.kill().await;
            for (path, setting) in [(&cache, "data.cache_dir"), (&place.data(), "data.dir")] {
                assert_eq!(mode(path), after, "{setting} with {at:o}, {start} start");
                let told = log.lines().any(|line| {
                    line.contains("others can enter")
                        && line.contains(&format!("\"{setting}\""))
                        && line.contains(path.file_name().unwrap().to_str().unwrap())
                });
                assert_eq!(told, after != 0o700, "{setting}: {log}");
            }
        }
        for name in holding {
            assert_eq!(fs::read(cache.join(name)).unwrap(), b"mine");
        }
    }
}

/// Files of others where the text index would be: the program says which folder and which setting,
/// and nothing is removed.
#[tokio::test]
async fn files_of_others_are_not_wiped() {
    let mut place = Place::new();
    let cache = place.path().join("home");
    fs::create_dir(&cache).unwrap();
    folder(&cache.join("text"), 0o755, &["thesis.odt"]);
    place.set("DATA__CACHE_DIR", cache.to_str().unwrap());
    let refused = place.run(&["serve"], "").await;
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8(refused.stderr).unwrap();
    let last = said.lines().last().unwrap();
    for part in [
        "novacore: ",
        cache.to_str().unwrap(),
        "thesis.odt",
        "data.cache_dir",
    ] {
        assert!(last.contains(part), "{last}");
    }
    assert_eq!(fs::read(cache.join("text/thesis.odt")).unwrap(), b"mine");
}
