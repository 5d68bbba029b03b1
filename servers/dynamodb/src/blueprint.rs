//! What a new table or index shall be, as a caller says it.

use aws_sdk_dynamodb::{
    error::BuildError,
    types::{
        AttributeDefinition, CreateGlobalSecondaryIndexAction, GlobalSecondaryIndex, KeySchemaElement,
        KeyType, LocalSecondaryIndex, Projection, ProjectionType, ProvisionedThroughput, StreamViewType,
        TableClass,
    },
};
use awsmcp_mcp::{Error, Result};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::names::{KeyAttribute, Name};

pub(crate) fn failed(error: BuildError) -> Error {
    Error::internal(error.to_string())
}

/// A new index.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewIndex {
    pub(crate) name: Name,
    pub(crate) partition_key: KeyAttribute,
    pub(crate) sort_key: Option<KeyAttribute>,
    /// Attributes it keeps besides keys; all unless given.
    pub(crate) include: Option<Vec<String>>,
}

/// What an index keeps of an item besides keys: all where nothing is given.
pub(crate) fn projection(kept: Option<&[String]>) -> Projection {
    let kind = match kept {
        None => ProjectionType::All,
        Some([]) => ProjectionType::KeysOnly,
        Some(_) => ProjectionType::Include,
    };
    let names = kept.filter(|names| !names.is_empty()).map(<[String]>::to_vec);
    Projection::builder().projection_type(kind).set_non_key_attributes(names).build()
}

impl NewIndex {
    fn projection(&self) -> Projection {
        projection(self.include.as_deref())
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &KeyAttribute> {
        std::iter::once(&self.partition_key).chain(&self.sort_key)
    }

    pub(crate) fn global(&self, units: Option<ProvisionedThroughput>) -> Result<GlobalSecondaryIndex> {
        GlobalSecondaryIndex::builder()
            .index_name(self.name.as_str())
            .set_key_schema(Some(schema(self.keys())?))
            .projection(self.projection())
            .set_provisioned_throughput(units)
            .build()
            .map_err(failed)
    }

    pub(crate) fn creation(
        &self,
        units: Option<ProvisionedThroughput>,
    ) -> Result<CreateGlobalSecondaryIndexAction> {
        CreateGlobalSecondaryIndexAction::builder()
            .index_name(self.name.as_str())
            .set_key_schema(Some(schema(self.keys())?))
            .projection(self.projection())
            .set_provisioned_throughput(units)
            .build()
            .map_err(failed)
    }

    pub(crate) fn local(&self) -> Result<LocalSecondaryIndex> {
        LocalSecondaryIndex::builder()
            .index_name(self.name.as_str())
            .set_key_schema(Some(schema(self.keys())?))
            .projection(self.projection())
            .build()
            .map_err(failed)
    }

    /// Which attributes it keeps, where not all.
    pub(crate) fn kept(&self) -> String {
        match self.include.as_deref() {
            None => String::new(),
            Some([]) => "; keys only".to_owned(),
            Some(names) => format!("; keys and {}", names.join(", ")),
        }
    }

    pub(crate) fn words(&self) -> String {
        self.keys().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }
}

/// Partition key, then sort key.
pub(crate) fn schema<'a>(keys: impl IntoIterator<Item = &'a KeyAttribute>) -> Result<Vec<KeySchemaElement>> {
    keys.into_iter()
        .zip([KeyType::Hash, KeyType::Range])
        .map(|(key, kind)| {
            KeySchemaElement::builder().attribute_name(&key.name).key_type(kind).build().map_err(failed)
        })
        .collect()
}

/// The types of all key attributes, each once.
///
/// # Errors
/// When one attribute has two types.
pub(crate) fn definitions<'a>(
    keys: impl IntoIterator<Item = &'a KeyAttribute>,
) -> Result<Vec<AttributeDefinition>> {
    let mut seen: Vec<&KeyAttribute> = Vec::new();
    for key in keys {
        match seen.iter().find(|other| other.name == key.name) {
            Some(other) if other.kind != key.kind => {
                return Err(Error::invalid(format!(
                    "{} is {} in one key and {} in another: an attribute has one type",
                    key.name, other.kind, key.kind
                )));
            }
            Some(_) => {}
            None => seen.push(key),
        }
    }
    seen.into_iter()
        .map(|key| {
            AttributeDefinition::builder()
                .attribute_name(&key.name)
                .attribute_type(key.kind.clone())
                .build()
                .map_err(failed)
        })
        .collect()
}

/// Capacity units, where the table does not bill on demand.
pub(crate) fn units(read: Option<i64>, write: Option<i64>) -> Result<Option<ProvisionedThroughput>> {
    match (read, write) {
        (None, None) => Ok(None),
        (Some(read), Some(write)) => ProvisionedThroughput::builder()
            .read_capacity_units(read)
            .write_capacity_units(write)
            .build()
            .map(Some)
            .map_err(failed),
        _ => Err(Error::invalid(
            "give `read_units` and `write_units` together; without both the table bills on demand",
        )),
    }
}

/// What a stream's records hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum View {
    KeysOnly,
    NewImage,
    OldImage,
    NewAndOldImages,
    Off,
}

impl View {
    /// None where the stream is off.
    pub(crate) fn aws(self) -> Option<StreamViewType> {
        Some(match self {
            View::KeysOnly => StreamViewType::KeysOnly,
            View::NewImage => StreamViewType::NewImage,
            View::OldImage => StreamViewType::OldImage,
            View::NewAndOldImages => StreamViewType::NewAndOldImages,
            View::Off => return None,
        })
    }
}

/// How storage is priced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Class {
    Standard,
    StandardInfrequentAccess,
}

impl Class {
    pub(crate) fn aws(self) -> TableClass {
        match self {
            Class::Standard => TableClass::Standard,
            Class::StandardInfrequentAccess => TableClass::StandardInfrequentAccess,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(text: &str) -> NewIndex {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn an_index_keeps_what_was_asked() {
        let kind = |text: &str| index(text).projection().projection_type.unwrap();
        assert_eq!(kind(r#"{"name": "by-a", "partition_key": "a"}"#), ProjectionType::All);
        assert_eq!(
            kind(r#"{"name": "by-a", "partition_key": "a", "include": []}"#),
            ProjectionType::KeysOnly
        );
        assert_eq!(
            kind(r#"{"name": "by-a", "partition_key": "a", "include": ["b"]}"#),
            ProjectionType::Include
        );
        assert_eq!(
            index(r#"{"name": "by-a", "partition_key": "a", "sort_key": "t:N"}"#).words(),
            "a (S), t (N)"
        );
    }

    #[test]
    fn an_attribute_has_one_type_and_is_defined_once() {
        let key = |text: &str| KeyAttribute::parse(text).unwrap();
        assert_eq!(definitions([&key("a"), &key("b:N"), &key("a")]).unwrap().len(), 2);
        let error = definitions([&key("a"), &key("a:N")]).unwrap_err();
        assert!(error.message.contains("one type"), "{error}");
        assert!(units(Some(1), None).unwrap_err().message.contains("together"));
    }
}
