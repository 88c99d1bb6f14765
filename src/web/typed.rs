//! Fields of a form that hold more than any text: `due_on: Typed<Date>`.
//!
//! A `Typed` field accepts whatever text the browser sends, so a wrong date rejects no request. The
//! handler calls `check`, which returns the value, or adds a message for the field. The page then
//! shows the typed text again, with the message beside it. `Mistake::sentence` has all messages.
//!
//! `docs/forms.md` shows which type and which macro of `templates/form.html` belong together.

mod kind;

use std::fmt::{Display, Formatter, Result as Written};
use std::marker::PhantomData;

use serde::{Deserialize, Deserializer};

use super::problems::Problems;
pub use kind::{Choice, Kind, Line, Lines, Mistake, Number};

/// The typed text of one field, and the kind of value that it must be.
///
/// Give it `#[serde(default)]` if a browser may leave the field out, as it does for radio buttons
/// of which none is chosen. Without it, a form that lacks the field is rejected with 400.
pub struct Typed<K> {
    text: String,
    kind: PhantomData<K>,
}

impl<K: Kind> Typed<K> {
    /// A field that shows this value, for the form of something that exists already.
    pub fn of(value: impl Display) -> Self {
        Self { text: value.to_string(), kind: PhantomData }
    }

    /// The value. `None` if the text has a mistake; its message is then in `problems`.
    ///
    /// Check all fields before you give up, in the order of the page: people then see every message
    /// at once, and the focus is on the first field that has one.
    pub fn check(&self, field: &'static str, problems: &mut Problems) -> Option<K::Value> {
        let value = K::parse(self.text.trim());
        value.map_err(|mistake| problems.add(field, mistake.sentence())).ok()
    }

    pub fn is_empty(&self) -> bool {
        self.text.trim().is_empty()
    }
}

impl<C: Choice> Typed<C> {
    /// The choices that `form::select` and `form::radio` show.
    pub fn options(&self) -> Vec<Offered> {
        offered::<C>(|name| self.text == name)
    }
}

/// An empty field, as in the form of something new.
impl<K> Default for Typed<K> {
    fn default() -> Self {
        Self { text: String::new(), kind: PhantomData }
    }
}

/// The text as it was typed. Templates escape it.
impl<K> Display for Typed<K> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Written {
        f.write_str(&self.text)
    }
}

impl<'de, K> Deserialize<'de> for Typed<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self { text: String::deserialize(deserializer)?, kind: PhantomData })
    }
}

/// A group of checkboxes with one name: the field is sent once for each that is ticked. Give it
/// `#[serde(default)]`, because a browser sends nothing if none is ticked.
pub struct Several<C> {
    names: Vec<String>,
    kind: PhantomData<C>,
}

impl<C: Choice> Several<C> {
    /// A group in which these are ticked.
    pub fn of(ticked: &[C]) -> Self {
        let names = ticked.iter().map(|choice| choice.name().to_owned());
        Self { names: names.collect(), kind: PhantomData }
    }

    /// The ticked choices, in the order of `Choice::ALL`. `None` if a value is unknown; its message
    /// is then in `problems`.
    pub fn check(&self, field: &'static str, problems: &mut Problems) -> Option<Vec<C>> {
        if let Some(mistake) = self.names.iter().find_map(|name| C::parse(name).err()) {
            problems.add(field, mistake.sentence());
            return None;
        }
        let is_ticked = |choice: &C| self.names.iter().any(|name| name == choice.name());
        Some(C::ALL.iter().copied().filter(is_ticked).collect())
    }

    /// The choices that `form::checkboxes` shows.
    pub fn options(&self) -> Vec<Offered> {
        offered::<C>(|name| self.names.iter().any(|ticked| ticked == name))
    }
}

impl<C> Default for Several<C> {
    fn default() -> Self {
        Self { names: Vec::new(), kind: PhantomData }
    }
}

impl<'de, C> Deserialize<'de> for Several<C> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self { names: Vec::deserialize(deserializer)?, kind: PhantomData })
    }
}

/// One value of a select, of a group of radio buttons, or of a group of checkboxes.
pub struct Offered {
    pub name: &'static str,
    pub label: &'static str,
    pub chosen: bool,
}

fn offered<C: Choice>(is_chosen: impl Fn(&str) -> bool) -> Vec<Offered> {
    let all = C::ALL.iter().map(|choice| (choice.name(), choice.label()));
    all.map(|(name, label)| Offered { name, label, chosen: is_chosen(name) }).collect()
}
