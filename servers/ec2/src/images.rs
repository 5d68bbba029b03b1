//! Images by alias, and instance types by need.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{
    AcceleratorCountRequest, AcceleratorType, ArchitectureType, BurstablePerformance, InstanceGeneration,
    InstanceRequirementsRequest, InstanceType, InstanceTypeInfo, MemoryMiBRequest, VCpuCountRangeRequest,
    VirtualizationType,
};
use awsmcp_mcp::{Call, Error, ResourceArgument, ResourceRef, Result, nearest};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Ec2, knowledge::IMAGE_ALIASES, names::ImageId};

/// What a processor is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub(crate) enum Architecture {
    #[default]
    #[serde(rename = "x86_64")]
    X86,
    #[serde(rename = "arm64")]
    Arm,
}

impl Architecture {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Architecture::X86 => "x86_64",
            Architecture::Arm => "arm64",
        }
    }
}

/// An image: its id, an alias (`al2023`, `ubuntu-24.04`) or `ssm:` and the path of a parameter that holds an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Image {
    Id(ImageId),
    Parameter(String),
    Alias(&'static str),
}

impl ResourceArgument for Image {
    fn parse(text: &str) -> Result<Self, String> {
        let is_path = |path: &&str| {
            !path.is_empty() && !path.contains(|letter: char| letter.is_control() || letter.is_whitespace())
        };
        if let Some(path) = text.strip_prefix("ssm:").filter(is_path) {
            return Ok(Image::Parameter(path.to_owned()));
        }
        if text.starts_with("ami-") || text.starts_with("arn:") {
            return ImageId::parse(text).map(Image::Id);
        }
        let known = IMAGE_ALIASES.rows.iter().map(|(alias, _)| *alias);
        known.clone().find(|alias| *alias == text).map(Image::Alias).ok_or_else(|| {
            let meant = nearest(text, known.clone()).map(|alias| format!(" (did you mean {alias}?)")).unwrap_or_default();
            let all: Vec<&str> = known.collect();
            format!(
                "{text:?} is not an image{meant}; good ones are ami-0123456789abcdef0, ssm:/my/parameter, and {}",
                all.join(", ")
            )
        })
    }

    fn resource(&self) -> ResourceRef {
        match self {
            Image::Id(id) => id.resource(),
            Image::Parameter(_) | Image::Alias(_) => ResourceRef::Name(self.to_string()),
        }
    }
}

impl Image {
    /// The parameter that holds the id, of those that have one.
    pub(crate) fn parameter(&self, architecture: Architecture) -> Option<String> {
        match self {
            Image::Id(_) => None,
            Image::Parameter(path) => Some(path.clone()),
            Image::Alias(alias) => {
                let (_, path) = IMAGE_ALIASES.rows.iter().find(|(known, _)| known == alias)?;
                let (cpu, ecs) = match architecture {
                    Architecture::X86 => ("amd64", ""),
                    Architecture::Arm => ("arm64", "arm64/"),
                };
                Some(path.replace("{arch}", architecture.name()).replace("{cpu}", cpu).replace("{ecs}", ecs))
            }
        }
    }
}

impl std::fmt::Display for Image {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Image::Id(id) => f.write_str(id.as_str()),
            Image::Parameter(path) => write!(f, "ssm:{path}"),
            Image::Alias(alias) => f.write_str(alias),
        }
    }
}

awsmcp_mcp::resource_string!(Image);

/// As many names one call of GetParameters takes.
const PARAMETERS: usize = 10;

/// The newest image of each alias, for this architecture, where the region has it.
pub(crate) async fn aliases(
    cx: &Call<Ec2>,
    architecture: Architecture,
) -> Result<BTreeMap<String, &'static str>> {
    let named: Vec<(&'static str, String)> = IMAGE_ALIASES
        .rows
        .iter()
        .filter_map(|(alias, _)| Some((*alias, Image::Alias(alias).parameter(architecture)?)))
        .collect();
    let mut paths: Vec<String> = named.iter().map(|(_, path)| path.clone()).collect();
    paths.sort();
    paths.dedup();
    let mut found = BTreeMap::new();
    for paths in paths.chunks(PARAMETERS) {
        let out = cx.client().ssm.get_parameters().set_names(Some(paths.to_vec())).send().await?;
        for parameter in out.parameters.unwrap_or_default() {
            let (Some(path), Some(id)) = (parameter.name, parameter.value) else { continue };
            if let Some((alias, _)) = named.iter().find(|(_, own)| *own == path) {
                found.insert(id, *alias);
            }
        }
    }
    Ok(found)
}

/// The id of an image.
///
/// # Errors
/// When its parameter is not there.
pub(crate) async fn resolve(cx: &Call<Ec2>, image: &Image, architecture: Architecture) -> Result<String> {
    let Some(path) = image.parameter(architecture) else {
        return Ok(image.to_string());
    };
    let out = cx.client().ssm.get_parameters().names(&path).send().await?;
    let value = out.parameters.unwrap_or_default().into_iter().find_map(|found| found.value);
    match value {
        Some(id) if id.starts_with("ami-") => Ok(id),
        Some(_) => Err(Error::invalid(format!("the parameter {path} holds no image's id"))),
        None => Err(Error::not_found(format!("there is no parameter {path} in {}", cx.region()))
            .with_next("give an id (list_images), or another alias")),
    }
}

/// What a machine has to have.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Need {
    pub(crate) vcpus: (Option<i32>, Option<i32>),
    pub(crate) memory_gib: (Option<f64>, Option<f64>),
    pub(crate) gpus: Option<i32>,
    pub(crate) architecture: Option<Architecture>,
}

