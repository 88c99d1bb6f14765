//! Reads a page as a person does: its visible text, its title, its links by their text.

use std::fmt::Write;

use scraper::{ElementRef, Html, Node, Selector};
use url::Url;

/// The URL of the link with this text or accessible name.
pub fn link(html: &str, url: &Url, words: &str) -> Result<Url, String> {
    let page = Html::parse_document(html);
    let mut names = String::new();
    for anchor in page.select(&selector("a[href]")) {
        let text = text_of(anchor).replace('\n', " ");
        if text == words || anchor.attr("aria-label") == Some(words) {
            let href = anchor.attr("href").unwrap_or_default();
            return url
                .join(href)
                .map_err(|e| format!("the link \"{words}\" leads to {href:?}: {e}"));
        }
        let _ = write!(names, " \"{text}\"");
    }
    Err(format!("no link \"{words}\"; the links:{names}"))
}

pub fn title(html: &str) -> String {
    let page = Html::parse_document(html);
    page.select(&selector("title"))
        .next()
        .map(|title| collapse_whitespace(&title.text().collect::<String>()))
        .unwrap_or_default()
}

/// Checks, on every page that a test opens, that a rejected form leads to its error: the title says
/// so, and the focus is on the first invalid field or on the message. Any other page does neither.
pub fn check_errors(status: u16, html: &str) -> Result<(), String> {
    let page = Html::parse_document(html);
    let count = |css: &str| page.select(&selector(css)).count();
    // A 404 has such a form if what it was sent to is gone.
    let gone = status == 404 && count("main .notice.bad") > 0;
    let rejected = (gone || matches!(status, 403 | 422 | 429)) && count("main form") > 0;
    let says_so = title(html).starts_with("Error: ");
    let focused: Vec<_> = page.select(&selector("[autofocus]")).collect();
    let invalid = page.select(&selector("main [aria-invalid=true]")).next();
    let notice = page.select(&selector("main .notice.bad[tabindex='-1']")).next();
    let leads = match (&focused[..], invalid.or(notice)) {
        ([focused], Some(first)) => rejected && focused.id() == first.id(),
        ([], None) => !rejected,
        _ => false,
    };
    let described = page.select(&selector("[aria-describedby]")).all(|field| {
        let ids = field.attr("aria-describedby").unwrap_or_default();
        ids.split(' ').all(|id| count(&format!("#{id}")) == 1)
    });
    if says_so == rejected && leads && described {
        return Ok(());
    }
    Err(format!("status {status}: the title says error: {says_so}, focus: {focused:?}"))
}

/// The visible text, one line per block.
pub fn text(html: &str) -> String {
    let page = Html::parse_document(html);
    page.select(&selector("body")).next().map(text_of).unwrap_or_default()
}

pub fn text_of(element: ElementRef) -> String {
    let mut text = String::new();
    read(element, &mut text);
    let lines: Vec<String> =
        text.split('\u{b}').map(collapse_whitespace).filter(|line| !line.is_empty()).collect();
    lines.join("\n")
}

fn read(element: ElementRef, text: &mut String) {
    const INVISIBLE: [&str; 6] = ["head", "script", "style", "template", "select", "textarea"];
    const INLINE: [&str; 19] = [
        "a", "abbr", "b", "bdi", "button", "cite", "code", "em", "i", "input", "kbd", "mark", "q",
        "s", "small", "span", "strong", "time", "u",
    ];
    for child in element.children() {
        match child.value() {
            Node::Text(piece) => text.push_str(piece),
            Node::Element(tag)
                if INVISIBLE.contains(&tag.name()) || tag.attr("hidden").is_some() => {}
            Node::Element(tag) => {
                // A vertical tab marks the border of a block: no page contains one.
                let edge = if INLINE.contains(&tag.name()) { "" } else { "\u{b}" };
                text.push_str(edge);
                ElementRef::wrap(child).into_iter().for_each(|child| read(child, text));
                text.push_str(edge);
            }
            _ => {}
        }
    }
}

fn collapse_whitespace(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub fn selector(css: &str) -> Selector {
    Selector::parse(css).expect("a selector of ours")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"<title> A  page </title><h1>Hello <b>Ada</b>!</h1><p hidden>no</p>
        <script>unseen</script><ul><li>one<li>two</ul><a href="/next?a=1">Go <i>on</i></a>"#;

    #[test]
    fn visible_text_title_and_links_are_read() {
        assert_eq!(text(PAGE), "Hello Ada!\none\ntwo\nGo on");
        assert_eq!(title(PAGE), "A page");
        let leads_to = link(PAGE, &Url::parse("http://localhost/").expect("a URL"), "Go on");
        assert_eq!(leads_to.expect("a link").as_str(), "http://localhost/next?a=1");
    }
}
