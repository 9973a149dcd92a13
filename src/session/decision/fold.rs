//! From records to [`Decisions`].

use super::{Decisions, Kind};
use crate::model::record::Record;

impl Decisions {
    /// All records, from the first.
    ///
    /// # Errors
    /// Names the first record that is not one of this log's.
    pub fn fold(records: &[Record]) -> Result<Decisions, String> {
        let mut out = Decisions::default();
        records.iter().try_for_each(|r| out.follow(r).map(drop))?;
        Ok(out)
    }

    /// Takes in one more record; what it says.
    ///
    /// # Errors
    /// When the record is not one of this log's; nothing is taken in.
    pub fn follow(&mut self, record: &Record) -> Result<Kind, String> {
        let kind = Kind::read(record)?;
        self.last = Some((record.seq, record.at.clone()));
        Ok(kind)
    }
}
