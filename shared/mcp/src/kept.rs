//! Answers that cannot be asked for again, kept for a while so that they can be read on.
//!
//! What was paid for or done is answered once. Where the answer is longer than a caller takes, the whole stays here, in
//! memory, and a cursor names the place where reading goes on: without another call to AWS. It is kept for the caller
//! that was given it and for no other.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use crate::{Error, Result, shorten::Cut};

/// The most answers that are kept.
const MOST: usize = 64;
/// The most bytes of all of them.
const MOST_BYTES: usize = 32 * 1024 * 1024;
/// The most bytes of one.
const LARGEST: usize = 8 * 1024 * 1024;
/// How long one is kept.
const WITHIN: Duration = Duration::from_secs(15 * 60);
/// How a cursor of a kept answer begins; those of lists begin with their own version.
const VERSION: u8 = 2;

/// The answers that are kept.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    answers: Mutex<VecDeque<Answer>>,
}

#[derive(Debug)]
struct Answer {
    id: [u8; 16],
    question: Question,
    at: Instant,
    cuts: Arc<[Cut]>,
    bytes: usize,
}

/// Whose answer it is, and to what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    caller: Option<String>,
    digest: [u8; 32],
}

impl Question {
    /// `arguments` are all that shape the answer, but not the place in it and how much of it is shown.
    pub(crate) fn new(caller: Option<&str>, tool: &str, arguments: &str) -> Self {
        let digest = Sha256::digest(format!("{tool}\n{arguments}")).into();
        Question { caller: caller.map(str::to_owned), digest }
    }
}

/// A place in a kept answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    id: [u8; 16],
    cut: u32,
    from: u32,
}

impl Place {
    /// The place that a cursor names, if it is one of a kept answer.
    pub(crate) fn read(cursor: &str) -> Option<Place> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor.trim()).ok()?;
        let (&version, rest) = bytes.split_first()?;
        let (id, rest) = rest.split_first_chunk()?;
        let (cut, rest) = rest.split_first_chunk()?;
        let from = <[u8; 4]>::try_from(rest).ok()?;
        let place = Place { id: *id, cut: u32::from_be_bytes(*cut), from: u32::from_be_bytes(from) };
        (version == VERSION).then_some(place)
    }

    /// The cursor that names it.
    pub(crate) fn cursor(&self) -> String {
        let mut bytes = vec![VERSION];
        bytes.extend(self.id);
        bytes.extend(self.cut.to_be_bytes());
        bytes.extend(self.from.to_be_bytes());
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }
}

/// What is read on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Read {
    /// What it is and which part of it: `text, characters 2,001 to 4,000 of 10,800`.
    pub(crate) label: String,
    /// The text.
    pub(crate) text: String,
    /// Where it goes on, if there is more.
    pub(crate) next: Option<Place>,
}

impl Kept {
    /// Keeps what was cut of an answer; `None` where that is too large to be kept.
    pub(crate) fn keep(&self, question: &Question, cuts: Vec<Cut>) -> Option<Place> {
        self.keep_at(question, cuts, Instant::now())
    }

    fn keep_at(&self, question: &Question, cuts: Vec<Cut>, now: Instant) -> Option<Place> {
        let bytes = cuts.iter().map(|cut| cut.text.len() + cut.path.len()).sum();
        let from = u32::try_from(cuts.first()?.from).ok()?;
        if bytes > LARGEST {
            return None;
        }
        let mut id = [0; 16];
        getrandom::fill(&mut id).ok()?;
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.push_back(Answer { id, question: question.clone(), at: now, cuts: cuts.into(), bytes });
        loop {
            let is_full = answers.len() > MOST
                || answers.iter().map(|answer| answer.bytes).sum::<usize>() > MOST_BYTES
                || answers.front().is_some_and(|answer| now.duration_since(answer.at) > WITHIN);
            if !is_full {
                return Some(Place { id, cut: 0, from });
            }
            answers.pop_front();
        }
    }

    /// Reads on from a place, at most `budget` characters.
    ///
    /// # Errors
    /// Says that the answer is gone, or that the place belongs to another call.
    pub(crate) fn read(&self, question: &Question, place: Place, budget: usize) -> Result<Read> {
        self.read_at(question, place, budget, Instant::now())
    }

    fn read_at(&self, question: &Question, place: Place, budget: usize, now: Instant) -> Result<Read> {
        let gone = || {
            Error::invalid("the answer that `cursor` reads on in is no longer kept; nothing was run now")
                .with_next("a call without `cursor` runs the tool again")
        };
        let cuts = {
            let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
            // Another caller learns no more of it than of one that is gone.
            let found = answers.iter().find(|answer| {
                answer.id == place.id
                    && answer.question.caller == question.caller
                    && now.duration_since(answer.at) <= WITHIN
            });
            let found = found.ok_or_else(gone)?;
            if found.question != *question {
                return Err(Error::invalid(
                    "`cursor` belongs to a call of another tool or with other arguments",
                )
                .with_next("repeat the call that gave it, with the same arguments and `cursor`"));
            }
            found.cuts.clone()
        };
        let at = place.cut as usize;
        let cut = cuts.get(at).ok_or_else(gone)?;
        let from = place.from as usize;
        let rest = cut.text.get(from..).ok_or_else(gone)?;
        let text = lines(rest, budget);
        let until = from + text.len();
        let next = if until < cut.text.len() {
            Some((at, until))
        } else {
            cuts.get(at + 1).map(|next| (at + 1, next.from))
        };
        let next = next.and_then(|(cut, from)| {
            Some(Place { id: place.id, cut: cut.try_into().ok()?, from: from.try_into().ok()? })
        });
        Ok(Read { label: label(cut, from, text), text: text.to_owned(), next })
    }
}

