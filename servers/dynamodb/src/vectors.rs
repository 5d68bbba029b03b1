//! Indexes by likeness: of an attribute that holds a vector, searched for the vectors that are nearest to one.

use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, CreateVectorIndexAction, SearchSchemaElement,
    SearchSchemaElementType, TableDescription, VectorAttributeDefinition, VectorDistanceFunction,
    VectorIndexDescription,
};
use awsmcp_mcp::{Error, Result};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    blueprint::{failed, projection},
    names::{KeyAttribute, Name},
    value::Attributes,
};

/// How near two vectors are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Distance {
    Cosine,
    Euclidean,
    DotProduct,
}

impl Distance {
    fn aws(self) -> VectorDistanceFunction {
        match self {
            Distance::Cosine => VectorDistanceFunction::Cosine,
            Distance::Euclidean => VectorDistanceFunction::Euclidean,
            Distance::DotProduct => VectorDistanceFunction::DotProduct,
        }
    }
}

/// A new vector index.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewVectorIndex {
    pub(crate) name: Name,
    /// Holds the vector: a list of numbers.
    attribute: String,
    /// Numbers in each vector.
    #[schemars(range(min = 1, max = 4096))]
    dimensions: i64,
    distance: Distance,
    /// Each search is of one value of it.
    partition_key: Option<KeyAttribute>,
    /// Attributes that a search can filter by.
    #[serde(default)]
    filters: Vec<KeyAttribute>,
    /// Attributes it keeps besides; all unless given.
    include: Option<Vec<String>>,
}

impl NewVectorIndex {
    /// The attributes whose types the table must know.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &KeyAttribute> {
        self.partition_key.iter().chain(&self.filters)
    }

    pub(crate) fn creation(&self) -> Result<CreateVectorIndexAction> {
        let element = |key: &KeyAttribute, kind: SearchSchemaElementType| {
            let element = SearchSchemaElement::builder().attribute_name(&key.name);
            element.search_schema_element_type(kind).build().map_err(failed)
        };
        let partition = self.partition_key.iter().map(|key| element(key, SearchSchemaElementType::Hash));
        let filters = self.filters.iter().map(|key| element(key, SearchSchemaElementType::InlineFilter));
        let schema: Vec<SearchSchemaElement> = partition.chain(filters).collect::<Result<_>>()?;
        let vector = VectorAttributeDefinition::builder().attribute_name(&self.attribute);
        CreateVectorIndexAction::builder()
            .index_name(self.name.as_str())
            .vector_attribute(vector.build().map_err(failed)?)
            .set_search_schema((!schema.is_empty()).then_some(schema))
            .projection(projection(self.include.as_deref()))
            .dimensions(self.dimensions)
            .distance_function(self.distance.aws())
            .build()
            .map_err(failed)
    }

    pub(crate) fn words(&self) -> String {
        let filters: Vec<String> = self.filters.iter().map(ToString::to_string).collect();
        let partition = self.partition_key.as_ref().map(ToString::to_string);
        let distance = self.distance.aws();
        words(&self.attribute, self.dimensions, distance.as_str(), partition.as_deref(), &filters)
    }
}

/// `embedding (1536 numbers, COSINE), of one tenant (S), filters price (N)`
fn words(
    attribute: &str,
    dimensions: i64,
    distance: &str,
    partition: Option<&str>,
    filters: &[String],
) -> String {
    let partition = partition.map(|partition| format!(", of one {partition}")).unwrap_or_default();
    let filters = match filters {
        [] => String::new(),
        filters => format!(", filters {}", filters.join(", ")),
    };
    format!("{attribute} ({dimensions} numbers, {distance}){partition}{filters}")
}

/// What an index searches by, as [`words`].
pub(crate) fn described(index: &VectorIndexDescription, definitions: &[AttributeDefinition]) -> String {
    let typed = |name: &str| {
        let own = definitions.iter().find(|definition| definition.attribute_name == name);
        own.map_or_else(|| name.to_owned(), |own| format!("{name} ({})", own.attribute_type))
    };
    let of = |kind: SearchSchemaElementType| {
        let schema = index.search_schema().iter();
        let own = schema.filter(move |element| element.search_schema_element_type == kind);
        own.map(|element| typed(&element.attribute_name)).collect::<Vec<String>>()
    };
    let distance = index.distance_function().map_or("", VectorDistanceFunction::as_str);
    let partition = of(SearchSchemaElementType::Hash);
    let filters = of(SearchSchemaElementType::InlineFilter);
    let dimensions = index.dimensions.unwrap_or_default();
    words(attribute(index), dimensions, distance, partition.first().map(String::as_str), &filters)
}

/// The attribute that holds the vectors of an index.
pub(crate) fn attribute(index: &VectorIndexDescription) -> &str {
    index.vector_attribute().map_or("", |attribute| attribute.attribute_name())
}

/// The vector index of this name.
pub(crate) fn find<'a>(table: &'a TableDescription, name: &str) -> Option<&'a VectorIndexDescription> {
    table.vector_indexes().iter().find(|index| index.index_name() == Some(name))
}

/// What the scores of an index mean.
pub(crate) fn scale(index: &VectorIndexDescription) -> &'static str {
    match index.distance_function() {
        Some(VectorDistanceFunction::Cosine) => "score: 0 is the same direction, 2 the opposite",
        Some(VectorDistanceFunction::Euclidean) => "score: the distance, 0 is the same",
        Some(VectorDistanceFunction::DotProduct) => "score: more is nearer",
        _ => "the nearest come first",
    }
}

/// The vector that an item holds there.
///
/// # Errors
/// When it holds none, or one that does not fit the index.
pub(crate) fn vector_of(item: &Attributes, index: &VectorIndexDescription) -> Result<Vec<AttributeValue>> {
    let name = attribute(index);
    let wrong = |what: String| Error::invalid(format!("the item of `like` {what}"));
    match item.get(name) {
        Some(AttributeValue::L(numbers)) if numbers.iter().all(AttributeValue::is_n) => {
            fits(numbers.len(), index)?;
            Ok(numbers.clone())
        }
        Some(_) => Err(wrong(format!("holds no list of numbers in {name}"))),
        None => Err(wrong(format!("has no {name}, so that it is not in the index"))),
    }
}

/// # Errors
/// When a vector has not as many numbers as those of the index.
pub(crate) fn fits(numbers: usize, index: &VectorIndexDescription) -> Result<()> {
    match index.dimensions {
        Some(wanted) if wanted != numbers as i64 => Err(Error::invalid(format!(
            "a vector of {} has {wanted} numbers, not {numbers}: it must be made by the model that made those",
            index.index_name().unwrap_or_default()
        ))),
        _ => Ok(()),
    }
}

/// # Errors
/// When the index has a partition key, and none of these attributes is it.
pub(crate) fn has_partition(index: &VectorIndexDescription, given: &[&str]) -> Result<()> {
    let is_partition =
        |element: &&SearchSchemaElement| element.search_schema_element_type == SearchSchemaElementType::Hash;
    let Some(partition) = index.search_schema().iter().find(is_partition) else { return Ok(()) };
    let name = partition.attribute_name.as_str();
    if given.contains(&name) {
        return Ok(());
    }
    let index = index.index_name().unwrap_or_default();
    Err(Error::invalid(format!("a search of {index} is of one value of {name}")).with_next(format!(
        "a good one is \"filter\": [{{\"attribute\": \"{name}\", \"op\": \"=\", \"value\": \"a\"}}]"
    )))
}
