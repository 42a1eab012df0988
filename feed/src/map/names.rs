//! What columns are called, in English, French, German, Spanish and Italian, without case and accents.

use item::Field;

/// Sure names, then names that other fields or systems use too, each with its confidence.
#[rustfmt::skip]
const NAMES: &[(Field, f32, &[&str])] = &[
    (Field::Sku, 0.98, &["sku", "variant sku", "supplier sku", "vendor sku", "merchant sku", "stock keeping unit"]),
    (Field::Sku, 0.95, &[
        "reference", "ref", "ref article", "reference article", "code article", "article code",
        "reference fournisseur", "ref fournisseur", "reference produit", "ref produit", "code produit",
        "article number", "article no", "article nr", "item number", "item no", "item code", "product code",
        "product number", "product reference", "supplier reference", "supplier ref", "supplier code",
        "supplier product code", "artikelnummer", "artikel nr", "artikelnr", "art nr", "art no", "artnr",
        "bestellnummer", "bestellnr", "lieferantenartikelnummer", "referencia", "codigo articulo", "codigo producto",
        "codigo de articulo", "codigo de producto", "codice articolo", "codice prodotto", "riferimento",
        "cod articolo",
    ]),
    (Field::Sku, 0.7, &[
        "product id", "item id", "article id", "id produit", "id article", "article", "artikel", "codigo", "codice",
        "n article", "no article", "numero article", "numero d article", "product key",
    ]),
    (Field::Sku, 0.5, &["id", "code", "identifiant", "identifier", "key", "nr", "no", "number", "numero", "nummer"]),
    (Field::Gtin, 0.98, &[
        "gtin", "ean", "ean13", "ean 13", "ean code", "code ean", "ean13 code", "code ean13", "code ean 13", "upc",
        "upc code", "upc a", "upcean", "ean upc", "upc ean", "gtin13", "gtin 13", "gtin14", "gtin 14", "gtin ean",
        "ean gtin", "gtin upc ean or isbn", "gtin upc ean isbn", "gencod", "gencode", "codigo ean", "codice ean",
        "ean nummer", "ean nr", "global trade item number",
    ]),
    (Field::Gtin, 0.9, &[
        "barcode", "bar code", "code barre", "code barres", "code a barres", "codebarre", "codebarres", "strichcode",
        "codigo de barras", "codigo barras", "codice a barre", "codice barre", "isbn", "jan",
    ]),
    (Field::Mpn, 0.95, &[
        "mpn", "manufacturer part number", "manufacturer part no", "manufacturer sku", "manufacturer reference",
        "manufacturer ref", "manufacturer code", "part number", "part no", "reference fabricant", "ref fabricant",
        "reference constructeur", "ref constructeur", "code fabricant", "herstellernummer", "hersteller nr",
        "herstellerartikelnummer", "hersteller artikelnummer", "referencia fabricante", "codice produttore",
        "oem number", "oem reference", "oem",
    ]),
    (Field::Mpn, 0.6, &["model number", "model no", "modellnummer"]),
    (Field::Brand, 0.95, &[
        "brand", "brands", "brand name", "marque", "marques", "nom marque", "marke", "marca", "nom de la marque",
    ]),
    (Field::Brand, 0.85, &[
        "manufacturer", "manufacturer name", "fabricant", "hersteller", "herstellername", "fabricante", "produttore",
        "constructeur", "maker",
    ]),
    (Field::Brand, 0.7, &["vendor", "label"]),
    (Field::Title, 0.97, &[
        "title", "product name", "product title", "item name", "nom produit", "nom du produit", "titre",
        "designation", "designation article", "designation produit", "libelle", "libelle produit", "libelle article",
        "nom article", "intitule", "bezeichnung", "artikelbezeichnung", "produktbezeichnung", "produktname",
        "artikelname", "titel", "titulo", "nombre", "nombre producto", "nombre del producto", "denominacion", "nome",
        "nome prodotto", "titolo", "denominazione",
    ]),
    (Field::Title, 0.93, &["name", "nom", "item description", "product description short", "descrizione articolo"]),
    (Field::Title, 0.6, &[
        "libelle long", "libelle court", "designation longue", "designation courte", "short name", "kurzbezeichnung",
        "article name", "article description",
    ]),
    (Field::Description, 0.95, &[
        "description", "body html", "long description", "product description", "full description",
        "description longue", "descriptif", "description produit", "description html", "beschreibung",
        "langbeschreibung", "artikelbeschreibung", "produktbeschreibung", "descripcion", "descripcion larga",
        "descripcion producto", "descrizione", "descrizione lunga", "texte",
    ]),
    (Field::Description, 0.5, &[
        "short description", "description courte", "kurzbeschreibung", "descripcion corta", "descrizione breve",
        "details", "body", "summary", "resume",
    ]),
    (Field::CategoryPath, 0.95, &[
        "category", "categories", "category path", "category name", "product category", "categorie", "famille",
        "rayon", "kategorie", "kategorien", "warengruppe", "categoria", "categorias", "categorie produit",
        "product type", "arborescence", "fil d ariane", "breadcrumb",
    ]),
    (Field::CategoryPath, 0.7, &[
        "google product category", "department", "product group", "group", "famille produit", "univers", "familia",
        "famiglia", "produktgruppe", "artikelgruppe",
    ]),
    (Field::CategoryPath, 0.9, &[
        "sub category", "subcategory", "sub categories", "sous categorie", "sous famille", "sous rayon",
        "unterkategorie", "unterwarengruppe", "subcategoria", "subfamilia", "sottocategoria", "sottofamiglia",
    ]),
    (Field::CategoryPath, 0.5, &["type"]),
    (Field::Price, 0.97, &[
        "purchase price", "cost price", "wholesale price", "dealer price", "net price", "prix achat", "prix d achat",
        "prix net", "tarif net", "prix net achat", "einkaufspreis", "ek", "ek preis", "ek netto", "haendlerpreis",
        "handlerpreis", "nettopreis", "precio compra", "precio de compra", "precio neto", "prezzo acquisto",
        "prezzo di acquisto", "prezzo netto", "votre prix", "your price", "prix revendeur",
    ]),
    (Field::Price, 0.93, &[
        "price", "prix", "tarif", "preis", "precio", "prezzo", "unit price", "prix unitaire", "regular price", "pu",
        "p u", "stuckpreis", "einzelpreis", "precio unitario", "prezzo unitario", "prix ht", "price ht",
    ]),
    (Field::Price, 0.6, &[
        "cost", "cost per item", "cout", "kosten", "montant", "amount", "list price", "prix catalogue", "prix tarif",
        "listenpreis",
    ]),
    (Field::PriceInclTax, 0.97, &[
        "prix ttc", "price incl tax", "price including tax", "price incl vat", "gross price", "price inc vat",
        "bruttopreis", "preis inkl mwst", "precio con iva", "prezzo con iva", "prezzo ivato", "tarif ttc",
        "price with tax", "price incl", "prix tvac",
    ]),
    (Field::Rrp, 0.96, &[
        "rrp", "msrp", "msrp price", "srp", "pvp", "pvc", "ppc", "ppttc", "uvp", "uvp preis",
        "recommended retail price", "suggested retail price", "retail price", "prix public", "prix public conseille",
        "prix de vente conseille", "prix vente conseille", "prix conseille", "prix de vente public",
        "unverbindliche preisempfehlung", "empfohlener verkaufspreis", "precio de venta al publico",
        "pvp recomendado", "prezzo al pubblico", "prezzo consigliato", "precio recomendado",
    ]),
    (Field::Rrp, 0.75, &[
        "compare at price", "variant compare at price", "prix barre", "prix de vente", "prix vente", "selling price",
        "verkaufspreis", "vk", "vk preis", "precio venta", "precio de venta", "prezzo di vendita",
    ]),
    (Field::Currency, 0.97, &[
        "currency", "currency code", "devise", "code devise", "monnaie", "wahrung", "wahrungscode", "moneda",
        "divisa", "valuta", "price currency", "devise prix",
    ]),
    (Field::TaxRate, 0.95, &[
        "vat", "vat rate", "tax rate", "tva", "taux tva", "taux de tva", "mwst", "mwst satz", "mehrwertsteuer",
        "steuersatz", "ust", "iva", "tipo iva", "aliquota iva", "aliquota", "vat percent", "tva pourcent",
    ]),
    (Field::TaxRate, 0.6, &["tax", "taxe"]),
    (Field::MinOrderQuantity, 0.95, &[
        "moq", "min order quantity", "minimum order quantity", "minimum order", "min order", "min order qty",
        "quantite minimum", "quantite minimale", "quantite minimum de commande", "qte mini", "qte min",
        "minimum de commande", "mini commande", "mindestbestellmenge", "mindestmenge", "cantidad minima",
        "pedido minimo", "quantita minima", "ordine minimo",
    ]),
    (Field::PackSize, 0.95, &[
        "pack size", "pack qty", "pack quantity", "units per pack", "case pack", "case size", "qty per pack",
        "items per pack", "conditionnement", "colisage", "pcb", "quantite par colis", "nb par colis",
        "verpackungseinheit", "ve", "packungsgrosse", "unidades por caja", "unidades por paquete",
        "pezzi per confezione", "confezione", "carton quantity", "inner pack",
    ]),
    (Field::Unit, 0.95, &[
        "unit", "unite", "unit of measure", "uom", "unite de vente", "sales unit", "unite vente", "einheit",
        "mengeneinheit", "verkaufseinheit", "unidad", "unidad de medida", "unidad de venta", "unita",
        "unita di misura", "um", "unite de mesure",
    ]),
    (Field::Stock, 0.96, &[
        "stock", "stocks", "qty", "quantity", "stock quantity", "stock qty", "quantity in stock", "qty in stock",
        "inventory", "inventory qty", "inventory quantity", "available quantity", "available qty", "on hand",
        "variant inventory qty", "quantite", "qte", "qte stock", "quantite en stock", "quantite stock",
        "stock disponible", "quantite disponible", "bestand", "lagerbestand", "lager", "menge", "verfugbare menge",
        "existencias", "cantidad", "inventario", "giacenza", "quantita", "disponibilita", "stock level",
    ]),
    (Field::Stock, 0.8, &[
        "availability", "disponibilite", "verfugbarkeit", "disponibilidad", "dispo", "in stock", "en stock",
        "is in stock", "stock status", "etat du stock", "disponible", "auf lager", "lieferbar",
    ]),
    (Field::WeightG, 0.96, &[
        "weight", "poids", "gewicht", "peso", "gross weight", "poids brut", "bruttogewicht", "peso bruto",
        "peso lordo", "item weight", "shipping weight", "package weight", "unit weight", "poids unitaire",
        "poids colis", "poids article", "versandgewicht",
    ]),
    (Field::WeightG, 0.9, &[
        "net weight", "poids net", "nettogewicht", "peso neto", "peso netto", "grams", "kg", "grammage",
    ]),
    (Field::LengthMm, 0.95, &[
        "length", "longueur", "lange", "longitud", "largo", "lunghezza", "profondeur", "depth", "tiefe",
        "profundidad", "fondo", "profondita", "product length", "longueur produit", "item length", "laenge",
    ]),
    (Field::WidthMm, 0.95, &[
        "width", "largeur", "breite", "ancho", "anchura", "larghezza", "product width", "item width",
    ]),
    (Field::HeightMm, 0.95, &[
        "height", "hauteur", "hohe", "hoehe", "alto", "altura", "altezza", "product height", "item height",
    ]),
    (Field::Condition, 0.95, &[
        "condition", "item condition", "product condition", "etat", "etat produit", "etat du produit", "zustand",
        "estado", "condizione", "condizioni",
    ]),
    (Field::CountryOfOrigin, 0.95, &[
        "country of origin", "origin", "origine", "pays d origine", "pays origine", "country of manufacture",
        "made in", "ursprungsland", "herkunftsland", "herkunft", "pais de origen", "pais origen", "origen",
        "paese di origine", "paese d origine", "origin country", "pays de fabrication", "coo",
    ]),
    (Field::CustomsCode, 0.95, &[
        "hs code", "hs", "customs code", "tariff code", "tariff number", "commodity code", "harmonized code",
        "harmonized system code", "code douane", "code douanier", "nomenclature douaniere", "code sh",
        "zolltarifnummer", "warentarifnummer", "taric", "codigo arancelario", "codigo taric", "codice doganale",
        "intrastat", "intrastat code", "nc8", "code nc",
    ]),
    (Field::ImageUrls, 0.96, &[
        "image", "images", "image url", "image urls", "image src", "image link", "picture", "pictures",
        "picture url", "photo", "photos", "photo url", "url image", "url images", "url photo", "lien image",
        "lien photo", "main image", "main image url", "additional image link", "additional images",
        "additional image urls", "base image", "variant image", "bild", "bilder", "bild url", "bildurl", "bildlink",
        "imagen", "imagenes", "url imagen", "foto", "immagine", "immagini", "url immagine", "visuel", "visuels",
        "media url",
    ]),
    (Field::VariantGroup, 0.93, &[
        "item group id", "parent sku", "parent id", "parent reference", "variant group", "group id",
        "model reference", "reference modele", "ref modele", "reference parent", "ref parent", "sku parent",
        "vatersku", "vaterartikel", "parent code", "modele reference", "style number", "style code", "code modele",
    ]),
    (Field::VariantGroup, 0.85, &["handle", "parent"]),
    (Field::AvailableFrom, 0.95, &[
        "available from", "availability date", "available date", "release date", "launch date",
        "date de disponibilite", "date disponibilite", "disponible le", "disponible a partir du", "date de sortie",
        "verfugbar ab", "lieferbar ab", "erscheinungsdatum", "disponible desde", "fecha de disponibilidad",
        "fecha disponibilidad", "disponibile dal", "data disponibilita", "date dispo",
    ]),
    (Field::Discontinued, 0.95, &[
        "discontinued", "is discontinued", "end of life", "eol", "obsolete", "arrete", "arret", "fin de vie",
        "produit arrete", "auslaufartikel", "auslauf", "abgekundigt", "descatalogado", "fuera de catalogo",
        "fuori produzione", "fuori catalogo",
    ]),
];

