//! Clusters the lines of standard input: `cluster_lines < app.log`. It prints the templates, most lines first, and on
//! stderr what it took.

use std::{
    io::{self, BufRead, Write},
    time::Instant,
};

use awsmcp_cloudwatch::Patterns;

fn main() -> io::Result<()> {
    let started = Instant::now();
    let mut patterns = Patterns::new(2000);
    let mut input = io::stdin().lock();
    let mut line = Vec::new();
    let mut lines = 0_i64;
    while input.read_until(b'\n', &mut line)? > 0 {
        patterns.add(&String::from_utf8_lossy(&line), lines);
        lines += 1;
        line.clear();
    }
    let mut output = io::stdout().lock();
    writeln!(output, "count\ttemplate")?;
    for cluster in patterns.clusters() {
        writeln!(output, "{}\t{}", cluster.count, cluster.template())?;
    }
    let took = started.elapsed().as_secs_f64();
    let (templates, dropped) = (patterns.clusters().len(), patterns.dropped());
    writeln!(
        io::stderr(),
        "{lines} lines, {templates} templates, {} lines forgotten, {took:.2} s",
        dropped.lines
    )
}
