//! Reading events of several log groups as one stream in the order of time.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use aws_sdk_cloudwatchlogs::{operation::filter_log_events::FilterLogEventsOutput, types::FilteredLogEvent};
use awsmcp_mcp::{Call, Result, TimeRange};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};

use crate::{CloudWatch, groups, names::LogGroup, quoting};

/// What to read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Search<'a> {
    pub(crate) groups: &'a [LogGroup],
    pub(crate) pattern: Option<&'a str>,
    pub(crate) streams: &'a [String],
    pub(crate) stream_prefix: Option<&'a str>,
    pub(crate) range: TimeRange,
    pub(crate) newest_first: bool,
    /// Events of one of AWS's pages. A place is only good for the same size.
    pub(crate) page: i32,
}

/// One event.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// Which of the groups it is from.
    pub(crate) group: usize,
    /// Milliseconds since 1970.
    pub(crate) millis: i64,
    pub(crate) stream: String,
    pub(crate) message: String,
}

/// Where a search goes on in one group.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Place {
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    /// Events of that page that were read already.
    #[serde(rename = "s", default)]
    skip: usize,
    #[serde(rename = "d", default)]
    done: bool,
}

/// How a search came to a stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Event,
    /// There is nothing more.
    End,
    /// The time for this call is used up.
    Late,
    /// AWS's next page could not be read, for this reason.
    Failed(String),
}

/// A search under way.
pub(crate) struct Reader<'a> {
    cx: &'a Call<CloudWatch>,
    search: Search<'a>,
    heads: Vec<Head>,
    started: Instant,
    patience: Duration,
    /// AWS's pages so far.
    pub(crate) pages: u64,
}

/// How far one group is read: the page in hand, and what follows it.
#[derive(Debug, Default)]
struct Head {
    /// The token of the page in hand.
    token: Option<String>,
    taken: usize,
    buffer: VecDeque<Event>,
    /// The token of the page after it.
    following: Option<String>,
    loaded: bool,
    done: bool,
}

impl Search<'_> {
    /// What is searched, as a person would say it.
    pub(crate) fn words(&self) -> String {
        let groups: Vec<String> = self.groups.iter().map(ToString::to_string).collect();
        let mut words = format!("{}, {}", groups.join(", "), self.range);
        if let Some(pattern) = self.pattern {
            words.push_str(&format!(", pattern {pattern}"));
        }
        if !self.streams.is_empty() {
            words.push_str(&format!(", streams {}", self.streams.join(", ")));
        }
        if let Some(prefix) = self.stream_prefix {
            words.push_str(&format!(", streams that start with {prefix}"));
        }
        words
    }

    /// How long one group's next page takes to ask for.
    async fn ask(
        &self,
        cx: &Call<CloudWatch>,
        group: &LogGroup,
        token: Option<String>,
    ) -> Result<FilterLogEventsOutput> {
        let request = cx
            .client()
            .logs
            .filter_log_events()
            .set_log_group_name(group.plain_name())
            .set_log_group_identifier(group.arn())
            .start_time(self.range.start.as_millisecond())
            .end_time(self.range.end.as_millisecond())
            .set_filter_pattern(self.pattern.map(str::to_owned))
            .set_log_stream_names((!self.streams.is_empty()).then(|| self.streams.to_vec()))
            .set_log_stream_name_prefix(self.stream_prefix.map(str::to_owned))
            .set_start_from_head(self.newest_first.then_some(false))
            .set_next_token(token)
            .limit(self.page);
        match request.send().await {
            Ok(page) => Ok(page),
            Err(error) => Err(quoting::explain(groups::explain(cx, self.groups, error).await, self.pattern)),
        }
    }
}

impl<'a> Reader<'a> {
    /// Starts at the beginning, or where an earlier call stopped. After `patience` it stops between two pages.
    pub(crate) fn new(
        cx: &'a Call<CloudWatch>,
        search: Search<'a>,
        places: Vec<Place>,
        patience: Duration,
    ) -> Self {
        let mut places = places.into_iter();
        let heads = search
            .groups
            .iter()
            .map(|_| {
                let place = places.next().unwrap_or_default();
                Head { following: place.token, taken: place.skip, done: place.done, ..Head::default() }
            })
            .collect();
        Reader { cx, search, heads, started: Instant::now(), patience, pages: 0 }
    }