/// Properties that tell variants apart, when the file says which products are variants.
#[rustfmt::skip]
const VARIANT_PROPERTIES: &[&str] = &[
    "size", "color", "colour", "taille", "couleur", "pointure", "coloris", "grosse", "farbe", "talla", "tallas",
    "colore", "taglia", "shoe size", "schuhgrosse",
];

/// Words that make another column of a known name: `price group` is no price, `category id` no category.
#[rustfmt::skip]
const BLOCKERS: &[&str] = &[
    "id", "ids", "group", "groupe", "gruppe", "code", "status", "statut", "date", "type", "from", "to", "policy",
    "min", "max", "label", "alt", "position", "key", "meta", "seo", "special", "sale", "promo", "promotion", "old",
    "ancien", "low", "notify", "threshold", "shipping", "tracker", "service", "config", "use", "is", "out", "allow",
    "small", "thumbnail", "display", "visibility", "class", "classe", "mode", "text", "increments", "map", "tier",
    "vat", "tva", "tax", "short", "url", "link", "lien", "page", "count", "rating", "parent", "per", "custom",
    "adwords", "attribute", "language", "langue", "range", "discount", "remise", "rabatt", "updated", "created",
    "backorder", "backorders",
];

/// The fields a column of this name may feed, the likeliest first, with their confidence.
pub(super) fn fields_named(words: &str) -> Vec<(Field, f32)> {
    let named = NAMES.iter().filter(|(_, _, names)| names.contains(&words));
    let mut found: Vec<(Field, f32)> = named.map(|(field, confidence, _)| (*field, *confidence)).collect();
    found.sort_by(|one, other| other.1.total_cmp(&one.1));
    found
}

