//! Columns: the mails of a replay as a Parquet file, a row a mail, a column a symbol, for engines that sum up many shards.
//!
//! Written in row groups, so that memory does not grow with the mails.

use crate::{limits, replay::row::Row};
use parquet::{
    basic::Compression,
    data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type},
    errors::ParquetError,
    file::{
        properties::WriterProperties,
        writer::{SerializedFileWriter, SerializedRowGroupWriter},
    },
    schema::parser::parse_message_type,
};
use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufWriter},
    path::Path,
    sync::Arc,
};

type Texts = fn(&Row) -> &str;
type Numbers = fn(&Row) -> u64;

/// Columns of texts, and those of numbers, that every file has; those of symbols are in capital letters.
const TEXTS: [(&str, Texts); 5] = [
    ("path", |row| &row.path),
    ("label", |row| row.label.word()),
    ("action", |row| row.side.action.word()),
    ("digest", |row| &row.digest),
    ("verdict", |row| &row.verdict),
];
const NUMBERS: [(&str, Numbers); 4] = [
    ("index", |row| u64::try_from(row.index).unwrap_or(u64::MAX)),
    ("bytes", |row| u64::try_from(row.bytes).unwrap_or(u64::MAX)),
    ("micros", |row| row.micros),
    ("not_recorded", |row| u64::try_from(row.not_recorded.len()).unwrap_or(u64::MAX)),
];

/// A file being written.
pub struct Columns {
    writer: SerializedFileWriter<BufWriter<File>>,
    symbols: Vec<String>,
    /// The row group that is gathered.
    rows: Vec<Row>,
}

impl Columns {
    /// Begins a file with a column for each of these symbols.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn create(path: &Path, symbols: impl Iterator<Item = String>) -> io::Result<Self> {
        let symbols: Vec<String> = symbols.collect();
        let texts = TEXTS.iter().map(|(name, _)| format!("REQUIRED BYTE_ARRAY {name} (UTF8);"));
        let numbers = NUMBERS.iter().map(|(name, _)| format!("REQUIRED INT64 {name};"));
        let scores = symbols.iter().map(|name| format!("OPTIONAL DOUBLE {name};"));
        let score = std::iter::once("REQUIRED DOUBLE score;".to_owned());
        let columns: Vec<String> = texts.chain(numbers).chain(score).chain(scores).collect();
        let schema = parse_message_type(&format!("message mails {{ {} }}", columns.join(" "))).map_err(told)?;
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let out = BufWriter::new(File::create(path)?);
        let writer = SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties)).map_err(told)?;
        Ok(Self { writer, symbols, rows: Vec::new() })
    }

    /// Takes a mail.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn add(&mut self, row: &Row) -> io::Result<()> {
        self.rows.push(row.clone());
        if self.rows.len() >= limits::PARQUET_GROUP_ROWS { self.flush() } else { Ok(()) }
    }

    /// Ends the file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(mut self) -> io::Result<()> {
        self.flush()?;
        self.writer.close().map(drop).map_err(told)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let rows = std::mem::take(&mut self.rows);
        self.group(&rows).map_err(told)
    }

    fn group(&mut self, rows: &[Row]) -> Result<(), ParquetError> {
        let mut found: BTreeMap<&str, Vec<(usize, f64)>> = BTreeMap::new();
        for (at, row) in rows.iter().enumerate() {
            for hit in &row.side.symbols {
                found.entry(&hit.name).or_default().push((at, hit.score.points()));
            }
        }
        let mut group = self.writer.next_row_group()?;
        for (_, text) in TEXTS {
            let values: Vec<ByteArray> = rows.iter().map(|row| ByteArray::from(text(row))).collect();
            column(&mut group, |column| column.typed::<ByteArrayType>().write_batch(&values, None, None))?;
        }
        for (_, number) in NUMBERS {
            let values: Vec<i64> = rows.iter().map(|row| i64::try_from(number(row)).unwrap_or(i64::MAX)).collect();
            column(&mut group, |column| column.typed::<Int64Type>().write_batch(&values, None, None))?;
        }
        let values: Vec<f64> = rows.iter().map(|row| row.side.score.points()).collect();
        column(&mut group, |column| column.typed::<DoubleType>().write_batch(&values, None, None))?;
        for symbol in &self.symbols {
            let hits = found.get(symbol.as_str()).map(Vec::as_slice).unwrap_or_default();
            let values: Vec<f64> = hits.iter().map(|(_, score)| *score).collect();
            // Level 1: there is a value; 0: there is none.
            let mut levels = vec![0_i16; rows.len()];
            for (at, _) in hits {
                if let Some(level) = levels.get_mut(*at) {
                    *level = 1;
                }
            }
            column(&mut group, |column| column.typed::<DoubleType>().write_batch(&values, Some(&levels), None))?;
        }
        group.close().map(drop)
    }
}

