//! Weights in grams and sizes in millimetres.

use item::{Field, RejectCode};
use serde::{Deserialize, Serialize};

use super::number::{NumberStyle, not_negative, number_to, out_of_range, scale};
use super::refusal::{Reading, Refusal, quote};
use crate::fold::find_word;

/// A unit of weight or length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Measure {
    Milligram,
    Gram,
    Kilogram,
    Tonne,
    Ounce,
    Pound,
    Millimetre,
    Centimetre,
    Decimetre,
    Metre,
    Inch,
    Foot,
    Yard,
}

impl Measure {
    /// The unit of a word or sign: `kg`, `Gramm`, `"`, `pouces`.
    pub fn from_word(word: &str) -> Option<Measure> {
        use Measure::*;
        let word = word.trim();
        Some(match word {
            "kg" | "KG" | "Kg" => Kilogram,
            "g" | "G" => Gram,
            "mm" | "MM" => Millimetre,
            "cm" | "CM" => Centimetre,
            "m" | "M" => Metre,
            "\"" | "″" | "”" | "''" | "’’" => Inch,
            "'" | "′" | "’" => Foot,
            _ => return find_word(WORDS, word),
        })
    }

    /// The usual sign.
    pub fn sign(self) -> &'static str {
        use Measure::*;
        match self {
            Milligram => "mg",
            Gram => "g",
            Kilogram => "kg",
            Tonne => "t",
            Ounce => "oz",
            Pound => "lb",
            Millimetre => "mm",
            Centimetre => "cm",
            Decimetre => "dm",
            Metre => "m",
            Inch => "in",
            Foot => "ft",
            Yard => "yd",
        }
    }

    /// Whether the unit measures what the field holds.
    pub fn fits(self, field: Field) -> bool {
        match field {
            Field::WeightG => self.is_weight(),
            Field::LengthMm | Field::WidthMm | Field::HeightMm => !self.is_weight(),
            _ => false,
        }
    }

    /// The unit of bare numbers that nothing else explains: shops weigh in kilograms and measure in centimetres.
    pub fn assumed(field: Field) -> Measure {
        if field == Field::WeightG { Measure::Kilogram } else { Measure::Centimetre }
    }

    fn is_weight(self) -> bool {
        use Measure::*;
        matches!(self, Milligram | Gram | Kilogram | Tonne | Ounce | Pound)
    }

    /// The factor to grams or millimetres, exact by definition (international yard and pound, 1959).
    fn factor(self) -> (i64, i64) {
        use Measure::*;
        match self {
            Milligram => (1, 1000),
            Gram | Millimetre => (1, 1),
            Kilogram | Metre => (1000, 1),
            Tonne => (1_000_000, 1),
            Ounce => (28_349_523_125, 1_000_000_000),
            Pound => (45_359_237, 100_000),
            Centimetre => (10, 1),
            Decimetre => (100, 1),
            Inch => (254, 10),
            Foot => (3048, 10),
            Yard => (9144, 10),
        }
    }
}

/// Words for units in five languages, and the codes of UN/CEFACT recommendation 20.
#[rustfmt::skip]
const WORDS: &[(Measure, &[&str])] = &[
    (Measure::Milligram, &["mg", "milligram", "milligrams", "milligramme", "milligrammes", "mgm"]),
    (Measure::Gram, &[
        "g", "gr", "gram", "grams", "gramme", "grammes", "gramm", "gramo", "gramos", "grammo", "grammi", "grm",
    ]),
    (Measure::Kilogram, &[
        "kg", "kgs", "kilo", "kilos", "kilogram", "kilograms", "kilogramme", "kilogrammes", "kilogramm", "kilogramo",
        "kilogramos", "chilogrammo", "chilogrammi", "kgm",
    ]),
    (Measure::Tonne, &["t", "tonne", "tonnes", "ton", "tons", "tne"]),
    (Measure::Ounce, &["oz", "ounce", "ounces", "once", "onces", "unze", "unzen", "onz"]),
    (Measure::Pound, &["lb", "lbs", "pound", "pounds", "livre", "livres", "libra", "libras", "lbr"]),
    (Measure::Millimetre, &[
        "mm", "millimeter", "millimeters", "millimetre", "millimetres", "milimetro", "milimetros", "millimetro",
        "millimetri", "mmt",
    ]),
    (Measure::Centimetre, &[
        "cm", "cms", "centimeter", "centimeters", "centimetre", "centimetres", "zentimeter", "centimetro",
        "centimetros", "centimetri", "cmt",
    ]),
    (Measure::Decimetre, &["dm", "decimetre", "decimetres", "decimeter", "dezimeter", "dmt"]),
    (Measure::Metre, &["m", "mtr", "mt", "mts", "meter", "meters", "metre", "metres", "metro", "metros", "metri"]),
    (Measure::Inch, &[
        "in", "inch", "inches", "pouce", "pouces", "po", "zoll", "pulgada", "pulgadas", "pollice", "pollici", "inh",
    ]),
    (Measure::Foot, &["ft", "foot", "feet", "pied", "pieds", "fot"]),
    (Measure::Yard, &["yd", "yard", "yards", "yrd"]),
];

