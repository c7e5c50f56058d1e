//! One collection, the file it goes to, and what became of it.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use unattended::Proof;

use super::Plan;
use super::format::FormatOptions;
use super::target::Target;
use crate::failure::Failure;
use crate::options::quoted;

pub struct Collection {
    /// Its path, or its name in the profile.
    pub name: String,
    pub plan: Arc<Plan>,
    /// `None` is standard output.
    pub file: Option<PathBuf>,
    /// The file, claimed for this run: from before the first row of any collection.
    pub target: Option<Target>,
    pub rows: u64,
    pub promised: Option<u64>,
    /// The path itself begins behind the first row.
    pub is_partial: bool,
    /// By what it is known that these are all rows.
    pub proof: Option<Proof>,
    /// The way to page that was found out, to be declared.
    pub declare: Option<String>,
    pub outcome: Outcome,
    pub left: Left,
}

pub enum Outcome {
    NotTried,
    Complete,
    Failed(Failure),
}

/// What a run that failed leaves beside the file.
pub enum Left {
    Nothing,
    /// Rows to look at.
    Part(PathBuf),
    /// Rows, and where to go on.
    Resumable(PathBuf, PathBuf),
}

impl Collection {
    /// One beside `others` of the same run.
    ///
    /// # Errors
    ///
    /// If two of them would be one file. A file that cannot be written is told as what became
    /// of the collection.
    pub fn new(
        name: &str,
        plan: Plan,
        file: Option<PathBuf>,
        others: &[Self],
    ) -> Result<Self, Failure> {
        let claimed = file.as_deref().map(|file| claim(name, file, others)).transpose();
        let (target, outcome) = match claimed {
            Ok(target) => (target, Outcome::NotTried),
            Err(failure @ Failure::Usage(_)) => return Err(failure),
            Err(failure) => (None, Outcome::Failed(failure)),
        };
        Ok(Self {
            name: name.to_owned(),
            plan: Arc::new(plan),
            file,
            target,
            rows: 0,
            promised: None,
            is_partial: false,
            proof: None,
            declare: None,
            outcome,
            left: Left::Nothing,
        })
    }

    pub fn failure(&self) -> Option<&Failure> {
        match &self.outcome {
            Outcome::Failed(failure) => Some(failure),
            _ => None,
        }
    }

    pub fn is_complete(&self) -> bool {
        matches!(self.outcome, Outcome::Complete)
    }

    pub fn is_resumable(&self) -> bool {
        matches!(self.left, Left::Resumable(..))
    }
}

impl fmt::Display for Collection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = counted(self.rows, "row");
        let rows = match self.promised {
            Some(promised) if self.is_partial => {
                format!("{rows} from where the path begins, {promised} promised in all")
            }
            Some(promised) => format!("{rows} of {promised} promised"),
            None => format!("{rows}, no number promised"),
        };
        match (&self.outcome, &self.file) {
            (Outcome::NotTried, _) => write!(f, "{}: not tried", self.name),
            (Outcome::Failed(failure), _) => {
                write!(f, "{}: failed, {rows}: {failure}{}", self.name, self.left)
            }
            (Outcome::Complete, Some(file)) => {
                write!(f, "{}: complete, {rows}, in {}", self.name, file.display())?;
                self.fmt_proof(f)
            }
            (Outcome::Complete, None) => {
                write!(f, "{}: complete, {rows}", self.name)?;
                self.fmt_proof(f)
            }
        }
    }
}

impl Collection {
    fn fmt_proof(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.proof, &self.declare) {
            (None, _) => Ok(()),
            (Some(proof), None) => write!(f, " (by {proof})"),
            (Some(proof), Some(way)) => {
                write!(f, " (by {proof}; declare it: --paging {})", quoted(way))
            }
        }
    }
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => Ok(()),
            Self::Part(part) => {
                write!(f, "; what was saved is in {}, and the next run begins anew", part.display())
            }
            Self::Resumable(part, resume) => write!(
                f,
                "; what was saved is in {}, and {} says where to go on",
                part.display(),
                resume.display()
            ),
        }
    }
}

/// `1 row`, `2 rows`.
pub fn counted(number: u64, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        _ => format!("{number} {what}s"),
    }
}

/// `computers.jsonl` for `/api/sam/estate/v1/computers?filter=x`.
pub fn in_directory(
    directory: &Path,
    path: &str,
    format: &FormatOptions,
) -> Result<PathBuf, Failure> {
    let Some(name) = file_name(path) else {
        return Err(Failure::Usage(format!("{path} gives no name for a file: use --out")));
    };
    create(directory)?;
    Ok(directory.join(format!("{name}.{}", format.extension())))
}

/// As all systems take it: without a drive, and no device of Windows.
fn file_name(path: &str) -> Option<String> {
    let path = path.split(['?', '#']).next()?.trim_end_matches('/');
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let name = path.rsplit('/').next()?.replace(|c| !is_plain(c), "_");
    let name = name.trim_start_matches('.');
    let stem = name.split('.').next()?.to_ascii_lowercase();
    let is_device = match stem.strip_prefix("com").or_else(|| stem.strip_prefix("lpt")) {
        Some(number) => number.len() == 1 && number.bytes().all(|byte| byte.is_ascii_digit()),
        None => ["con", "prn", "aux", "nul"].contains(&stem.as_str()),
    };
    let mark = if is_device { "_" } else { "" };
    (!name.is_empty()).then(|| format!("{mark}{name}"))
}

/// The file for the rows of `path`. Whether it is that of one of the `others` the file system
/// says, which may take two spellings for one name.
fn claim(name: &str, file: &Path, others: &[Collection]) -> Result<Target, Failure> {
    let target = Target::open(file)?;
    let is_same = |other: &&Collection| other.target.as_ref().is_some_and(|of| of.is_same(&target));
    if let Some(Collection { name: other, .. }) = others.iter().find(is_same) {
        return Err(Failure::Usage(format!(
            "{other} and {name} would be one file: export them in two runs, each with a directory of its own"
        )));
    }
    target.lock()?;
    Ok(target)
}

fn create(directory: &Path) -> Result<(), Failure> {
    let cannot_write = |error| Failure::Output(directory.display().to_string(), error);
    fs::create_dir_all(directory).map_err(cannot_write)
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn a_path_gives_a_name_that_is_one_on_every_system() {
        for (path, name) in [
            ("/api/sam/estate/v1/computers?filter=a/b", Some("computers")),
            ("/v1/orders.json/", Some("orders.json")),
            ("/v1/C:\\x", Some("C__x")),
            ("/v1/..", None),
            ("/", None),
            ("/v1/nul", Some("_nul")),
            ("/v1/Aux.json", Some("_Aux.json")),
            ("/v1/com1", Some("_com1")),
            ("/v1/common", Some("common")),
            ("/v1/null", Some("null")),
        ] {
            assert_eq!(file_name(path).as_deref(), name, "{path}");
        }
    }
}
