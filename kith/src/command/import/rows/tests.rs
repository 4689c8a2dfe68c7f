use std::io::Write as _;

use super::*;

/// What a file holds: line, and the id or the flaw's code.
fn read(name: &str, content: &[u8]) -> Vec<(u64, Result<String, String>)> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    File::create(&path).unwrap().write_all(content).unwrap();
    let mut rows = Rows::open(&path).unwrap();
    let mut found = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let id = row
            .content
            .map(|fields| fields.text("id").unwrap_or_default())
            .map_err(|flaw| flaw.code);
        found.push((row.line, id));
    }
    found
}

fn opening(name: &str, content: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    File::create(&path).unwrap().write_all(content).unwrap();
    let refused = Rows::open(&path).err().expect("a file that cannot be read");
    format!("{refused:#}")
}

#[test]
fn csv_rows_are_read_around_bad_ones() {
    let mut content = b"\xef\xbb\xbfid,Username\n7,ann\n8,\"quoted, \"\"twice\"\"\"\n".to_vec();
    content.extend_from_slice(b"9,\xff\xfe\n10\n");
    content.extend_from_slice(format!("11,{}\n", "x".repeat(100_000)).as_bytes());
    content.extend_from_slice(b"12,last");

    let found = read("a.csv", &content);

    let expected = [
        (2, Ok("7".to_owned())),
        (3, Ok("8".to_owned())),
        (4, Err("invalid".to_owned())),
        (5, Err("invalid".to_owned())),
        (6, Err("too_long".to_owned())),
        (7, Ok("12".to_owned())),
    ];
    assert_eq!(found, expected);
}

#[test]
fn json_lines_are_read_around_bad_ones() {
    let mut content = b"{\"id\":7}\n\n{\"id\":\"8\",\"note\":null}\n{\"id\":\n".to_vec();
    content.extend_from_slice(b"{\"id\":\"9\",\"name\":\"x\"}\n{\"id\":\"\xff\"}\n");
    content.extend_from_slice(format!("{{\"id\":\"{}\"}}\n", "x".repeat(100_000)).as_bytes());
    content.extend_from_slice(b"{\"id\":\"10\"}");

    let found = read("a.jsonl", &content);

    let expected = [
        (1, Ok("7".to_owned())),
        (3, Ok("8".to_owned())),
        (4, Err("malformed_json".to_owned())),
        (5, Err("unknown_field".to_owned())),
        (6, Err("invalid".to_owned())),
        (7, Err("too_long".to_owned())),
        (8, Ok("10".to_owned())),
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_file_that_cannot_be_meant_is_refused_whole() {
    assert!(opening("a.csv", b"id,user name\n").contains("no column is called \"user name\""));
    assert!(opening("a.csv", b"id,id\n").contains("twice"));
    assert!(opening("a.csv", b"").contains("empty"));
    assert!(opening("a.csv", b"\xff\xfei\0d\0").contains("UTF-16"));
    assert!(opening("a.txt", b"id\n").contains("neither"));
}

#[test]
fn a_quote_that_is_never_closed_costs_one_refused_row() {
    let mut content = b"id,username\n7,ann\n8,\"ben\n".to_vec();
    for _ in 0..20_000 {
        content.extend_from_slice(b"9,cat\n");
    }

    let found = read("a.csv", &content);

    assert_eq!(
        found,
        [(2, Ok("7".to_owned())), (3, Err("too_long".to_owned()))]
    );
}
