//! The contract of `--json`, as `docs/json.schema.json` has it, and whether a line keeps it.
//!
//! Of JSON Schema it knows what that file uses, and refuses a schema with anything else. It is stricter than the
//! schema in one point: a field that is not named there is refused, so that none comes to be unseen.

use std::sync::LazyLock;

use serde_json::{Map, Value};

/// The schema.
pub static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../docs/json.schema.json")).expect("the schema is JSON")
});

/// Whether a line keeps the contract; if not, why.
///
/// # Errors
///
/// What is wrong with it, and where.
pub fn check(line: &str) -> Result<(), String> {
    let value = serde_json::from_str(line).map_err(|error| error.to_string())?;
    checked(&value, &SCHEMA, &SCHEMA, "")
}

/// Checks what programs have printed: each whole line that is an event.
#[track_caller]
pub fn expect_kept(text: &str) {
    let is_event = |line: &&str| line.starts_with("{\"event\":") && line.ends_with('\n');
    for line in text.split_inclusive('\n').filter(is_event) {
        if let Err(error) = check(line) {
            panic!("against docs/json.schema.json: {error}: {line}");
        }
    }
}

fn checked(value: &Value, schema: &Value, whole: &Value, at: &str) -> Result<(), String> {
    let schema = schema.as_object().ok_or("a schema is an object")?;
    for (keyword, rule) in schema {
        let wrong = || Err(format!("{at}: {value} is not as {keyword} {rule} says"));
        let is_kept = match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" => true,
            "$ref" => {
                let target = rule.as_str().and_then(|path| path.strip_prefix('#'));
                let target = target.and_then(|path| whole.pointer(path));
                checked(value, target.ok_or("a reference to nothing")?, whole, at)?;
                true
            }
            "oneOf" => {
                one_of(value, rule.as_array().ok_or("oneOf is a list")?, whole, at)?;
                true
            }
            "const" => value == rule,
            "enum" => rule.as_array().ok_or("enum is a list")?.contains(value),
            "type" => is_of(value, rule)?,
            "format" => rule == "date-time" && value.as_str().is_none_or(is_time),
            "minimum" => value.as_f64().is_none_or(|number| Some(number) >= rule.as_f64()),
            "maximum" => value.as_f64().is_none_or(|number| Some(number) <= rule.as_f64()),
            "items" => {
                for item in value.as_array().into_iter().flatten() {
                    checked(item, rule, whole, &format!("{at}[]"))?;
                }
                true
            }
            "required" => {
                let names = rule.as_array().ok_or("required is a list")?;
                names.iter().all(|name| value.get(name.as_str().unwrap_or_default()).is_some())
            }
            "properties" | "additionalProperties" => {
                fields(value, schema, whole, at)?;
                true
            }
            unknown => return Err(format!("the schema has an unknown keyword {unknown}")),
        };
        if !is_kept {
            return wrong();
        }
    }
    Ok(())
}

/// Exactly one of them. What is wrong is told of those that are of the same event.
fn one_of(value: &Value, all: &[Value], whole: &Value, at: &str) -> Result<(), String> {
    let results: Vec<_> = all.iter().map(|one| checked(value, one, whole, at)).collect();
    if results.iter().filter(|result| result.is_ok()).count() == 1 {
        return Ok(());
    }
    let wrong = results.into_iter().filter_map(Result::err);
    let of_event: Vec<String> = wrong.filter(|error| !error.contains("/event: ")).collect();
    Err(if of_event.is_empty() {
        format!("{at}: no such event, or two")
    } else {
        of_event.join("; or ")
    })
}

fn fields(
    value: &Value,
    schema: &Map<String, Value>,
    whole: &Value,
    at: &str,
) -> Result<(), String> {
    let properties = schema.get("properties").and_then(Value::as_object);
    // The event first: by it what is wrong is told.
    let fields = value.as_object().into_iter().flatten();
    let (event, others): (Vec<_>, Vec<_>) = fields.partition(|(name, _)| *name == "event");
    for (name, value) in event.into_iter().chain(others) {
        let known = properties.and_then(|properties| properties.get(name));
        let rule = known.or_else(|| schema.get("additionalProperties"));
        let rule = rule.ok_or_else(|| format!("{at}/{name}: a field that the schema lacks"))?;
        checked(value, rule, whole, &format!("{at}/{name}"))?;
    }
    Ok(())
}

fn is_of(value: &Value, types: &Value) -> Result<bool, String> {
    let is = |name: &Value| match name.as_str() {
        Some("object") => Ok(value.is_object()),
        Some("array") => Ok(value.is_array()),
        Some("string") => Ok(value.is_string()),
        Some("integer") => Ok(value.is_i64() || value.is_u64()),
        Some("number") => Ok(value.is_number()),
        Some("boolean") => Ok(value.is_boolean()),
        Some("null") => Ok(value.is_null()),
        _ => Err(format!("the schema has an unknown type {name}")),
    };
    let types = types.as_array().map_or(std::slice::from_ref(types), Vec::as_slice);
    types.iter().try_fold(false, |known, name| Ok(known | is(name)?))
}

/// RFC 3339, in UTC, to the microsecond.
fn is_time(text: &str) -> bool {
    let form = "0000-00-00T00:00:00.000000Z";
    let fits = |(c, expected): (char, char)| match expected {
        '0' => c.is_ascii_digit(),
        expected => c == expected,
    };
    text.len() == form.len() && text.chars().zip(form.chars()).all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    const READY: &str =
        r#"{"event":"ready","time":"1970-01-01T00:00:00.000000Z","groups":["a"],"interfaces":[]}"#;

    #[test]
    fn a_line_keeps_the_contract_or_is_told_why_not() {
        assert_eq!(check(READY), Ok(()));
        for (from, to, said) in [
            ("\"ready\"", "\"steady\"", "no such event"),
            ("\"interfaces\":[]", "\"interfaces\":[1]", "/interfaces[]: 1 is not as type"),
            ("\"interfaces\":[]", "\"cards\":[]", "/cards: a field that the schema lacks"),
            (",\"interfaces\":[]", "", "is not as required"),
            ("00.000000Z", "00Z", "/time: "),
            ("}", "", "EOF"),
        ] {
            let line = READY.replacen(from, to, 1);
            let error = check(&line).expect_err(&line);
            assert!(error.contains(said), "{line}: {error}");
        }
    }

    #[test]
    fn a_schema_that_says_more_than_is_understood_is_refused() {
        for schema in [
            r#"{"pattern":"a"}"#,
            r#"{"properties":{"a":{"uniqueItems":true}}}"#,
            r#"{"type":"text"}"#,
            r##"{"$ref":"#/nowhere"}"##,
        ] {
            let schema: Value = serde_json::from_str(schema).expect("JSON");
            let value: Value = serde_json::from_str(r#"{"a":1}"#).expect("JSON");
            assert!(checked(&value, &schema, &schema, "").is_err(), "{schema}");
        }
    }

    #[test]
    #[should_panic(expected = "a field that the schema lacks")]
    fn what_programs_print_is_checked_line_by_line() {
        let wrong = READY.replace("groups", "troops");
        expect_kept(&format!("{wrong}, cut short"));
        expect_kept(&format!("in text\n{READY}\n{wrong}\n"));
    }
}