fn label(cut: &Cut, from: usize, text: &str) -> String {
    let count = |text: &str| crate::thousands(text.chars().count() as u64);
    let before = cut.text.get(..from).unwrap_or_default();
    let first = before.chars().count() as u64 + 1;
    let last = first + text.chars().count().saturating_sub(1) as u64;
    let what = match (cut.path.as_str(), cut.unit) {
        ("", _) => "the answer".to_owned(),
        (path, "items") => {
            format!("`{path}` from item {}", crate::thousands(cut.shown as u64 + 1))
        }
        (path, _) => format!("`{path}`"),
    };
    let (first, last) = (crate::thousands(first), crate::thousands(last));
    format!("{what}, characters {first} to {last} of {}", count(&cut.text))
}

/// At most so many characters, up to the end of a line where one ends near.
pub(crate) fn lines(text: &str, budget: usize) -> &str {
    let head = crate::shorten::head(text, budget.max(1));
    if head.len() == text.len() {
        return text;
    }
    // An escape is never as long as the least budget, so something is left of it.
    match head.rfind('\n').filter(|at| *at >= head.len() / 2) {
        Some(at) => head.get(..=at).unwrap_or(head),
        None => head,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(path: &str, text: &str, from: usize) -> Cut {
        let total = text.chars().count();
        Cut { path: path.to_owned(), text: text.to_owned(), from, shown: from, total, unit: "characters" }
    }

    fn question() -> Question {
        Question::new(Some("ann"), "converse", "{}")
    }

    #[test]
    fn an_answer_is_read_on_to_its_end() {
        let kept = Kept::default();
        let place = kept.keep(&question(), vec![cut("a", "0123456789", 4), cut("b", "wxyz", 1)]).unwrap();
        let first = kept.read(&question(), place, 4).unwrap();
        assert_eq!((first.label.as_str(), first.text.as_str()), ("`a`, characters 5 to 8 of 10", "4567"));
        let second = kept.read(&question(), first.next.unwrap(), 4).unwrap();
        assert_eq!(second.text, "89");
        let third = kept.read(&question(), second.next.unwrap(), 4).unwrap();
        assert_eq!((third.text.as_str(), third.next), ("xyz", None));
        // The same place may be read again.
        assert_eq!(kept.read(&question(), place, 4).unwrap(), first);
    }

    #[test]
    fn an_answer_is_for_its_own_question_and_caller() {
        let kept = Kept::default();
        let place = kept.keep(&question(), vec![cut("a", "0123456789", 4)]).unwrap();
        let error = |question| kept.read(&question, place, 100).unwrap_err();
        let gone = error(Question::new(Some("eve"), "converse", "{}"));
        assert!(gone.message.contains("no longer kept"), "{gone}");
        assert!(gone.next.as_deref().is_some_and(|next| next.contains("runs the tool again")), "{gone:?}");
        assert!(error(Question::new(None, "converse", "{}")).message.contains("no longer kept"));
        let other = error(Question::new(Some("ann"), "converse", "{\"a\":1}"));
        assert!(other.message.contains("other arguments"), "{other}");
        let forged = Place { cut: 7, ..place };
        assert!(kept.read(&question(), forged, 100).is_err());
        let forged = Place { from: u32::MAX, ..place };
        assert!(kept.read(&question(), forged, 100).is_err());
    }

    #[test]
    fn what_is_kept_is_bounded_in_number_bytes_and_time() {
        let now = Instant::now();
        let kept = Kept::default();
        let keep = |size: usize, now| kept.keep_at(&question(), vec![cut("a", &"x".repeat(size), 0)], now);
        let first = keep(10, now).unwrap();
        for _ in 0..MOST {
            keep(10, now).unwrap();
        }
        assert!(kept.read_at(&question(), first, 5, now).is_err(), "the oldest goes first");
        assert_eq!(kept.answers.lock().unwrap().len(), MOST);
        assert_eq!(keep(LARGEST + 1, now), None);
        for _ in 0..6 {
            keep(LARGEST - 1, now).unwrap();
        }
        let held: usize = kept.answers.lock().unwrap().iter().map(|answer| answer.bytes).sum();
        assert!(held <= MOST_BYTES, "{held}");
        let last = keep(10, now).unwrap();
        assert!(kept.read_at(&question(), last, 5, now + WITHIN).is_ok());
        let late = now + WITHIN + Duration::from_secs(1);
        assert!(kept.read_at(&question(), last, 5, late).is_err());
        keep(10, late).unwrap();
        assert_eq!(kept.answers.lock().unwrap().len(), 1, "what is too old is let go");
    }

    proptest! {
        #[test]
        fn no_text_makes_reading_a_cursor_panic(text in ".*") {
            let _ = Place::read(&text);
        }

        #[test]
        fn a_place_comes_back_from_its_cursor(id in any::<[u8; 16]>(), cut in any::<u32>(), from in any::<u32>()) {
            let place = Place { id, cut, from };
            prop_assert_eq!(Place::read(&place.cursor()), Some(place));
        }

        /// However it is read, all of it comes, once.
        #[test]
        fn reading_on_gives_the_whole(texts in proptest::collection::vec("[a\n\\\\u0é]{1,300}", 1..4), budget in 6usize..100) {
            let kept = Kept::default();
            let whole: String = texts.concat();
            let cuts = texts.iter().map(|text| cut("a", text, 0)).collect();
            let mut next = kept.keep(&question(), cuts);
            let mut read = String::new();
            while let Some(place) = next {
                let found = kept.read(&question(), place, budget).unwrap();
                prop_assert!(!found.text.is_empty() && found.text.chars().count() <= budget);
                read.push_str(&found.text);
                next = found.next;
            }
            prop_assert_eq!(read, whole);
        }
    }
}
