//! What is looked for in a knowledge base, and what is found there.

use aws_sdk_bedrockagentruntime::types::{
    FilterAttribute, KnowledgeBaseRetrievalConfiguration, KnowledgeBaseVectorSearchConfiguration,
    ManagedSearchBedrockRerankingConfiguration, ManagedSearchBedrockRerankingModelConfiguration,
    ManagedSearchConfiguration, ManagedSearchRerankingConfiguration, ManagedSearchRerankingConfigurationType,
    RerankingModelType, RetrievalFilter, RetrievalResultContent, RetrievalResultLocation, SearchType,
    VectorSearchBedrockRerankingConfiguration, VectorSearchBedrockRerankingModelConfiguration,
    VectorSearchRerankingConfiguration, VectorSearchRerankingConfigurationType,
};
use awsmcp_mcp::{Call, Error, Result};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::{Bedrock, builders::missing, json::document, names::ModelId};

/// How it is searched.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Search {
    Hybrid,
    Semantic,
}

/// Who keeps the store of a knowledge base. Each wants to be asked in a form of its own, and no list tells which one it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Store {
    /// The account: a vector store, Kendra, a database.
    Own,
    /// Bedrock.
    Managed,
}

/// Whether what was asked in the form of the account's own stores is to be asked again, since AWS says that Bedrock manages
/// this knowledge base.
pub(crate) fn is_managed<T>(cx: &Call<Bedrock>, search: Option<Search>, asked: &Result<T>) -> bool {
    let is_managed = asked.as_ref().err().is_some_and(wants_managed);
    if is_managed && search.is_some() {
        cx.note("a knowledge base that Bedrock manages chooses its search itself: `search` was left out");
    }
    is_managed
}

/// "vectorSearchConfiguration is not supported for managed knowledge bases"
fn wants_managed(error: &Error) -> bool {
    let message = error.message.to_lowercase();
    error.code.as_deref() == Some("ValidationException")
        && message.contains("managed")
        && (message.contains("vectorsearchconfiguration") || message.contains("managedsearchconfiguration"))
}

/// How a knowledge base is searched.
#[derive(Clone)]
pub(crate) struct Wanted<'a> {
    pub(crate) count: Option<i32>,
    pub(crate) search: Option<Search>,
    pub(crate) filter: Option<&'a Value>,
    /// The ARN of the reranking model.
    pub(crate) rerank: Option<String>,
}

impl Wanted<'_> {
    /// As the SDK takes it.
    ///
    /// # Errors
    /// When the filter is none.
    pub(crate) fn configuration(self, store: Store) -> Result<KnowledgeBaseRetrievalConfiguration> {
        match store {
            Store::Own => self.vector(),
            Store::Managed => self.managed(),
        }
    }

    fn managed(self) -> Result<KnowledgeBaseRetrievalConfiguration> {
        let rerank = self.rerank.map(|arn| {
            let model = ManagedSearchBedrockRerankingModelConfiguration::builder().model_arn(arn).build()?;
            let bedrock = ManagedSearchBedrockRerankingConfiguration::builder()
                .model_configuration(model)
                .set_number_of_reranked_results(self.count)
                .build();
            ManagedSearchRerankingConfiguration::builder()
                .r#type(ManagedSearchRerankingConfigurationType::BedrockRerankingModel)
                .bedrock_reranking_configuration(bedrock)
                .build()
        });
        let managed = ManagedSearchConfiguration::builder()
            .set_number_of_results(self.count)
            .set_filter(self.filter.map(filter).transpose()?)
            .set_reranking_model_type(rerank.is_some().then_some(RerankingModelType::Custom))
            .set_reranking_configuration(rerank.transpose().map_err(missing)?);
        Ok(KnowledgeBaseRetrievalConfiguration::builder()
            .managed_search_configuration(managed.build())
            .build())
    }

    fn vector(self) -> Result<KnowledgeBaseRetrievalConfiguration> {
        let search = self.search.map(|search| match search {
            Search::Hybrid => SearchType::Hybrid,
            Search::Semantic => SearchType::Semantic,
        });
        let rerank = self.rerank.map(|arn| {
            let model = VectorSearchBedrockRerankingModelConfiguration::builder().model_arn(arn).build()?;
            let bedrock = VectorSearchBedrockRerankingConfiguration::builder()
                .model_configuration(model)
                .set_number_of_reranked_results(self.count)
                .build();
            VectorSearchRerankingConfiguration::builder()
                .r#type(VectorSearchRerankingConfigurationType::BedrockRerankingModel)
                .bedrock_reranking_configuration(bedrock)
                .build()
        });
        let vector = KnowledgeBaseVectorSearchConfiguration::builder()
            .set_number_of_results(self.count)
            .set_override_search_type(search)
            .set_filter(self.filter.map(filter).transpose()?)
            .set_reranking_configuration(rerank.transpose().map_err(missing)?);
        Ok(KnowledgeBaseRetrievalConfiguration::builder().vector_search_configuration(vector.build()).build())
    }
}

