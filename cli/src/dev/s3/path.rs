//! Where the object of a key lies: any key that S3 takes becomes a path that stays inside its bucket, and back.
//!
//! A part of a key is a folder or file of the same name, so that people find their files. What a file system cannot
//! hold is written otherwise: `%XX` for a byte, `%` alone for an empty part, and a part too long for one name goes on
//! in the folder of its beginning, whose name then ends in `%`.

use std::path::PathBuf;

/// Longest name of a file, in bytes: what Linux takes.
const NAME_BYTES_MAX: usize = 255;

/// What stands for a byte, for a part that is empty and for one that goes on.
const MARK: char = '%';

/// The path of a key, relative to its bucket.
pub(super) fn of(key: &str) -> PathBuf {
    key.split('/').flat_map(names).collect()
}

/// The names that one part of a key becomes: nearly always one.
fn names(part: &str) -> Vec<String> {
    let mut names = vec![String::new()];
    for character in part.chars() {
        let shown = match character {
            MARK | '\0'..='\x1f' | '\x7f' => escaped(character),
            _ => character.to_string(),
        };
        if let Some(name) = names.last_mut() {
            if name.len() + shown.len() < NAME_BYTES_MAX {
                name.push_str(&shown);
            } else {
                name.push(MARK);
                names.push(shown);
            }
        }
    }
    if let Some(name) = names.last_mut() {
        match name.as_str() {
            "" => name.push(MARK),
            "." | ".." => *name = name.replace('.', &escaped('.')),
            _ => {}
        }
    }
    names
}

fn escaped(character: char) -> String {
    format!("{MARK}{:02X}", u32::from(character))
}

/// What a name stands for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// The part of a key, or a piece of it.
    pub text: String,
    /// The part goes on in the folder of this name.
    pub goes_on: bool,
}

/// Reads a name back; `None` for one that this server did not give.
pub(super) fn piece(name: &str) -> Option<Piece> {
    if name == "%" {
        return Some(Piece { text: String::new(), goes_on: false });
    }
    let (name, goes_on) = name.strip_suffix(MARK).map_or((name, false), |beginning| (beginning, true));
    let text = percent_encoding::percent_decode_str(name).decode_utf8().ok()?;
    Some(Piece { text: text.into_owned(), goes_on })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::Component;

    use proptest::prelude::*;

    use super::*;

    /// The key of a path, as a listing finds it.
    fn key_of(path: &std::path::Path) -> String {
        let mut key = String::new();
        for (at, name) in path.iter().enumerate() {
            let piece = piece(name.to_str().unwrap()).unwrap();
            let last = at + 1 == path.iter().count();
            assert!(!(last && piece.goes_on));
            key.push_str(&piece.text);
            if !last && !piece.goes_on {
                key.push('/');
            }
        }
        key
    }

    #[test]
    fn plain_keys_are_plain_paths_and_odd_ones_stay_inside() {
        let check = |key: &str, path: &str| assert_eq!(of(key), PathBuf::from(path), "{key:?}");
        check("inbox/acme/Prix été (v2).csv", "inbox/acme/Prix été (v2).csv");
        check("inbox/acme/../../etc/passwd", "inbox/acme/%2E%2E/%2E%2E/etc/passwd");
        check("/etc/passwd", "%/etc/passwd");
        check("inbox/acme/", "inbox/acme/%");
        check("inbox//a", "inbox/%/a");
        check("a\0b\r\n%.csv", "a%00b%0D%0A%25.csv");
        check("", "%");
    }

    #[test]
    fn a_part_too_long_for_one_name_goes_on_below() {
        let key = format!("inbox/{}/..", "é".repeat(300));
        let path = of(&key);
        assert!(path.iter().all(|name| name.len() <= NAME_BYTES_MAX));
        assert_eq!(path.iter().count(), 5);
        assert_eq!(key_of(&path), key);
        // What is left over for the last name is no way out either.
        let path = of(&format!("{}..", "x".repeat(254)));
        assert_eq!(path.file_name().unwrap(), "%2E%2E");
    }

    proptest! {
        #[test]
        fn every_key_has_a_path_of_its_own_inside(key in "(?s)([./%\\x00-\\x1f]|.){0,400}") {
            let path = of(&key);
            prop_assert!(path.components().all(|part| matches!(part, Component::Normal(_))));
            prop_assert!(path.iter().all(|name| name.len() <= NAME_BYTES_MAX));
            prop_assert_eq!(key_of(&path), key);
        }
    }
}
