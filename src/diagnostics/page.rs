//! Reports: one HTML file with everything in it.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A page that needs nothing but itself: no scripts, no network.
#[derive(Debug, Clone)]
pub struct Page {
    title: String,
    body: String,
}

impl Page {
    /// An empty page.
    pub fn new(title: &str) -> Self {
        Self { title: escape(title), body: String::new() }
    }

    /// A heading.
    pub fn heading(&mut self, text: &str) {
        self.push(&format!("<h2>{}</h2>", escape(text)));
    }

    /// A paragraph.
    pub fn text(&mut self, text: &str) {
        self.push(&format!("<p>{}</p>", escape(text)));
    }

    /// A table: the first row is its head.
    pub fn table(&mut self, rows: &[Vec<String>]) {
        let mut table = String::from("<div class=\"wide\"><table>");
        for (i, row) in rows.iter().enumerate() {
            let cell = if i == 0 { "th" } else { "td" };
            table.push_str("<tr>");
            for text in row {
                let _ = write!(table, "<{cell}>{}</{cell}>", escape(text));
            }
            table.push_str("</tr>");
        }
        table.push_str("</table></div>");
        self.push(&table);
    }

    /// A picture (a PNG file) with what it shows.
    pub fn picture(&mut self, png: &[u8], caption: &str) {
        let data = STANDARD.encode(png);
        self.push(&format!(
            "<figure><img alt=\"{0}\" src=\"data:image/png;base64,{data}\"><figcaption>{0}</figcaption></figure>",
            escape(caption)
        ));
    }

    /// A drawing (an SVG document) with what it shows.
    pub fn drawing(&mut self, svg: &str, caption: &str) {
        let data = STANDARD.encode(svg);
        self.push(&format!(
            "<figure><img alt=\"{0}\" src=\"data:image/svg+xml;base64,{data}\"><figcaption>{0}</figcaption></figure>",
            escape(caption)
        ));
    }

    /// The whole file.
    pub fn html(&self) -> String {
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; \
             style-src 'unsafe-inline'\">\n<title>{0}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
             <main>\n<h1>{0}</h1>\n{1}</main>\n</body>\n</html>\n",
            self.title, self.body
        )
    }

    fn push(&mut self, element: &str) {
        self.body.push_str(element);
        self.body.push('\n');
    }
}

const STYLE: &str = "\
    body{margin:0;background:#f6f6f4;color:#222;font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}\
    main{max-width:960px;margin:0 auto;padding:1rem}\
    h1{font-size:1.5rem}h2{font-size:1.15rem;margin:2rem 0 .5rem}\
    figure{margin:1rem 0;background:#fff;border:1px solid #ddd;border-radius:6px;padding:.5rem}\
    img{display:block;max-width:100%;height:auto;margin:0 auto}\
    figcaption{color:#555;font-size:.9rem;padding:.4rem .2rem 0}\
    .wide{overflow-x:auto}table{border-collapse:collapse;background:#fff;min-width:100%}\
    th,td{padding:.3rem .5rem;font-size:.9rem;border-bottom:1px solid #ddd;text-align:right;white-space:nowrap}\
    th:first-child,td:first-child{text-align:left}";

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            _ => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_holds_everything_and_escapes_names() {
        let mut page = Page::new("a <b> & \"c\"");
        page.heading("<script>");
        page.text("1 < 2");
        page.table(&[vec!["x".into()], vec!["<td>".into()]]);
        page.picture(&[1, 2, 3], "p\"q");
        page.drawing("<svg/>", "d");
        let html = page.html();
        assert!(html.contains("<title>a &lt;b&gt; &amp; &quot;c&quot;</title>"));
        assert!(html.contains("<h2>&lt;script&gt;</h2>") && html.contains("<td>&lt;td&gt;</td>"));
        assert!(html.contains("data:image/png;base64,AQID\"") && html.contains("PHN2Zy8+"));
        for foreign in ["http:", "https:", "<script", "<link", "url("] {
            assert!(!html.contains(foreign), "{foreign}");
        }
    }
}