/// A metadata filter in AWS's form: `{"equals":{"key":"year","value":2026}}`, joined by `andAll` and `orAll`.
///
/// # Errors
/// Names what is none, and shows a good one.
pub(crate) fn filter(given: &Value) -> Result<RetrievalFilter> {
    let wrong = |what: String| {
        Error::invalid(format!("`filter`: {what}")).with_next(
            "good ones are {\"equals\":{\"key\":\"year\",\"value\":2026}} and {\"andAll\":[{\"greaterThan\":{\"key\":\"year\",\
             \"value\":2024}},{\"in\":{\"key\":\"team\",\"value\":[\"a\",\"b\"]}}]}",
        )
    };
    let mut fields = given.as_object().ok_or_else(|| wrong("it is no JSON object".to_owned()))?.iter();
    let (Some((operator, operand)), None) = (fields.next(), fields.next()) else {
        return Err(wrong("it has not exactly one operator".to_owned()));
    };
    if let "andAll" | "orAll" = operator.as_str() {
        let parts = operand.as_array().ok_or_else(|| wrong(format!("{operator} takes a list of filters")))?;
        if parts.len() < 2 {
            return Err(wrong(format!("{operator} takes two filters or more")));
        }
        let parts = parts.iter().map(filter).collect::<Result<Vec<_>>>()?;
        return Ok(if operator == "andAll" {
            RetrievalFilter::AndAll(parts)
        } else {
            RetrievalFilter::OrAll(parts)
        });
    }
    let wrap = match operator.as_str() {
        "equals" => RetrievalFilter::Equals,
        "notEquals" => RetrievalFilter::NotEquals,
        "greaterThan" => RetrievalFilter::GreaterThan,
        "greaterThanOrEquals" => RetrievalFilter::GreaterThanOrEquals,
        "lessThan" => RetrievalFilter::LessThan,
        "lessThanOrEquals" => RetrievalFilter::LessThanOrEquals,
        "in" => RetrievalFilter::In,
        "notIn" => RetrievalFilter::NotIn,
        "startsWith" => RetrievalFilter::StartsWith,
        "listContains" => RetrievalFilter::ListContains,
        "stringContains" => RetrievalFilter::StringContains,
        other => {
            return Err(wrong(format!(
                "{other:?} is no operator; they are equals, notEquals, greaterThan, greaterThanOrEquals, lessThan, \
                 lessThanOrEquals, in, notIn, startsWith, listContains, stringContains, andAll, orAll"
            )));
        }
    };
    let (Some(key), Some(value)) = (operand.get("key").and_then(Value::as_str), operand.get("value")) else {
        return Err(wrong(format!("{operator} needs `key` and `value`")));
    };
    let attribute = FilterAttribute::builder().key(key).value(document(value)).build().map_err(missing)?;
    Ok(wrap(attribute))
}

/// The ARN of a model given by id or ARN.
pub(crate) fn model_arn(model: &ModelId, region: &str) -> String {
    let id = model.as_str();
    if id.starts_with("arn:") {
        return id.to_owned();
    }
    let partition = match region.split('-').next() {
        Some("cn") => "aws-cn",
        Some("us") if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    };
    format!("arn:{partition}:bedrock:{region}::foundation-model/{id}")
}

