//! One product, drawn from its row number.

use std::fmt::Write;

use super::random::Random;
use super::vocabulary::{self, Language, Vocabulary};

/// What a row number is mixed with, one stream per purpose.
mod stream {
    pub const PRODUCT: u64 = 1;
    pub const VARIANTS: u64 = 2;
    pub const SECOND_DAY: u64 = 3;
}

/// Rows of one variant group.
const GROUP_ROWS: u64 = 4;
/// Bytes of a description, markup included; its characters are fewer by the accents.
const DESCRIPTION_BYTES: std::ops::Range<u64> = 66..144;
/// Nine digits of a GTIN belong to the row alone: multiplying by a number without factor 2 or 5 mixes them one to one.
const GTIN_BODIES: u64 = 1_000_000_000;
const GTIN_STRIDE: u64 = 387_420_489;

/// A product in whole units, the texts ready to print. Reused from row to row, so that drawing allocates nothing.
#[derive(Debug, Clone, Default)]
pub(super) struct Product {
    pub sku: String,
    /// 13 digits, or nothing.
    pub gtin: String,
    pub mpn: String,
    /// Position in [`Vocabulary::brands`].
    pub brand: usize,
    pub title: String,
    pub description: String,
    /// Position in [`Vocabulary::categories`].
    pub category: usize,
    pub price_cents: i64,
    pub price_incl_tax_cents: i64,
    pub rrp_cents: Option<i64>,
    pub currency: &'static str,
    pub tax_permille: i64,
    pub stock: i64,
    pub min_order_quantity: i64,
    pub pack_size: i64,
    pub unit: &'static str,
    pub weight_g: i64,
    /// Length, width and height.
    pub size_mm: Option<[i64; 3]>,
    pub condition: &'static str,
    pub country: &'static str,
    pub customs_code: String,
    pub images: Vec<String>,
    pub variant_group: String,
    /// Position in [`Vocabulary::dates`].
    pub available_from: Option<usize>,
    pub discontinued: bool,
    pub finish: &'static str,
    pub collection: &'static str,
    pub material: &'static str,
}

impl Product {
    /// Becomes the product of a row.
    pub fn draw(&mut self, words: &Vocabulary, seed: u64, row: u64) {
        let random = &mut Random::new(seed, stream::PRODUCT, row);
        let language = if random.chance(60) { &words.french } else { &words.english };
        self.draw_numbers(random, seed, row);
        self.draw_title(random, language);
        self.draw_description(random, language);
        self.brand = words.draw_brand(random);
        self.category = random.below(words.categories.len() as u64) as usize;
        self.draw_prices(random);
        self.draw_logistics(random);
        self.draw_images(random);
        self.available_from = random.chance(50).then(|| random.below(words.dates.len() as u64) as usize);
        self.discontinued = random.chance(2);
        self.draw_attributes(random);
        self.draw_variant_group(seed, row);
    }

    /// Becomes the product as it is sent on the second day: price (with and without tax) and stock are others.
    pub fn draw_second_day(&mut self, seed: u64, row: u64) {
        let random = &mut Random::new(seed, stream::SECOND_DAY, row);
        self.price_cents += 1 + random.below(self.price_cents as u64 / 10) as i64;
        self.price_incl_tax_cents = with_tax(self.price_cents, self.tax_permille);
        self.stock += 1 + random.below(50) as i64;
    }