/// Writes the next column of a row group.
fn column<W: io::Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    write: impl FnOnce(&mut parquet::file::writer::SerializedColumnWriter<'_>) -> Result<usize, ParquetError>,
) -> Result<(), ParquetError> {
    let Some(mut column) = group.next_column()? else {
        return Err(ParquetError::General("more columns than the schema has".to_owned()));
    };
    write(&mut column)?;
    column.close()
}

fn told(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(source) => match source.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(source) => io::Error::other(source),
        },
        error => io::Error::other(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        judge::{findings::Score, policy::verdict::Action},
        replay::{
            label::Label,
            row::{Hit, Side},
        },
    };
    use parquet::{
        file::reader::{FileReader, SerializedFileReader},
        record::RowAccessor,
    };

    fn row(number: usize) -> Row {
        let hit = |name: &str| Hit {
            name: name.to_owned(),
            score: Score::from_hundredths(-120),
            least_action: Action::Accept,
            decided: false,
        };
        let symbols = if number.is_multiple_of(2) { vec![hit("EVEN")] } else { Vec::new() };
        Row {
            path: format!("m/{number}"),
            index: 1,
            label: Label::Spam,
            bytes: number,
            digest: "00".to_owned(),
            side: Side { score: Score::from_hundredths(625), action: Action::Tag, symbols },
            not_recorded: Vec::new(),
            verdict: String::new(),
            micros: 7,
        }
    }

    #[test]
    fn what_is_written_is_read_back_over_row_groups() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mails.parquet");
        let count = limits::PARQUET_GROUP_ROWS + 3;
        let mut columns = Columns::create(&path, ["EVEN", "NEVER"].into_iter().map(str::to_owned)).unwrap();
        (0..count).for_each(|number| columns.add(&row(number)).unwrap());
        columns.finish().unwrap();
        let reader = SerializedFileReader::new(File::open(&path).unwrap()).unwrap();
        assert_eq!(reader.metadata().num_row_groups(), 2);
        let names: Vec<_> = reader
            .metadata()
            .file_metadata()
            .schema()
            .get_fields()
            .iter()
            .map(|field| field.name().to_owned())
            .collect();
        let place = |name: &str| names.iter().position(|known| known == name).unwrap();
        let read: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
        assert_eq!(read.len(), count);
        for (number, row) in read.iter().enumerate() {
            assert_eq!(row.get_string(place("path")).unwrap(), &format!("m/{number}"));
            assert_eq!(row.get_long(place("bytes")).unwrap(), i64::try_from(number).unwrap());
            assert_eq!(row.get_double(place("EVEN")).is_ok(), number.is_multiple_of(2));
            assert!(row.get_double(place("NEVER")).is_err());
        }
        assert!((read[0].get_double(place("EVEN")).unwrap() + 1.2).abs() < 1e-9);
        assert!((read[0].get_double(place("score")).unwrap() - 6.25).abs() < 1e-9);
        assert_eq!(read[0].get_string(place("action")).unwrap(), "tag");
    }
}
