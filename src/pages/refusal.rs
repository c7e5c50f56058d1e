//! What the refusal of a page means for the walk.

use crate::error::{Error, Result};
use crate::pages::ask::Ask;
use crate::pages::walk::Walk;
use crate::progress::Proof;

impl Walk<'_> {
    /// The end, where it was declared or is confirmed by the refusal; else the error, with
    /// what to do about it.
    pub(crate) fn after_refusal(&mut self, mut error: Error) -> Result<()> {
        let Error::Status(refused) = &mut error else { return Err(error) };
        let (status, place) = (refused.answer.status, refused.place.clone());
        let is_of_place = OF_A_PLACE.contains(&status.as_u16());
        let is_first = self.progress.page == 0 && self.resumed.is_none();
        if !is_first && self.pagination().end_statuses.contains(&status) {
            self.number = self.number.saturating_sub(1);
            return self.finish(place, Proof::Status(status));
        }
        if let Some(proof) = self.doubt.take().filter(|_| is_of_place) {
            // The page beyond was only to confirm it.
            self.number = self.number.saturating_sub(1);
            return self.finish(place, proof);
        }
        let hint = match (&self.ask, &self.resumed) {
            _ if is_first || !is_of_place => return Err(error),
            (Some(Ask::Cursor(_) | Ask::Link(_) | Ask::After(_)), Some(_)) => {
                "the server may not know the place of the resume point any more: begin again without it".to_owned()
            }
            (Some(Ask::Page(_) | Ask::Offset(_)), _) => format!(
                "if the API answers so beyond its last page, declare .end_status({})",
                status.as_u16()
            ),
            _ => return Err(error),
        };
        if !refused.message.is_empty() {
            refused.message.push_str("; ");
        }
        refused.message.push_str(&hint);
        Err(error)
    }
}

/// With which servers refuse a page that is not there, and nothing else.
const OF_A_PLACE: [u16; 5] = [400, 404, 410, 416, 422];
