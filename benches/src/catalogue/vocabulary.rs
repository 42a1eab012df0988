//! The words products are made of.

use chrono::{Days, NaiveDate};

use super::random::{Random, Zipf};

/// What one language says. Every word is at most 14 bytes, so that lengths can be steered.
#[derive(Debug, Clone)]
pub(super) struct Language {
    /// First word of a title.
    pub nouns: Vec<&'static str>,
    /// The others.
    pub qualities: Vec<&'static str>,
    /// Words of a description.
    pub prose: Vec<&'static str>,
}

/// Nouns, qualities, prose.
const FRENCH: [&str; 3] = [
    "Perceuse|Lampe|Chaise|Écrou|Câble|Veste|Casserole|Robinet|Étagère|Clavier|Écran|Tournevis|Gants|Valise|\
     Théière|Ponceuse|Serrure|Tapis|Râteau|Brosse|Poignée|Chaussure|Coffret|Pinceau|Bouilloire|Cafetière|Sécateur|\
     Niveau|Marteau|Rallonge|Support|Boîtier|Manteau|Couteau|Plateau|Ventilateur|Batterie|Chargeur|Pompe|Filtre",
    "compacte|pliable|étanche|renforcé|sans fil|réglable|léger|professionnel|noir mat|inox|brossé|double|à LED|\
     silencieux|d'extérieur|thermique|rotatif|universel|court|haute|rapide|isolé|magnétique|série 500|de voyage|\
     chromé|souple|large|18 V|230 V|M8|IP65|50 cm|1,5 m|2 pièces|lot de 4|éco|confort|édition|prêt à poser",
    "idéal|pour|les|travaux|du|quotidien|avec|une|finition|soignée|et|un|montage|rapide|sans|outil|conçu|en|acier|\
     résistant|à|la|corrosion|garanti|deux|ans|livré|prêt|poignée|ergonomique|facile|à ranger|usage|intensif|\
     matière|recyclée|très|bonne|tenue|même|par|grand|froid|fabriqué|près|de|chez|vous|léger|mais|solide|convient|\
     aussi|au|jardin|l'atelier|chaque|pièce|est|contrôlée",
];

const ENGLISH: [&str; 3] = [
    "Drill|Lamp|Chair|Wrench|Cable|Jacket|Saucepan|Tap|Shelf|Keyboard|Monitor|Screwdriver|Gloves|Suitcase|Teapot|\
     Sander|Lock|Rug|Rake|Brush|Handle|Shoe|Box|Paintbrush|Kettle|Grinder|Pruner|Level|Hammer|Extension|Bracket|\
     Housing|Coat|Knife|Tray|Fan|Battery|Charger|Pump|Filter",
    "compact|folding|waterproof|reinforced|cordless|adjustable|light|professional|matt black|stainless|brushed|\
     double|with LED|silent|outdoor|thermal|rotary|universal|short|tall|fast|insulated|magnetic|500 series|travel|\
     chrome|soft|wide|18 V|230 V|M8|IP65|50 cm|1.5 m|2-piece|set of 4|eco|comfort|edition|15.6\"",
    "ideal|for|the|daily|work|at|home|with|a|careful|finish|and|quick|assembly|no|tools|needed|made|of|steel|that|\
     resists|rust|two|years|warranty|ready|to|use|ergonomic|handle|easy|storage|heavy|duty|recycled|material|very|\
     good|grip|even|in|cold|weather|built|near|you|light|but|sturdy|suits|garden|workshop|every|part|is|tested|\
     before|it|ships",
];

pub(super) const FINISHES: &[&str] =
    &["noir", "blanc", "rouge", "bleu", "vert", "gris", "jaune", "orange", "beige", "taupe", "brun", "doré"];
pub(super) const COLLECTIONS: &[&str] = &["été 2024", "hiver 2024", "été 2025", "hiver 2025", "permanent"];
pub(super) const MATERIALS: &[&str] =
    &["acier", "aluminium", "bois", "coton", "cuir", "inox", "laine", "laiton", "nylon", "verre", "céramique", "ABS"];
