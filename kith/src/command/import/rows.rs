//! Reads the rows of an import file, CSV or JSON Lines, in bounded memory: however long a row is, and whatever is in it, it
//! becomes either fields or a flaw, and reading goes on behind it.

use std::{
    collections::HashMap,
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
};

use anyhow::{Context as _, bail};
use csv_core::ReadRecordResult;
use kith_api::common::v1::FieldViolation;
use serde::Deserialize;

/// The longest row. Every honest one is far shorter; a quote that is never closed ends here.
const MAX_ROW: usize = 64 * 1024;
/// The most columns that a row may have before it is refused.
const MAX_COLUMNS: usize = 64;
/// What a file may hold, in the order of the help text.
pub(super) const COLUMNS: [&str; 8] = [
    "type",
    "id",
    "username",
    "display_name",
    "password_hash",
    "friend_id",
    "note",
    "since",
];

/// A row, and where it begins.
pub(super) struct Row {
    pub(super) line: u64,
    pub(super) content: Result<Fields, Flaw>,
}

/// What a row holds; empty cells are absent.
#[derive(Debug, Default)]
pub(super) struct Fields(HashMap<&'static str, String>);

/// Why a row cannot be imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Flaw {
    pub(super) field: String,
    pub(super) code: String,
    pub(super) message: String,
}

/// The rows of a file, one after the other.
pub(super) struct Rows {
    input: BufReader<File>,
    format: Format,
    line: u64,
    read: u64,
}

enum Format {
    Csv {
        core: Box<csv_core::Reader>,
        header: Vec<&'static str>,
    },
    JsonLines,
}

/// A cell in JSON; ids are often numbers there.
#[derive(Deserialize)]
#[serde(untagged)]
enum Cell {
    Text(String),
    Number(i64),
    Nothing,
}

impl Flaw {
    pub(super) fn new(field: &str, code: &str, message: &str) -> Self {
        Self {
            field: field.to_owned(),
            code: code.to_owned(),
            message: message.to_owned(),
        }
    }

    fn too_long() -> Self {
        Self::new(
            "row",
            "too_long",
            "longer than 64 KiB; is a quote not closed?",
        )
    }
}

impl From<Flaw> for FieldViolation {
    fn from(flaw: Flaw) -> Self {
        Self {
            field: flaw.field,
            code: flaw.code,
            message: flaw.message,
        }
    }
}

impl Fields {
    /// A field that is there.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The same, owned.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }

    fn set(&mut self, name: &'static str, value: String) {
        if !value.is_empty() {
            self.0.insert(name, value);
        }
    }
}