/// A page of the types that are offered in the region and fit, smallest first within it.
pub(crate) async fn fitting(
    cx: &Call<Ec2>,
    need: Need,
    size: i32,
    token: Option<String>,
) -> Result<(Vec<InstanceTypeInfo>, Option<String>)> {
    let mib = |gib: f64| (gib * 1024.0) as i32;
    let requirements = InstanceRequirementsRequest::builder()
        .v_cpu_count(
            VCpuCountRangeRequest::builder().min(need.vcpus.0.unwrap_or(0)).set_max(need.vcpus.1).build(),
        )
        .memory_mib(
            MemoryMiBRequest::builder()
                .min(need.memory_gib.0.map_or(0, mib))
                .set_max(need.memory_gib.1.map(mib))
                .build(),
        )
        .burstable_performance(BurstablePerformance::Included)
        .instance_generations(InstanceGeneration::Current);
    let requirements = match need.gpus {
        Some(count) if count > 0 => requirements
            .accelerator_types(AcceleratorType::Gpu)
            .accelerator_count(AcceleratorCountRequest::builder().min(count).build()),
        // Without this types with accelerators come too.
        _ => requirements.accelerator_count(AcceleratorCountRequest::builder().max(0).build()),
    };
    let architectures = match need.architecture {
        Some(Architecture::X86) => vec![ArchitectureType::X8664],
        Some(Architecture::Arm) => vec![ArchitectureType::Arm64],
        None => vec![ArchitectureType::X8664, ArchitectureType::Arm64],
    };
    let out = cx
        .client()
        .ec2
        .get_instance_types_from_instance_requirements()
        .set_architecture_types(Some(architectures))
        .virtualization_types(VirtualizationType::Hvm)
        .instance_requirements(requirements.build())
        .max_results(size)
        .set_next_token(token)
        .send()
        .await?;
    let names: Vec<String> =
        out.instance_types.unwrap_or_default().into_iter().filter_map(|found| found.instance_type).collect();
    let mut types = described(cx, names).await?;
    types.sort_by_key(size_of);
    Ok((types, out.next_token))
}

/// What AWS says of these types.
pub(crate) async fn described(cx: &Call<Ec2>, names: Vec<String>) -> Result<Vec<InstanceTypeInfo>> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let types: Vec<InstanceType> = names.iter().map(|name| InstanceType::from(name.as_str())).collect();
    let out = cx.client().ec2.describe_instance_types().set_instance_types(Some(types)).send().await?;
    Ok(out.instance_types.unwrap_or_default())
}

/// The architecture of a type: that of an image by its alias, where the call names none.
pub(crate) async fn architecture_of(cx: &Call<Ec2>, instance_type: &str) -> Result<Architecture> {
    let types = described(cx, vec![instance_type.to_owned()]).await?;
    let known: Vec<ArchitectureType> =
        types.into_iter().filter_map(|info| info.processor_info?.supported_architectures).flatten().collect();
    let is_arm = known.contains(&ArchitectureType::Arm64) && !known.contains(&ArchitectureType::X8664);
    Ok(if is_arm { Architecture::Arm } else { Architecture::X86 })
}

/// By memory, then processors, then name: what is smaller costs less, mostly.
fn size_of(info: &InstanceTypeInfo) -> (i64, i32, String) {
    let memory = info.memory_info.as_ref().and_then(|it| it.size_in_mib).unwrap_or(i64::MAX);
    let vcpus = info.v_cpu_info.as_ref().and_then(|it| it.default_v_cpus).unwrap_or(i32::MAX);
    (memory, vcpus, info.instance_type.as_ref().map(ToString::to_string).unwrap_or_default())
}

/// The smallest type that fits.
///
/// # Errors
/// When none does.
pub(crate) async fn smallest(cx: &Call<Ec2>, need: Need) -> Result<InstanceTypeInfo> {
    const MOST_PAGES: usize = 20;
    let (mut best, mut token) = (Vec::new(), None);
    for _ in 0..MOST_PAGES {
        let (types, next) = fitting(cx, need, 100, token).await?;
        best.extend(types.into_iter().next());
        token = next.filter(|token| !token.is_empty());
        if token.is_none() {
            break;
        }
    }
    best.into_iter().min_by_key(size_of).ok_or_else(|| {
        Error::not_found(format!("no type in {} has that much", cx.region()))
            .with_next("find_instance_types shows what there is")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_ids_aliases_or_parameters() {
        assert_eq!(Image::parse("al2023"), Ok(Image::Alias("al2023")));
        assert_eq!(Image::parse("ssm:/my/ami"), Ok(Image::Parameter("/my/ami".to_owned())));
        assert_eq!(
            Image::parse("ami-0123456789abcdef0"),
            ImageId::parse("ami-0123456789abcdef0").map(Image::Id)
        );
        assert!(Image::parse("ami-x").unwrap_err().contains("ami-0123456789abcdef0"));
        assert!(Image::parse("ubunto").unwrap_err().contains("did you mean ubuntu?"));
        assert!(Image::parse("ssm:").is_err());
    }

    #[test]
    fn an_alias_has_a_parameter_for_each_architecture() {
        let path = |alias, architecture| Image::Alias(alias).parameter(architecture).unwrap();
        assert_eq!(
            path("al2023", Architecture::Arm),
            "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
        );
        assert!(path("ubuntu", Architecture::X86).ends_with("/amd64/hvm/ebs-gp3/ami-id"));
        assert!(path("ecs", Architecture::Arm).contains("/arm64/recommended/"));
        assert!(!path("ecs", Architecture::X86).contains('{'));
    }
}
