//! What a table says, and what is wrong with one.

use super::*;

const GOOD: &str = "source = 'a'\nto = '239.0.0.1:7'\nanswer = 'json'\n";

fn one(fields: &str) -> Result<Preset, TableError> {
    parse(&format!("[x]\n{fields}")).map(|mut presets| presets.remove(0))
}

#[test]
fn every_field_is_read() {
    let preset = one("source = 'somewhere'\ntried = true\nto = 'broadcast:9'\nttl = 4\n\
         request = { text = 'hi' }\nsource-port = 8\nrepeat = 3\nwait = '1500ms'\nanswer = 'bytes'\n\
         begins = { hex = '00 ff' }\nskip = 4\nid = '0:6'\nname = '6:2'\nport = '8:2'\n\
         txt.a = '10:1'\ntxt.b = '11:1:be'\n")
    .expect("a preset");
    assert_eq!((preset.name.as_str(), preset.source.as_str()), ("x", "somewhere"));
    assert_eq!((preset.to, preset.ttl), (To::Broadcast(9), Some(4)));
    assert_eq!((preset.source_port, preset.repeat, preset.skip), (Some(8), 3, 4));
    assert_eq!((preset.wait, preset.tried), (Duration::from_millis(1_500), true));
    assert_eq!((preset.begins.as_slice(), preset.attributes.len()), (&b"\0\xff"[..], 2));
    let at = |offset, length, as_what| Some(Field::Bytes { offset, length, as_what });
    assert_eq!(preset.id, at(0, 6, As::Hex));
    assert_eq!(preset.label, at(6, 2, As::Text));
    assert_eq!(preset.port, at(8, 2, As::Big));
    let preset = one(GOOD).expect("a preset");
    assert_eq!((preset.repeat, preset.wait, preset.tried), (2, USUAL_WAIT, false));
    assert!(preset.request.is_none() && preset.id.is_none());
}

#[test]
fn what_is_wrong_is_told_with_its_preset_and_field() {
    for (more, told) in [
        ("ttl = 0", "preset x: ttl is no number from 1 to 255"),
        ("ttl = '1'", "preset x: ttl is no number from 1 to 255"),
        ("tried = 1", "preset x: tried is neither true nor false"),
        ("repeat = 4", "preset x: repeat is no number from 1 to 3"),
        ("wait = '3'", "preset x: wait is no time up to 60s, such as 1500ms or 3s"),
        ("wait = '61s'", "preset x: wait is no time up to 60s, such as 1500ms or 3s"),
        (
            "wait = '99999999999999999999s'",
            "preset x: wait is no time up to 60s, such as 1500ms or 3s",
        ),
        ("request = 'hi'", "preset x: request is not one of text, hex and base64"),
        ("request = { other = 'hi' }", "preset x: request is not one of text, hex and base64"),
        ("request = { text = 7 }", "preset x: request is no text in quotation marks"),
        ("request = { text = '' }", "preset x: request is empty"),
        ("begins = { base64 = 'AA==' }", "preset x: begins is text or hex"),
        ("id = 'mac'", "preset x: id is no JSON pointer: that begins with a slash"),
        ("id = 7", "preset x: id is no text, or empty"),
        ("txt = 7", "preset x: txt is no table"),
        ("txt.mac = 'mac'", "preset x: txt.mac is no JSON pointer: that begins with a slash"),
        ("txt.mac = 7", "preset x: txt.mac is no text"),
        ("expect = 7", "preset x: expect is no field of a preset"),
    ] {
        let error = one(&format!("{GOOD}{more}\n")).expect_err(more);
        assert_eq!(error.to_string(), told);
    }
    for (fields, told) in [
        ("to = '239.0.0.1:7'\nanswer = 'json'", "preset x: source is missing"),
        ("source = 'a'\nanswer = 'json'", "preset x: to is missing"),
        ("source = 'a'\nto = '239.0.0.1:7'", "preset x: answer is missing"),
        ("to = 'broadcast:0'", "preset x: to has no port"),
        (
            "to = '10.0.0.1:7'",
            "preset x: to is neither a multicast address with a port nor broadcast: with a port",
        ),
        (
            "to = '239.0.0.1:7'\nanswer = 'text'",
            "preset x: answer is not one of http, json, xml, line and bytes",
        ),
    ] {
        assert_eq!(one(fields).expect_err(fields).to_string(), told);
    }
    for (table, told) in [
        ("[A]\n", "preset A has a name of other characters than a to z, 0 to 9 and -"),
        ("a = 7", "preset a is no table"),
    ] {
        assert_eq!(parse(table).expect_err(table).to_string(), told);
    }
    let error = parse("[").expect_err("no TOML").to_string();
    assert!(error.starts_with("the table of presets is no TOML: "), "{error}");
    let long = " ".repeat(LONGEST_TABLE + 1);
    assert!(parse(&long).is_err());
    let many: String = (0..=MOST_PRESETS).map(|n| format!("[x{n}]\n{GOOD}")).collect();
    assert!(parse(&many).is_err());
    let nested = format!("a = {}", "[".repeat(10_000));
    assert!(parse(&nested).is_err());
}