impl Rows {
    /// Opens a file; its name says how it is written, and the header of a CSV file is read at once.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
        let mut rows = Self {
            input: BufReader::with_capacity(MAX_ROW, file),
            format: Format::JsonLines,
            line: 1,
            read: 0,
        };
        rows.skip_mark(path)?;
        match path.extension().and_then(|end| end.to_str()) {
            Some("csv") => rows
                .read_header()
                .with_context(|| format!("the first line of {}", path.display()))?,
            Some("jsonl" | "ndjson") => {}
            _ => bail!("{} is neither .csv nor .jsonl", path.display()),
        }
        Ok(rows)
    }

    /// Bytes read so far.
    pub(super) const fn bytes_read(&self) -> u64 {
        self.read
    }

    /// The next row; none at the end.
    pub(super) fn next(&mut self) -> anyhow::Result<Option<Row>> {
        loop {
            let line = self.line;
            let content = match &self.format {
                Format::Csv { .. } => match self.next_record()? {
                    None => return Ok(None),
                    Some(cells) => self.fields_of(cells),
                },
                Format::JsonLines => match self.next_line()? {
                    None => return Ok(None),
                    Some(Ok(text)) if text.trim_ascii().is_empty() => continue,
                    Some(text) => text.and_then(|text| parse_json(&text)),
                },
            };
            return Ok(Some(Row { line, content }));
        }
    }

    /// Many tools write a byte-order mark; one of another encoding means that nothing in the file can be read.
    fn skip_mark(&mut self, path: &Path) -> anyhow::Result<()> {
        let begin = self.input.fill_buf()?;
        if begin.starts_with(&[0xff, 0xfe]) || begin.starts_with(&[0xfe, 0xff]) {
            bail!("{} is UTF-16; save it as UTF-8", path.display());
        }
        if begin.starts_with("\u{feff}".as_bytes()) {
            self.input.consume(3);
        }
        Ok(())
    }

    fn read_header(&mut self) -> anyhow::Result<()> {
        self.format = Format::Csv {
            core: Box::new(csv_core::Reader::new()),
            header: Vec::new(),
        };
        let cells = match self.next_record()? {
            Some(Ok(cells)) => cells,
            Some(Err(flaw)) => bail!("{}", flaw.message),
            None => bail!("the file is empty"),
        };
        let mut names = Vec::new();
        for cell in cells {
            let cell = String::from_utf8_lossy(&cell).trim().to_lowercase();
            match COLUMNS.iter().find(|name| **name == cell) {
                Some(name) if !names.contains(name) => names.push(*name),
                Some(name) => bail!("the column {name} is there twice"),
                None => bail!(
                    "no column is called {cell:?}; there are {}",
                    COLUMNS.join(", ")
                ),
            }
        }
        if let Format::Csv { header, .. } = &mut self.format {
            *header = names;
        }
        Ok(())
    }

    /// The cells of the next CSV record.
    fn next_record(&mut self) -> anyhow::Result<Option<Result<Vec<Vec<u8>>, Flaw>>> {
        let Format::Csv { core, .. } = &mut self.format else {
            return Ok(None);
        };
        let (mut output, mut ends) = (vec![0; MAX_ROW], vec![0; MAX_COLUMNS]);
        let (mut written, mut ended, mut overflown) = (0, 0, false);
        loop {
            let input = self.input.fill_buf()?;
            let (result, taken, wrote, finished) =
                core.read_record(input, &mut output[written..], &mut ends[ended..]);
            self.input.consume(taken);
            self.read += taken as u64;
            written += wrote;
            ended += finished;
            match result {
                ReadRecordResult::InputEmpty => {}
                // What does not fit is thrown away, up to the end of the record.
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                    overflown = true;
                    (written, ended) = (0, 0);
                }
                ReadRecordResult::Record => {
                    self.line = core.line();
                    if overflown {
                        return Ok(Some(Err(Flaw::too_long())));
                    }
                    let starts = std::iter::once(0).chain(ends[..ended].iter().copied());
                    let cells = starts.zip(&ends[..ended]);
                    let cells = cells.map(|(start, &end)| output[start..end].to_vec());
                    return Ok(Some(Ok(cells.collect())));
                }
                ReadRecordResult::End => return Ok(None),
            }
        }
    }

    fn fields_of(&self, cells: Result<Vec<Vec<u8>>, Flaw>) -> Result<Fields, Flaw> {
        let Format::Csv { header, .. } = &self.format else {
            return Ok(Fields::default());
        };
        let cells = cells?;
        if cells.len() != header.len() {
            return Err(Flaw::new(
                "row",
                "invalid",
                "not as many cells as the first line has columns",
            ));
        }
        let mut fields = Fields::default();
        for (name, cell) in header.iter().zip(cells) {
            let text =
                String::from_utf8(cell).map_err(|_| Flaw::new(name, "invalid", "not UTF-8"))?;
            fields.set(name, text);
        }
        Ok(fields)
    }

    /// The next line, without its end.
    fn next_line(&mut self) -> anyhow::Result<Option<Result<Vec<u8>, Flaw>>> {
        let (mut line, mut overflown) = (Vec::new(), false);
        loop {
            let input = self.input.fill_buf()?;
            if input.is_empty() {
                let is_over = line.is_empty() && !overflown;
                return Ok((!is_over).then(|| bounded(line, overflown)));
            }
            let end = input.iter().position(|byte| *byte == b'\n');
            let part = &input[..end.unwrap_or(input.len())];
            if line.len() + part.len() > MAX_ROW {
                overflown = true;
                line.clear();
            } else if !overflown {
                line.extend_from_slice(part);
            }
            let taken = part.len() + usize::from(end.is_some());
            self.input.consume(taken);
            self.read += taken as u64;
            if end.is_some() {
                self.line += 1;
                return Ok(Some(bounded(line, overflown)));
            }
        }
    }
}

fn bounded(line: Vec<u8>, overflown: bool) -> Result<Vec<u8>, Flaw> {
    if overflown {
        Err(Flaw::too_long())
    } else {
        Ok(line)
    }
}

fn parse_json(line: &[u8]) -> Result<Fields, Flaw> {
    let text = std::str::from_utf8(line).map_err(|_| Flaw::new("row", "invalid", "not UTF-8"))?;
    let cells: HashMap<String, Cell> = serde_json::from_str(text).map_err(|_| {
        Flaw::new(
            "row",
            "malformed_json",
            "not an object of texts and whole numbers",
        )
    })?;
    let mut fields = Fields::default();
    for (name, cell) in cells {
        let Some(known) = COLUMNS.iter().find(|known| **known == name) else {
            return Err(Flaw::new("row", "unknown_field", "a field that no row has"));
        };
        match cell {
            Cell::Text(text) => fields.set(known, text),
            Cell::Number(number) => fields.set(known, number.to_string()),
            Cell::Nothing => {}
        }
    }
    Ok(fields)
}

#[cfg(test)]
mod tests;
