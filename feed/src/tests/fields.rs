//! Every field of an item, and every code by which a row is rejected.

use item::{Field, RejectCode};

use super::{Feed, read_cell};

#[test]
fn every_field_takes_its_cell() {
    let mut seen = String::new();
    for (header, cell, expected) in [
        ("ean", "4006381333931", "gtin=04006381333931 gtin_restricted=no"),
        ("ean", "2000000000015", "gtin=02000000000015 gtin_restricted=yes"),
        ("ean", "-", ""),
        ("mpn", " X-1 ", "mpn=X-1"),
        ("marque", "N/A", ""),
        ("marque", "Éclat", "brand=Éclat"),
        ("description", "<p onclick=\"x\">a</p><script>b</script>", "description=<p>a</p>"),
        ("catégorie", "Jardin > Chaises", "category_path=Jardin > Chaises"),
        ("prix ht", "89,90 €", "price=89.9 currency=EUR"),
        ("prix ttc", "EUR 12.30", "price_incl_tax=12.3 currency=EUR"),
        ("Prix public TTC", "1 234,50", "rrp=1234.5"),
        ("price usd", "12.30", "price=12.3 currency=USD"),
        ("taux tva", "5,5 %", "tax_rate=5.5"),
        ("quantité minimum", "6 pcs", "min_order_quantity=6"),
        ("colisage", "12", "pack_size=12"),
        ("unité", "pièce", "unit=C62"),
        ("stock", "12+", "stock=12"),
        ("disponibilité", "en stock", "stock=1"),
        ("poids", "1,2 kg", "weight_g=1200"),
        ("poids (g)", "350", "weight_g=350"),
        ("weight", "0.5", "weight_g=500"),
        ("longueur cm", "12,5", "length_mm=125"),
        ("width", "5\"", "width_mm=127"),
        ("hauteur", "1 m", "height_mm=1000"),
        ("état", "Neuf", "condition=new"),
        ("pays d'origine", "Chine", "country_of_origin=CN"),
        ("hs code", "6403.99", "customs_code=640399"),
        (
            "images",
            "https://a.example/1.jpg|https://a.example/2.jpg",
            "image_urls=https://a.example/1.jpg, https://a.example/2.jpg",
        ),
        ("parent sku", "P-1", "variant_group=P-1"),
        ("option1 value", "42", "variant_attributes={\"option1 value\":\"42\"}"),
        ("date de disponibilité", "31/12/2026", "available_from=2026-12-31"),
        ("discontinued", "oui", "discontinued=yes"),
        ("remarque", "say \"hi\"", "attributes={\"remarque\":\"say \\\"hi\\\"\"}"),
        ("remarque", "#N/A", "attributes={\"remarque\":\"#N/A\"}"),
    ] {
        assert_eq!(read_cell(header, cell), expected, "{header}: {cell}");
        seen.push_str(&format!(" {expected}"));
    }
    // A field that is added later must be read, and show it here.
    for field in Field::ALL.into_iter().filter(|field| !field.required()) {
        assert!(seen.contains(&format!(" {}=", field.name())), "{}", field.name());
    }
}

#[test]
fn what_no_list_knows_stays_as_an_attribute_and_rejects_nothing() {
    let mapping = r#"
columns = [
    { column = "sku", field = "sku" },
    { column = "title", field = "title" },
    { column = "origin", field = "country_of_origin" },
    { column = "state", field = "condition" },
    { column = "hs", field = "customs_code" },
    { column = "gone", field = "discontinued" },
]"#;
    let file = "sku,title,note,origin,state,hs,gone\nA,B,first,EU,mint,12,perhaps\nC,D,,FR,new,640399,no\n";
    assert_eq!(
        Feed::of(file).mapped(mapping).outcome(),
        "2: sku=A title=B attributes={\"gone\":\"perhaps\",\"hs\":\"12\",\"note\":\"first\",\"origin\":\"EU\",\"state\":\"mint\"}\n\
         3: sku=C title=D condition=new country_of_origin=FR customs_code=640399 discontinued=no\n"
    );
}

