//! What shop systems and suppliers export is recognised without a mapping.

use std::fmt::Write;

use super::Feed;

/// The fields of the columns, in header order; `-` for attributes.
fn mapped(file: &str) -> String {
    let plan = Feed::of(file).plan().unwrap();
    let mut out = String::new();
    for choice in plan.choices {
        write!(out, "{}={} ", choice.column, choice.field.map_or("-", |field| field.name())).unwrap();
    }
    out.trim_end().to_owned()
}

fn reason(file: &str, column: &str) -> String {
    let plan = Feed::of(file).plan().unwrap();
    plan.choices.into_iter().find(|choice| choice.column == column).unwrap().reason
}

#[test]
fn a_french_price_list() {
    let file = "Réf. article;Code EAN;Désignation;Marque;Famille;Sous-famille;Prix € HT;PVP TTC;TVA;Stock dispo;Poids (kg);Longueur (cm);Pays d'origine;Photo;Remarque\n\
                A-1;4006381333931;Chaise;Éclat;Jardin;Chaises;12,50;20,00;20;5;1,2;40;France;https://a.example/1.jpg;x\n";
    assert_eq!(
        mapped(file),
        "Réf. article=sku Code EAN=gtin Désignation=title Marque=brand Famille=category_path Sous-famille=category_path Prix € HT=price PVP TTC=rrp \
         TVA=tax_rate Stock dispo=stock Poids (kg)=weight_g Longueur (cm)=length_mm Pays d'origine=country_of_origin Photo=image_urls Remarque=-"
    );
    assert_eq!(
        Feed::of(file).outcome(),
        "2: sku=A-1 gtin=04006381333931 gtin_restricted=no brand=Éclat title=Chaise category_path=Jardin > Chaises price=12.5 price_incl_tax=15 rrp=20 \
         currency=EUR tax_rate=20 stock=5 weight_g=1200 length_mm=400 country_of_origin=FR image_urls=https://a.example/1.jpg attributes={\"Remarque\":\"x\"}\n"
    );
}

#[test]
fn german_spanish_and_italian_price_lists() {
    assert_eq!(
        mapped(
            "Artikelnummer;EAN;Bezeichnung;Hersteller;Warengruppe;EK netto;UVP;Lagerbestand;Gewicht (g)\nA;4006381333931;Stuhl;Acme;Garten;12,50;20,00;5;1200\n"
        ),
        "Artikelnummer=sku EAN=gtin Bezeichnung=title Hersteller=brand Warengruppe=category_path EK netto=price UVP=rrp Lagerbestand=stock Gewicht (g)=weight_g"
    );
    assert_eq!(
        mapped("Referencia;Nombre;Marca;Precio sin IVA;Existencias;Peso\nA;Silla;Acme;12,50;5;1,2\n"),
        "Referencia=sku Nombre=title Marca=brand Precio sin IVA=price Existencias=stock Peso=weight_g"
    );
    assert_eq!(
        mapped("Codice articolo;Nome;Prezzo IVA inclusa;Giacenza\nA;Sedia;12,50;5\n"),
        "Codice articolo=sku Nome=title Prezzo IVA inclusa=price_incl_tax Giacenza=stock"
    );
}

#[test]
fn a_magento_export() {
    let file = "sku,store_view_code,product_type,categories,name,description,short_description,weight,price,special_price,base_image,additional_images,qty,out_of_stock_qty\n\
                MH01,,simple,\"Default Category/Men/Tops,Default Category\",Hoodie,<p>Warm</p>,short,0.4,52.00,,/m/h/mh01.jpg,\"/m/h/a.jpg,/m/h/b.jpg\",100,0\n";
    assert_eq!(
        mapped(file),
        "sku=sku store_view_code=- product_type=- categories=category_path name=title description=description short_description=- weight=weight_g price=price \
         special_price=- base_image=- additional_images=- qty=stock out_of_stock_qty=-"
    );
    assert!(reason(file, "base_image").contains("only 0 % of its values are one"), "{}", reason(file, "base_image"));
}

#[test]
fn a_shopify_export_with_and_without_variant_skus() {
    let header = "Handle,Title,Body (HTML),Vendor,Type,Option1 Name,Option1 Value,Variant SKU,Variant Grams,Variant Inventory Qty,Variant Price,Variant Compare At Price,Variant Barcode,Image Src,Variant Weight Unit";
    let with = format!(
        "{header}\npot,Clay Pot,<p>Clay</p>,Acme,Outdoor,Size,Large,POT-L,1200,3,9.99,12.00,4006381333931,https://a.example/1.jpg,kg\n"
    );
    assert_eq!(
        mapped(&with),
        "Handle=variant_group Title=title Body (HTML)=description Vendor=brand Type=category_path Option1 Name=- Option1 Value=variant_attributes Variant SKU=sku \
         Variant Grams=weight_g Variant Inventory Qty=stock Variant Price=price Variant Compare At Price=rrp Variant Barcode=gtin Image Src=image_urls Variant Weight Unit=-"
    );
    assert!(Feed::of(&with).outcome().contains(
        "weight_g=1200 image_urls=https://a.example/1.jpg variant_group=pot variant_attributes={\"Size\":\"Large\"}"
    ));

    let without = with.replace("POT-L", "");
    assert!(mapped(&without).starts_with("Handle=sku Title=title"));
    assert_eq!(reason(&without, "Handle"), "`Variant SKU` is empty in the sample; this product reference stands in");
}

