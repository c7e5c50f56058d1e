//! The rows of one collection, page by page.

use std::io::{self, Write};

use serde_json::value::RawValue;
use unattended::{Page, Pages};

use crate::failure::Failure;
use crate::output::RowWriter;
use crate::report::Report;
use crate::state::State;

/// A collection on its way from the server to its file.
pub struct Copy<'a, W: Write> {
    pub pages: Pages<'a, Box<RawValue>>,
    pub rows: RowWriter<'a, W>,
    pub state: &'a mut State,
    /// What is written to, for errors.
    pub name: &'a str,
    pub report: &'a Report,
    /// Whether the collection can be read from its beginning.
    pub can_begin: &'a dyn Fn() -> bool,
}

impl<W: Write> Copy<'_, W> {
    /// Writes every page as it comes; `save` is then called with where to go on. The walk
    /// itself counts the rows against what the server promised, and ends with an error if
    /// they do not match.
    pub fn run(&mut self, save: impl FnMut(&mut State) -> io::Result<()>) -> Result<(), Failure> {
        let is_resumed = self.state.resume_point().is_some();
        let mut pages_read = 0;
        let copied = self.copy(is_resumed, &mut pages_read, save);
        let copied = copied.and_then(|()| if is_resumed { self.check() } else { Ok(()) });
        let is_of_place = |failure: &Failure| {
            // Whoever refuses the beginning as well has nothing against the place.
            is_resumed && pages_read == 0 && failure.may_be_of_place() && (self.can_begin)()
        };
        if let Err(failure) = &copied
            && (failure.is_of_walk() || is_of_place(failure))
        {
            // To go on would end in the same way, or in rows that are there twice.
            self.state.set_resume_point(None);
        }
        copied
    }

    fn copy(
        &mut self,
        is_resumed: bool,
        pages_read: &mut u64,
        mut save: impl FnMut(&mut State) -> io::Result<()>,
    ) -> Result<(), Failure> {
        let cannot_write = |error| Failure::Output(self.name.to_owned(), error);
        while let Some(page) = self.pages.next().transpose()? {
            if *pages_read == 0 {
                match is_resumed {
                    true => self.tell_change(&page),
                    false => self.state.is_partial = page.number() > 1,
                }
            }
            *pages_read += 1;
            let written = page.items().iter().try_for_each(|row| self.rows.write(row));
            written.and_then(|()| self.rows.flush()).map_err(cannot_write)?;
            self.state.promised = page.total_items().or(self.state.promised);
            self.state.missing_columns = self.rows.missing_columns();
            // After the last page there is nothing to go on with: it would be read again.
            if let Some(point) = self.pages.resume_point() {
                self.state.set_resume_point(Some(&point));
                save(self.state).map_err(cannot_write)?;
            }
        }
        Ok(())
    }

    fn tell_change(&self, page: &Page<Box<RawValue>>) {
        if let (Some(then), Some(now)) = (self.state.promised, page.total_items())
            && then != now
        {
            self.report.say(&format!(
                "warning: the server promises {now} rows now, and {then} before: rows may be missing or twice in {}",
                self.name
            ));
        }
    }

    /// The walk accepts all that was promised on the way; what was promised to an earlier
    /// run does not count.
    fn check(&self) -> Result<(), Failure> {
        let progress = self.pages.progress();
        match progress.total_items {
            Some(now) if now != progress.delivered && !self.state.is_partial => {
                Err(Failure::Unusable(format!(
                    "{} rows came in all, and the server promises {now} now",
                    progress.delivered
                )))
            }
            _ => Ok(()),
        }
    }
}
