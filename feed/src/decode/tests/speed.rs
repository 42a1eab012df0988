//! How fast it is: run by hand, `cargo test -p feed speed -- --ignored --nocapture`.

use std::time::Instant;

use super::*;

/// About 64 MB of 30 columns as a supplier writes them.
fn catalogue(quote: &str, accent: &str) -> Vec<u8> {
    let header: Vec<String> = (0..30).map(|column| format!("column{column}")).collect();
    let mut text = header.join(",") + "\r\n";
    let mut row = 0u64;
    while text.len() < 64 << 20 {
        row += 1;
        let mut cells = vec![
            format!("SKU-{row:07}"),
            format!("{:013}", row * 7919),
            format!("Tournevis cruciforme {accent} n{row}"),
            "ACME".to_owned(),
        ];
        cells.push(format!("Outillage à main > Tournevis > {row}").replace('à', accent));
        cells.extend((0..20).map(|n| format!("{}.{:02}", (row * n) % 1000, n)));
        cells.push("a longer description of the product with several words and no line ends at all".to_owned());
        cells.extend(
            (0..4).map(|n| if n % 2 == 0 { String::new() } else { format!("https://img.example/{row}/{n}.jpg") }),
        );
        text.push_str(&cells.iter().map(|cell| format!("{quote}{cell}{quote}")).collect::<Vec<_>>().join(","));
        text.push_str("\r\n");
    }
    text.into_bytes()
}

#[test]
#[ignore = "a measurement"]
fn speed() {
    for (name, quote, accent) in [("plain", "", "a"), ("plain, accents", "", "à"), ("all quoted", "\"", "a")] {
        let text = catalogue(quote, accent);
        let layout =
            Layout { header: (0..30).map(|column| format!("c{column}")).collect(), ..layout(0, b',', Some(b'"')) };
        let megabytes = text.len() as f64 / 1e6;
        let rate = |started: Instant| megabytes / started.elapsed().as_secs_f64();

        let started = Instant::now();
        detect(&text[..1 << 20], false, &Default::default(), &Limits::default()).unwrap();
        println!("{name}: detect {:?}", started.elapsed());

        let started = Instant::now();
        let mut records = Records::open(text.as_slice(), &layout, &Limits::default());
        while records.next_block().unwrap().is_some() {}
        println!("{name}: split {:.0} MB/s", rate(started));

        let mut records = Records::open(text.as_slice(), &layout, &Limits::default());
        let blocks: Vec<_> = std::iter::from_fn(|| records.next_block().unwrap()).collect();

        for columns in [None, Some(&[0usize, 3, 7][..])] {
            let started = Instant::now();
            let rows: usize = blocks.iter().map(|block| block.records(columns).lines.len()).sum();
            println!(
                "{name}: {rows} rows to {:?} columns {:.0} MB/s",
                columns.map_or(30, <[usize]>::len),
                rate(started)
            );
        }
    }
}