/// Where something was found, as a person would write it.
pub(crate) fn place(location: &RetrievalResultLocation) -> Option<String> {
    let url = [
        location.s3_location.as_ref().and_then(|at| at.uri.as_ref()),
        location.web_location.as_ref().and_then(|at| at.url.as_ref()),
        location.confluence_location.as_ref().and_then(|at| at.url.as_ref()),
        location.salesforce_location.as_ref().and_then(|at| at.url.as_ref()),
        location.share_point_location.as_ref().and_then(|at| at.url.as_ref()),
        location.kendra_document_location.as_ref().and_then(|at| at.uri.as_ref()),
        location.custom_document_location.as_ref().and_then(|at| at.id.as_ref()),
        location.sql_location.as_ref().and_then(|at| at.query.as_ref()),
    ];
    url.into_iter().flatten().next().cloned()
}

/// Text, a row as `column: value`, or an image.
#[derive(Debug, PartialEq)]
pub(crate) enum Content {
    Text(String),
    Image { mime: String, data: Vec<u8> },
}

pub(crate) fn content(found: RetrievalResultContent) -> Content {
    // An image is a data URI.
    let image = found.byte_content.as_deref().and_then(|uri| uri.strip_prefix("data:")).and_then(|uri| {
        let (mime, data) = uri.split_once(";base64,")?;
        Some(Content::Image { mime: mime.to_owned(), data: BASE64_STANDARD.decode(data).ok()? })
    });
    if let Some(image) = image {
        return image;
    }
    let row: Vec<String> = found
        .row
        .into_iter()
        .flatten()
        .map(|column| {
            format!("{}: {}", column.column_name.unwrap_or_default(), column.column_value.unwrap_or_default())
        })
        .collect();
    Content::Text(if row.is_empty() { found.text } else { row.join(", ") })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn filters_are_read_in_aws_form() {
        let read = filter(&json!({"andAll": [
            {"greaterThan": {"key": "year", "value": 2024}},
            {"orAll": [{"in": {"key": "team", "value": ["a", "b"]}}, {"startsWith": {"key": "path", "value": "x"}}]},
        ]}))
        .unwrap();
        let RetrievalFilter::AndAll(parts) = read else { panic!("{read:?}") };
        assert!(
            matches!(parts[0], RetrievalFilter::GreaterThan(_))
                && matches!(parts[1], RetrievalFilter::OrAll(_))
        );
        for wrong in [
            json!("x"),
            json!({}),
            json!({"equals": {"key": "a"}}),
            json!({"is": {"key": "a", "value": 1}}),
            json!({"andAll": [{"equals": {"key": "a", "value": 1}}]}),
            json!({"equals": {"key": "a", "value": 1}, "in": {}}),
        ] {
            let error = filter(&wrong).unwrap_err();
            assert!(error.next.as_deref().unwrap_or_default().contains("\"equals\""), "{wrong}: {error}");
        }
    }

    #[test]
    fn a_models_arn_is_of_its_partition() {
        let model = |id: &str| serde_json::from_value::<ModelId>(json!(id)).unwrap();
        assert_eq!(
            model_arn(&model("amazon.rerank-v1:0"), "us-gov-west-1"),
            "arn:aws-us-gov:bedrock:us-gov-west-1::foundation-model/amazon.rerank-v1:0"
        );
        let arn = "arn:aws:bedrock:us-west-2::foundation-model/cohere.rerank-v3-5:0";
        assert_eq!(model_arn(&model(arn), "us-east-1"), arn);
    }

    #[test]
    fn contents_are_text_rows_or_images() {
        let build = RetrievalResultContent::builder;
        assert_eq!(content(build().text("t").build()), Content::Text("t".to_owned()));
        let image = build().text("").byte_content("data:image/png;base64,iVBO").build();
        assert_eq!(
            content(image),
            Content::Image { mime: "image/png".to_owned(), data: vec![0x89, 0x50, 0x4e] }
        );
    }
}
