//! Makes the HTML part of an email from its plain text.
//!
//! A line that is only a URL becomes a link. A paragraph of one line that ends with a colon,
//! directly above it, becomes the words of its button. A line that begins with four spaces becomes
//! a code, the rest paragraphs, and what follows `-- ` the footer. The HTML part loads nothing,
//! because email clients block that. Each link shows its URL, so that people see where a button
//! leads.

use std::mem;

use askama::Template;

/// The parts of a plain text.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Letter {
    pub blocks: Vec<Block>,
    /// The lines after `-- `: the name of the app, then its URL.
    pub footer: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    Paragraph(String),
    Link { label: Option<String>, url: String },
    Code(String),
}

impl Letter {
    pub fn parse(text: &str) -> Self {
        let mut letter = Self::default();
        let mut paragraph = Vec::new();
        let mut lines = text.lines();
        for line in lines.by_ref().take_while(|line| line.trim_end() != "--") {
            if is_link(line) {
                let label = match paragraph[..] {
                    [label] => str::strip_suffix(label, ":").map(str::to_owned),
                    _ => None,
                };
                if label.is_some() {
                    paragraph.clear();
                }
                letter.end_paragraph(&mut paragraph);
                letter.blocks.push(Block::Link { label, url: line.to_owned() });
            } else if line.trim().is_empty() {
                letter.end_paragraph(&mut paragraph);
            } else if let Some(code) = line.strip_prefix("    ") {
                letter.end_paragraph(&mut paragraph);
                letter.blocks.push(Block::Code(code.trim().to_owned()));
            } else {
                paragraph.push(line.trim());
            }
        }
        letter.end_paragraph(&mut paragraph);
        letter.footer = lines.map(str::to_owned).collect();
        letter
    }

    pub fn app_name(&self) -> Option<&str> {
        self.footer.first().map(String::as_str)
    }

    fn end_paragraph(&mut self, lines: &mut Vec<&str>) {
        if !lines.is_empty() {
            self.blocks.push(Block::Paragraph(mem::take(lines).join(" ")));
        }
    }
}

fn is_link(line: &str) -> bool {
    ["https://", "http://"].iter().any(|start| line.starts_with(start))
        && !line.contains(char::is_whitespace)
}

#[derive(Template)]
#[template(path = "mail/layout.html")]
struct Html<'a> {
    subject: &'a str,
    letter: Letter,
}

/// Renders the HTML part.
///
/// # Errors
/// When the template cannot be rendered.
pub fn html(subject: &str, text: &str) -> askama::Result<String> {
    Html { subject, letter: Letter::parse(text) }.render()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(label: Option<&str>, url: &str) -> Block {
        Block::Link { label: label.map(str::to_owned), url: url.to_owned() }
    }

    #[test]
    fn links_and_codes_are_told_from_words() {
        let text = "Hello,\n\nhere is\na link:\nhttps://example.com/x?a=b\n    K7QM-2F9D\nBye\n\n\
            Log in:\nhttps://example.com/login\n\n-- \nV\nhttps://example.com\n";
        let words = |words: &str| Block::Paragraph(words.to_owned());
        let expected = [
            words("Hello,"),
            words("here is a link:"),
            link(None, "https://example.com/x?a=b"),
            Block::Code("K7QM-2F9D".to_owned()),
            words("Bye"),
            link(Some("Log in"), "https://example.com/login"),
        ];
        let letter = Letter::parse(text);
        assert_eq!(letter.blocks, expected);
        assert_eq!(letter.footer, ["V", "https://example.com"]);
        let no_links = "https:// is not one\njavascript:alert(1)";
        assert_eq!(Letter::parse(no_links).blocks, [words(&no_links.replace('\n', " "))]);
    }

    #[test]
    fn the_html_part_loads_nothing() {
        let text = "Words\n\nLog in:\nhttps://example.com/\n\n    K7QM-2F9D\n\n-- \nV\nhttps://example.com\n";
        let html = html("Subject", text).unwrap();
        assert!(html.contains("K7QM-2F9D") && html.contains(">Log in</a>"), "{html}");
        for loads in ["src=", "url(", "background=", "<link", "@import", "<script", "http-equiv"] {
            assert!(!html.contains(loads), "{loads}: {html}");
        }
    }

    #[test]
    fn what_people_typed_is_text_in_the_html_part() {
        let typed = "<script>alert(1)</script>";
        let text = format!(
            "{typed}\n\n{typed}:\nhttps://example.com/\"><script>\n    {typed}\n-- \n{typed}\n"
        );
        let html = html("<b>", &text).unwrap();
        assert!(!html.contains("<script") && !html.contains("<b>"), "{html}");
    }
}