#[test]
fn a_woocommerce_export() {
    let file = "ID,Type,SKU,Name,Published,Short description,Description,Tax class,In stock?,Stock,Weight (kg),Length (cm),Sale price,Regular price,Categories,Images,Parent,\"GTIN, UPC, EAN, or ISBN\",Attribute 1 name,Attribute 1 value(s)\n\
                1,simple,tee,T-Shirt,1,Nice,Long,,1,7,0.2,30,,19.99,Clothing > Tshirts,\"https://a.example/1.jpg, https://a.example/2.jpg\",,4006381333931,Color,Blue\n";
    assert_eq!(
        mapped(file),
        "ID=- Type=- SKU=sku Name=title Published=- Short description=- Description=description Tax class=- In stock?=- Stock=stock Weight (kg)=weight_g \
         Length (cm)=length_mm Sale price=- Regular price=price Categories=category_path Images=image_urls Parent=variant_group GTIN, UPC, EAN, or ISBN=gtin \
         Attribute 1 name=- Attribute 1 value(s)=variant_attributes"
    );
}

#[test]
fn a_barcode_reference_keeps_its_leading_zeros() {
    let file = "ID\tUPCEAN\tName\tCategoryID\tCategoryName\tBrandID\tBrandName\n1850278\t061500127178\tSoda \"orange\"\t17371\tDrinks/Soda\t0\t\n";
    assert_eq!(
        mapped(file),
        "ID=sku UPCEAN=gtin Name=title CategoryID=- CategoryName=category_path BrandID=- BrandName=brand"
    );
    assert!(Feed::of(file).outcome().starts_with("2: sku=1850278 gtin=00061500127178"));
}

#[test]
fn a_google_feed() {
    let file = "id\ttitle\tdescription\tlink\timage_link\tavailability\tprice\tbrand\tgtin\tmpn\tcondition\tproduct_type\titem_group_id\tcolor\tsize\n\
                A\tTee\tNice\thttps://a.example/tee\thttps://a.example/1.jpg\tin_stock\t12.50 EUR\tAcme\t4006381333931\tM1\tnew\tClothing > Tees\tTEE\tblue\tM\n";
    assert_eq!(
        mapped(file),
        "id=sku title=title description=description link=- image_link=image_urls availability=stock price=price brand=brand gtin=gtin mpn=mpn condition=condition \
         product_type=category_path item_group_id=variant_group color=variant_attributes size=variant_attributes"
    );
}

#[test]
fn values_count_more_than_names() {
    // A column of GTINs is one, whatever it is called.
    let file = "sku,title,code\nA,a,4006381333931\nB,b,96385074\nC,c,036000291452\n";
    assert_eq!(mapped(file), "sku=sku title=title code=gtin");
    // A text column is no price.
    let file = "sku,title,price\nA,a,on request\nB,b,call us\n";
    assert_eq!(mapped(file), "sku=sku title=title price=-");
    assert_eq!(reason(file, "price"), "called like price, but only 0 % of its values are one");
    // A cell with a fault is still what it is meant to be: its row is rejected, the column is not lost.
    let file = "sku;EAN;title;price\nA;4,00638E+12;a;-1,50\nB;4,00638E+12;b;#REF!\n";
    assert_eq!(mapped(file), "sku=sku EAN=gtin title=title price=price");
    // Pictures are known by their ending, pages are not pictures.
    let file = "sku,title,media,page\nA,a,https://a.example/1.jpg,https://a.example/1\nB,b,https://a.example/2.png,https://a.example/2\nC,c,https://a.example/3.webp,https://a.example/3\n";
    assert_eq!(mapped(file), "sku=sku title=title media=image_urls page=-");
}

#[test]
fn without_a_sku_column_a_gtin_or_another_identity_stands_in() {
    let file = "EAN,name\n4006381333931,a\n96385074,b\n";
    assert_eq!(mapped(file), "EAN=gtin EAN=sku name=title");
    assert_eq!(mapped(&file.replace("EAN", "sku")), "sku=sku sku=gtin name=title");
    assert_eq!(
        Feed::of(file).outcome(),
        "2: sku=4006381333931 gtin=04006381333931 gtin_restricted=no title=a\n3: sku=96385074 gtin=00000096385074 gtin_restricted=no title=b\n"
    );
    assert_eq!(mapped("libellé,matricule\na,X1\nb,X2\n"), "libellé=title matricule=sku");
    // A column that counts the rows identifies nothing.
    let counted: String = (1..=6).map(|number| format!("{number},X{number},Chair\n")).collect();
    assert_eq!(mapped(&format!("no,matricule,name\n{counted}")), "no=- matricule=sku name=title");
    // Price lists that call the name description.
    assert_eq!(mapped("ref,description,price\nA,Chair,1.50\n"), "ref=sku description=title price=price");
}

#[test]
fn a_file_without_recognisable_columns_fails_by_name() {
    let error = Feed::of("sku,prix\nA,12\nB,13\n").error();
    assert!(
        error.starts_with("no_mapping: no column was recognised as title; the header holds `sku`, `prix`: rename"),
        "{error}"
    );
}
