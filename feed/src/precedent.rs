//! How an earlier file was understood, for the corrections of its rejects.
//!
//! A correction has a few rows, most of them still strange: they prove nothing. `1,234` was read by what the whole file
//! proved, and a column of which every value was refused must not be taken for another. So a correction is read as the
//! file was of which its rows are.

use item::{EmptyMeans, Field, Mode};
use serde::{Deserialize, Serialize};

use crate::map::given_choices;
use crate::normalize::Convention;
use crate::{Binding, Conventions, DecodeError, Evidence, Mapping, Plan};

/// What was decided about an earlier file; kept as JSON with its import.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Precedent {
    /// The supplier's columns: a correction with the same ones may follow.
    pub header: Vec<String>,
    /// What an empty cell meant.
    pub empty_means: EmptyMeans,
    mapping: Mapping,
    columns: Vec<Habit>,
}

/// How one column was read.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Habit {
    column: String,
    field: Field,
    convention: Convention,
}

impl Plan {
    /// What this plan is to the corrections of its file, imported in `mode`.
    pub fn precedent(&self, mode: Mode) -> Precedent {
        let habit = |(column, convention): (&crate::map::BoundColumn, &Convention)| Habit {
            column: self.layout.header[column.place].clone(),
            field: column.field,
            convention: convention.clone(),
        };
        Precedent {
            header: self.layout.header.clone(),
            empty_means: self.empty_means(mode),
            mapping: self.mapping.clone(),
            columns: self.binding.columns.iter().zip(&self.conventions.columns).map(habit).collect(),
        }
    }

    /// Reads the file as an earlier one was read: by its mapping, unless one was given, and by its conventions.
    ///
    /// # Errors
    /// Those of [`Mapping::bind`], when the columns are others.
    pub fn follow(mut self, precedent: Precedent) -> Result<Plan, DecodeError> {
        if !self.mapping_given {
            self.binding = precedent.mapping.bind(&self.layout.header)?;
            self.mapping = precedent.mapping.clone();
            self.choices = given_choices(&self.binding);
            self.mapping_given = true;
        }
        self.precedent = Some(precedent);
        Ok(self)
    }
}

impl Precedent {
    /// Puts what was decided before in the place of what a few rows seem to prove.
    pub(crate) fn settle(&self, binding: &Binding, conventions: &mut Conventions) {
        for (column, convention) in binding.columns.iter().zip(&mut conventions.columns) {
            let header = &binding.header[column.place];
            let known = self.columns.iter().find(|habit| habit.column == *header && habit.field == column.field);
            let Some(habit) = known else { continue };
            *convention = habit.convention.clone();
            let about = format!(" of {header}");
            conventions.evidence.retain(|evidence| !evidence.what.ends_with(&about));
        }
        conventions.evidence.push(Evidence {
            what: "conventions".to_owned(),
            value: "as before".to_owned(),
            confidence: 1.0,
            reason: "a correction is read as the file was of which its rows are".to_owned(),
        });
    }
}
