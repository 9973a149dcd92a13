//! Exposition parser throughput, beside `prometheus-parse`, at 1, 10 and 50 MB: MB/s and what each allocates.
//!
//! `cargo bench --bench exposition`

use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::LazyLock;

use divan::counter::BytesCount;
use ripcord::sources::exposition::scan;

#[global_allocator]
static ALLOC: divan::AllocProfiler = divan::AllocProfiler::system();

/// Sizes of the pages in MB.
const SIZES: [usize; 3] = [1, 10, 50];

static PAGES: LazyLock<Vec<String>> = LazyLock::new(|| SIZES.iter().map(|mb| page(mb * 1_000_000)).collect());

fn main() {
    LazyLock::force(&PAGES);
    divan::main();
}

fn input(mb: usize) -> &'static str {
    let i = SIZES.iter().position(|&s| s == mb);
    &PAGES[i.expect("a size of SIZES")]
}

/// Names, values and timestamps of every line; labels are checked and stay raw.
#[divan::bench(args = SIZES)]
fn ours(bencher: divan::Bencher<'_, '_>, mb: usize) {
    bencher
        .counter(BytesCount::of_str(input(mb)))
        .bench(|| scan(black_box(input(mb)).as_bytes()).flatten().count());
}

/// As a source reads: the labels of one metric in a page of many.
#[divan::bench(args = SIZES)]
fn ours_one_metric(bencher: divan::Bencher<'_, '_>, mb: usize) {
    bencher.counter(BytesCount::of_str(input(mb))).bench(|| {
        scan(black_box(input(mb)).as_bytes())
            .flatten()
            .filter(|s| s.name == "http_requests_7_total")
            .filter(|s| s.labels.get("code").is_some_and(|c| c.starts_with('5')))
            .map(|s| s.value)
            .sum::<f64>()
    });
}

/// Every label of every sample decoded.
#[divan::bench(args = SIZES)]
fn ours_all_labels(bencher: divan::Bencher<'_, '_>, mb: usize) {
    bencher.counter(BytesCount::of_str(input(mb))).bench(|| {
        scan(black_box(input(mb)).as_bytes())
            .flatten()
            .map(|s| s.labels.iter().map(|(n, v)| n.len() + v.len()).sum::<usize>())
            .sum::<usize>()
    });
}

#[divan::bench(args = SIZES, sample_count = 3, sample_size = 1)]
fn prometheus_parse(bencher: divan::Bencher<'_, '_>, mb: usize) {
    bencher.counter(BytesCount::of_str(input(mb))).bench(|| {
        let lines = black_box(input(mb)).lines().map(|l| Ok(l.to_owned()));
        prometheus_parse::Scrape::parse(lines).map(|s| s.samples.len()).ok()
    });
}

/// A page like a busy service's: counters, gauges, histograms and summaries with escapes, braces, NaN and +Inf.
fn page(bytes: usize) -> String {
    let mut out = String::with_capacity(bytes + 4096);
    let mut seed = 1u64;
    let mut random = move || {
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        seed >> 40
    };
    let mut family = 0;
    while out.len() < bytes {
        let name = family % 40;
        let at = format!(
            "namespace=\"shop-{}\",pod=\"checkout-7d9f{:05x}\",instance=\"10.2.{}.{}:9090\"",
            family % 7,
            random() & 0xfffff,
            random() % 256,
            random() % 256
        );
        _ = writeln!(out, "# HELP http_requests_{name}_total Requests \\n served.");
        _ = writeln!(out, "# TYPE http_requests_{name}_total counter");
        for code in [200, 301, 404, 500, 503] {
            let n = random();
            _ = writeln!(
                out,
                "http_requests_{name}_total{{{at},path=\"/items/{{id}}\",method=\"GET\",code=\"{code}\"}} {n}"
            );
        }
        _ = writeln!(out, "# TYPE http_seconds_{name} histogram");
        let mut total = 0;
        for le in ["0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf"] {
            total += random() % 1000;
            _ = writeln!(out, "http_seconds_{name}_bucket{{{at},le=\"{le}\"}} {total}");
        }
        _ = writeln!(
            out,
            "http_seconds_{name}_sum{{{at}}} {}.{:06}\nhttp_seconds_{name}_count{{{at}}} {total}",
            random(),
            random() % 1_000_000
        );
        _ = writeln!(
            out,
            "cache_ratio_{name}{{{at},kind=\"a,b \\\"größe\\\" \\\\ c\"}} NaN\nqueue_seconds_{name}{{{at},quantile=\"0.99\"}} 1.2{name}e-05\nlimit_{name}{{{at}}} +Inf 1395066363000",
        );
        family += 1;
    }
    out
}
