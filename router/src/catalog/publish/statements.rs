//! The statements of a publication: the `.sql` files beside this one, with the columns that the fields of an item name.

use item::{Field, FieldKind};
use uuid::Uuid;

use crate::catalog::staging;

/// A statement: what it does, for errors, and its template.
#[derive(Clone, Copy)]
pub(super) struct Step {
    pub what: &'static str,
    template: &'static str,
}

macro_rules! steps {
    ($($name:ident = $file:literal: $what:literal,)*) => {
        $(pub(super) const $name: Step = Step { what: $what, template: include_str!($file) };)*

        const ALL: &[(&str, Step)] = &[$((concat!("publish/", $file), $name)),*];
    };
}

// In the order in which they run.
steps! {
    STAGED = "staged.sql": "count the staged rows",
    NAMES = "names.sql": "collect the staged brands and categories",
    BRANDS = "brands.sql": "add brands",
    DEEPEST = "deepest.sql": "find the deepest category",
    CATEGORIES = "categories.sql": "add categories",
    BRAND_OF = "brand_of.sql": "look brands up",
    CATEGORY_OF = "category_of.sql": "look categories up",
    CREATED = "created.sql": "insert the created products",
    CREATED_IMAGES = "created_images.sql": "insert images of created products",
    CREATED_VARIANTS = "created_variants.sql": "insert variants of created products",
    CHANGED_IMAGES = "changed_images.sql": "find changed images",
    CHANGED_VARIANTS = "changed_variants.sql": "find changed variants",
    BEFORE_UPDATED = "before_updated.sql": "keep the updated products as they were",
    PRICE_HISTORY = "price_history.sql": "write the price history",
    STOCK_HISTORY = "stock_history.sql": "write the stock history",
    UPDATED = "updated.sql": "update products",
    FORMER_IMAGES = "former_images.sql": "remove former images",
    UPDATED_IMAGES = "updated_images.sql": "replace images of updated products",
    FORMER_VARIANTS = "former_variants.sql": "remove former variants",
    UPDATED_VARIANTS = "updated_variants.sql": "replace variants of updated products",
    BEFORE_DEACTIVATED = "before_deactivated.sql": "keep the deactivated products as they were",
    DEACTIVATED = "deactivated.sql": "deactivate products",
}

impl Step {
    /// The statement as it is sent.
    pub(super) fn sql(self) -> String {
        let columns = || product_columns().map(Field::name);
        let listed = |texts: Vec<String>| texts.join(", ");
        self.template
            .replace("{columns}", &columns().collect::<Vec<_>>().join(", "))
            .replace("{staged_columns}", &listed(columns().map(|name| format!("s.{name}")).collect()))
            .replace("{assignments}", &listed(product_columns().map(assignment).collect()))
            .replace("{changed_columns}", &listed(columns().map(changed).collect()))
            .replace("{price_changes}", &changes(&["price", "price_incl_tax", "currency"]))
            .replace("{stock_changes}", &changes(&["stock"]))
    }
}

/// Prepares the transaction: its settings, and the names that the statements know.
pub(super) fn opening(import_id: Uuid) -> String {
    include_str!("opening.sql").replace("{staging}", &staging::table(import_id))
}

/// Every statement of a publication, for the test that prepares them: the first one makes the names that the others use.
#[doc(hidden)]
pub fn all(import_id: Uuid) -> (String, Vec<(&'static str, String)>) {
    (opening(import_id), ALL.iter().map(|(name, step)| (*name, step.sql())).collect())
}

/// The fields that are columns of `products`; the others have tables of their own.
fn product_columns() -> impl Iterator<Item = Field> {
    Field::ALL.into_iter().filter(|field| {
        !matches!(
            field,
            Field::Brand | Field::CategoryPath | Field::ImageUrls | Field::VariantGroup | Field::VariantAttributes
        )
    })
}

/// A text that stays the same keeps the stored value itself: long ones lie outside the row and are not written again.
fn assignment(field: Field) -> String {
    let name = field.name();
    match field.kind() {
        FieldKind::Text | FieldKind::List | FieldKind::Json => {
            format!("{name} = case when p.{name} is not distinct from s.{name} then p.{name} else s.{name} end")
        }
        FieldKind::Decimal | FieldKind::Integer | FieldKind::Bool | FieldKind::Date => format!("{name} = s.{name}"),
    }
}

/// A member of the before-image, if the column changes.
fn changed(name: &str) -> String {
    format!(
        r#"case when p.{name} is distinct from s.{name} then '"{name}":' || coalesce(to_json(p.{name})::text, 'null') end"#
    )
}

fn changes(names: &[&str]) -> String {
    let of = |table: &str| names.iter().map(|name| format!("{table}.{name}")).collect::<Vec<_>>().join(", ");
    format!("(({}) is distinct from ({}))", of("p"), of("s"))
}
