//! The rows of one collection, page by page.

use std::fs::File;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use serde_json::value::RawValue;
use unattended::{Page, Pages};

use super::rows::RowWriter;
use super::since::Since;
use super::state::State;
use super::target::Target;
use crate::failure::Failure;
use crate::report::Report;

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
    pub since: Option<&'a Since>,
    /// Where it is made to last, with where to go on; not on standard output.
    pub place: Option<(&'a Target, &'a File)>,
}

impl<W: Write> Copy<'_, W> {
    /// Writes every page as it comes. The walk itself counts the rows against what the server
    /// promised, and ends with an error if they do not match.
    pub fn run(&mut self) -> Result<(), Failure> {
        let is_resumed = self.state.resume_point().is_some();
        let mut pages_read = 0;
        let copied = self.copy(is_resumed, &mut pages_read);
        let copied = copied.and_then(|()| if is_resumed { self.check() } else { Ok(()) });
        let is_of_place = |failure: &Failure| {
            // Whoever refuses the beginning as well has nothing against the place.
            is_resumed && pages_read == 0 && failure.may_be_of_place() && (self.can_begin)()
        };
        match &copied {
            // To go on would end in the same way, or in rows that are there twice.
            Err(failure) if failure.is_of_walk() || is_of_place(failure) => {
                self.state.set_resume_point(None);
                // They may be of use to who looks for the reason.
                let _ = self.rows.flush();
            }
            // If it fails, what was saved before still holds.
            Err(_) if pages_read > 0 => drop(self.keep()),
            _ => {}
        }
        copied
    }

    fn copy(&mut self, is_resumed: bool, pages_read: &mut u64) -> Result<(), Failure> {
        let cannot_write = |error| Failure::Output(self.name.to_owned(), error);
        let mut saved = None::<Instant>;
        while let Some(page) = self.pages.next().transpose()? {
            if *pages_read == 0 && is_resumed {
                self.tell_change(&page);
            }
            if let Some(since) = self.since {
                self.state.last = since.last(page.response(), self.state.last.take())?;
            }
            let mut rows = page.items().iter();
            rows.try_for_each(|row| self.rows.write(row)).map_err(cannot_write)?;
            *pages_read += 1;
            self.state.promised = page.total_items().or(self.state.promised);
            self.state.missing_columns = self.rows.missing_columns();
            // After the last page there is nothing to go on with: it would be read again.
            let Some(point) = self.pages.resume_point() else { continue };
            self.state.set_resume_point(Some(&point));
            let is_due = saved.is_none_or(|saved| saved.elapsed() >= SAVED_EACH);
            if is_due || self.place.is_none() {
                self.keep().map_err(cannot_write)?;
                saved = Some(Instant::now());
            }
        }
        self.rows.finish().map_err(cannot_write)
    }

    fn keep(&mut self) -> io::Result<()> {
        self.rows.flush()?;
        let Some((target, part)) = self.place else { return Ok(()) };
        self.state.part_length = part.metadata()?.len();
        target.save(part, &self.state.to_text())
    }

    fn tell_change(&self, page: &Page<Box<RawValue>>) {
        if let (Some(then), Some(now)) = (self.state.promised, page.total_items())
            && then != now
        {
            self.report.warn(&format!(
                "the server promises {now} rows now, and {then} before: rows may be missing or twice in {}",
                self.name
            ));
        }
    }

    /// The walk accepts all that was promised on the way; what was promised to an earlier
    /// run does not count.
    fn check(&self) -> Result<(), Failure> {
        let progress = self.pages.progress();
        match progress.total_items {
            Some(now) if now != progress.delivered && !progress.is_partial => {
                Err(Failure::Unusable(format!(
                    "{} rows came in all, and the server promises {now} now",
                    progress.delivered
                )))
            }
            _ => Ok(()),
        }
    }
}

/// A disk takes its time to make things last; what is lost is read again.
const SAVED_EACH: Duration = Duration::from_secs(1);
