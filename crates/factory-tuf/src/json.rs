//! JSON of metadata: read without ambiguity, and written in the canonical form that is signed.
//!
//! The canonical form is that of the reference implementation (`securesystemslib.formats.encode_canonical`): keys in the order of their
//! code points, no space, only `"` and `\` escaped, whole numbers only.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// No metadata nests deeper.
const DEEPEST: usize = 16;

/// A value without keys that occur twice in an object, without fractions, and at most 16 deep.
pub(crate) fn read(bytes: &[u8]) -> Result<Value, serde_json::Error> {
    let mut from = serde_json::Deserializer::from_slice(bytes);
    let value = Strict { left: DEEPEST }.deserialize(&mut from)?;
    from.end()?;
    Ok(value)
}

/// The bytes over which signatures are made.
pub(crate) fn canonical(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    write(value, &mut out);
    out
}

/// The depth is bounded by [`read`], or by the types that are written.
fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend(b"null"),
        Value::Bool(truth) => out.extend(truth.to_string().bytes()),
        Value::Number(number) => out.extend(number.to_string().bytes()),
        Value::String(text) => write_text(text, out),
        Value::Array(values) => {
            out.push(b'[');
            for (at, value) in values.iter().enumerate() {
                out.extend((at > 0).then_some(b','));
                write(value, out);
            }
            out.push(b']');
        }
        Value::Object(entries) => write_entries(entries, out),
    }
}

fn write_entries(entries: &Map<String, Value>, out: &mut Vec<u8>) {
    let mut sorted: Vec<_> = entries.iter().collect();
    sorted.sort_unstable_by_key(|(key, _)| key.as_str());
    out.push(b'{');
    for (at, (key, value)) in sorted.into_iter().enumerate() {
        out.extend((at > 0).then_some(b','));
        write_text(key, out);
        out.push(b':');
        write(value, out);
    }
    out.push(b'}');
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in text.bytes() {
        out.extend(matches!(byte, b'"' | b'\\').then_some(b'\\'));
        out.push(byte);
    }
    out.push(b'"');
}

/// Reads a value that may nest so many times more.
#[derive(Clone, Copy)]
struct Strict {
    left: usize,
}

impl Strict {
    fn deeper<E: de::Error>(self) -> Result<Self, E> {
        let left = self.left.checked_sub(1).ok_or_else(|| E::custom(format!("nested deeper than {DEEPEST} times")))?;
        Ok(Self { left })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a value without fractions")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
        Ok(truth.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut values = Vec::new();
        while let Some(value) = from.next_element_seed(inner)? {
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut entries = Map::new();
        while let Some(key) = from.next_key::<String>()? {
            if entries.contains_key(&key) {
                return Err(de::Error::custom(format!("the key {key:?} stands twice in an object")));
            }
            entries.insert(key, from.next_value_seed(inner)?);
        }
        Ok(entries.into())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn signed(value: &Value) -> String {
        String::from_utf8(canonical(value)).unwrap()
    }

    #[test]
    fn the_canonical_form_is_that_of_the_reference() {
        assert_eq!(
            signed(&json!({"b": [1, -2], "a": {"y": null, "x": true}})),
            r#"{"a":{"x":true,"y":null},"b":[1,-2]}"#
        );
        // Without the quotes, a key comes before each that begins with it.
        assert_eq!(signed(&json!({"a b": 1, "a": 2, "a!": 3})), r#"{"a":2,"a b":1,"a!":3}"#);
        assert_eq!(signed(&json!("a\n\t\"\\/é\u{301}")), "\"a\n\t\\\"\\\\/é\u{301}\"");
    }

    #[test]
    fn what_two_readers_could_see_differently_is_refused() {
        let refused = |text: &str| read(text.as_bytes()).unwrap_err().to_string();
        assert!(
            refused(r#"{"a":1,"b":{"c":1,"c":2}}"#).contains("\"c\" stands twice"),
            "the second would win elsewhere"
        );
        assert!(refused(r#"{"a":1,"\u0061":2}"#).contains("\"a\" stands twice"));
        assert!(refused("[1.0]").contains("floating point"));
        assert!(refused("[1e3]").contains("floating point"));
        assert!(refused("[18446744073709551616]").contains("floating point"));
        assert!(refused("{} {}").contains("trailing"));
        assert!(refused(&"[".repeat(100_000)).contains("nested deeper"));
        assert!(read(&[b'[', b'"', 0xff, b'"', b']']).is_err(), "text is UTF-8");
    }

    /// Any value that metadata may hold.
    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            let key = any::<String>();
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                proptest::collection::btree_map(key, inner, 0..6).prop_map(|map| map.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(value in values()) {
            let bytes = serde_json::to_vec(&value).unwrap();
            prop_assert_eq!(read(&bytes).unwrap(), value);
        }

        #[test]
        fn two_values_never_have_the_same_canonical_form(one in values(), other in values()) {
            prop_assert_eq!(one == other, canonical(&one) == canonical(&other));
        }
    }
}
