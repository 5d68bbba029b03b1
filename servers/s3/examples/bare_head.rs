//! The same request as the tool `head_object`, by the bare SDK: what `cargo xtask bench` compares with.
//!
//! `bare_head ENDPOINT BUCKET KEY COUNT` prints the nanoseconds of each request, one a line.

use std::time::Instant;

use aws_sdk_s3::{
    Client,
    config::{BehaviorVersion, Config, Credentials, Region},
};

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "its answer goes to a pipe")]
async fn main() -> Result<(), Failure> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let [endpoint, bucket, key, count] = given.as_slice() else {
        return Err("usage: bare_head ENDPOINT BUCKET KEY COUNT".into());
    };
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(endpoint)
        .credentials_provider(Credentials::new("bench", "bench-secret", None, None, "bench"))
        .build();
    let client = Client::from_conf(config);
    let count: usize = count.parse()?;
    let warm_up = count.div_ceil(5);
    let mut times = Vec::with_capacity(count);
    for _ in 0..warm_up + count {
        let start = Instant::now();
        client.head_object().bucket(bucket).key(key).send().await?;
        times.push(start.elapsed());
    }
    for time in times.iter().skip(warm_up) {
        println!("{}", time.as_nanos());
    }
    Ok(())
}
