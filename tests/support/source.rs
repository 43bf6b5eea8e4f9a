//! The source text of the program, for the tests that hold its shape.

use std::fs;
use std::path::Path;

/// A file, with its path from the top of the repository.
pub struct Source {
    pub path: String,
    pub text: String,
}

/// Every Rust file below these folders.
pub fn rust_files(folders: &[&str]) -> Vec<Source> {
    let mut files = Vec::new();
    for folder in folders {
        walk(folder, &mut files);
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

fn walk(folder: &str, files: &mut Vec<Source>) {
    for entry in fs::read_dir(top().join(folder)).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{folder}/{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            walk(&path, files);
        } else if Path::new(&path)
            .extension()
            .is_some_and(|kind| kind == "rs")
        {
            let text = read(&path);
            files.push(Source { path, text });
        }
    }
}

pub fn read(path: &str) -> String {
    fs::read_to_string(top().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

pub fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

impl Source {
    /// `src/chat/turn.rs` and `src/chat.rs` are in the room `chat`.
    pub fn room(&self) -> &str {
        let path = self.path.strip_prefix("src/").unwrap();
        path.split(['/', '.']).next().unwrap()
    }

    /// The text without comments, documentation and what stands in quotes.
    pub fn code(&self) -> String {
        self.text.lines().fold(String::new(), |code, line| {
            let line = line.split("//").next().unwrap();
            let unquoted = line.split('"').step_by(2).collect::<Vec<_>>();
            code + &unquoted.join("\"\"") + "\n"
        })
    }

    /// The first names of all paths that begin with `root::`, such as `auth` in `crate::{auth, app::App}`.
    pub fn names_after(&self, root: &str) -> Vec<String> {
        let code = self.code();
        let start = format!("{root}::");
        code.match_indices(&start)
            .filter(|(at, _)| !code[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
            .flat_map(|(at, _)| first_names(&code[at + start.len()..]))
            .collect()
    }
}

/// `auth::login` -> auth; `{auth, http::{Json, Path}}` -> auth, http.
fn first_names(path: &str) -> Vec<String> {
    let name = |text: &str| {
        let text = text.trim_start();
        let end = text.find(|c: char| !c.is_alphanumeric() && c != '_');
        text[..end.unwrap_or(text.len())].to_owned()
    };
    let Some(group) = path.strip_prefix('{') else {
        return vec![name(path)];
    };
    let mut names = Vec::new();
    let (mut depth, mut start) = (0, 0);
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => {
                names.push(name(&group[start..at]));
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                names.push(name(&group[start..at]));
                start = at + 1;
            }
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}
