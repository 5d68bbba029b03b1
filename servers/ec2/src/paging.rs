//! Pages of rows over pages of EC2, which has a smallest page of its own.

use awsmcp_mcp::{Call, Page};

use crate::Ec2;

/// Where a list goes on: behind how many rows of which page of AWS's.
#[derive(Debug)]
pub(crate) struct Paging {
    skip: usize,
    token: Option<String>,
    limit: usize,
}

impl Paging {
    pub(crate) fn new(cx: &Call<Ec2>) -> Paging {
        let limit = usize::try_from(cx.limit()).unwrap_or(usize::MAX);
        let (skip, token) = read(cx.token().as_deref());
        Paging { skip, token, limit }
    }

    /// How many rows to ask for: EC2 refuses fewer than five.
    pub(crate) fn size(&self, most: usize) -> i32 {
        (self.skip + self.limit).clamp(5, most.max(5)).try_into().unwrap_or(i32::MAX)
    }

    /// Whether nothing was shown yet.
    pub(crate) fn is_first(&self) -> bool {
        self.skip == 0 && self.token.is_none()
    }

    /// AWS's own token.
    pub(crate) fn token(&self) -> Option<String> {
        self.token.clone()
    }

    /// The part of AWS's page that is asked for.
    pub(crate) fn page<T>(&self, cx: &Call<Ec2>, rows: Vec<T>, next: Option<String>) -> Page<T> {
        let count = rows.len();
        let shown: Vec<T> = rows.into_iter().skip(self.skip).take(self.limit).collect();
        let end = self.skip + shown.len();
        let next = if end < count {
            Some(written(end, self.token.as_deref()))
        } else {
            next.filter(|token| !token.is_empty()).map(|token| written(0, Some(&token)))
        };
        cx.page(shown, next)
    }
}

fn read(token: Option<&str>) -> (usize, Option<String>) {
    let Some((skip, token)) = token.and_then(|token| token.split_once(':')) else { return (0, None) };
    (skip.parse().unwrap_or(0), Some(token.to_owned()).filter(|token| !token.is_empty()))
}

fn written(skip: usize, token: Option<&str>) -> String {
    format!("{skip}:{}", token.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_comes_back_as_it_was() {
        for (skip, token) in [(0, None), (3, None), (7, Some("a:b")), (0, Some("x"))] {
            assert_eq!(read(Some(&written(skip, token))), (skip, token.map(str::to_owned)));
        }
        assert_eq!(read(None), (0, None));
        assert_eq!(read(Some("nonsense")), (0, None));
    }
}
