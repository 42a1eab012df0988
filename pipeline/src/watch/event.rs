//! Bucket events as MinIO and Amazon S3 write them: JSON in, keys of the inbox out.
//!
//! Three shapes around the same records: `{"EventName", "Key", "Records": […]}` from a webhook, `{"Records": […]}` in
//! a Redis hash, `[{"Event": […], "EventTime"}]` in a Redis list. Sources: Amazon S3 User Guide, "Event message
//! structure"; MinIO documentation, "Bucket Notifications".

use serde::Deserialize;
use storage::keys;

/// What an event may cost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub bytes_max: usize,
    pub records_max: usize,
}

/// What an event says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// Objects that were created under `inbox/` of our bucket.
    pub keys: Vec<String>,
    /// Records that say something else.
    pub ignored: usize,
}

/// Why an event cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unreadable {
    #[error("an event of {bytes} bytes, at most {bytes_max} are read (watch.event_bytes_max)")]
    TooLong { bytes: usize, bytes_max: usize },
    #[error("an event of {records} records, at most {records_max} are read (watch.event_records_max)")]
    ManyRecords { records: usize, records_max: usize },
    #[error("not an event as MinIO and Amazon S3 write it: {0}")]
    Form(#[from] serde_json::Error),
}

#[derive(Deserialize)]
struct Log {
    #[serde(rename = "EventName")]
    event_name: Option<String>,
    /// `<bucket>/<key>`, not encoded.
    #[serde(rename = "Key")]
    key: Option<String>,
    #[serde(rename = "Records")]
    records: Option<Vec<Record>>,
}

#[derive(Deserialize)]
struct Access {
    #[serde(rename = "Event")]
    event: Option<Vec<Record>>,
}

#[derive(Deserialize)]
struct Record {
    #[serde(rename = "eventName")]
    event_name: Option<String>,
    s3: Option<Place>,
}

#[derive(Deserialize)]
struct Place {
    bucket: Option<Bucket>,
    object: Option<Object>,
}

#[derive(Deserialize)]
struct Bucket {
    name: Option<String>,
}

#[derive(Deserialize)]
struct Object {
    /// Form-encoded.
    key: Option<String>,
}

/// Reads an event.
pub(super) fn read(json: &[u8], bucket: &str, limits: Limits) -> Result<Told, Unreadable> {
    let Limits { bytes_max, records_max } = limits;
    if json.len() > bytes_max {
        return Err(Unreadable::TooLong { bytes: json.len(), bytes_max });
    }
    let records = match json.trim_ascii_start().first() {
        Some(b'[') => {
            let accesses: Vec<Access> = serde_json::from_slice(json)?;
            accesses.into_iter().filter_map(|access| access.event).flatten().collect()
        }
        _ => match serde_json::from_slice(json)? {
            Log { records: Some(records), .. } => records,
            Log { event_name, key: Some(key), .. } => return Ok(told_of([created(event_name, &key, bucket)])),
            // What MinIO and S3 send to try a target: nothing happened.
            Log { .. } => Vec::new(),
        },
    };
    if records.len() > records_max {
        return Err(Unreadable::ManyRecords { records: records.len(), records_max });
    }
    Ok(told_of(records.into_iter().map(|record| record.created(bucket))))
}

fn told_of(records: impl IntoIterator<Item = Option<String>>) -> Told {
    let mut told = Told::default();
    for record in records {
        match record {
            Some(key) => told.keys.push(key),
            None => told.ignored += 1,
        }
    }
    told
}

impl Record {
    /// The key of an object created in our inbox.
    fn created(self, bucket: &str) -> Option<String> {
        let Place { bucket: Some(Bucket { name: Some(name) }), object: Some(Object { key: Some(key) }) } = self.s3?
        else {
            return None;
        };
        created(self.event_name, &format!("{name}/{}", keys::decoded(&key)?), bucket)
    }
}

