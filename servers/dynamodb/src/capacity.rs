//! What calls consumed of a table's capacity.

use aws_sdk_dynamodb::types::ConsumedCapacity;
use awsmcp_mcp::Call;

use crate::DynamoDb;

/// Capacity units, added up over the requests of one call.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Consumed {
    pub(crate) read: f64,
    pub(crate) write: f64,
    told: bool,
}

impl Consumed {
    /// Adds what requests that only read consumed.
    pub(crate) fn reads(&mut self, capacity: impl IntoIterator<Item = ConsumedCapacity>) {
        for capacity in capacity {
            self.told = true;
            self.read += capacity.capacity_units.or(capacity.read_capacity_units).unwrap_or(0.0);
        }
    }

    /// Adds what requests that write consumed; a transaction tells its reads apart.
    pub(crate) fn writes(&mut self, capacity: impl IntoIterator<Item = ConsumedCapacity>) {
        for capacity in capacity {
            self.told = true;
            let read = capacity.read_capacity_units.unwrap_or(0.0);
            self.read += read;
            self.write += capacity
                .write_capacity_units
                .unwrap_or_else(|| capacity.capacity_units.map_or(0.0, |all| (all - read).max(0.0)));
        }
    }

    pub(crate) fn add(&mut self, other: Consumed) {
        self.read += other.read;
        self.write += other.write;
        self.told |= other.told;
    }

    /// Says it behind the answer.
    pub(crate) fn note(&self, cx: &Call<DynamoDb>) {
        cx.note(self.words());
    }

    pub(crate) fn words(&self) -> String {
        if !self.told {
            return "AWS did not say what capacity was consumed".to_owned();
        }
        let units = |count: f64, kind: &str| {
            (count > 0.0).then(|| format!("{count} {kind} unit{}", if count == 1.0 { "" } else { "s" }))
        };
        let parts: Vec<String> = [units(round(self.read), "read"), units(round(self.write), "write")]
            .into_iter()
            .flatten()
            .collect();
        if parts.is_empty() {
            "consumed 0 capacity units".to_owned()
        } else {
            format!("consumed {}", parts.join(", "))
        }
    }
}

fn round(units: f64) -> f64 {
    (units * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_add_up_and_read_well() {
        let mut consumed = Consumed::default();
        assert!(consumed.words().contains("did not say"));
        let read = |units| ConsumedCapacity::builder().capacity_units(units).build();
        consumed.reads([read(0.5), read(0.5)]);
        assert_eq!(consumed.words(), "consumed 1 read unit");
        consumed.writes([ConsumedCapacity::builder().capacity_units(12.0).build()]);
        assert_eq!(consumed.words(), "consumed 1 read unit, 12 write units");
        let both = ConsumedCapacity::builder()
            .capacity_units(6.0)
            .read_capacity_units(2.0)
            .write_capacity_units(4.0);
        let mut consumed = Consumed::default();
        consumed.writes([both.build()]);
        assert_eq!(consumed.words(), "consumed 2 read units, 4 write units");
    }
}
