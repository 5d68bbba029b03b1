//! Tags, and the filters that look for them.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{Filter, ResourceType, Tag, TagSpecification};

use crate::knowledge::MANAGER_TAGS;

/// The value of the tag `Name`, which is what people call a thing.
pub(crate) fn name(tags: Option<&Vec<Tag>>) -> Option<String> {
    value(tags, "Name")
}

/// The value of one tag.
pub(crate) fn value(tags: Option<&Vec<Tag>>, key: &str) -> Option<String> {
    tags?.iter().find(|tag| tag.key.as_deref() == Some(key)).and_then(|tag| tag.value.clone())
}

/// All tags but the name, in order.
pub(crate) fn map(tags: Option<Vec<Tag>>) -> BTreeMap<String, String> {
    let pairs = tags.unwrap_or_default().into_iter();
    pairs.filter_map(|tag| Some((tag.key?, tag.value?))).filter(|(key, _)| key != "Name").collect()
}

/// What manages an instance, and would replace it or be confused by a change behind its back.
pub(crate) fn manager(tags: Option<&Vec<Tag>>) -> Option<String> {
    MANAGER_TAGS.rows.iter().find_map(|(key, what)| Some(format!("{what} {}", value(tags, key)?)))
}

/// What a new thing is tagged with.
pub(crate) fn specification(
    kind: ResourceType,
    name: Option<&str>,
    tags: &BTreeMap<String, String>,
) -> Option<TagSpecification> {
    let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
    let all: Vec<Tag> = name
        .map(|name| tag("Name", name))
        .into_iter()
        .chain(tags.iter().map(|(key, value)| tag(key, value)))
        .collect();
    (!all.is_empty()).then(|| TagSpecification::builder().resource_type(kind).set_tags(Some(all)).build())
}

/// The filters of one request.
#[derive(Debug, Default)]
pub(crate) struct Filters(Vec<Filter>);

impl Filters {
    /// Only what has one of these values; nothing, where none is given.
    pub(crate) fn any<T: AsRef<str>>(mut self, name: &str, values: impl IntoIterator<Item = T>) -> Self {
        let values: Vec<String> = values.into_iter().map(|value| value.as_ref().to_owned()).collect();
        if !values.is_empty() {
            self.0.push(Filter::builder().name(name).set_values(Some(values)).build());
        }
        self
    }

    /// A name: with `*` or `?` a pattern, else its beginning.
    pub(crate) fn named(self, filter: &str, name: Option<&str>) -> Self {
        self.any(filter, name.map(pattern))
    }

    /// `team`, `team=data`, or `team=` for the empty value.
    pub(crate) fn tag(self, tag: Option<&str>) -> Self {
        match tag.map(|tag| tag.split_once('=').ok_or(tag)) {
            None => self,
            Some(Err(key)) => self.any("tag-key", [key]),
            Some(Ok((key, value))) => self.any(&format!("tag:{key}"), [value]),
        }
    }

    /// As requests take them: none is not an empty list.
    pub(crate) fn build(self) -> Option<Vec<Filter>> {
        (!self.0.is_empty()).then_some(self.0)
    }
}

/// A name as EC2's filters take it: without a wildcard it is the beginning.
fn pattern(name: &str) -> String {
    if name.contains(['*', '?']) { name.to_owned() } else { format!("{name}*") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_asked_for_is_no_filter() {
        assert_eq!(Filters::default().named("tag:Name", None).tag(None).build(), None);
        let none: [&str; 0] = [];
        assert_eq!(Filters::default().any("vpc-id", none).build(), None);
    }

    #[test]
    fn names_and_tags_become_filters() {
        let filters =
            Filters::default().named("tag:Name", Some("web")).tag(Some("team=data")).tag(Some("owner"));
        let shown: Vec<String> = filters
            .build()
            .unwrap()
            .into_iter()
            .map(|filter| format!("{}={}", filter.name.unwrap(), filter.values.unwrap().join(",")))
            .collect();
        assert_eq!(shown, ["tag:Name=web*", "tag:team=data", "tag-key=owner"]);
        assert_eq!(pattern("w?b"), "w?b");
        let empty = Filters::default().tag(Some("team=")).build().unwrap().remove(0);
        assert_eq!((empty.name.as_deref(), empty.values), (Some("tag:team"), Some(vec![String::new()])));
    }

    #[test]
    fn who_manages_an_instance_is_read_from_its_tags() {
        let tags = vec![Tag::builder().key("aws:autoscaling:groupName").value("web").build()];
        assert_eq!(manager(Some(&tags)).as_deref(), Some("Auto Scaling group web"));
        assert_eq!(manager(None), None);
    }
}
