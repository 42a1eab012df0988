use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Instant;
use feed::*;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let limits = Limits::default();
    let settings = FeedSettings::default();
    for path in &args[2..] {
        let bytes = std::fs::read(path).unwrap();
        let complete = bytes.len() <= limits.sample_bytes;
        let sample = &bytes[..bytes.len().min(limits.sample_bytes)];
        println!("=== {path}");
        if args[1] == "inspect" {
            let started = Instant::now();
            match inspect(sample, complete, None, &settings, &limits) {
                Ok(i) => println!("{}\n{:?}", i.render(), started.elapsed()),
                Err(e) => println!("ERROR {e}"),
            }
            continue;
        }
        let t0 = Instant::now();
        let plan = match plan(sample, complete, None, &settings, &limits) { Ok(p) => p, Err(e) => { println!("ERROR plan {e}"); continue } };
        let t1 = Instant::now();
        let plan = match survey(|| Ok(&bytes[..]), plan, &settings, &limits) { Ok(p) => p, Err(e) => { println!("ERROR survey {e}"); continue } };
        let t2 = Instant::now();
        let (mut read, mut items) = (0u64, 0u64);
        let mut codes: BTreeMap<String, (u64, String)> = BTreeMap::new();
        let mut sum = 0u128;
        let r = read_items(&bytes[..], &plan, &limits, |b| {
            read += b.read; items += b.items.len() as u64;
            for h in &b.content_hashes { sum ^= h; }
            for r in &b.rejects { let p = &r.problems[0]; let e = codes.entry(r.code().to_string()).or_insert((0, format!("line {} {:?}: {}", r.line, p.column, p.message))); e.0 += 1; }
            ControlFlow::Continue(())
        });
        let t3 = Instant::now();
        println!("{r:?} read {read} items {items} rejects {codes:?} sum {sum:x}");
        println!("encoding {:?} delimiter {:?} fingerprint {:x}", plan.layout.encoding, plan.layout.dialect.delimiter as char, plan.fingerprint());
        if args[1] == "import" {
            for r in &plan.mapping.columns { println!("   {} -> {:?} unit={:?} cur={:?} key={:?}", r.column, r.field, r.unit, r.currency, r.key_column); }
            for e in plan.conventions.evidence() { println!("   {} = {} ({}) {}", e.what, e.value, e.confidence, e.reason); }
        }
        println!("plan {:?} survey {:?} ({:.0} rows/s) items {:?} ({:.0} rows/s)", t1-t0, t2-t1, read as f64/(t2-t1).as_secs_f64(), t3-t2, read as f64/(t3-t2).as_secs_f64());
    }
}
