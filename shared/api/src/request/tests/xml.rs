//! XML in one form, so that two texts can be compared.

/// An element that is not closed yet: its name with its attributes, its text, and what it holds.
#[derive(Default)]
struct Open {
    start: String,
    text: String,
    inner: Vec<String>,
}

impl Open {
    fn closed(mut self) -> String {
        // Elements that differ in name come in any order, and those that do not stay in theirs.
        self.inner.sort_by(|one, other| name(one).cmp(name(other)));
        format!("<{}>{}{}</>", self.start, self.text.trim(), self.inner.concat())
    }
}

fn name(element: &str) -> &str {
    element.split([' ', '>']).next().unwrap_or_default()
}

/// Elements with their attributes and texts, without spaces that mean nothing.
pub(super) fn canonical(text: &str) -> String {
    // Who writes it may spell these out or not.
    let text = text.replace("&quot;", "\"").replace("&apos;", "'");
    let mut open = vec![Open::default()];
    for part in text.split('<').skip(1) {
        let (tag, after) = part.split_once('>').unwrap_or((part, ""));
        if tag.starts_with(['?', '!']) {
            continue;
        }
        if !tag.starts_with('/') {
            let mut words: Vec<&str> = tag.trim_end_matches('/').split_whitespace().collect();
            if let Some(attributes) = words.get_mut(1..) {
                attributes.sort_unstable();
            }
            open.push(Open { start: words.join(" "), ..Open::default() });
        }
        if tag.starts_with('/') || tag.ends_with('/') {
            let done = open.pop().expect("it was opened").closed();
            open.last_mut().expect("the document is around all").inner.push(done);
        }
        open.last_mut().expect("the document is around all").text.push_str(after);
    }
    open.into_iter().map(Open::closed).collect()
}
