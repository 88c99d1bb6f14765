//! Makes the HTML part of an email from its plain text.
//!
//! A line that is only a URL becomes a link, a line that begins with four spaces becomes a code,
//! `-- ` begins the footer, and the rest becomes paragraphs. The HTML part has no styles and no
//! images, because email clients block them. Each link shows its URL.

use askama::Template;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    Paragraph(String),
    Link(String),
    Code(String),
    /// The horizontal rule above the footer.
    Rule,
}

/// Splits the plain text of an email into blocks.
pub fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut paragraph = Vec::new();
    for line in text.lines().chain([""]) {
        let is_link = ["https://", "http://"].iter().any(|start| line.starts_with(start))
            && !line.contains(char::is_whitespace);
        let block = match line.strip_prefix("    ") {
            _ if line.trim_end() == "--" => Some(Block::Rule),
            _ if is_link => Some(Block::Link(line.to_owned())),
            Some(code) if !code.trim().is_empty() => Some(Block::Code(code.trim().to_owned())),
            _ => None,
        };
        if block.is_some() || line.trim().is_empty() {
            if !paragraph.is_empty() {
                blocks.push(Block::Paragraph(paragraph.join(" ")));
                paragraph.clear();
            }
            blocks.extend(block);
        } else {
            paragraph.push(line.trim());
        }
    }
    blocks
}

#[derive(Template)]
#[template(path = "mail/layout.html")]
struct Html<'a> {
    subject: &'a str,
    blocks: Vec<Block>,
}

/// Renders the HTML part.
pub(super) fn html(subject: &str, text: &str) -> askama::Result<String> {
    Html { subject, blocks: blocks(text) }.render()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_codes_are_told_from_words() {
        let text =
            "Hello,\n\nhere is\na link:\nhttps://example.com/x?a=b\n    K7QM-2F9D\nBye\n\n-- \nV\n";
        let words = |words: &str| Block::Paragraph(words.to_owned());
        let expected = [
            words("Hello,"),
            words("here is a link:"),
            Block::Link("https://example.com/x?a=b".to_owned()),
            Block::Code("K7QM-2F9D".to_owned()),
            words("Bye"),
            Block::Rule,
            words("V"),
        ];
        assert_eq!(blocks(text), expected);
        let no_links = "https:// is not one\njavascript:alert(1)";
        assert_eq!(blocks(no_links), [words(&no_links.replace('\n', " "))]);
    }

    #[test]
    fn what_people_typed_is_text_in_the_html_part() {
        let html =
            html("<b>", "<script>alert(1)</script>\n\nhttps://example.com/\"><script>").unwrap();
        assert!(!html.contains("<script") && !html.contains("<b>"), "{html}");
    }
}