pub(super) const COUNTRIES: &[&str] = &["FR", "DE", "IT", "ES", "PL", "CN", "TW", "TR", "PT", "VN", "US", "GB"];
/// GS1 prefixes of the countries above and of the United States, whose numbers begin with zeros. None is restricted.
pub(super) const GTIN_PREFIXES: &[&str] =
    &["301", "325", "340", "356", "366", "376", "400", "405", "426", "501", "590", "690", "803", "843", "869"];
pub(super) const GTIN_PREFIXES_ZERO: &[&str] = &["001", "003", "007", "008", "012", "019", "036", "071"];
/// Chapters of the Harmonised System, those with a leading zero among them.
pub(super) const CUSTOMS_CHAPTERS: &[&str] = &["04", "09", "39", "61", "64", "73", "82", "84", "85", "94"];
/// UN/CEFACT recommendation 20: piece, set, pair, metre, litre, kilogram.
pub(super) const UNITS: &[&str] = &["H87", "H87", "H87", "H87", "SET", "PR", "MTR", "LTR", "KGM"];

const BRAND_HEADS: [&str; 20] = [
    "Val", "Bor", "Kern", "Lux", "Nor", "Tek", "Sol", "Mar", "Gran", "Pro", "Alti", "Vent", "Dur", "Éco", "Ferr",
    "Hal", "Jura", "Quin", "Rad", "Zen",
];
const BRAND_MIDDLES: [&str; 15] =
    ["mo", "di", "la", "ve", "ro", "ti", "sa", "nu", "ke", "ba", "li", "do", "ra", "pe", "go"];
const BRAND_TAILS: [&str; 10] = ["tec", "line", "x", "ware", "n", "san", "form", " & Co", "plus", "rol"];
const BRANDS: usize = BRAND_HEADS.len() * BRAND_MIDDLES.len() * BRAND_TAILS.len();

/// A root and its ten families.
const FAMILIES: [&str; 8] = [
    "Bricolage|Outillage électroportatif|Outillage à main|Visserie|Peinture|Plomberie|Électricité|Serrurerie|\
     Colles|Échelles|Mesure",
    "Maison|Cuisine|Literie|Rangement|Luminaires|Tapis|Rideaux|Décoration|Salle de bains|Vaisselle|Linge de table",
    "Jardin|Arrosage|Taille|Tondeuses|Mobilier|Barbecues|Potager|Clôtures|Abris|Piscine|Bassins",
    "High-tech|Informatique|Téléphonie|Audio|Photo|Réseau|Stockage|Câbles|Écrans|Imprimantes|Domotique",
    "Mode|Femme|Homme|Enfant|Chaussures|Sacs|Montres|Bijoux|Lunettes|Sous-vêtements|Ceintures",
    "Sport|Randonnée|Cyclisme|Course à pied|Natation|Fitness|Ski|Tennis|Escalade|Football|Nautisme",
    "Office|Paper|Writing|Filing|Desks|Seating|Whiteboards|Labels|Shipping|Calculators|Safes",
    "Pets|Dogs|Cats|Birds|Fish|Rodents|Reptiles|Horses|Grooming|Toys|Cages",
];
const KINDS: [&str; 5] = ["Accessoires", "Pièces détachées", "Kits", "Consommables", "Gamme pro"];
const GRADES: [&str; 4] = ["Standard", "Compact", "Premium", "Série limitée"];

/// First day of `available from`, and how many follow.
const FIRST_DAY: NaiveDate = NaiveDate::from_ymd_opt(2024, 1, 1).expect("a date of the calendar");
const DAYS: u64 = 1_000;

