//! Three suppliers' files, as different as real ones are. Written here, so that the demo needs nothing from elsewhere.

use anyhow::Result;
use item::Gtin;
use rust_xlsxwriter::{Format, Workbook};

/// Rows of each file.
pub const ROWS: usize = 1_200;

const NOUNS: [(&str, &str); 12] = [
    ("Vis à bois", "Wood screw"),
    ("Boulon tête hexagonale", "Hex bolt"),
    ("Écrou frein", "Lock nut"),
    ("Cheville nylon", "Nylon plug"),
    ("Équerre renforcée", "Corner brace"),
    ("Clé à molette", "Adjustable wrench"),
    ("Marteau de charpentier", "Framing hammer"),
    ("Tournevis isolé", "Insulated screwdriver"),
    ("Mèche béton", "Masonry bit"),
    ("Scie égoïne", "Hand saw"),
    ("Mètre ruban", "Tape measure"),
    ("Niveau à bulle", "Spirit level"),
];
const FINISHES: [(&str, &str); 5] = [
    ("acier zingué", "zinc plated"),
    ("inox A2", "stainless"),
    ("laiton", "brass"),
    ("noir mat", "matt black"),
    ("chromé", "chrome"),
];
const BRANDS: [&str; 6] = ["Forgeval", "Brévin", "Ironside", "Northmoor", "Kestrel & Sons", "Œuvrier"];
const FAMILIES: [(&str, &str); 4] = [
    ("Quincaillerie > Visserie", "Hardware > Fasteners"),
    ("Quincaillerie > Fixation", "Hardware > Anchors"),
    ("Outillage > À main", "Tools > Hand tools"),
    ("Outillage > Mesure", "Tools > Measuring"),
];

/// A GTIN-13 of the given prefix and number, check digit included; some begin with zero.
fn gtin(prefix: u64, number: usize) -> String {
    let body = format!("{prefix:07}{number:05}");
    let fits = (0..10).map(|digit| format!("{body}{digit}")).find(|digits| Gtin::parse(digits).is_ok());
    // One of the ten digits is the check digit, unless the number is a placeholder, which these prefixes exclude.
    fits.unwrap_or(body)
}

fn price_cents(number: usize, day: u32) -> usize {
    let yesterday = 190 + number * 7919 % 48_000;
    if day > 1 && changes(number) { yesterday + yesterday / 20 } else { yesterday }
}

/// One product in a hundred changes on the second day.
fn changes(number: usize) -> bool {
    number % 100 == 42
}

/// A French hardware dealer: Windows-1252, semicolons, decimal commas, three title lines above the header, and a few
/// rows as people really write them.
pub fn french(day: u32) -> Vec<u8> {
    let mut text =
        format!("Quincaillerie Martin & Fils;;;;;;;;;;\r\nTarif n° {day} - prix en euros hors taxes;;;;;;;;;;\r\n\r\n");
    text.push_str("Référence;Code EAN;Désignation;Marque;Famille;Prix € HT;TVA;Stock;Poids (kg);Couleur;Photo\r\n");
    for number in 0..ROWS {
        let (noun, finish) = (NOUNS[number % 12].0, FINISHES[number / 12 % 5].0);
        let cents = price_cents(number, day);
        let mut ean = gtin(376_001, number);
        let mut price = format!("{},{:02}", group(cents / 100, "\u{a0}"), cents % 100);
        match number {
            17 => ean = "3,76001E+12".to_owned(),
            170 => price = "sur demande".to_owned(),
            171 => ean.replace_range(12.., if ean.ends_with('0') { "1" } else { "0" }),
            _ => {}
        }
        if number % 40 == 0 {
            price.push_str(" €");
        }
        text.push_str(&format!(
            "QM-{number:05};{ean};{noun} {finish} {}x{};{};{};{price};20 %;{};{};{};https://photos.example/qm/{number:05}.jpg\r\n",
            3 + number % 9,
            20 + number % 13 * 10,
            BRANDS[number % 6],
            FAMILIES[number % 4].0,
            ["12", "en stock", "épuisé", "250+"][number % 4],
            format!("{:.3}", 0.012 + number as f64 / 800.0).replace('.', ","),
            ["rouge", "noir", "", "bleu"][number % 4],
        ));
    }
    encode_windows_1252(&text)
}

