//! JSON objects written straight into a column: attributes and variant attributes.

/// Appends a JSON string with its quotes, escaped as serde_json does. NUL, which PostgreSQL's `jsonb` cannot hold, is
/// left out.
pub(crate) fn string(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    while let Some(position) = rest.bytes().position(|byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
        out.push_str(&rest[..position]);
        match rest.as_bytes()[position] {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            0x08 => out.push_str("\\b"),
            0x0c => out.push_str("\\f"),
            0 => {}
            control => {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                out.push_str("\\u00");
                out.push(HEX[(control >> 4) as usize] as char);
                out.push(HEX[(control & 15) as usize] as char);
            }
        }
        rest = &rest[position + 1..];
    }
    out.push_str(rest);
    out.push('"');
}

/// A JSON object under construction at the end of a text; nothing is written while it has no member.
pub(crate) struct Object<'a> {
    out: &'a mut String,
    start: usize,
}

impl<'a> Object<'a> {
    pub fn new(out: &'a mut String) -> Self {
        let start = out.len();
        Object { out, start }
    }

    /// Adds a member whose key is escaped already: `"Farbe":`.
    pub fn member(&mut self, escaped_key: &str, value: &str) {
        self.out.push(if self.out.len() == self.start { '{' } else { ',' });
        self.out.push_str(escaped_key);
        string(value, self.out);
    }

    /// Closes the object; whether it has a member.
    pub fn close(self) -> bool {
        let any = self.out.len() > self.start;
        if any {
            self.out.push('}');
        }
        any
    }
}

/// `"key":`
pub(crate) fn escaped_key(key: &str) -> String {
    let mut out = String::with_capacity(key.len() + 3);
    string(key, &mut out);
    out.push(':');
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn strings_are_escaped_as_serde_does(text in any::<String>()) {
            let text = text.replace('\0', "");
            let mut ours = String::new();
            string(&text, &mut ours);
            prop_assert_eq!(ours, serde_json::to_string(&text).unwrap());
        }
    }

    #[test]
    fn an_object_without_members_is_nothing() {
        let mut out = "x".to_owned();
        assert!(!Object::new(&mut out).close());
        let mut object = Object::new(&mut out);
        object.member(&escaped_key("a\"b"), "1\u{0}2");
        object.member(&escaped_key("c"), "");
        assert!(object.close());
        assert_eq!(out, r#"x{"a\"b":"12","c":""}"#);
    }
}