/// The lists that are computed once per catalogue.
#[derive(Debug, Clone)]
pub(super) struct Vocabulary {
    pub french: Language,
    pub english: Language,
    /// 3,000 names, the most frequent one first.
    pub brands: Vec<String>,
    /// 800 paths of two to four names.
    pub categories: Vec<Vec<&'static str>>,
    /// Days since 1970 and the same date as ISO 8601 text.
    pub dates: Vec<(i64, String)>,
    brand_law: Zipf,
}

impl Vocabulary {
    pub fn new() -> Self {
        let [french, english] = [FRENCH, ENGLISH].map(|lists| {
            let [nouns, qualities, prose] = lists.map(|list| list.split('|').collect());
            Language { nouns, qualities, prose }
        });
        Vocabulary {
            french,
            english,
            brands: brands(),
            categories: categories(),
            dates: dates(),
            brand_law: Zipf::new(BRANDS),
        }
    }

    /// A brand's position: few brands have most products.
    pub fn draw_brand(&self, random: &mut Random) -> usize {
        self.brand_law.draw(random)
    }
}

fn brands() -> Vec<String> {
    // A stride without common factor visits every name once and keeps neighbours apart.
    const STRIDE: usize = 1_009;
    (0..BRANDS)
        .map(|rank| {
            let name = rank * STRIDE % BRANDS;
            let head = BRAND_HEADS[name % BRAND_HEADS.len()];
            let middle = BRAND_MIDDLES[name / BRAND_HEADS.len() % BRAND_MIDDLES.len()];
            let tail = BRAND_TAILS[name / BRAND_HEADS.len() / BRAND_MIDDLES.len()];
            format!("{head}{middle}{tail}")
        })
        .collect()
}

/// Per family: itself, its five kinds, and four grades of one of them.
fn categories() -> Vec<Vec<&'static str>> {
    let mut paths = Vec::new();
    for names in FAMILIES {
        let mut families = names.split('|');
        let root = families.next().unwrap_or(names);
        for (position, family) in families.enumerate() {
            paths.push(vec![root, family]);
            paths.extend(KINDS.map(|kind| vec![root, family, kind]));
            paths.extend(GRADES.map(|grade| vec![root, family, KINDS[position % KINDS.len()], grade]));
        }
    }
    paths
}

fn dates() -> Vec<(i64, String)> {
    let epoch = NaiveDate::default();
    (0..DAYS)
        .map(|offset| FIRST_DAY + Days::new(offset))
        .map(|day| ((day - epoch).num_days(), day.format("%Y-%m-%d").to_string()))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn brands_and_categories_are_as_many_as_promised_and_all_different() {
        let words = Vocabulary::new();
        assert_eq!(words.brands.iter().collect::<HashSet<_>>().len(), 3_000);
        assert_eq!(words.categories.iter().collect::<HashSet<_>>().len(), 800);
        assert!(words.categories.iter().all(|path| (2..=4).contains(&path.len())));
        // The benchmark program writes them into SQL literals.
        assert!(
            words.brands.iter().map(String::as_str).chain(words.categories.concat()).all(|name| !name.contains('\''))
        );
    }

    #[test]
    fn dates_agree_with_their_texts() {
        let words = Vocabulary::new();
        assert_eq!(words.dates[0], (19_723, "2024-01-01".to_owned()));
        assert_eq!(words.dates[59], (19_782, "2024-02-29".to_owned()));
    }

    #[test]
    fn every_prefix_belongs_to_an_unrestricted_range() {
        for prefix in GTIN_PREFIXES.iter().chain(GTIN_PREFIXES_ZERO) {
            assert!(!matches!(&prefix[..2], "02" | "04" | "05" | "98" | "99") && !prefix.starts_with('2'), "{prefix}");
        }
    }

    #[test]
    fn words_are_short_enough_to_steer_lengths() {
        let mut words = [FRENCH, ENGLISH].into_iter().flatten().flat_map(|list| list.split('|'));
        assert!(words.all(|word| (1..=14).contains(&word.len())));
    }
}