/// Codes that rows get here; `duplicate_sku` is the pipeline's, and decoding has tests of its own for the others.
#[test]
fn every_reject_code_of_a_cell_arises() {
    let mapping = r#"
columns = [
    { column = "sku", field = "sku" },
    { column = "title", field = "title" },
    { column = "ean", field = "gtin" },
    { column = "price", field = "price" },
    { column = "unit", field = "unit" },
    { column = "date", field = "available_from" },
    { column = "image", field = "image_urls" },
]"#;
    let header = "sku\ttitle\tean\tprice\tunit\tdate\timage";
    let long = "x".repeat(1_001);
    for (row, code, column) in [
        ("\tB\t\t\t\t\t", RejectCode::RequiredMissing, "sku"),
        ("A\t \t\t\t\t\t", RejectCode::RequiredMissing, "title"),
        ("A\tB\t4006381333932\t\t\t\t", RejectCode::GtinChecksum, "ean"),
        ("A\tB\t123456\t\t\t\t", RejectCode::GtinLength, "ean"),
        ("A\tB\tABC\t\t\t\t", RejectCode::GtinNotDigits, "ean"),
        ("A\tB\t4.00638E+12\t\t\t\t", RejectCode::GtinScientific, "ean"),
        ("A\tB\t0000000000000\t\t\t\t", RejectCode::GtinPlaceholder, "ean"),
        ("A\tB\t\tabc\t\t\t", RejectCode::NumberUnreadable, "price"),
        ("A\tB\t\t-1\t\t\t", RejectCode::NumberNegative, "price"),
        ("A\tB\t\t99999999999\t\t\t", RejectCode::NumberOutOfRange, "price"),
        ("A\tB\t\t12 XXX\t\t\t", RejectCode::CurrencyUnknown, "price"),
        ("A\tB\t\t\tfurlong\t\t", RejectCode::UnitUnknown, "unit"),
        ("A\tB\t\t\t\t31/02/2026\t", RejectCode::DateUnreadable, "date"),
        ("A\tB\t\t\t\t\t/m/b/x.jpg", RejectCode::UrlInvalid, "image"),
        (&format!("A\t{long}\t\t\t\t\t"), RejectCode::TextTooLong, "title"),
        ("A\tB\t\t#REF!\t\t\t", RejectCode::FormulaError, "price"),
        ("#N/A\tB\t\t\t\t\t", RejectCode::FormulaError, "sku"),
    ] {
        let file = format!("{header}\n{row}\n");
        let outcome = Feed::of(&file).mapped(mapping).outcome();
        assert!(outcome.starts_with(&format!("2: !{code} [{column}] ")), "{row}: {outcome}");
        assert_eq!(outcome.matches('!').count() - outcome.matches("REF!").count(), 1, "{outcome}");
    }
}

#[test]
fn a_row_tells_all_its_problems_in_column_order_and_the_others_go_on() {
    let file = "ean;sku;titre;prix\n123456;A;;abc\n4006381333931;B;Chaise;12,50\n";
    assert_eq!(
        Feed::of(file).outcome(),
        "2: !gtin_length [ean] `123456` has 6 digits, and no lost zero makes it fit !required_missing [titre] title is empty \
         !number_unreadable [prix] `abc` is not a number\n\
         3: sku=B gtin=04006381333931 gtin_restricted=no title=Chaise price=12.5\n"
    );
}

#[test]
fn net_and_gross_fill_each_other_in_where_the_rate_is_known() {
    let file = "sku;titre;prix ht;prix ttc;tva\nA;a;10,00;;20\nB;b;;12,00;20\nC;c;10,00;11,99;20\nD;d;10,00;;\n";
    assert_eq!(
        Feed::of(file).with(|settings| settings.currency = Some("EUR".into())).outcome(),
        "2: sku=A title=a price=10 price_incl_tax=12 currency=EUR tax_rate=20\n\
         3: sku=B title=b price=10 price_incl_tax=12 currency=EUR tax_rate=20\n\
         4: sku=C title=c price=10 price_incl_tax=11.99 currency=EUR tax_rate=20\n\
         5: sku=D title=d price=10 currency=EUR\n"
    );
    let file = "sku;titre;prix ttc\nA;a;12,00\nB;b;\n";
    assert_eq!(
        Feed::of(file).with(|settings| settings.tax_rate = Some("20".into())).outcome(),
        "2: sku=A title=a price=10 price_incl_tax=12 tax_rate=20\n3: sku=B title=b\n"
    );
}

