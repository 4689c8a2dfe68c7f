//! What is wrong with a configuration, all of it.

/// A list of problems, each with the key it is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems(Vec<(String, String)>);

impl Problems {
    /// One problem.
    pub fn one(key: &str, message: impl Into<String>) -> Self {
        Self(vec![(key.to_owned(), message.into())])
    }

    /// Adds one; the key is empty where it is about no single one.
    pub fn add(&mut self, key: &str, message: impl Into<String>) {
        self.0.push((key.to_owned(), message.into()));
    }

    /// Adds one unless the statement holds.
    pub fn require(&mut self, holds: bool, key: &str, message: &str) {
        if !holds {
            self.add(key, message);
        }
    }

    /// Adds all of another list.
    pub fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// None.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `Ok` when there are none.
    pub fn into_result(self) -> Result<(), Self> {
        if self.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl std::fmt::Display for Problems {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, (key, message)) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            if key.is_empty() {
                write!(f, "{message}")?;
            } else {
                write!(f, "{key}: {message}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