/// A sure name with one or two harmless words before or behind it: `stock paris`, `libelle du catalogue`.
pub(super) fn partly_named(words: &str) -> Option<(Field, f32)> {
    const SURE: f32 = 0.9;
    const SHARE: f32 = 0.65;
    let matches = NAMES
        .iter()
        .filter(|(_, confidence, _)| *confidence >= SURE)
        .flat_map(|(field, confidence, names)| names.iter().map(move |name| (*field, *confidence, *name)));
    let fits = |name: &str| {
        let extra = words
            .strip_prefix(name)
            .filter(|rest| rest.starts_with(' '))
            .or_else(|| words.strip_suffix(name).filter(|rest| rest.ends_with(' ')));
        extra.is_some_and(|extra| {
            let mut extra = extra.split_whitespace();
            extra.clone().count() <= 2 && !extra.any(|word| BLOCKERS.contains(&word))
        })
    };
    let longest = matches.filter(|(_, _, name)| fits(name)).max_by_key(|(_, _, name)| name.len())?;
    Some((longest.0, longest.1 * SHARE))
}

/// Whether the name is that of a lower level of a category path: `category 2`, `sous famille`.
pub(super) fn is_level(words: &str) -> bool {
    words.ends_with(|c: char| c.is_ascii_digit())
        || ["sub", "sous", "unter", "sotto"].iter().any(|start| words.starts_with(start))
}

