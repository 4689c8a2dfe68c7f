//! Collects what is wrong with a request, so that every bad field is named at once.

use kith_error::Violation;
use kith_text::Flaw;

/// The violations found so far.
#[derive(Debug, Default)]
pub(crate) struct Fields(Vec<Violation>);

impl Fields {
    /// Takes the value, or notes what is wrong with the field.
    pub(crate) fn take<T>(&mut self, field: &str, result: Result<T, Flaw>) -> Option<T> {
        result
            .map_err(|flaw| self.0.push(Violation::new(field, flaw.code, flaw.message)))
            .ok()
    }

    /// Everything that was noted, if anything was.
    pub(crate) fn check(self) -> Result<(), Vec<Violation>> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(self.0)
        }
    }

    /// Everything that was noted, for a caller who lacks a value and so knows that there is something.
    pub(crate) fn into_violations(self) -> Vec<Violation> {
        self.0
    }
}