/// Decimals that are read before the unit is converted.
const DECIMALS: u32 = 8;

/// Reads a weight or size in grams or millimetres, in ten-thousandths: the unit beside the number (`1,2 kg`), else
/// `bare`.
pub(crate) fn measure(text: &str, field: Field, style: NumberStyle, bare: Measure) -> Reading<i64> {
    // Four decimals of a kilogram are too few grams.
    let number = number_to(text, style, DECIMALS)?;
    let unit = match (number.prefix, number.suffix) {
        ("", "") => bare,
        ("", word) => Measure::from_word(word).filter(|unit| unit.fits(field)).ok_or_else(|| {
            let message = format!(
                "{} in {} is not a unit of {}",
                quote(word),
                quote(text),
                if field == Field::WeightG { "weight" } else { "length" }
            );
            Refusal::fault(RejectCode::UnitUnknown, message)
        })?,
        _ => return Err(super::number::unreadable(text)),
    };
    let (numerator, denominator) = unit.factor();
    let value = not_negative(number.value, text)?;
    scale(value, numerator, denominator * 10i64.pow(DECIMALS - 4)).map(Some).ok_or_else(|| out_of_range(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DecimalSign;

    fn read(text: &str, field: Field, bare: Measure) -> Result<Option<i64>, RejectCode> {
        let comma = NumberStyle { decimal: DecimalSign::Comma, mixed: false };
        let style = if text.contains(',') { comma } else { NumberStyle::default() };
        measure(text, field, style, bare).map_err(|refusal| refusal.code().unwrap())
    }

    #[test]
    fn units_are_converted_from_the_value_or_the_column() {
        for (text, field, bare, expected) in [
            ("1,2 kg", Field::WeightG, Measure::Gram, 1200_0000),
            ("350 g", Field::WeightG, Measure::Kilogram, 350_0000),
            ("350g", Field::WeightG, Measure::Kilogram, 350_0000),
            ("1.2", Field::WeightG, Measure::Kilogram, 1200_0000),
            ("2 lbs", Field::WeightG, Measure::Kilogram, 907_1847),
            ("8 oz", Field::WeightG, Measure::Kilogram, 226_7962),
            ("12 cm", Field::LengthMm, Measure::Metre, 120_0000),
            ("5\"", Field::WidthMm, Measure::Centimetre, 127_0000),
            ("2.5 in", Field::HeightMm, Measure::Centimetre, 63_5000),
            ("1 m", Field::LengthMm, Measure::Centimetre, 1000_0000),
            ("3 pieds", Field::LengthMm, Measure::Centimetre, 914_4000),
            ("0.12345678 kg", Field::WeightG, Measure::Kilogram, 123_4568),
            ("0", Field::LengthMm, Measure::Centimetre, 0),
        ] {
            assert_eq!(read(text, field, bare), Ok(Some(expected)), "{text}");
        }
    }

    #[test]
    fn what_is_no_measure_is_refused_by_name() {
        for (text, field, code) in [
            ("12 furlongs", Field::LengthMm, RejectCode::UnitUnknown),
            ("12 kg", Field::LengthMm, RejectCode::UnitUnknown),
            ("12 cm", Field::WeightG, RejectCode::UnitUnknown),
            ("2 lbs, 8 oz", Field::WeightG, RejectCode::NumberUnreadable),
            ("env. 12 kg", Field::WeightG, RejectCode::NumberUnreadable),
            ("-1 kg", Field::WeightG, RejectCode::NumberNegative),
            ("9000000000 kg", Field::WeightG, RejectCode::NumberOutOfRange),
            ("heavy", Field::WeightG, RejectCode::NumberUnreadable),
        ] {
            assert_eq!(read(text, field, Measure::Kilogram), Err(code), "{text}");
        }
    }

    #[test]
    fn the_sign_of_a_unit_is_read_as_that_unit() {
        use Measure::*;
        for unit in
            [Milligram, Gram, Kilogram, Tonne, Ounce, Pound, Millimetre, Centimetre, Decimetre, Metre, Inch, Foot, Yard]
        {
            assert_eq!(Measure::from_word(unit.sign()), Some(unit));
        }
    }
}
