//! Finds forms by the text of their button, and fields by their label. A field without a label
//! cannot be filled in, so every test that uses a form also checks that its fields have labels.

use std::fmt::Write;

use scraper::{ElementRef, Html};
use url::Url;

use super::page::{selector, text_of};

/// A form of a page, ready to be filled in.
#[derive(Clone)]
pub struct Form {
    pub action: Url,
    pub is_post: bool,
    fields: Vec<Field>,
}

#[derive(Clone)]
struct Field {
    name: String,
    value: String,
    label: Option<String>,
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Text,
    /// A checkbox, and whether it is checked.
    Tick(bool),
    /// A radio button, and whether it is chosen.
    Radio(bool),
    /// The options: text and value.
    Choice(Vec<(String, String)>),
}

impl Form {
    /// Fills in the field with this label. "on" checks a box, "" unchecks it.
    pub fn fill(&mut self, label: &str, value: &str) -> Result<(), String> {
        let labels: Vec<String> =
            self.fields.iter().filter_map(|field| field.label.clone()).collect();
        let Some(field) =
            self.fields.iter_mut().find(|field| field.label.as_deref() == Some(label))
        else {
            return Err(format!("no field \"{label}\" in this form; its fields: {labels:?}"));
        };
        match &mut field.kind {
            Kind::Text => field.value = value.to_owned(),
            Kind::Tick(on) => *on = !value.is_empty(),
            // One of a group is on, so the others are off.
            Kind::Radio(_) => {
                let name = field.name.clone();
                for field in self.fields.iter_mut().filter(|field| field.name == name) {
                    field.kind = Kind::Radio(field.label.as_deref() == Some(label));
                }
            }
            Kind::Choice(options) => {
                let chosen =
                    options.iter().find(|(text, of_option)| text == value || of_option == value);
                let (_, of_option) =
                    chosen.ok_or_else(|| format!("\"{label}\" does not offer \"{value}\""))?;
                field.value = of_option.clone();
            }
        }
        Ok(())
    }

    /// The current value of the field with this label.
    pub fn value(&self, label: &str) -> Option<String> {
        let field = self.fields.iter().find(|field| field.label.as_deref() == Some(label))?;
        match field.kind {
            Kind::Tick(on) | Kind::Radio(on) => Some(if on { "on" } else { "" }.to_owned()),
            _ => Some(field.value.clone()),
        }
    }

    /// Sets a field by its name, as the developer tools of a browser could: for attacks.
    pub fn forge(&mut self, name: &str, value: &str) {
        self.fields.retain(|field| field.name != name);
        self.fields.push(Field {
            name: name.to_owned(),
            value: value.to_owned(),
            label: None,
            kind: Kind::Text,
        });
    }

    pub fn pairs(&self) -> Vec<(&str, &str)> {
        let sent = self.fields.iter().filter(|field| {
            !matches!(field.kind, Kind::Tick(false) | Kind::Radio(false)) && !field.name.is_empty()
        });
        sent.map(|field| (field.name.as_str(), field.value.as_str())).collect()
    }
}

/// The form with this button. With `beside`: the one in the row, list item or section that also
/// contains that text.
pub fn find(html: &str, url: &Url, button: &str, beside: Option<&str>) -> Result<Form, String> {
    let page = Html::parse_document(html);
    let mut names = String::new();
    let mut found = Vec::new();
    for element in page.select(&selector("button, input[type=submit]")) {
        if matches!(element.attr("type"), Some("button" | "reset"))
            || element.attr("disabled").is_some()
        {
            continue;
        }
        let text = match element.attr("value").filter(|_| element.value().name() == "input") {
            Some(value) => value.to_owned(),
            None => text_of(element).replace('\n', " "),
        };
        let _ = write!(names, " \"{text}\"");
        let near = beside
            .is_none_or(|beside| row_of(element).is_some_and(|row| text_of(row).contains(beside)));
        if text == button
            && near
            && let Some(form) = ancestor(element, &["form"])
        {
            found.push((element, form));
        }
    }
    match found[..] {
        [(button, form)] => read_form(&page, form, button, url),
        [] => Err(format!("no button \"{button}\"{}; the buttons:{names}", place(beside))),
        _ => Err(format!(
            "{} buttons \"{button}\"{}; say beside which text",
            found.len(),
            place(beside)
        )),
    }
}

fn place(beside: Option<&str>) -> String {
    beside.map(|text| format!(" beside \"{text}\"")).unwrap_or_default()
}

