//! Rejects files that come back.

use item::{EmptyMeans, Mode};

use super::*;
use crate::Encoding;

const CORRECTED: &str = "\u{feff}Réf;Désignation;Prix HT;'@Note;arrivage_line;arrivage_problem;arrivage_fix\r\n\
                         '-AB=1;Vis;12,5;'@home;7;nombre illisible (colonne « Prix HT » : « 12,x ») [number_unreadable];écrivez\r\n\
                         '=B2;'''=Clou;\"'=\"\"x\"\"\";;9;;\r\n";

#[test]
fn our_columns_are_gone_and_the_cells_are_the_supplier_s() {
    let feed = Feed::of(CORRECTED);
    let plan = feed.plan().unwrap();
    assert!(plan.is_correction());
    assert_eq!(plan.layout.header, ["Réf", "Désignation", "Prix HT", "@Note"]);
    assert_eq!(
        feed.outcome(),
        "2: sku=-AB=1 title=Vis price=12.5 attributes={\"@Note\":\"@home\"}\n\
         3: !number_unreadable [Prix HT] `x` is not a number\n"
    );
}

#[test]
fn raw_cells_of_a_correction_are_those_that_were_sent() {
    let plan = Feed::of(CORRECTED).plan().unwrap();
    let mut raw = Vec::new();
    read_items(CORRECTED.as_bytes(), &plan, &Limits::default(), |batch| {
        raw.extend(batch.rejects.into_iter().map(|reject| reject.raw));
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(raw, [["=B2", "''=Clou", "=\"x\"", ""]]);
}

#[test]
fn settings_for_the_supplier_s_own_files_do_not_disturb_a_correction() {
    let feed = Feed::of(CORRECTED).with(|settings| {
        settings.encoding = Some(Encoding::Windows1252);
        settings.delimiter = Some('|');
        settings.header_line = Some(4);
    });
    let layout = feed.plan().unwrap().layout;
    assert_eq!((layout.encoding, layout.dialect.delimiter, layout.header_line), (Encoding::Utf8, b';', 1));
}

#[test]
fn any_of_our_columns_makes_a_correction_and_their_order_does_not_matter() {
    let file = "arrivage_line,sku,arrivage_fix,title\n7,A,fix,'=Screw\n8,B\n9,C,fix,Nut,x\n";
    let feed = Feed::of(file);
    assert!(feed.plan().unwrap().is_correction());
    assert_eq!(
        feed.outcome(),
        "2: sku=A title==Screw\n3: !row_too_narrow 1 cell where the header has 2\n\
         4: !row_too_wide 3 cells where the header has 2\n"
    );
    assert!(!Feed::of("sku,title,line\nA,B,7\n").plan().unwrap().is_correction());
}

#[test]
fn an_unnamed_column_behind_ours_is_none() {
    let file = "sku,title,arrivage_line,arrivage_problem,arrivage_fix,,\nA,Screw,7,p,f,,\nB,Nut,8,p,f,more,\n";
    assert_eq!(Feed::of(file).outcome(), "2: sku=A title=Screw\n3: !row_too_wide 4 cells where the header has 2\n");
}

#[test]
fn a_column_of_which_nothing_was_corrected_is_still_that_column() {
    let file = "sku,title,price,arrivage_line,arrivage_problem,arrivage_fix\nA,Screw,soon,7,p,f\n";
    assert_eq!(Feed::of(file).outcome(), "2: !number_unreadable [price] `soon` is not a number\n");
}

#[test]
fn lost_characters_are_refused_until_they_are_written_again() {
    let file = "sku,title,arrivage_line,arrivage_problem,arrivage_fix\n\
                A,caf\u{fffd},7,unreadable characters [encoding_invalid],f\nB,caf\u{fffd},8,x [number_unreadable],f\n\
                C,café,9,unreadable characters [encoding_invalid],f\n";
    assert_eq!(
        Feed::of(file).outcome(),
        "2: !encoding_invalid [title] characters that were lost still stand in column `title`\n\
         3: sku=B title=caf\u{fffd}\n4: sku=C title=café\n"
    );
}

#[test]
fn a_correction_is_read_as_the_file_of_which_its_rows_are() {
    let original = "ref;nom;PA;dispo\nA;Vis;1.234;03/04/2026\nB;Clou;x;04/03/2026\nC;Écrou;1.234,50;04/13/2026\n";
    let mapping = "[[columns]]\ncolumn = \"ref\"\nfield = \"sku\"\n[[columns]]\ncolumn = \"nom\"\nfield = \"title\"\n\
                   [[columns]]\ncolumn = \"PA\"\nfield = \"price\"\n[[columns]]\ncolumn = \"dispo\"\nfield = \"available_from\"\n";
    let before = Feed::of(original).mapped(mapping).plan().unwrap().precedent(Mode::Full);
    let kept: crate::Precedent = serde_json::from_value(serde_json::to_value(&before).unwrap()).unwrap();

    // By itself `1.234` would be one and a bit, and the date in April.
    let file = "ref,nom,PA,dispo,arrivage_line,arrivage_problem,arrivage_fix\nB,Clou,1.234,04/03/2026,3,p,f\n";
    let (settings, limits) = (FeedSettings::default(), Limits::default());
    let named = plan(file.as_bytes(), true, Some(&Mapping::parse(mapping).unwrap()), &settings, &limits).unwrap();
    let plan = survey(|| Ok(file.as_bytes()), named.follow(kept).unwrap(), &settings, &limits).unwrap();
    assert_eq!(plan.empty_means(Mode::Partial), EmptyMeans::Clear);
    let mut read = Vec::new();
    read_items(file.as_bytes(), &plan, &limits, |batch| {
        read.push((batch.items.int(Field::Price, 0), values::show(&batch.items, Field::AvailableFrom, 0)));
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(read, [(Some(1234_0000), Some("2026-04-03".to_owned()))]);
}

#[test]
fn a_correction_without_our_columns_is_one_when_its_name_says_so() {
    let file = "sku;'@name;title;price\n'-A;'@x;Screw;1,50\n";
    let plain = Feed::of(file).plan().unwrap();
    assert!(!plain.is_correction());
    let plan = plain.into_correction().unwrap();
    assert_eq!(plan.layout.header[1], "@name");
    read_items(file.as_bytes(), &plan, &Limits::default(), |batch| {
        assert_eq!(batch.items.text(Field::Sku, 0), Some("-A"));
        assert_eq!(batch.items.text(Field::Attributes, 0), Some("{\"@name\":\"@x\"}"));
        ControlFlow::Continue(())
    })
    .unwrap();
}