    fn draw_numbers(&mut self, random: &mut Random, seed: u64, row: u64) {
        let (block, place) = (row / 100_000, row % 100_000);
        let letter = |power: u64| char::from(b'A' + (block / power % 26) as u8);
        // Mostly increasing: one in twenty stands out of order, as articles taken over from elsewhere do.
        let taken_over = if random.chance(5) { "Z-" } else { "" };
        self.sku.clear();
        print(&mut self.sku, format_args!("{taken_over}{}{}{}{place:05}", letter(676), letter(26), letter(1)));

        self.gtin.clear();
        if random.chance(97) {
            let prefixes = if random.chance(10) { vocabulary::GTIN_PREFIXES_ZERO } else { vocabulary::GTIN_PREFIXES };
            let body = (row % GTIN_BODIES + seed % GTIN_BODIES) % GTIN_BODIES * GTIN_STRIDE % GTIN_BODIES;
            print(&mut self.gtin, format_args!("{}{body:09}", random.choose(prefixes)));
            let check = check_digit(&self.gtin);
            self.gtin.push(check);
        }

        self.mpn.clear();
        if random.chance(90) {
            let series = char::from(b'A' + random.below(26) as u8);
            print(&mut self.mpn, format_args!("{series}{:03}-{:04}", random.below(1_000), random.below(10_000)));
        }
    }

    fn draw_title(&mut self, random: &mut Random, language: &Language) {
        self.title.clear();
        self.title.push_str(random.choose(&language.nouns));
        let (mut words, words_wanted) = (1, 3 + random.below(4) as usize);
        while words < words_wanted {
            let quality = random.choose(&language.qualities);
            words += quality.split(' ').count();
            self.title.push(' ');
            self.title.push_str(quality);
        }
    }

    fn draw_description(&mut self, random: &mut Random, language: &Language) {
        let bytes_wanted = DESCRIPTION_BYTES.start + random.below(DESCRIPTION_BYTES.end - DESCRIPTION_BYTES.start);
        let html = random.chance(10);
        self.description.clear();
        if html {
            self.description.push_str("<p>");
        }
        self.description.push_str(random.choose(&language.nouns));
        while self.description.len() < bytes_wanted as usize {
            self.description.push_str(if random.chance(8) { ", " } else { " " });
            self.description.push_str(random.choose(&language.prose));
        }
        self.description.push_str(if html { ".</p>" } else { "." });
    }

    fn draw_prices(&mut self, random: &mut Random) {
        // From 0.50 to 5,000.00, each power of ten alike.
        let magnitude = 50 * 10_i64.pow(random.below(4) as u32);
        self.price_cents = magnitude + random.below(9 * magnitude as u64) as i64;
        self.tax_permille = random.choose(&[200, 200, 200, 200, 200, 200, 200, 100, 55]);
        self.price_incl_tax_cents = with_tax(self.price_cents, self.tax_permille);
        let margin_percent = 115 + random.below(60) as i64;
        self.rrp_cents = random.chance(80).then(|| self.price_incl_tax_cents * margin_percent / 100);
        self.currency = if random.chance(98) { "EUR" } else { random.choose(&["GBP", "CHF"]) };
    }

    fn draw_logistics(&mut self, random: &mut Random) {
        self.stock = if random.chance(15) { 0 } else { random.below(900) as i64 };
        self.min_order_quantity = random.choose(&[1, 1, 1, 1, 2, 5, 10]);
        self.pack_size = random.choose(&[1, 1, 1, 2, 4, 6, 12]);
        self.unit = random.choose(vocabulary::UNITS);
        self.weight_g = 5 + random.below(200) as i64 * random.below(200) as i64;
        self.size_mm = random.chance(95).then(|| {
            let mut side = || 10 + random.below(900) as i64;
            [side(), side(), side()]
        });
        self.condition = if random.chance(97) { "new" } else { random.choose(&["used", "refurbished"]) };
        self.country = random.choose(vocabulary::COUNTRIES);
        self.customs_code.clear();
        if random.chance(80) {
            let chapter = random.choose(vocabulary::CUSTOMS_CHAPTERS);
            print(&mut self.customs_code, format_args!("{chapter}{:06}", random.below(1_000_000)));
        }
    }

    fn draw_images(&mut self, random: &mut Random) {
        self.images.resize(if random.chance(30) { 2 } else { 1 }, String::new());
        for (position, image) in self.images.iter_mut().enumerate() {
            image.clear();
            print(image, format_args!("https://img.example.com/{}-{}.jpg", self.sku, position + 1));
        }
    }