/// The key in `<bucket>/<key>`, when it was created in our inbox. No object has a key longer than S3 takes.
fn created(event_name: Option<String>, path: &str, bucket: &str) -> Option<String> {
    // Amazon writes the name without `s3:`.
    let event_name = event_name?;
    event_name.strip_prefix("s3:").unwrap_or(&event_name).strip_prefix("ObjectCreated:")?;
    let key = path.strip_prefix(bucket)?.strip_prefix('/')?;
    (key.starts_with(keys::INBOX) && key.len() <= keys::KEY_BYTES_MAX).then(|| key.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const LIMITS: Limits = Limits { bytes_max: 1 << 20, records_max: 1_000 };

    fn record(name: &str, bucket: &str, key: &str) -> serde_json::Value {
        json!({
            "eventVersion": "2.0",
            "eventSource": "minio:s3",
            "awsRegion": "",
            "eventTime": "2026-03-09T05:00:00.123Z",
            "eventName": name,
            "userIdentity": {"principalId": "acme"},
            "requestParameters": {"principalId": "acme", "region": "", "sourceIPAddress": "192.0.2.7"},
            "responseElements": {"x-amz-request-id": "18A1", "x-minio-origin-endpoint": "http://192.0.2.1:9000"},
            "s3": {
                "s3SchemaVersion": "1.0",
                "configurationId": "Config",
                "bucket": {"name": bucket, "ownerIdentity": {"principalId": "acme"}, "arn": "arn:aws:s3:::imports"},
                "object": {"key": key, "size": 1024, "eTag": "5d41402abc4b2a76b9719d911017c592",
                    "contentType": "text/csv", "userMetadata": {"content-type": "text/csv"}, "sequencer": "18A1"}
            },
            "source": {"host": "192.0.2.7", "port": "", "userAgent": "MinIO (linux; amd64)"}
        })
    }

    fn told(event: &serde_json::Value) -> Told {
        read(event.to_string().as_bytes(), "imports", LIMITS).unwrap()
    }

    /// The keys of one record, with `!` for a record that was ignored.
    fn of_record(name: &str, bucket: &str, key: &str) -> String {
        let Told { keys, ignored } = told(&json!({"Records": [record(name, bucket, key)]}));
        keys.join(" ") + &"!".repeat(ignored)
    }

    #[test]
    fn the_three_shapes_say_the_same() {
        let put = record("s3:ObjectCreated:Put", "imports", "inbox%2Facme%2FPrix+%C3%A9t%C3%A9%2B1.csv");
        let expected = Told { keys: vec!["inbox/acme/Prix été+1.csv".to_owned()], ignored: 0 };
        let webhook = json!({"EventName": "s3:ObjectCreated:Put", "Key": "imports/inbox/acme/x", "Records": [put]});
        assert_eq!(told(&webhook), expected);
        assert_eq!(told(&json!({"Records": [put]})), expected);
        assert_eq!(told(&json!([{"Event": [put], "EventTime": "2026-03-09T05:00:00.123Z"}])), expected);
    }

    #[test]
    fn only_what_is_created_in_our_inbox_is_a_hint() {
        let check = |name: &str, bucket: &str, key: &str, expected: &str| {
            assert_eq!(of_record(name, bucket, key), expected, "{name} {key}");
        };
        for name in ["s3:ObjectCreated:Put", "s3:ObjectCreated:CompleteMultipartUpload", "ObjectCreated:Copy"] {
            check(name, "imports", "inbox/acme/a.csv", "inbox/acme/a.csv");
        }
        for name in ["s3:ObjectRemoved:Delete", "s3:ObjectAccessed:Get", "ObjectCreated", "s3:TestEvent", ""] {
            check(name, "imports", "inbox/acme/a.csv", "!");
        }
        check("s3:ObjectCreated:Put", "other", "inbox/acme/a.csv", "!");
        check("s3:ObjectCreated:Put", "import", "s/inbox/acme/a.csv", "!");
        check("s3:ObjectCreated:Put", "imports", "imports%2F2026%2F03%2Fa.csv", "!");
        check("s3:ObjectCreated:Put", "imports", "%ff", "!");
        check("s3:ObjectCreated:Put", "imports", &format!("inbox/acme/{}", "x".repeat(2_000)), "!");
        // Odd keys are hints too: they are looked at, and put into quarantine.
        check("s3:ObjectCreated:Put", "imports", "inbox%2Facme%2F..%2Fa%00", "inbox/acme/../a\0");
    }

    #[test]
    fn what_says_nothing_is_no_hint_and_no_error() {
        for json in ["{}", r#"{"Records":null}"#, r#"{"Service":"Amazon S3","Event":"s3:TestEvent"}"#, "[]", " [ {} ] "]
        {
            assert_eq!(read(json.as_bytes(), "imports", LIMITS).unwrap(), Told::default(), "{json}");
        }
        let bare = r#"{"Records":[{}, {"s3":null}, {"eventName":"s3:ObjectCreated:Put","s3":{"bucket":{}}}]}"#;
        assert_eq!(read(bare.as_bytes(), "imports", LIMITS).unwrap().ignored, 3);
        assert_eq!(
            told(&json!({"EventName": "s3:ObjectCreated:Put", "Key": "imports/inbox/acme/a b+.csv"})).keys,
            ["inbox/acme/a b+.csv"]
        );
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let check = |json: &[u8], expected: &str| {
            let refusal = read(json, "imports", LIMITS).unwrap_err().to_string();
            assert!(refusal.contains(expected), "{refusal}");
        };
        check(b"", "not an event");
        check(b"\xff\xfe", "not an event");
        check(b"\"text\"", "not an event");
        check(br#"{"Records":[1]}"#, "not an event");
        check(&b"[".repeat(100_000), "not an event");
        check(&b"{\"Records\":".repeat(90_000), "not an event");
        check(&b" ".repeat((1 << 20) + 1), "watch.event_bytes_max");
        let many = json!({"Records": vec![json!({}); 1_001]});
        check(many.to_string().as_bytes(), "watch.event_records_max");
    }

    proptest! {
        #[test]
        fn no_bytes_whatever_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes, "imports", LIMITS);
        }

        #[test]
        fn no_cut_or_changed_event_panics(at in 0_usize..900, byte in any::<u8>(), key in "(?s).{0,60}") {
            let event = json!({"Records": [record("s3:ObjectCreated:Put", "imports", &format!("inbox/{key}"))]});
            let mut bytes = event.to_string().into_bytes();
            prop_assert!(read(&bytes, "imports", LIMITS).is_ok());
            let at = at.min(bytes.len() - 1);
            let _ = read(&bytes[..at], "imports", LIMITS);
            bytes[at] = byte;
            let _ = read(&bytes, "imports", LIMITS);
        }
    }
}
