//! Where a member stands in a JSON text, as a caller writes it.

use std::fmt;

use serde_json::Value;

/// `data.items`, or `/data/items` as a JSON Pointer (RFC 6901).
///
/// In the dotted form a name may itself hold a dot: `@odata.nextLink` finds the member of
/// that name.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum JsonPath {
    Dotted(String),
    Pointer(Vec<String>),
}

/// What is left of a path below some object; empty at the member that it names.
#[derive(Clone, Copy)]
pub(crate) enum Rest<'p> {
    Dotted(&'p str),
    Pointer(&'p [String]),
}

impl JsonPath {
    pub(crate) fn new(text: &str) -> Self {
        match text.strip_prefix('/') {
            None => Self::Dotted(text.to_owned()),
            Some(pointer) => {
                let steps = pointer.split('/');
                let unescape = |step: &str| step.replace("~1", "/").replace("~0", "~");
                Self::Pointer(steps.map(unescape).collect())
            }
        }
    }

    /// Why it cannot name a member.
    pub(crate) fn fault(&self) -> Option<&'static str> {
        let has_gap = match self {
            Self::Dotted(text) => text.split('.').any(str::is_empty),
            Self::Pointer(steps) => steps.iter().any(String::is_empty),
        };
        has_gap.then_some("a path to a member has no empty name in it")
    }

    pub(crate) fn rest(&self) -> Rest<'_> {
        match self {
            Self::Dotted(text) => Rest::Dotted(text),
            Self::Pointer(steps) => Rest::Pointer(steps),
        }
    }

    pub(crate) fn find<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        self.rest().find(value)
    }

    /// The path as error texts show the place of a field.
    pub(crate) fn dotted(&self) -> String {
        match self {
            Self::Dotted(text) => text.clone(),
            Self::Pointer(steps) => steps.join("."),
        }
    }
}

impl Rest<'_> {
    pub(crate) fn is_end(self) -> bool {
        match self {
            Self::Dotted(text) => text.is_empty(),
            Self::Pointer(steps) => steps.is_empty(),
        }
    }

    /// What is left below the member `name`, if the path leads through it.
    pub(crate) fn after(self, name: &str) -> Option<Self> {
        match self {
            Self::Dotted(text) => match text.strip_prefix(name)? {
                "" if !text.is_empty() => Some(Self::Dotted("")),
                rest => rest.strip_prefix('.').map(Self::Dotted),
            },
            Self::Pointer(steps) => {
                let (first, rest) = steps.split_first()?;
                (first == name).then_some(Self::Pointer(rest))
            }
        }
    }

    pub(crate) fn find(self, value: &Value) -> Option<&Value> {
        if self.is_end() {
            return Some(value);
        }
        let mut members = value.as_object()?.iter();
        members.find_map(|(name, value)| self.after(name)?.find(value))
    }
}

/// As it was written.
impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dotted(text) => f.write_str(text),
            Self::Pointer(steps) => steps
                .iter()
                .try_for_each(|step| write!(f, "/{}", step.replace('~', "~0").replace('/', "~1"))),
        }
    }
}

impl fmt::Debug for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::JsonPath;

    #[test]
    fn a_member_is_found_by_dots_and_by_pointer_also_where_its_name_has_a_dot() {
        let value = json!({"a": {"b": 1, "b.c": 2, "d": null}, "@odata.x": 3, "e/f~": {"": 4}});
        let cases = [
            ("a.b", Some(json!(1))),
            ("a.b.c", Some(json!(2))),
            ("a.d", Some(json!(null))),
            ("a.c", None),
            ("b", None),
            ("@odata.x", Some(json!(3))),
            ("/@odata.x", Some(json!(3))),
            ("/a/b.c", Some(json!(2))),
            ("/a/b/c", None),
            ("/e~1f~0/", Some(json!(4))),
        ];
        for (text, expected) in cases {
            let path = JsonPath::new(text);
            assert_eq!(path.find(&value), expected.as_ref(), "{text}");
            assert_eq!(path.to_string(), text);
        }
        for text in ["", "a.", ".a", "a..b", "/", "/a//b"] {
            assert!(JsonPath::new(text).fault().is_some(), "{text}");
        }
    }
}