#[test]
fn the_currency_comes_from_column_cell_header_or_supplier_and_contradictions_are_refused() {
    let settings = |settings: &mut crate::FeedSettings| settings.currency = Some("CHF".into());
    let file = "sku,title,price,currency\nA,a,12.50,USD\nB,b,€12.50,\nC,c,12.50,\nD,d,€12.50,USD\nE,e,,\nF,f,12.50,Taler\nG,g,$12.50,cad\n";
    assert_eq!(
        Feed::of(file).with(settings).outcome(),
        "2: sku=A title=a price=12.5 currency=USD\n\
         3: sku=B title=b price=12.5 currency=EUR\n\
         4: sku=C title=c price=12.5 currency=CHF\n\
         5: !currency_unknown [price] the price is in EUR, but the row says USD\n\
         6: sku=E title=e\n\
         7: !currency_unknown [currency] `Taler` is not a currency\n\
         8: sku=G title=g price=12.5 currency=CAD\n"
    );
    assert_eq!(
        Feed::of("sku,title,price (GBP)\nA,a,12.50\n").with(settings).outcome(),
        "2: sku=A title=a price=12.5 currency=GBP\n"
    );
}

#[test]
fn a_price_that_says_the_contrary_of_its_column_is_refused() {
    let mapping = "columns = [{ column = 'sku', field = 'sku' }, { column = 'title', field = 'title' }, { column = 'price', field = 'price' }]";
    let file = "sku;title;price\nA;a;12,50 € HT\nB;b;12,50 € TTC\n";
    let outcome = Feed::of(file).mapped(mapping).outcome();
    assert!(outcome.starts_with("2: sku=A title=a price=12.5 currency=EUR\n3: !number_unreadable [price] `12,50 € TTC` says that it is with tax"), "{outcome}");
    // A column of such prices is mapped as what they are.
    assert_eq!(
        Feed::of("sku;titre;prix\nA;a;12,50 € TTC\n").outcome(),
        "2: sku=A title=a price_incl_tax=12.5 currency=EUR\n"
    );
}

#[test]
fn lists_come_from_one_column_or_from_several() {
    let file = "sku,title,category 1,category 2,image 1,image 2\nA,a,Garden,Chairs,https://a.example/1.jpg,https://a.example/2.jpg\nB,b,Garden,,https://a.example/1.jpg,https://a.example/1.jpg\n";
    assert_eq!(
        Feed::of(file).outcome(),
        "2: sku=A title=a category_path=Garden > Chairs image_urls=https://a.example/1.jpg, https://a.example/2.jpg\n\
         3: sku=B title=b category_path=Garden image_urls=https://a.example/1.jpg\n"
    );
}

#[test]
fn texts_are_trimmed_and_lose_their_control_characters() {
    let file = "sku\ttitle\tdescription\n\u{a0}A 1 \t\"Two\nlines\"\t\"Two\r\nlines\"\n=\"007\"\tnull\tnull\n";
    assert_eq!(Feed::of(file).outcome(), "2: sku=A 1 title=Two lines description=Two\nlines\n5: sku=007 title=null\n");
}

#[test]
fn variant_attributes_are_named_by_header_key_or_column() {
    let mapping = r#"
[[columns]]
column = "sku"
field = "sku"
[[columns]]
column = "title"
field = "title"
[[columns]]
column = "Taille"
field = "variant_attributes"
[[columns]]
column = "c"
field = "variant_attributes"
key = "color"
[[columns]]
column = "Option1 Value"
field = "variant_attributes"
key_column = "Option1 Name"
"#;
    let file = "sku,title,Taille,c,Option1 Name,Option1 Value\nA,a,42,red,Width,wide\nB,b,,,,narrow\nC,c,\"{\"\"size\"\":1}\",,Width,\n";
    assert_eq!(
        Feed::of(file).mapped(mapping).outcome(),
        "2: sku=A title=a variant_attributes={\"Taille\":\"42\",\"Width\":\"wide\",\"color\":\"red\"}\n\
         3: sku=B title=b variant_attributes={\"Option1 Value\":\"narrow\"}\n\
         4: sku=C title=c variant_attributes={\"size\":\"1\"}\n"
    );
}

#[test]
fn constants_fill_fields_that_no_column_feeds() {
    let mapping = r#"
columns = [{ column = "sku", field = "sku" }, { column = "title", field = "title" }]
[constants]
brand = "Acme"
condition = "neuf"
category_path = "Garden/Chairs"
tax_rate = "5,5"
"#;
    assert_eq!(
        Feed::of("sku,title\nA,a\n").mapped(mapping).outcome(),
        "2: sku=A brand=Acme title=a category_path=Garden > Chairs tax_rate=5.5 condition=new\n"
    );
    let wrong = mapping.replace("neuf", "mint");
    assert!(
        Feed::of("sku,title\nA,a\n").mapped(&wrong).error().contains("a constant of the mapping: it is in no list")
    );
}
