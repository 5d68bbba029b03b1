//! How to look up what a flow log recorded: another server reads logs, this one knows where they are and how they are
//! written.

use aws_sdk_ec2::types::{FlowLog, LogDestinationType, TrafficType};

/// The fields of a record, where nothing else is said.
///
/// <https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html>
pub(super) const DEFAULT: &str = "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} \
     ${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status}";

/// How to look up what was rejected to a port, in words.
pub(super) fn how(log: &FlowLog, port: u16, interfaces: &[&str]) -> String {
    let id = log.flow_log_id.as_deref().unwrap_or_default();
    if log.traffic_type == Some(TrafficType::Accept) {
        return format!("{id} records only what was accepted, so nothing that was rejected");
    }
    let format = log.log_format.as_deref().filter(|format| !format.is_empty()).unwrap_or(DEFAULT);
    let fields = names(format);
    for needed in ["action", "dstport"] {
        if !fields.iter().any(|field| field == needed) {
            return format!("{id} does not record {needed}, so it does not tell what was rejected to a port");
        }
    }
    let to = log.log_destination.as_deref().unwrap_or_default();
    match (&log.log_destination_type, log.log_group_name.as_deref()) {
        (Some(LogDestinationType::CloudWatchLogs) | None, Some(group)) if !group.is_empty() => format!(
            "what {id} saw rejected: query_logs of the server awsmcp-cloudwatch with log_groups [{group:?}] and the \
             statement {}",
            insights(&fields, port, interfaces)
        ),
        (Some(LogDestinationType::S3), _) => format!(
            "what {id} saw rejected is in files under {to}, as Athena reads them: action = 'REJECT' and dstport = {port}; the \
             server awsmcp-s3 reads single ones"
        ),
        _ => format!("what {id} saw rejected goes to {to}, which keeps nothing itself: see where that leads"),
    }
}

/// The fields of a format, as a query names them.
fn names(format: &str) -> Vec<String> {
    let names = format.split_whitespace().filter_map(|field| field.strip_prefix("${")?.strip_suffix('}'));
    names.map(|name| name.replace('-', "_")).collect()
}

/// A statement of Logs Insights. It reads the fields from the record itself, which holds for every format.
fn insights(fields: &[String], port: u16, interfaces: &[&str]) -> String {
    let stars = vec!["*"; fields.len()].join(" ");
    let has = |field: &str| fields.iter().any(|own| own == field);
    let by: Vec<&str> =
        ["interface_id", "srcaddr", "dstaddr", "protocol"].into_iter().filter(|field| has(field)).collect();
    let of = match (has("interface_id"), interfaces) {
        (true, [_, ..]) => {
            let ids: Vec<String> = interfaces.iter().map(|id| format!("{id:?}")).collect();
            format!(" and interface_id in [{}]", ids.join(", "))
        }
        _ => String::new(),
    };
    let grouped = if by.is_empty() { String::new() } else { format!(" by {}", by.join(", ")) };
    format!(
        "`parse @message \"{stars}\" as {} | filter action = \"REJECT\" and dstport = {port}{of} | stats count(*) as n{grouped} \
         | sort n desc`",
        fields.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::builders::FlowLogBuilder;

    use super::*;

    fn to_group() -> FlowLogBuilder {
        FlowLog::builder()
            .flow_log_id("fl-1")
            .log_group_name("/vpc/flow")
            .log_destination_type(LogDestinationType::CloudWatchLogs)
            .traffic_type(TrafficType::All)
    }

    #[test]
    fn a_statement_reads_the_fields_of_the_format() {
        let of = |format: &str| how(&to_group().log_format(format).build(), 22, &[]);
        let short = of("${dstport} ${action} ${pkt-srcaddr}");
        assert!(short.contains(r#"log_groups ["/vpc/flow"]"#), "{short}");
        assert!(
            short.ends_with(
                "`parse @message \"* * *\" as dstport, action, pkt_srcaddr | filter action = \"REJECT\" and dstport = 22 | \
                 stats count(*) as n | sort n desc`"
            ),
            "{short}"
        );
        assert_eq!(
            of("${srcaddr} ${action}"),
            "fl-1 does not record dstport, so it does not tell what was rejected to a port"
        );
        let default = how(&to_group().build(), 443, &["eni-1", "eni-2"]);
        let rest = "dstport = 443 and interface_id in [\"eni-1\", \"eni-2\"] | stats count(*) as n by interface_id, srcaddr, \
                    dstaddr, protocol | sort n desc`";
        assert!(default.ends_with(rest), "{default}");
        assert_eq!(default.matches("* ").count(), 13, "{default}");
    }

    #[test]
    fn what_a_log_cannot_tell_is_said() {
        let accepted = to_group().traffic_type(TrafficType::Accept).build();
        assert_eq!(
            how(&accepted, 22, &[]),
            "fl-1 records only what was accepted, so nothing that was rejected"
        );
        let files = FlowLog::builder()
            .flow_log_id("fl-2")
            .log_destination_type(LogDestinationType::S3)
            .log_destination("arn:aws:s3:::flow/logs");
        let told = how(&files.build(), 22, &[]);
        assert!(
            told.contains("files under arn:aws:s3:::flow/logs") && told.contains("dstport = 22"),
            "{told}"
        );
    }
}