/// 1234 as `1 234` with the given space.
fn group(number: usize, space: &str) -> String {
    if number < 1_000 { number.to_string() } else { format!("{}{space}{:03}", number / 1_000, number % 1_000) }
}

/// The characters used above all exist in Windows-1252; those below U+0100 have the same number there.
fn encode_windows_1252(text: &str) -> Vec<u8> {
    text.chars()
        .map(|letter| match letter {
            '€' => 0x80,
            'Œ' => 0x8c,
            'œ' => 0x9c,
            letter => u8::try_from(u32::from(letter)).unwrap_or(b'?'),
        })
        .collect()
}

/// An English wholesaler: UTF-8, commas, inch marks inside unquoted cells, descriptions over several lines, a SKU twice
/// and a row cut short.
pub fn english(day: u32) -> Vec<u8> {
    let mut text = String::from(
        "SKU,Barcode,MPN,Brand,Title,Description,Category,Price,Currency,Qty,Weight (lb),Length (in),Image URL,Colour\n",
    );
    for number in 0..ROWS {
        let (noun, finish) = (NOUNS[number % 12].1, FINISHES[number / 12 % 5].1);
        let cents = price_cents(number, day);
        let inches = 1 + number % 12;
        if number == 600 {
            text.push_str("NT-BROKEN,0712345\n");
        }
        let sku = if number == 601 { 600 } else { number };
        text.push_str(&format!(
            "NT-{sku:05},{},MP{number:04},{},{noun} {inches}\" {finish},\"<p>{noun}, {finish}.</p>\nMade for {inches}\"\" work, boxed.\",{},\"{}.{:02}\",GBP,{},{:.2},{inches},https://img.example/nt/{number:05}.jpg,{}\n",
            gtin(50_123, number),
            BRANDS[number % 6],
            FAMILIES[number % 4].1,
            group(cents / 100, ","),
            cents % 100,
            number * 37 % 400,
            0.05 + number as f64 / 300.0,
            ["red", "black", "", "blue"][number % 4],
        ));
    }
    text.into_bytes()
}

/// A maker who sends a workbook: EANs typed as numbers, real dates, a formula that failed.
pub fn spreadsheet(day: u32) -> Result<Vec<u8>> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    let date = Format::new().set_num_format("dd/mm/yyyy");
    let header = [
        "Article No",
        "EAN",
        "Name",
        "Manufacturer",
        "Category",
        "Net price",
        "Currency",
        "Stock",
        "Width (mm)",
        "Available from",
    ];
    for (column, name) in header.into_iter().enumerate() {
        sheet.write(0, column as u16, name)?;
    }
    for number in 0..ROWS {
        let row = number as u32 + 1;
        sheet.write(row, 0, format!("AW-{number:05}"))?;
        sheet.write(row, 1, gtin(4_006_381, number).parse::<f64>()?)?;
        sheet.write(row, 2, format!("{} {}", NOUNS[number % 12].1, FINISHES[number / 12 % 5].1))?;
        sheet.write(row, 3, BRANDS[number % 6])?;
        sheet.write(row, 4, FAMILIES[number % 4].1)?;
        match number {
            33 => {
                sheet.write_formula(row, 5, rust_xlsxwriter::Formula::new("=1/0").set_result("#DIV/0!"))?;
            }
            34 => {
                sheet.write(row, 5, -4.5)?;
            }
            _ => {
                sheet.write(row, 5, price_cents(number, day) as f64 / 100.0)?;
            }
        }
        sheet.write(row, 6, "EUR")?;
        sheet.write(row, 7, (number * 53 % 900) as f64)?;
        sheet.write(row, 8, (10 + number % 80) as f64)?;
        let available =
            rust_xlsxwriter::ExcelDateTime::from_ymd(2026, 1 + (number % 12) as u8, 1 + (number % 28) as u8)?;
        sheet.write_with_format(row, 9, &available, &date)?;
    }
    Ok(workbook.save_to_buffer()?)
}