    /// Finds out whether there is another event, reading on where it has to.
    pub(crate) async fn look(&mut self) -> Result<Next> {
        loop {
            let empty: Vec<usize> =
                self.heads.iter().enumerate().filter(|(_, head)| head.wants()).map(|(at, _)| at).collect();
            if empty.is_empty() {
                let any = self.heads.iter().any(|head| !head.buffer.is_empty());
                return Ok(if any { Next::Event } else { Next::End });
            }
            if self.pages > 0 && self.started.elapsed() >= self.patience {
                return Ok(Next::Late);
            }
            let (cx, search, heads) = (self.cx, &self.search, &self.heads);
            let asked = empty.iter().filter_map(|at| Some((*at, heads.get(*at)?, search.groups.get(*at)?)));
            let pages = asked.map(|(at, head, group)| async move {
                let token = head.following.clone();
                Ok::<_, awsmcp_mcp::Error>((at, token.clone(), search.ask(cx, group, token).await?))
            });
            let pages = match try_join_all(pages).await {
                Ok(pages) => pages,
                // What was read so far is not lost with one page that may be there in a moment.
                Err(error) if self.pages > 0 && error.retryable() => {
                    return Ok(Next::Failed(error.message.clone()));
                }
                Err(error) => return Err(error),
            };
            for (at, token, page) in pages {
                self.pages += 1;
                if let Some(head) = self.heads.get_mut(at) {
                    head.load(at, token, page, self.search.newest_first);
                }
            }
        }
    }

    /// The next event, if [`Reader::look`] found one.
    pub(crate) fn take(&mut self) -> Option<Event> {
        let newest_first = self.search.newest_first;
        let heads = self.heads.iter_mut().filter(|head| !head.buffer.is_empty());
        let order = |head: &&mut Head| {
            let millis = head.buffer.front().map_or(0, |event| event.millis);
            if newest_first { -millis } else { millis }
        };
        let head = heads.min_by_key(order)?;
        head.taken += 1;
        head.buffer.pop_front()
    }

    /// What [`Reader::take`] would give.
    pub(crate) fn peek(&self) -> Option<&Event> {
        let fronts = self.heads.iter().filter_map(|head| head.buffer.front());
        let newest_first = self.search.newest_first;
        fronts.min_by_key(|event| if newest_first { -event.millis } else { event.millis })
    }

    /// Where to go on in each group; none where everything was read.
    pub(crate) fn places(&self) -> Option<Vec<Place>> {
        let places: Vec<Place> = self.heads.iter().map(Head::place).collect();
        places.iter().any(|place| !place.done).then_some(places)
    }
}

impl Head {
    /// Whether its next page must be read before anything can be said.
    fn wants(&self) -> bool {
        !self.done && self.buffer.is_empty() && (!self.loaded || self.following.is_some())
    }

    fn load(&mut self, group: usize, token: Option<String>, page: FilterLogEventsOutput, newest_first: bool) {
        // The first page of a continued search was read in part.
        let skip = if self.loaded { 0 } else { self.taken };
        let mut events: Vec<Event> =
            page.events.unwrap_or_default().into_iter().map(|event| Event::new(group, event)).collect();
        events.sort_by_key(|event| if newest_first { -event.millis } else { event.millis });
        self.buffer = events.into_iter().skip(skip).collect();
        self.taken = skip;
        self.loaded = true;
        self.token = token;
        self.following = page.next_token.filter(|token| !token.is_empty());
        self.done = self.buffer.is_empty() && self.following.is_none();
    }

    fn place(&self) -> Place {
        if !self.loaded {
            return Place { token: self.following.clone(), skip: self.taken, done: self.done };
        }
        if !self.buffer.is_empty() {
            return Place { token: self.token.clone(), skip: self.taken, done: false };
        }
        Place { token: self.following.clone(), skip: 0, done: self.following.is_none() }
    }
}

impl Event {
    fn new(group: usize, event: FilteredLogEvent) -> Self {
        Event {
            group,
            millis: event.timestamp.unwrap_or(0),
            stream: event.log_stream_name.unwrap_or_default(),
            message: event.message.map(|message| message.trim_end().to_owned()).unwrap_or_default(),
        }
    }
}
