//! `Problems`: the messages of a form that was rejected.
//!
//! A handler calls `Page::reject` or `Page::reject_form`, and shows its page again. The layout then
//! says "Error: " in the title and shows the message of the form; `form.html` shows each other
//! message at its field. The keyboard focus goes to the first of them, also without JavaScript.

#[derive(Default)]
pub struct Problems {
    /// The message for the form as a whole.
    form: Option<String>,
    /// Names of fields and their messages, in the order of the page.
    fields: Vec<(&'static str, String)>,
}

impl Problems {
    pub(super) fn add(&mut self, field: &'static str, message: String) {
        self.fields.push((field, message));
    }

    pub(super) fn set_form(&mut self, message: String) {
        self.form = Some(message);
    }

    pub fn exist(&self) -> bool {
        self.form.is_some() || !self.fields.is_empty()
    }

    /// The message of the form as a whole.
    pub fn form(&self) -> Option<&str> {
        self.form.as_deref()
    }

    /// The message of a field.
    pub fn of(&self, field: &str) -> Option<&str> {
        self.fields.iter().find(|(name, _)| *name == field).map(|(_, message)| message.as_str())
    }

    /// The field that has the focus when the page opens. If there is none, the message of the form
    /// has it.
    pub fn first_field(&self) -> Option<&'static str> {
        self.fields.first().map(|(name, _)| *name)
    }
}