/// Whether the name is a property such as size or colour.
pub(super) fn is_variant_property(words: &str) -> bool {
    VARIANT_PROPERTIES.contains(&words)
}

/// For a column of option values (`option1 value`) the name of the column of option names (`option1 name`).
pub(super) fn option_names_for(words: &str) -> Option<String> {
    let base = ["values", "value s", "value", "valeur", "valeurs", "wert"]
        .iter()
        .find_map(|end| words.strip_suffix(end))?
        .trim_end();
    let is_option = ["option", "attribute", "attribut"].iter().any(|start| base.starts_with(start));
    is_option.then(|| format!("{base} name"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fold::fold;

    #[test]
    fn every_name_is_written_as_headers_are_folded() {
        for (_, _, names) in NAMES {
            for name in *names {
                assert_eq!(fold(name), *name);
            }
        }
    }

    #[test]
    fn names_lead_to_fields() {
        for (words, expected) in [
            ("sku", Some(Field::Sku)),
            ("code ean", Some(Field::Gtin)),
            ("stock paris", Some(Field::Stock)),
            ("prix revendeur conseille", Some(Field::Price)),
            ("price group", None),
            ("category id", None),
            ("special price", None),
            ("meta description", None),
            ("use config min qty", None),
            ("remarks", None),
        ] {
            let found = fields_named(words).first().copied().or_else(|| partly_named(words));
            assert_eq!(found.map(|(field, _)| field), expected, "{words}");
        }
    }

    #[test]
    fn option_values_have_a_column_of_names() {
        assert_eq!(option_names_for("option1 value").as_deref(), Some("option1 name"));
        assert_eq!(option_names_for("attribute 1 value s").as_deref(), Some("attribute 1 name"));
        assert_eq!(option_names_for("market value"), None);
    }
}
