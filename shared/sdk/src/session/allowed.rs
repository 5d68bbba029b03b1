//! What a call may name: profiles and regions, each from its allow-list.

use std::collections::BTreeSet;

use super::{Session, Target};
use crate::Error;
use crate::region::{glob, is_glob, is_region, partition, regions_of};

impl Session {
    pub(super) fn allowed_profile(&self, named: Option<&str>) -> Result<Option<String>, Error> {
        let own = self.config.profile.as_deref();
        let Some(named) = named.filter(|named| Some(*named) != own) else {
            return Ok(own.map(str::to_owned));
        };
        if self.config.allow_profiles.iter().any(|allowed| glob(allowed, named)) {
            return Ok(Some(named.to_owned()));
        }
        let own = own.map_or_else(|| "the server's own (leave profile out)".to_owned(), str::to_owned);
        Err(Error::refused(format!(
            "The profile {named} is not allowed here; allowed: {}",
            listed(own, &self.config.allow_profiles)
        ))
        .with_next(format!("Use an allowed profile; the operator can add one with --allow-profile {named}.")))
    }

    pub(super) async fn allowed_region(&self, profile: Option<&str>, named: &str) -> Result<String, Error> {
        if self.config.allow_regions.iter().any(|allowed| glob(allowed, named)) {
            return Ok(named.to_owned());
        }
        let home = self.home(profile).await;
        if home.as_deref().is_ok_and(|home| home == named) {
            return Ok(named.to_owned());
        }
        let own = home.unwrap_or_else(|_| "none (the server has no region of its own)".to_owned());
        Err(Error::refused(format!(
            "The region {named} is not allowed here; allowed: {}",
            listed(own, &self.config.allow_regions)
        ))
        .with_next(format!("Use an allowed region; the operator can add one with --allow-region {named}.")))
    }

    /// The allowed regions that a wildcard matches, the session's own first.
    pub(super) async fn matching(&self, profile: Option<&str>, pattern: &str) -> Result<Vec<String>, Error> {
        let home = self.home(profile).await;
        let mut found: Vec<String> = Vec::new();
        let mut add = |region: &str| {
            if glob(pattern, region) && !found.iter().any(|known| known == region) {
                found.push(region.to_owned());
            }
        };
        if let Ok(home) = &home {
            add(home);
        }
        // Credentials are good in one partition: the session's own.
        let partition = home.as_deref().map_or("aws", partition);
        for allowed in &self.config.allow_regions {
            match is_glob(allowed) {
                true => regions_of(partition).filter(|region| glob(allowed, region)).for_each(&mut add),
                false => add(allowed),
            }
        }
        match (found.is_empty(), home) {
            (false, _) => Ok(found),
            (true, Err(error)) => Err(error),
            (true, Ok(home)) => Err(Error::invalid(format!(
                "No allowed region fits {pattern}; allowed: {}",
                listed(home, &self.config.allow_regions)
            ))),
        }
    }

    pub(super) fn at(&self, profile: Option<String>, region: String) -> Target {
        let role = self.config.role.as_ref().map(|role| role.arn.clone());
        Target {
            profile,
            // Without a role all callers have the same credentials.
            principal: self.principal.as_deref().filter(|_| role.is_some()).map(str::to_owned),
            role,
            region,
            endpoint: self.endpoint(),
        }
    }
}

fn listed(own: String, allowed: &[String]) -> String {
    let all: BTreeSet<&str> = allowed.iter().map(String::as_str).chain([own.as_str()]).collect();
    all.into_iter().collect::<Vec<_>>().join(", ")
}

/// Accepts what can be a region's name.
pub(super) fn checked(region: &str) -> Result<&str, Error> {
    match is_region(region) {
        true => Ok(region),
        false => {
            Err(Error::invalid(format!("{region:?} is not the name of a region; one looks like eu-west-1")))
        }
    }
}
