//! Listing the objects of a bucket.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use s3s::dto::{CommonPrefix, EncodingType, ListObjectsV2Input, ListObjectsV2Output, Object};
use s3s::{S3Result, s3_error};

use super::disk::Facts;
use super::path;

/// S3's largest page. Source: Amazon S3 API Reference, "ListObjectsV2", `max-keys`.
const PAGE_KEYS_MAX: i32 = 1_000;

/// What is escaped in an encoded key; spaces become `+` besides.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'/').remove(b' ');

/// What a page shows: an object, or everything below a common prefix.
enum Entry {
    Object(Facts),
    Prefix,
}

/// One page: what lies after the token and begins with the prefix, in order of the keys' bytes.
pub(super) fn page(bucket: &Path, input: ListObjectsV2Input) -> S3Result<ListObjectsV2Output> {
    let prefix = input.prefix.as_deref().unwrap_or_default();
    let delimiter = input.delimiter.as_deref().filter(|delimiter| !delimiter.is_empty());
    let token = input.continuation_token.as_deref().map(|token| percent_decode_str(token).decode_utf8_lossy());
    let after = token.as_deref().max(input.start_after.as_deref()).unwrap_or_default();
    let shown = |key: String| match &input.encoding_type {
        Some(wish) if wish.as_str() == EncodingType::URL => encoded(&key),
        _ => key,
    };
    let page_keys = input.max_keys.unwrap_or(PAGE_KEYS_MAX).clamp(0, PAGE_KEYS_MAX);

    let mut entries = BTreeMap::new();
    let found = &mut |key: String, facts| {
        let Some(rest) = key.strip_prefix(prefix) else { return };
        let shared = delimiter.and_then(|delimiter| Some(rest.find(delimiter)? + delimiter.len()));
        match shared {
            Some(shared) => entries.insert(key[..prefix.len() + shared].to_owned(), Entry::Prefix),
            None => entries.insert(key, Entry::Object(facts)),
        };
    };
    let (folder, beginning) = match prefix.rsplit_once('/') {
        Some((folder, _)) => (bucket.join(path::of(folder)), format!("{folder}/")),
        None => (bucket.to_owned(), String::new()),
    };
    gather(&folder, &beginning, found).map_err(|error| s3_error!(error, InternalError))?;
    entries.retain(|key, _| key.as_str() > after);

    let is_truncated = page_keys > 0 && entries.len() > page_keys as usize;
    let mut output = ListObjectsV2Output { is_truncated: Some(is_truncated), ..ListObjectsV2Output::default() };
    let (mut objects, mut prefixes) = (Vec::new(), Vec::new());
    for (key, entry) in entries.into_iter().take(page_keys as usize) {
        // A token is one for every key, also for those that XML could not carry.
        output.next_continuation_token = is_truncated.then(|| utf8_percent_encode(&key, NON_ALPHANUMERIC).to_string());
        match entry {
            Entry::Object(facts) => objects.push(object(shown(key), facts)),
            Entry::Prefix => prefixes.push(CommonPrefix { prefix: Some(shown(key)) }),
        }
    }
    output.key_count = i32::try_from(objects.len() + prefixes.len()).ok();
    output.contents = Some(objects);
    output.common_prefixes = Some(prefixes);
    output.max_keys = Some(page_keys);
    output.name = Some(input.bucket);
    output.prefix = input.prefix.map(shown);
    output.delimiter = input.delimiter.map(shown);
    output.start_after = input.start_after.map(shown);
    output.continuation_token = input.continuation_token;
    output.encoding_type = input.encoding_type;
    Ok(output)
}

/// Tells `found` each object in or below `folder`, whose keys have this beginning.
fn gather(folder: &Path, beginning: &str, found: &mut impl FnMut(String, Facts)) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        // No such folder, or an object of that name: nothing below it.
        Err(error) if nothing_there(&error) => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        // A name that does not read back was not put here by this server.
        let Some(piece) = entry.file_name().to_str().and_then(path::piece) else { continue };
        let key = format!("{beginning}{}", piece.text);
        match entry.metadata() {
            Ok(metadata) if metadata.is_dir() && piece.goes_on => gather(&entry.path(), &key, found)?,
            Ok(metadata) if metadata.is_dir() => gather(&entry.path(), &format!("{key}/"), found)?,
            Ok(metadata) => found(key, Facts::of(&metadata)),
            // Deleted since the folder was read.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn nothing_there(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::InvalidFilename)
}

