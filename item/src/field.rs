//! The fields of an item: one enum that the mapping, the normaliser, the hash, the COPY encoder and the publish
//! statement all walk, so that a field is added in one place.

use serde::{Deserialize, Serialize};

/// Decimal columns are `numeric(14,4)`: a decimal value travels as an integer of ten-thousandths.
pub const DECIMAL_SCALE: i64 = 10_000;

/// How a field's values are held in a [`crate::Column`] and stored in PostgreSQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// Text; the empty string is "no value".
    Text,
    /// Several texts in order, joined by [`crate::LIST_SEPARATOR`]; `text[]` in the database.
    List,
    /// A JSON object as text; `jsonb` in the database.
    Json,
    /// Ten-thousandths in an `i64`; `numeric(14,4)` in the database.
    Decimal,
    /// A whole number; `bigint` in the database.
    Integer,
    /// 0 or 1; `boolean` in the database.
    Bool,
    /// Days since 1970-01-01; `date` in the database.
    Date,
}

macro_rules! fields {
    ($($(#[$doc:meta])* $variant:ident = $name:literal : $kind:ident,)*) => {
        /// One property of the canonical product. The order is the order of columns everywhere: batches, staging, hash.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Field { $($(#[$doc])* $variant,)* }

        impl Field {
            /// Every field, in column order.
            pub const ALL: [Field; [$(Field::$variant),*].len()] = [$(Field::$variant),*];

            /// The field's name: its column in SQL, its key in mappings and in the API.
            pub const fn name(self) -> &'static str {
                match self { $(Field::$variant => $name,)* }
            }

            /// How its values are held and stored.
            pub const fn kind(self) -> FieldKind {
                match self { $(Field::$variant => FieldKind::$kind,)* }
            }
        }
    };
}

fields! {
    /// The supplier's reference: required, unique per supplier after trimming, case-sensitive.
    Sku = "sku": Text,
    /// GTIN padded to 14 digits, check digit verified.
    Gtin = "gtin": Text,
    /// 1 when the GTIN lies in a restricted-circulation range: never matched across suppliers.
    GtinRestricted = "gtin_restricted": Bool,
    /// Manufacturer's part number.
    Mpn = "mpn": Text,
    /// Brand name.
    Brand = "brand": Text,
    /// Product name: required.
    Title = "title": Text,
    /// Long text; HTML allowed, stored sanitised.
    Description = "description": Text,
    /// Category names from the root down.
    CategoryPath = "category_path": List,
    /// Net purchase price.
    Price = "price": Decimal,
    /// Price including tax.
    PriceInclTax = "price_incl_tax": Decimal,
    /// Recommended retail price.
    Rrp = "rrp": Decimal,
    /// ISO 4217 code.
    Currency = "currency": Text,
    /// Tax rate in percent.
    TaxRate = "tax_rate": Decimal,
    /// Smallest quantity that can be ordered.
    MinOrderQuantity = "min_order_quantity": Decimal,
    /// Units in a pack.
    PackSize = "pack_size": Decimal,
    /// UN/CEFACT recommendation 20 unit code.
    Unit = "unit": Text,
    /// Pieces available.
    Stock = "stock": Integer,
    /// Weight in grams.
    WeightG = "weight_g": Decimal,
    /// Length in millimetres.
    LengthMm = "length_mm": Decimal,
    /// Width in millimetres.
    WidthMm = "width_mm": Decimal,
    /// Height in millimetres.
    HeightMm = "height_mm": Decimal,
    /// new, used, refurbished …
    Condition = "condition": Text,
    /// ISO 3166-1 alpha-2 code.
    CountryOfOrigin = "country_of_origin": Text,
    /// Harmonised System code, 4 to 12 digits.
    CustomsCode = "customs_code": Text,
    /// http(s) addresses of pictures, in order.
    ImageUrls = "image_urls": List,
    /// Reference shared by the variants of one product.
    VariantGroup = "variant_group": Text,
    /// What tells the variants apart, such as `{"size":"42"}`.
    VariantAttributes = "variant_attributes": Json,
    /// First day the product can be had.
    AvailableFrom = "available_from": Date,
    /// 1 when the supplier says that the product ends; absence from a file is another fact.
    Discontinued = "discontinued": Bool,
    /// Every column nobody mapped, under its original header.
    Attributes = "attributes": Json,
}

impl Field {
    /// Its position in [`Field::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The field of this name, if there is one.
    pub fn from_name(name: &str) -> Option<Field> {
        Field::ALL.into_iter().find(|field| field.name() == name)
    }

    /// A row without a value here is rejected.
    pub const fn required(self) -> bool {
        matches!(self, Field::Sku | Field::Title)
    }

    /// Filled by the normaliser itself, never by a supplier's column.
    pub const fn derived(self) -> bool {
        matches!(self, Field::GtinRestricted | Field::Attributes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn index_is_the_position_in_all_and_names_are_unique() {
        for (position, field) in Field::ALL.into_iter().enumerate() {
            assert_eq!(field.index(), position);
            assert_eq!(Field::from_name(field.name()), Some(field));
        }
    }

    #[test]
    fn every_field_is_documented() {
        let page = include_str!("../../docs/fields.md");
        for field in Field::ALL {
            assert!(page.contains(&format!("| `{}` |", field.name())), "docs/fields.md lacks `{}`", field.name());
        }
    }
}
