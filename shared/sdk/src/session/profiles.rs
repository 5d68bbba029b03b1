//! What the profile files say.

use aws_config::profile::{Profile, ProfileSet};

use crate::{Error, Kind};

/// The selected profile's region, or that of the profile it takes its credentials from, as the SDK reads it.
pub(super) fn region_in(profiles: &ProfileSet) -> Option<String> {
    lineage(profiles).find_map(|profile| profile.get("region").map(str::to_owned))
}

/// The profile that `aws sso login` signs in for the selected one.
pub(super) fn sso_profile(profiles: &ProfileSet) -> Option<String> {
    let signs_in = |profile: &&Profile| profile.get("sso_session").or(profile.get("sso_start_url")).is_some();
    lineage(profiles).find(signs_in).map(|profile| profile.name().to_owned())
}

/// The selected profile, its `source_profile`, that one's, and so on.
fn lineage(profiles: &ProfileSet) -> impl Iterator<Item = &Profile> {
    let first = profiles.get_profile(profiles.selected_profile());
    // A ring of profiles is an error of the SDK's chain; here it only has to end.
    std::iter::successors(first, |profile| profiles.get_profile(profile.get("source_profile")?)).take(16)
}

pub(super) fn unknown_profile(name: &str, profiles: &ProfileSet) -> Error {
    let mut known: Vec<&str> = profiles.profiles().collect();
    known.sort_unstable();
    let nearest = known
        .iter()
        .map(|known| (strsim::jaro_winkler(known, name), known))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let hint = match nearest {
        Some((likeness, nearest)) if likeness > 0.8 => format!("Did you mean {nearest}? "),
        _ => String::new(),
    };
    let known = match known.is_empty() {
        true => "There are no profiles at all; `aws configure sso` or `aws configure` makes one.".to_owned(),
        false => format!("The profiles are {}.", known.join(", ")),
    };
    Error::new(Kind::NoCredentials, format!("There is no AWS profile {name}"))
        .with_next(format!("{hint}{known}"))
}