fn read_form(
    page: &Html,
    form: ElementRef,
    pressed: ElementRef,
    url: &Url,
) -> Result<Form, String> {
    let mut fields = Vec::new();
    for element in form.select(&selector("input, select, textarea, button")) {
        let kind = element.attr("type").unwrap_or("text");
        let is_button = element.value().name() == "button"
            || matches!(kind, "submit" | "button" | "reset" | "image");
        let Some(name) = element.attr("name") else { continue };
        if is_button && element.id() != pressed.id() || element.attr("disabled").is_some() {
            continue;
        }
        let value = element.attr("value").unwrap_or_default().to_owned();
        let (value, kind) = match (element.value().name(), kind) {
            ("textarea", _) => (element.text().collect(), Kind::Text),
            ("select", _) => choice(element),
            ("input", "checkbox" | "radio") => {
                let value = if element.attr("value").is_some() { value } else { "on".to_owned() };
                let on = element.attr("checked").is_some();
                (value, if kind == "radio" { Kind::Radio(on) } else { Kind::Tick(on) })
            }
            _ => (value, Kind::Text),
        };
        let label = if is_button { None } else { label_of(page, element) };
        fields.push(Field { name: name.to_owned(), value, label, kind });
    }
    let action = pressed.attr("formaction").or(form.attr("action")).unwrap_or_default();
    let method = pressed.attr("formmethod").or(form.attr("method")).unwrap_or("get");
    let action = url.join(action).map_err(|e| format!("the form's action {action:?}: {e}"))?;
    Ok(Form { action, is_post: method.eq_ignore_ascii_case("post"), fields })
}

fn choice(select: ElementRef) -> (String, Kind) {
    let every = selector("option");
    let text = |option: &ElementRef| text_of(*option);
    let value =
        |option: &ElementRef| option.attr("value").map_or_else(|| text(option), str::to_owned);
    let options: Vec<_> = select.select(&every).collect();
    let chosen =
        options.iter().find(|option| option.attr("selected").is_some()).or(options.first());
    (
        chosen.map(&value).unwrap_or_default(),
        Kind::Choice(options.iter().map(|option| (text(option), value(option))).collect()),
    )
}

/// The text of `<label for>`, of the label around the field, or its `aria-label`.
fn label_of(page: &Html, field: ElementRef) -> Option<String> {
    let by_id = field.attr("id").and_then(|id| {
        page.select(&selector("label[for]")).find(|label| label.attr("for") == Some(id))
    });
    match by_id.or_else(|| ancestor(field, &["label"])) {
        Some(label) => Some(text_of(label).replace('\n', " ")),
        None => field.attr("aria-label").map(str::to_owned),
    }
}

fn row_of(element: ElementRef) -> Option<ElementRef> {
    ancestor(element, &["tr", "li", "article", "section"])
}

fn ancestor<'a>(element: ElementRef<'a>, names: &[&str]) -> Option<ElementRef<'a>> {
    element
        .ancestors()
        .filter_map(ElementRef::wrap)
        .find(|above| names.contains(&above.value().name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r"<form method=post action=/login><input type=hidden name=csrf value=t0k>
          <label for=e>Email</label><input id=e name=email value=ada@example.com>
          <label><input type=checkbox name=remember> Keep me logged in</label>
          <label>Words <textarea name=words>
one</textarea></label>
          <label>Size <select name=size><option value=s>Small<option value=l selected>Large</select></label>
          <button name=act value=go>Log in</button><button name=act value=other>Other</button></form>
        <ul><li>Firefox <form><button>End</button></form><li>Safari <form action=/2><button>End</button></form></ul>";

    fn find(button: &str, beside: Option<&str>) -> Result<Form, String> {
        super::find(PAGE, &Url::parse("http://localhost/here?q").expect("a URL"), button, beside)
    }

    #[test]
    fn a_form_is_found_by_its_button_and_filled_by_label() {
        let mut form = find("Log in", None).expect("the form");
        assert_eq!(form.value("Email").as_deref(), Some("ada@example.com"));
        form.fill("Keep me logged in", "on").expect("the box");
        form.fill("Size", "Small").expect("the choice");
        assert!(form.fill("Password", "x").is_err_and(|message| message.contains("\"Email\"")));
        let sent = [
            ("csrf", "t0k"),
            ("email", "ada@example.com"),
            ("remember", "on"),
            ("words", "one"),
            ("size", "s"),
            ("act", "go"),
        ];
        assert_eq!(
            (form.pairs(), form.is_post, form.action.path()),
            (sent.to_vec(), true, "/login")
        );
    }

    #[test]
    fn a_button_is_found_by_the_text_of_its_row() {
        assert!(find("End", None).is_err_and(|message| message.contains("beside")));
        let form = find("End", Some("Safari")).expect("the second");
        assert_eq!((form.action.path(), form.is_post), ("/2", false));
    }
}
