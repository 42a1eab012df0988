//! Countries of origin as ISO 3166-1 alpha-2 codes.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::refusal::{Reading, Refusal};
use crate::fold::fold;

/// Reads an alpha-2 or alpha-3 code or a name (English, French, and the neighbours' own) as the alpha-2 code. A text
/// that is none of these is unlisted: it says something, and it is no reason to refuse a product.
pub(crate) fn country(text: &str) -> Reading<&'static str> {
    static NAMES: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| {
        COUNTRIES.iter().flat_map(|(code, _, names)| names.iter().map(move |name| (*name, *code))).collect()
    });
    if let Some(code) = from_code(text) {
        return Ok(Some(code));
    }
    let folded = fold(text);
    let name = folded.strip_prefix("made in ").unwrap_or(&folded);
    NAMES
        .get(name)
        .copied()
        .map(Some)
        .or_else(|| (name.len() <= 3).then(|| from_code(name)).flatten().map(Some))
        .ok_or(Refusal::Unlisted)
}

fn from_code(text: &str) -> Option<&'static str> {
    let found = match *text.as_bytes() {
        [one, two] => COUNTRIES
            .binary_search_by(|(code, ..)| code.as_bytes().cmp(&[one.to_ascii_uppercase(), two.to_ascii_uppercase()]))
            .ok(),
        [_, _, _] => COUNTRIES.iter().position(|(_, code, _)| code.eq_ignore_ascii_case(text)),
        _ => None,
    };
    found.map(|index| COUNTRIES[index].0)
}

