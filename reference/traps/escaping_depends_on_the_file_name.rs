//! askama 0.16 escapes by the extension of the template: HTML is escaped, text and Markdown are
//! not. It does not know where a value stands, so `javascript:` stays in a link. Our pages are
//! `.html`, a rule in `tests/house_rules.rs` forbids to switch escaping off, and the paths that a
//! client chooses are checked by `src/web/next_page.rs::own_path`.

use askama::Template;

#[derive(Template)]
#[template(source = "<a href=\"{{ value }}\">", ext = "html")]
struct Html<'a> {
    value: &'a str,
}

#[derive(Template)]
#[template(source = "<a href=\"{{ value }}\">", ext = "txt")]
struct Text<'a> {
    value: &'a str,
}

#[derive(Template)]
#[template(source = "<a href=\"{{ value }}\">", ext = "md")]
struct Markdown<'a> {
    value: &'a str,
}

#[test]
fn a_tag_is_escaped_in_html_only_and_a_script_in_a_link_never() {
    let tag = "\"><script>";
    let html = Html { value: tag }.render().expect("a page");
    assert_eq!(html, "<a href=\"&#34;&#62;&#60;script&#62;\">");
    for unescaped in [Text { value: tag }.render(), Markdown { value: tag }.render()] {
        assert_eq!(unescaped.expect("a page"), "<a href=\"\"><script>\">");
    }
    let link = Html { value: "javascript:alert(1)" }.render().expect("a page");
    assert_eq!(link, "<a href=\"javascript:alert(1)\">");
}
