//! A supplier's deliveries, day after day.

use std::fmt::Write;

const HEADER: &str = "sku;title;brand;category;price;stock;ean;image_url\n";

/// New products a day.
const NEW: usize = 8;

/// A supplier that sends its whole catalogue every day: a tenth has another price, a seventh another stock, some
/// products are gone and some back, some are new, with pictures and GTINs, and a few rows cannot be read.
#[derive(Clone, Copy)]
pub struct Days {
    /// Products of the first day.
    pub products: usize,
}

impl Days {
    /// The file of a day, counted from 0.
    pub fn file(&self, day: usize) -> Vec<u8> {
        let mut file = HEADER.to_owned();
        for number in 0..self.products + NEW * day {
            if (number + day) % 97 == 5 {
                continue;
            }
            let euros = 1 + (number + (day + number % 10) / 10) % 290;
            let stock = (number + (day + number % 7) / 7) % 50;
            let ean = if number.is_multiple_of(3) { ean(number) } else { String::new() };
            let image = if number.is_multiple_of(4) {
                format!("https://img.example/{number}-{}.jpg", (day + number % 50) / 50)
            } else {
                String::new()
            };
            row(&mut file, number, &format!("{euros},{:02}", number % 100), stock, &ean, &image);
        }
        // Nobody can read a price in words, and no product has two lines.
        for number in 0..3 {
            row(&mut file, 900_000 + number, "on request", 1, "", "");
        }
        row(&mut file, self.products / 2, "1,00", 1, "", "");
        file.into_bytes()
    }

    /// The name of its file.
    pub fn name(day: usize) -> String {
        format!("day-{day:03}.csv")
    }
}

fn row(file: &mut String, number: usize, price: &str, stock: usize, ean: &str, image: &str) {
    let _ = writeln!(
        file,
        "A-{number:06};Wood screw {number} mm;Forgeval {};Hardware > Screws > {};{price};{stock};{ean};{image}",
        number % 12,
        number % 30
    );
}

/// A GTIN-13 with its check digit.
fn ean(number: usize) -> String {
    let digits = format!("301{number:09}");
    let sum: u32 = digits.bytes().enumerate().map(|(at, digit)| u32::from(digit - b'0') * [1, 3][at % 2]).sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}
