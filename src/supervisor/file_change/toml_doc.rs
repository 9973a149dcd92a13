//! TOML: single values change, comments, order and layout stay.

use super::edit::{Guess, guess, path_of};
use toml_edit::{DocumentMut, Item, TableLike, Value};

fn parse(text: &str) -> Result<DocumentMut, String> {
    text.parse::<DocumentMut>().map_err(|e| format!("not TOML: {}", e.message()))
}

/// Whether it can be read.
pub(super) fn parses(text: &str) -> Result<(), String> {
    parse(text).map(drop)
}

/// Sets values by pointer or dotted key, each of the type it had.
pub(super) fn set(text: &str, values: &[(&str, String)]) -> Result<String, String> {
    let mut doc = parse(text)?;
    if doc.to_string() != text {
        return Err("it cannot be rewritten without touching other places".to_owned());
    }
    for (key, value) in values {
        let (path, pointer) = path_of(key);
        in_table(doc.as_table_mut(), &path, pointer, value).map_err(|e| format!("{key}: {e}"))?;
    }
    Ok(doc.to_string())
}

fn in_table(table: &mut dyn TableLike, path: &[String], pointer: bool, value: &str) -> Result<(), String> {
    let Some(first) = path.first() else {
        return Err("it is a table: name a value in it".to_owned());
    };
    // A dot may be a part of a name: the longest name that is there is meant.
    let longest = if pointer { 1 } else { path.len() };
    for n in (1..=longest).rev() {
        if let Some(item) = table.get_mut(&path[..n].join(".")) {
            return in_item(item, &path[n..], pointer, value);
        }
    }
    if path.len() > 1 {
        return Err(format!("there is no `{first}`"));
    }
    table.insert(first, Item::Value(guessed(value)?));
    Ok(())
}

fn in_item(item: &mut Item, path: &[String], pointer: bool, value: &str) -> Result<(), String> {
    match item {
        Item::Value(v) => in_value(v, path, pointer, value),
        Item::Table(t) => in_table(t, path, pointer, value),
        Item::ArrayOfTables(list) => {
            let first = path.first().ok_or("it is a list of tables: name a value in one")?;
            let found = first.parse().ok().and_then(|i| list.get_mut(i));
            let table = found.ok_or_else(|| format!("there is no element {first}"))?;
            in_table(table, &path[1..], pointer, value)
        }
        Item::None => Err("there is nothing".to_owned()),
    }
}

fn in_value(old: &mut Value, path: &[String], pointer: bool, value: &str) -> Result<(), String> {
    if let Some(first) = path.first() {
        return match old {
            Value::InlineTable(t) => in_table(t, path, pointer, value),
            Value::Array(list) => {
                let found = first.parse().ok().and_then(|i: usize| list.get_mut(i));
                let found = found.ok_or_else(|| format!("there is no element {first}"))?;
                in_value(found, &path[1..], pointer, value)
            }
            _ => Err(format!("there is nothing below it: `{first}` is missing")),
        };
    }
    let mut new = typed(old, value)?;
    *new.decor_mut() = old.decor().clone();
    *old = new;
    Ok(())
}

/// A value of the type and, for a text, in the quotes of the old one.
fn typed(old: &Value, value: &str) -> Result<Value, String> {
    if let Value::String(s) = old {
        let literal = s.display_repr().starts_with('\'') && !value.contains(['\'', '\n', '\r']);
        return match format!("'{value}'").parse() {
            Ok(new) if literal => Ok(new),
            _ => Ok(Value::from(value)),
        };
    }
    let kind = old.type_name();
    match value.parse::<Value>() {
        Ok(new) if new.type_name() == kind => Ok(new),
        // `1` is good enough for a float.
        Ok(Value::Integer(i)) if old.is_float() => Ok(Value::from(*i.value() as f64)),
        _ => Err(format!("it is of the type {kind}, and `{value}` is not")),
    }
}

fn guessed(value: &str) -> Result<Value, String> {
    match guess(value) {
        Guess::Bool(b) => Ok(Value::from(b)),
        Guess::Number(n) => n.parse().map_err(|e: toml_edit::TomlError| e.message().to_owned()),
        Guess::Text(t) => Ok(Value::from(t)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "# rollout\nname = 'x'  # who\n\n[flags]\ncst = true # on\nshare = 25\nratio = 0.5\n\
                       inline = { a = 1, b = \"t\" }\nlist = [ 1, 2 ]\n\n[[host]]\nname = \"a\"\n\n[[host]]\nname = \"b\"\n";

    fn one(key: &str, value: &str) -> Result<String, String> {
        set(OLD, &[(key, value.to_owned())])
    }

    #[test]
    fn a_value_keeps_its_type_and_the_file_its_comments() {
        assert_eq!(one("flags.cst", "false").unwrap(), OLD.replace("true", "false"));
        assert_eq!(one("/flags/share", "0").unwrap(), OLD.replace("25", "0"));
        assert_eq!(one("name", "y z").unwrap(), OLD.replace("'x'", "'y z'"));
        assert_eq!(one("name", "it's").unwrap(), OLD.replace("'x'", "\"it's\""));
        assert_eq!(one("flags.ratio", "1").unwrap(), OLD.replace("0.5", "1.0"));
        assert_eq!(one("flags.inline.a", "7").unwrap(), OLD.replace("a = 1", "a = 7"));
        assert_eq!(one("flags.list.1", "9").unwrap(), OLD.replace("[ 1, 2 ]", "[ 1, 9 ]"));
        assert_eq!(one("/host/1/name", "c").unwrap(), OLD.replace("\"b\"\n", "\"c\"\n"));
        // A text that looks like a number stays a text.
        assert_eq!(one("name", "1").unwrap(), OLD.replace("'x'", "'1'"));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(one("flags.cst", "0").unwrap_err().contains("boolean"));
        assert!(one("flags.share", "many").is_err());
        assert!(one("flags", "1").is_err());
        assert!(one("nothing.deep", "1").unwrap_err().contains("no `nothing`"));
        assert!(one("host.7.name", "1").unwrap_err().contains("element 7"));
        assert!(set("a = ", &[("a", "1".into())]).unwrap_err().contains("not TOML"));
    }

    #[test]
    fn a_missing_name_is_added_to_a_table_that_is_there() {
        let new = one("flags.extra", "off").unwrap();
        assert!(new.contains("list = [ 1, 2 ]\nextra = \"off\"\n"), "{new}");
        assert!(one("flags.n", "3").unwrap().contains("n = 3\n"));
    }
}