    /// The columns that no field takes.
    fn draw_attributes(&mut self, random: &mut Random) {
        self.finish = if random.chance(60) { random.choose(vocabulary::FINISHES) } else { "" };
        self.collection = if random.chance(30) { random.choose(vocabulary::COLLECTIONS) } else { "" };
        self.material = random.choose(vocabulary::MATERIALS);
    }

    /// Some stretches of neighbouring rows are variants of one product.
    fn draw_variant_group(&mut self, seed: u64, row: u64) {
        let group = row / GROUP_ROWS;
        self.variant_group.clear();
        if Random::new(seed, stream::VARIANTS, group).chance(15) {
            print(&mut self.variant_group, format_args!("G{group:06}"));
        }
    }
}

/// Appends formatted text.
pub(super) fn print(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments).expect("writing to a String cannot fail");
}

fn with_tax(cents: i64, permille: i64) -> i64 {
    (cents * (1_000 + permille) + 500) / 1_000
}

/// GS1 General Specifications, section 7.9: from the left, the twelve digits weigh 1, 3, 1, 3 …
fn check_digit(twelve: &str) -> char {
    let sum: u32 =
        twelve.bytes().zip([1, 3].into_iter().cycle()).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    char::from(b'0' + ((10 - sum % 10) % 10) as u8)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use item::Gtin;

    use super::*;

    fn each(rows: u64, mut look: impl FnMut(&Vocabulary, &Product)) {
        let (words, mut product) = (Vocabulary::new(), Product::default());
        for row in 0..rows {
            product.draw(&words, 11, row);
            look(&words, &product);
        }
    }

    #[test]
    fn gtins_are_valid_unique_unrestricted_and_some_begin_with_zeros() {
        let (mut seen, mut zeros) = (HashSet::new(), 0);
        each(20_000, |_, product| {
            if product.gtin.is_empty() {
                return;
            }
            let gtin = Gtin::parse(&product.gtin).unwrap();
            assert!(!gtin.restricted(), "{gtin}");
            assert!(seen.insert(gtin), "{gtin} twice");
            zeros += u32::from(product.gtin.starts_with('0'));
        });
        assert!(seen.len() > 19_000);
        assert!((1_500..2_500).contains(&zeros), "{zeros}");
    }

    #[test]
    fn skus_and_image_addresses_are_unique_and_skus_mostly_increase() {
        let (mut skus, mut images, mut last, mut rises) = (HashSet::new(), HashSet::new(), String::new(), 0);
        each(250_000, |_, product| {
            assert!(skus.insert(product.sku.clone()), "{}", product.sku);
            assert!(product.images.iter().all(|image| images.insert(image.clone())));
            rises += u32::from(product.sku > last);
            last.clone_from(&product.sku);
        });
        assert!((225_000..250_000).contains(&rises), "{rises}");
    }

    #[test]
    fn texts_have_the_lengths_promised() {
        let mut html = 0;
        each(20_000, |_, product| {
            let words = product.title.split(' ').count();
            assert!((3..=8).contains(&words), "{}", product.title);
            let characters = product.description.chars().count();
            assert!((60..=160).contains(&characters), "{characters}: {}", product.description);
            html += u32::from(product.description.starts_with("<p>"));
        });
        assert!((1_700..2_300).contains(&html), "{html}");
    }

    #[test]
    fn the_second_day_changes_price_and_stock_and_nothing_else() {
        let mut changed = Product::default();
        each(5_000, |_, product| {
            changed.clone_from(product);
            changed.draw_second_day(11, 3);
            assert!(changed.price_cents > product.price_cents && changed.stock > product.stock);
            changed.price_cents = product.price_cents;
            changed.price_incl_tax_cents = product.price_incl_tax_cents;
            changed.stock = product.stock;
            assert_eq!(format!("{changed:?}"), format!("{product:?}"));
        });
    }

    #[test]
    fn check_digits_follow_the_standard() {
        assert_eq!(check_digit("400638133393"), '1');
        assert_eq!(check_digit("003600029145"), '2');
    }
}