/// Form-encoded, as S3 does it when asked to.
fn encoded(key: &str) -> String {
    utf8_percent_encode(key, ESCAPED).to_string().replace(' ', "+")
}

fn object(key: String, facts: Facts) -> Object {
    Object {
        key: Some(key),
        size: i64::try_from(facts.bytes).ok(),
        e_tag: Some(facts.etag),
        last_modified: facts.modified,
        ..Object::default()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Keys and common prefixes of every page, pages parted by `|`.
    fn listed(keys: &[&str], prefix: &str, delimiter: Option<&str>, page_keys: i32) -> String {
        let bucket = tempfile::tempdir().unwrap();
        for key in keys {
            let path = bucket.path().join(path::of(key));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, key).unwrap();
        }
        let mut pages = Vec::new();
        let mut token = None;
        loop {
            let input = ListObjectsV2Input {
                prefix: Some(prefix.to_owned()),
                delimiter: delimiter.map(str::to_owned),
                max_keys: Some(page_keys),
                continuation_token: token,
                ..ListObjectsV2Input::builder().bucket("bucket".to_owned()).build().unwrap()
            };
            let page = page(bucket.path(), input).unwrap();
            let objects = page.contents.unwrap().into_iter().filter_map(|object| object.key);
            let prefixes = page.common_prefixes.unwrap().into_iter().filter_map(|common| common.prefix);
            pages.push(objects.chain(prefixes).collect::<Vec<_>>().join(" "));
            token = page.next_continuation_token;
            if token.is_none() {
                return pages.join(" | ");
            }
        }
    }

    const KEYS: &[&str] = &["a", "b/1", "b/2", "b/c/3", "b-1", "bb"];

    #[test]
    fn keys_are_in_order_of_their_bytes_and_begin_with_the_prefix() {
        let check = |prefix, expected: &str| assert_eq!(listed(KEYS, prefix, None, 1_000), expected, "{prefix}");
        check("", "a b-1 b/1 b/2 b/c/3 bb");
        check("b", "b-1 b/1 b/2 b/c/3 bb");
        check("b/", "b/1 b/2 b/c/3");
        check("b/c", "b/c/3");
        check("a/", "");
        check("none/at/all", "");
    }

    #[test]
    fn a_page_goes_on_where_the_last_one_ended() {
        assert_eq!(listed(KEYS, "", None, 2), "a b-1 | b/1 b/2 | b/c/3 bb");
        assert_eq!(listed(KEYS, "", Some("/"), 1), "a | b-1 | b/ | bb");
    }

    #[test]
    fn a_delimiter_folds_what_is_below() {
        assert_eq!(listed(KEYS, "", Some("/"), 1_000), "a b-1 bb b/");
        assert_eq!(listed(KEYS, "b/", Some("/"), 1_000), "b/1 b/2 b/c/");
    }

    #[test]
    fn no_prefix_leaves_the_bucket() {
        for prefix in ["../", "../../etc/", "b/../../", "/etc/", "b//", "./"] {
            assert_eq!(listed(KEYS, prefix, None, 1_000), "", "{prefix}");
        }
    }

    #[test]
    fn odd_keys_are_listed_as_they_are_page_by_page() {
        let long = "x".repeat(600);
        let keys = ["../up", "/root", "a/", "b//c", "a/../b", "a/\u{1}\n", &long];
        assert_eq!(listed(&keys, "", None, 2), format!("../up /root | a/ a/\u{1}\n | a/../b b//c | {long}"));
        assert_eq!(listed(&keys, "a/", None, 1_000), "a/ a/\u{1}\n a/../b");
        assert_eq!(listed(&keys, "/", None, 1_000), "/root");
        assert_eq!(listed(&keys, &long[..300], None, 1_000), long);
        assert_eq!(listed(&keys, "", Some("/"), 1_000), format!("{long} ../ / a/ b/"));
    }

    #[test]
    fn keys_are_encoded_when_asked_for() {
        assert_eq!(encoded("a/b c+d%\u{1}é.csv"), "a/b+c%2Bd%25%01%C3%A9.csv");
    }
}