/// Alpha-2 code, alpha-3 code, names without case and accents.
#[rustfmt::skip]
const COUNTRIES: &[(&str, &str, &[&str])] = &[
    ("AD", "AND", &["andorra", "andorre"]),
    ("AE", "ARE", &["united arab emirates", "emirats arabes unis", "uae"]),
    ("AF", "AFG", &["afghanistan"]),
    ("AG", "ATG", &["antigua and barbuda", "antigua et barbuda"]),
    ("AI", "AIA", &["anguilla"]),
    ("AL", "ALB", &["albania", "albanie"]),
    ("AM", "ARM", &["armenia", "armenie"]),
    ("AO", "AGO", &["angola"]),
    ("AQ", "ATA", &["antarctica", "antarctique"]),
    ("AR", "ARG", &["argentina", "argentine"]),
    ("AS", "ASM", &["american samoa", "samoa americaines"]),
    ("AT", "AUT", &["austria", "autriche", "osterreich"]),
    ("AU", "AUS", &["australia", "australie"]),
    ("AW", "ABW", &["aruba"]),
    ("AX", "ALA", &["aland islands", "iles aland"]),
    ("AZ", "AZE", &["azerbaijan", "azerbaidjan"]),
    ("BA", "BIH", &["bosnia and herzegovina", "bosnie herzegovine", "bosnia"]),
    ("BB", "BRB", &["barbados", "barbade"]),
    ("BD", "BGD", &["bangladesh"]),
    ("BE", "BEL", &["belgium", "belgique", "belgien", "belgie"]),
    ("BF", "BFA", &["burkina faso"]),
    ("BG", "BGR", &["bulgaria", "bulgarie", "bulgarien"]),
    ("BH", "BHR", &["bahrain", "bahrein"]),
    ("BI", "BDI", &["burundi"]),
    ("BJ", "BEN", &["benin"]),
    ("BL", "BLM", &["saint barthelemy"]),
    ("BM", "BMU", &["bermuda", "bermudes"]),
    ("BN", "BRN", &["brunei", "brunei darussalam"]),
    ("BO", "BOL", &["bolivia", "bolivie"]),
    ("BQ", "BES", &["bonaire sint eustatius and saba", "pays bas caribeens"]),
    ("BR", "BRA", &["brazil", "bresil", "brasilien", "brasil"]),
    ("BS", "BHS", &["bahamas"]),
    ("BT", "BTN", &["bhutan", "bhoutan"]),
    ("BV", "BVT", &["bouvet island", "ile bouvet"]),
    ("BW", "BWA", &["botswana"]),
    ("BY", "BLR", &["belarus", "bielorussie"]),
    ("BZ", "BLZ", &["belize"]),
    ("CA", "CAN", &["canada", "kanada"]),
    ("CC", "CCK", &["cocos islands", "iles cocos"]),
    ("CD", "COD", &["democratic republic of the congo", "republique democratique du congo", "dr congo"]),
    ("CF", "CAF", &["central african republic", "republique centrafricaine", "centrafrique"]),
    ("CG", "COG", &["congo", "republique du congo"]),
    ("CH", "CHE", &["switzerland", "suisse", "schweiz", "suiza", "svizzera"]),
    ("CI", "CIV", &["ivory coast", "cote d ivoire"]),
    ("CK", "COK", &["cook islands", "iles cook"]),
    ("CL", "CHL", &["chile", "chili"]),
    ("CM", "CMR", &["cameroon", "cameroun"]),
    ("CN", "CHN", &["china", "chine", "people s republic of china", "prc", "republique populaire de chine"]),
    ("CO", "COL", &["colombia", "colombie"]),
    ("CR", "CRI", &["costa rica"]),
    ("CU", "CUB", &["cuba"]),
    ("CV", "CPV", &["cape verde", "cabo verde", "cap vert"]),
    ("CW", "CUW", &["curacao"]),
    ("CX", "CXR", &["christmas island", "ile christmas"]),
    ("CY", "CYP", &["cyprus", "chypre"]),
    ("CZ", "CZE", &["czech republic", "czechia", "republique tcheque", "tchequie", "tschechien"]),
    ("DE", "DEU", &["germany", "allemagne", "deutschland", "alemania", "germania"]),
    ("DJ", "DJI", &["djibouti"]),
    ("DK", "DNK", &["denmark", "danemark", "danmark"]),
    ("DM", "DMA", &["dominica", "dominique"]),
    ("DO", "DOM", &["dominican republic", "republique dominicaine"]),
    ("DZ", "DZA", &["algeria", "algerie"]),
    ("EC", "ECU", &["ecuador", "equateur"]),
    ("EE", "EST", &["estonia", "estonie", "estland"]),
    ("EG", "EGY", &["egypt", "egypte"]),
    ("EH", "ESH", &["western sahara", "sahara occidental"]),
    ("ER", "ERI", &["eritrea", "erythree"]),
    ("ES", "ESP", &["spain", "espagne", "spanien", "espana", "spagna"]),
    ("ET", "ETH", &["ethiopia", "ethiopie"]),
    ("FI", "FIN", &["finland", "finlande", "finnland"]),
    ("FJ", "FJI", &["fiji", "fidji"]),
    ("FK", "FLK", &["falkland islands", "iles malouines"]),
    ("FM", "FSM", &["micronesia", "micronesie"]),
    ("FO", "FRO", &["faroe islands", "iles feroe"]),
    ("FR", "FRA", &["france", "frankreich", "francia"]),
    ("GA", "GAB", &["gabon"]),
    ("GB", "GBR", &[
        "united kingdom", "royaume uni", "uk", "great britain", "grande bretagne", "england", "angleterre",
        "scotland", "ecosse", "wales", "grossbritannien", "reino unido", "regno unito",
    ]),
    ("GD", "GRD", &["grenada", "grenade"]),
    ("GE", "GEO", &["georgia", "georgie"]),
    ("GF", "GUF", &["french guiana", "guyane francaise", "guyane"]),
    ("GG", "GGY", &["guernsey", "guernesey"]),
    ("GH", "GHA", &["ghana"]),
    ("GI", "GIB", &["gibraltar"]),
    ("GL", "GRL", &["greenland", "groenland"]),
    ("GM", "GMB", &["gambia", "gambie"]),
    ("GN", "GIN", &["guinea", "guinee"]),
    ("GP", "GLP", &["guadeloupe"]),
    ("GQ", "GNQ", &["equatorial guinea", "guinee equatoriale"]),
    ("GR", "GRC", &["greece", "grece", "griechenland"]),
    ("GS", "SGS", &["south georgia and the south sandwich islands", "georgie du sud et iles sandwich du sud"]),
    ("GT", "GTM", &["guatemala"]),
    ("GU", "GUM", &["guam"]),
    ("GW", "GNB", &["guinea bissau", "guinee bissau"]),
    ("GY", "GUY", &["guyana"]),
    ("HK", "HKG", &["hong kong", "hongkong"]),
    ("HM", "HMD", &["heard island and mcdonald islands", "iles heard et mcdonald"]),
    ("HN", "HND", &["honduras"]),
    ("HR", "HRV", &["croatia", "croatie", "kroatien"]),
    ("HT", "HTI", &["haiti"]),
    ("HU", "HUN", &["hungary", "hongrie", "ungarn"]),
    ("ID", "IDN", &["indonesia", "indonesie", "indonesien"]),
    ("IE", "IRL", &["ireland", "irlande", "irland"]),
    ("IL", "ISR", &["israel"]),
    ("IM", "IMN", &["isle of man", "ile de man"]),
    ("IN", "IND", &["india", "inde", "indien"]),
    ("IO", "IOT", &["british indian ocean territory", "territoire britannique de l ocean indien"]),
    ("IQ", "IRQ", &["iraq", "irak"]),
    ("IR", "IRN", &["iran"]),
    ("IS", "ISL", &["iceland", "islande", "island"]),
    ("IT", "ITA", &["italy", "italie", "italien", "italia"]),
    ("JE", "JEY", &["jersey"]),
    ("JM", "JAM", &["jamaica", "jamaique"]),
    ("JO", "JOR", &["jordan", "jordanie"]),
    ("JP", "JPN", &["japan", "japon", "giappone"]),
    ("KE", "KEN", &["kenya"]),
    ("KG", "KGZ", &["kyrgyzstan", "kirghizistan"]),
    ("KH", "KHM", &["cambodia", "cambodge", "kambodscha"]),
    ("KI", "KIR", &["kiribati"]),
    ("KM", "COM", &["comoros", "comores"]),
    ("KN", "KNA", &["saint kitts and nevis", "saint kitts et nevis", "saint christophe et nieves"]),
    ("KP", "PRK", &["north korea", "coree du nord"]),
    ("KR", "KOR", &["south korea", "coree du sud", "korea", "coree", "republic of korea", "sudkorea"]),
    ("KW", "KWT", &["kuwait", "koweit"]),
    ("KY", "CYM", &["cayman islands", "iles caimans"]),
    ("KZ", "KAZ", &["kazakhstan"]),
    ("LA", "LAO", &["laos"]),
    ("LB", "LBN", &["lebanon", "liban"]),
    ("LC", "LCA", &["saint lucia", "sainte lucie"]),
    ("LI", "LIE", &["liechtenstein"]),
    ("LK", "LKA", &["sri lanka"]),
    ("LR", "LBR", &["liberia"]),
    ("LS", "LSO", &["lesotho"]),
    ("LT", "LTU", &["lithuania", "lituanie", "litauen"]),
    ("LU", "LUX", &["luxembourg", "luxemburg"]),
    ("LV", "LVA", &["latvia", "lettonie", "lettland"]),
    ("LY", "LBY", &["libya", "libye"]),
    ("MA", "MAR", &["morocco", "maroc", "marokko", "marruecos"]),
    ("MC", "MCO", &["monaco"]),
    ("MD", "MDA", &["moldova", "moldavie"]),
    ("ME", "MNE", &["montenegro"]),
    ("MF", "MAF", &["saint martin"]),
    ("MG", "MDG", &["madagascar"]),
    ("MH", "MHL", &["marshall islands", "iles marshall"]),
    ("MK", "MKD", &["north macedonia", "macedoine du nord", "macedonia", "macedoine"]),
    ("ML", "MLI", &["mali"]),
    ("MM", "MMR", &["myanmar", "birmanie", "burma"]),
    ("MN", "MNG", &["mongolia", "mongolie"]),
    ("MO", "MAC", &["macao", "macau"]),
    ("MP", "MNP", &["northern mariana islands", "iles mariannes du nord"]),
    ("MQ", "MTQ", &["martinique"]),
    ("MR", "MRT", &["mauritania", "mauritanie"]),
    ("MS", "MSR", &["montserrat"]),
    ("MT", "MLT", &["malta", "malte"]),
    ("MU", "MUS", &["mauritius", "maurice", "ile maurice"]),
    ("MV", "MDV", &["maldives"]),
    ("MW", "MWI", &["malawi"]),
    ("MX", "MEX", &["mexico", "mexique", "mexiko"]),
    ("MY", "MYS", &["malaysia", "malaisie"]),
    ("MZ", "MOZ", &["mozambique"]),
    ("NA", "NAM", &["namibia", "namibie"]),
    ("NC", "NCL", &["new caledonia", "nouvelle caledonie"]),
    ("NE", "NER", &["niger"]),
    ("NF", "NFK", &["norfolk island", "ile norfolk"]),
    ("NG", "NGA", &["nigeria"]),
    ("NI", "NIC", &["nicaragua"]),
    ("NL", "NLD", &[
        "netherlands", "pays bas", "the netherlands", "holland", "hollande", "niederlande", "paises bajos",
        "paesi bassi", "nederland",
    ]),
    ("NO", "NOR", &["norway", "norvege", "norwegen", "norge"]),
    ("NP", "NPL", &["nepal"]),
    ("NR", "NRU", &["nauru"]),
    ("NU", "NIU", &["niue"]),
    ("NZ", "NZL", &["new zealand", "nouvelle zelande", "neuseeland"]),
    ("OM", "OMN", &["oman"]),
    ("PA", "PAN", &["panama"]),
    ("PE", "PER", &["peru", "perou"]),
    ("PF", "PYF", &["french polynesia", "polynesie francaise"]),
    ("PG", "PNG", &["papua new guinea", "papouasie nouvelle guinee"]),
    ("PH", "PHL", &["philippines", "philippinen"]),
    ("PK", "PAK", &["pakistan"]),
    ("PL", "POL", &["poland", "pologne", "polen", "polonia", "polska"]),
    ("PM", "SPM", &["saint pierre and miquelon", "saint pierre et miquelon"]),
    ("PN", "PCN", &["pitcairn", "pitcairn islands", "iles pitcairn"]),
    ("PR", "PRI", &["puerto rico", "porto rico"]),
    ("PS", "PSE", &["palestine", "state of palestine"]),
    ("PT", "PRT", &["portugal"]),
    ("PW", "PLW", &["palau", "palaos"]),
    ("PY", "PRY", &["paraguay"]),
    ("QA", "QAT", &["qatar"]),
    ("RE", "REU", &["reunion", "la reunion"]),
    ("RO", "ROU", &["romania", "roumanie", "rumanien"]),
    ("RS", "SRB", &["serbia", "serbie", "serbien"]),
    ("RU", "RUS", &["russia", "russie", "russian federation", "federation de russie", "russland"]),
    ("RW", "RWA", &["rwanda"]),
    ("SA", "SAU", &["saudi arabia", "arabie saoudite"]),
    ("SB", "SLB", &["solomon islands", "iles salomon"]),
    ("SC", "SYC", &["seychelles"]),
    ("SD", "SDN", &["sudan", "soudan"]),
    ("SE", "SWE", &["sweden", "suede", "schweden", "sverige"]),
    ("SG", "SGP", &["singapore", "singapour", "singapur"]),
    ("SH", "SHN", &["saint helena", "sainte helene"]),
    ("SI", "SVN", &["slovenia", "slovenie", "slowenien"]),
    ("SJ", "SJM", &["svalbard and jan mayen", "svalbard et jan mayen"]),
    ("SK", "SVK", &["slovakia", "slovaquie", "slowakei"]),
    ("SL", "SLE", &["sierra leone"]),
    ("SM", "SMR", &["san marino", "saint marin"]),
    ("SN", "SEN", &["senegal"]),
    ("SO", "SOM", &["somalia", "somalie"]),
    ("SR", "SUR", &["suriname"]),
    ("SS", "SSD", &["south sudan", "soudan du sud"]),
    ("ST", "STP", &["sao tome and principe", "sao tome et principe"]),
    ("SV", "SLV", &["el salvador", "salvador"]),
    ("SX", "SXM", &["sint maarten"]),
    ("SY", "SYR", &["syria", "syrie"]),
    ("SZ", "SWZ", &["eswatini", "swaziland"]),
    ("TC", "TCA", &["turks and caicos islands", "iles turques et caiques"]),
    ("TD", "TCD", &["chad", "tchad"]),
    ("TF", "ATF", &["french southern territories", "terres australes francaises"]),
    ("TG", "TGO", &["togo"]),
    ("TH", "THA", &["thailand", "thailande"]),
    ("TJ", "TJK", &["tajikistan", "tadjikistan"]),
    ("TK", "TKL", &["tokelau"]),
    ("TL", "TLS", &["timor leste", "east timor", "timor oriental"]),
    ("TM", "TKM", &["turkmenistan"]),
    ("TN", "TUN", &["tunisia", "tunisie", "tunesien"]),
    ("TO", "TON", &["tonga"]),
    ("TR", "TUR", &["turkey", "turquie", "turkiye", "turkei"]),
    ("TT", "TTO", &["trinidad and tobago", "trinite et tobago"]),
    ("TV", "TUV", &["tuvalu"]),
    ("TW", "TWN", &["taiwan"]),
    ("TZ", "TZA", &["tanzania", "tanzanie"]),
    ("UA", "UKR", &["ukraine"]),
    ("UG", "UGA", &["uganda", "ouganda"]),
    ("UM", "UMI", &["united states minor outlying islands", "iles mineures eloignees des etats unis"]),
    ("US", "USA", &[
        "united states", "etats unis", "united states of america", "usa", "etats unis d amerique",
        "vereinigte staaten", "estados unidos", "stati uniti",
    ]),
    ("UY", "URY", &["uruguay"]),
    ("UZ", "UZB", &["uzbekistan", "ouzbekistan"]),
    ("VA", "VAT", &["vatican", "holy see", "saint siege"]),
    ("VC", "VCT", &["saint vincent and the grenadines", "saint vincent et les grenadines"]),
    ("VE", "VEN", &["venezuela"]),
    ("VG", "VGB", &["british virgin islands", "iles vierges britanniques"]),
    ("VI", "VIR", &["us virgin islands", "iles vierges americaines"]),
    ("VN", "VNM", &["vietnam", "viet nam"]),
    ("VU", "VUT", &["vanuatu"]),
    ("WF", "WLF", &["wallis and futuna", "wallis et futuna"]),
    ("WS", "WSM", &["samoa"]),
    ("YE", "YEM", &["yemen"]),
    ("YT", "MYT", &["mayotte"]),
    ("ZA", "ZAF", &["south africa", "afrique du sud", "sudafrika"]),
    ("ZM", "ZMB", &["zambia", "zambie"]),
    ("ZW", "ZWE", &["zimbabwe"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_names_become_alpha_2_codes() {
        for (text, expected) in [
            ("FR", "FR"),
            ("fr", "FR"),
            ("FRA", "FR"),
            ("France", "FR"),
            ("Deutschland", "DE"),
            ("États-Unis", "US"),
            ("USA", "US"),
            ("U.S.A.", "US"),
            ("UK", "GB"),
            ("Corée du Sud", "KR"),
            ("Made in Italy", "IT"),
            ("Côte d’Ivoire", "CI"),
            ("Viêt Nam", "VN"),
            ("PRC", "CN"),
        ] {
            assert_eq!(country(text), Ok(Some(expected)), "{text}");
        }
        for text in ["EU", "Union européenne", "various", "XX"] {
            assert_eq!(country(text), Err(Refusal::Unlisted), "{text}");
        }
    }

    #[test]
    fn every_name_is_folded_and_means_one_country() {
        let mut names: Vec<&str> = COUNTRIES.iter().flat_map(|(_, _, names)| names.iter().copied()).collect();
        assert!(names.iter().all(|name| fold(name) == *name));
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
        assert_eq!(COUNTRIES.len(), 249);
        assert!(COUNTRIES.is_sorted());
    }
}
