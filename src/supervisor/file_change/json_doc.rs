//! JSON, with comments where there are some: single values change, everything else keeps its place and layout.

use super::edit::{Guess, guess, path_of};
use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstInputValue, CstNode, CstObject, CstRootNode};

fn parse(text: &str) -> Result<CstRootNode, String> {
    CstRootNode::parse(text, &ParseOptions::default()).map_err(|e| format!("not JSON: {e}"))
}

/// Whether it can be read.
pub(super) fn parses(text: &str) -> Result<(), String> {
    parse(text).map(drop)
}

/// Sets values by pointer or dotted key, each of the type it had.
pub(super) fn set(text: &str, values: &[(&str, String)]) -> Result<String, String> {
    let root = parse(text)?;
    if root.to_string() != text {
        return Err("it cannot be rewritten without touching other places".to_owned());
    }
    for (key, value) in values {
        let top = root.value().ok_or("there is nothing in it")?;
        let (path, pointer) = path_of(key);
        put(top, &path, pointer, value).map_err(|e| format!("{key}: {e}"))?;
    }
    Ok(root.to_string())
}

fn put(node: CstNode, path: &[String], pointer: bool, value: &str) -> Result<(), String> {
    if path.is_empty() {
        return replace(node, value);
    }
    if let Some(array) = node.as_array() {
        let place = path[0].parse::<usize>().ok();
        let found = place.and_then(|i| array.elements().into_iter().nth(i));
        let found = found.ok_or_else(|| format!("there is no element {}", path[0]))?;
        return put(found, &path[1..], pointer, value);
    }
    let Some(object) = node.as_object() else {
        return Err(format!("there is nothing below it: `{}` is missing", path[0]));
    };
    // A dot may be a part of a name: the longest name that is there is meant.
    let longest = if pointer { 1 } else { path.len() };
    for n in (1..=longest).rev() {
        let name = path[..n].join(".");
        match named(&object, &name).as_slice() {
            [] => {}
            [one] => return put(one.clone(), &path[n..], pointer, value),
            many => return Err(format!("`{name}` stands there {} times", many.len())),
        }
    }
    if path.len() > 1 {
        return Err(format!("there is no `{}`", path[0]));
    }
    object.append(
        &path[0],
        match guess(value) {
            Guess::Bool(b) => CstInputValue::Bool(b),
            Guess::Number(n) => CstInputValue::Number(n),
            Guess::Text(t) => CstInputValue::String(t),
        },
    );
    Ok(())
}

/// The values of this name; more than one where the file says it twice.
fn named(object: &CstObject, name: &str) -> Vec<CstNode> {
    let is = |p: &jsonc_parser::cst::CstObjectProp| {
        p.name().and_then(|n| n.decoded_value().ok()).is_some_and(|n| n == name)
    };
    object.properties().into_iter().filter(is).filter_map(|p| p.value()).collect()
}

fn replace(node: CstNode, value: &str) -> Result<(), String> {
    if let Some(text) = node.as_string_lit() {
        text.set_raw_value(serde_json::to_string(value).map_err(|e| e.to_string())?);
    } else if let Some(number) = node.as_number_lit() {
        serde_json::from_str::<serde_json::Number>(value)
            .map_err(|_| format!("it is a number, and `{value}` is none"))?;
        number.set_raw_value(value.to_owned());
    } else if let Some(yes) = node.as_boolean_lit() {
        let new = value.parse().map_err(|_| format!("it is true or false, and not `{value}`"))?;
        yes.set_value(new);
    } else if let Some(null) = node.as_null_keyword() {
        null.replace_with(match guess(value) {
            Guess::Bool(b) => CstInputValue::Bool(b),
            Guess::Number(n) => CstInputValue::Number(n),
            Guess::Text(t) => CstInputValue::String(t),
        });
    } else {
        let new: serde_json::Value = serde_json::from_str(value)
            .map_err(|_| format!("it is a list or table, and `{value}` is none"))?;
        match (node.as_array(), node.as_object()) {
            (Some(array), _) if new.is_array() => drop(array.replace_with(input(&new))),
            (_, Some(object)) if new.is_object() => drop(object.replace_with(input(&new))),
            _ => return Err("a list stays a list and a table a table".to_owned()),
        }
    }
    Ok(())
}

fn input(value: &serde_json::Value) -> CstInputValue {
    use serde_json::Value;
    match value {
        Value::Null => CstInputValue::Null,
        Value::Bool(b) => CstInputValue::Bool(*b),
        Value::Number(n) => CstInputValue::Number(n.to_string()),
        Value::String(s) => CstInputValue::String(s.clone()),
        Value::Array(list) => CstInputValue::Array(list.iter().map(input).collect()),
        Value::Object(map) => CstInputValue::Object(map.iter().map(|(k, v)| (k.clone(), input(v))).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = r#"{
  // who gets the new pipeline
  "flags": { "cst": true, "share": 25,   "note": "a \"b\"" }, /* kept */
  "log.level": "debug",
  "hosts": [ {"name": "a"}, {"name": "b"} ],
  "none": null,
}
"#;

    fn one(key: &str, value: &str) -> Result<String, String> {
        set(OLD, &[(key, value.to_owned())])
    }

    #[test]
    fn a_value_keeps_its_type_and_the_file_its_layout() {
        assert_eq!(one("flags.cst", "false").unwrap(), OLD.replace("\"cst\": true", "\"cst\": false"));
        assert_eq!(one("/flags/share", "0").unwrap(), OLD.replace("25", "0"));
        assert_eq!(one("flags.note", "x \"y\"").unwrap(), OLD.replace(r#"a \"b\""#, r#"x \"y\""#));
        assert_eq!(one("log.level", "info").unwrap(), OLD.replace("debug", "info"));
        assert_eq!(one("/hosts/1/name", "c").unwrap(), OLD.replace("\"b\"}", "\"c\"}"));
        assert_eq!(one("hosts.0.name", "c").unwrap(), OLD.replace("\"a\"}", "\"c\"}"));
        assert_eq!(one("none", "7").unwrap(), OLD.replace("null", "7"));
        // A text that looks like a number stays a text.
        assert_eq!(one("log.level", "1").unwrap(), OLD.replace("\"debug\"", "\"1\""));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(one("flags.cst", "0").unwrap_err().contains("true or false"));
        assert!(one("flags.share", "none").unwrap_err().contains("number"));
        assert!(one("flags", "5").is_err());
        assert!(one("hosts", "{}").is_err());
        assert!(one("other.deep", "1").unwrap_err().contains("no `other`"));
        assert!(one("/hosts/7/name", "x").unwrap_err().contains("element 7"));
        assert!(set("{\"a\": 1, \"a\": 2}", &[("a", "3".into())]).unwrap_err().contains("2 times"));
        assert!(set("{", &[("a", "3".into())]).unwrap_err().contains("not JSON"));
    }

    #[test]
    fn a_missing_name_is_added_and_a_list_replaced() {
        let new = one("flags.extra", "true").unwrap();
        assert!(new.contains("\"extra\": true") && new.contains("// who gets") && new.contains("/* kept */"));
        let new = set("{\"a\": [1], \"b\": 2}", &[("a", "[3, 4]".into()), ("b", "5".into())]).unwrap();
        let value: serde_json::Value = serde_json::from_str(&new).unwrap();
        assert_eq!(value, serde_json::json!({"a": [3, 4], "b": 5}));
    }
}
