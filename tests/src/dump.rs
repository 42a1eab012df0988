//! The canonical dump: what the five databases hold, as sorted lines of text.
//!
//! Numbers that a sequence or a clock gave are left out or replaced by natural keys: a product is `acme/SKU-1`, a
//! publication `acme/2` (the supplier's second), and a time that is that of a publication is the publication. All other
//! columns are there, those of later migrations included.

use std::collections::BTreeMap;
use std::fmt;

use sha2::{Digest, Sha256};
use tokio_postgres::Client;

use crate::database::{Home, connect, query};
use crate::world::World;

/// Differing lines shown when two dumps should be equal.
const SHOWN_MAX: usize = 20;

/// What five databases hold.
#[derive(Clone, PartialEq, Eq)]
pub struct Dump {
    /// By `database.table`.
    tables: BTreeMap<String, Vec<String>>,
}

impl Dump {
    /// Everything that matters in a world's databases.
    pub fn of(world: &World) -> Self {
        Self::of_some(world, &Home::ALL)
    }

    /// What readers of the catalogue see, and what stands behind it.
    pub fn of_catalog(world: &World) -> Self {
        Self::of_some(world, &[Home::Catalog])
    }

    fn of_some(world: &World, homes: &[Home]) -> Self {
        world.block_on(async {
            let names = Names::read(&connect(&world.database_url(Home::Catalog)).await).await;
            let mut tables = BTreeMap::new();
            for home in homes {
                let session = connect(&world.database_url(*home)).await;
                names.write(&session).await;
                for (_, table, sql) in TABLES.iter().filter(|(of, ..)| of == home) {
                    let mut lines: Vec<String> = query(&session, sql).await.into_iter().flatten().collect();
                    lines.sort_unstable();
                    tables.insert(format!("{}.{table}", home.name()), lines);
                }
            }
            Dump { tables }
        })
    }

    /// Only the tables whose names begin like one of these: `catalog.`, `catalog.products`.
    pub fn only(mut self, beginnings: &[&str]) -> Self {
        self.tables.retain(|table, _| beginnings.iter().any(|beginning| table.starts_with(beginning)));
        self
    }

    /// The lines of one table.
    #[track_caller]
    pub fn table(&self, name: &str) -> &[String] {
        self.tables.get(name).unwrap_or_else(|| panic!("no table {name}"))
    }

    /// SHA-256 of the text, in hexadecimal.
    pub fn sha256(&self) -> String {
        Sha256::digest(self.to_string()).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The lines that only one of the two has, by table; empty when they are equal.
    pub fn difference(&self, other: &Dump) -> Vec<String> {
        let nothing = Vec::new();
        let mut told = Vec::new();
        for table in self.tables.keys().chain(other.tables.keys().filter(|table| !self.tables.contains_key(*table))) {
            let (ours, theirs) =
                (self.tables.get(table).unwrap_or(&nothing), other.tables.get(table).unwrap_or(&nothing));
            told.extend(surplus(ours, theirs).map(|line| format!("{table} - {line}")));
            told.extend(surplus(theirs, ours).map(|line| format!("{table} + {line}")));
        }
        told
    }

    /// Fails unless the two are equal.
    #[track_caller]
    pub fn assert_same(&self, other: &Dump) {
        let differences = self.difference(other);
        let shown = differences.iter().take(SHOWN_MAX).map(String::as_str).collect::<Vec<_>>().join("\n");
        assert!(differences.is_empty(), "{} lines differ (- before, + after):\n{shown}", differences.len());
    }
}

impl fmt::Display for Dump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (table, lines) in &self.tables {
            writeln!(f, "# {table}")?;
            lines.iter().try_for_each(|line| writeln!(f, "{line}"))?;
        }
        Ok(())
    }
}

/// The lines of one sorted list that the other lacks, each as often as it is lacking.
fn surplus<'a>(lines: &'a [String], others: &'a [String]) -> impl Iterator<Item = &'a String> {
    let mut others = others.iter().peekable();
    lines.iter().filter(move |line| {
        while others.next_if(|other| other < line).is_some() {}
        others.next_if_eq(line).is_none()
    })
}

/// What generated numbers of the catalogue stand for; the other databases know only the numbers.
struct Names(Vec<(&'static str, Vec<Vec<String>>)>);

impl Names {
    async fn read(catalog: &Client) -> Self {
        let mut names = Vec::new();
        for (table, sql) in
            [("supplier_named", SUPPLIERS), ("publication_named", PUBLICATIONS), ("product_named", PRODUCTS)]
        {
            names.push((table, query(catalog, sql).await));
        }
        Names(names)
    }

    /// Makes them tables of a session.
    async fn write(&self, session: &Client) {
        for (table, rows) in &self.0 {
            query(
                session,
                &format!(
                    "create temp table {table} (id bigint primary key, name text, supplier_id bigint, at timestamptz)"
                ),
            )
            .await;
            let columns: Vec<Vec<&str>> =
                (0..4).map(|column| rows.iter().map(|row| row[column].as_str()).collect()).collect();
            let sql = format!(
                "insert into {table} select id::bigint, name, supplier_id::bigint, nullif(at, '')::timestamptz
                 from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as given (id, name, supplier_id, at)"
            );
            session.execute(&sql, &[&columns[0], &columns[1], &columns[2], &columns[3]]).await.unwrap();
            query(session, &format!("analyze {table}")).await;
        }
    }
}

const SUPPLIERS: &str = "select id, code, id, null from suppliers";

const PUBLICATIONS: &str = "
    select p.id, s.code || '/' || row_number() over (partition by s.id order by p.id), s.id, p.created_at
    from import_publications as p join suppliers as s on s.id = p.supplier_id";

const PRODUCTS: &str = "
    select p.id, s.code || '/' || p.sku, s.id, null from products as p join suppliers as s on s.id = p.supplier_id";

/// Each table with the query that makes its lines. The session knows `supplier_named`, `publication_named` and
/// `product_named`: id, name, supplier_id, at.
const TABLES: &[(Home, &str, &str)] = &[
    (Home::Catalog, "suppliers", "select (to_jsonb(s) - '{id,created_at}'::text[])::text from suppliers as s"),
    (Home::Catalog, "brands", "select name from brands"),
    (
        Home::Catalog,
        "categories",
        "select jsonb_build_array(c.path, c.name, c.depth, parent.path)::text
         from categories as c left join categories as parent on parent.id = c.parent_id",
    ),
    (
        // A created product's place in its publication tells that ids follow the file.
        Home::Catalog,
        "products",
        "select concat_ws(' ', p.sku, to_jsonb(p) - '{id,supplier_id,brand_id,category_id,created_publication,
             updated_publication,created_at,updated_at,price_since,stock_since}'::text[]
             || jsonb_build_object('supplier', supplier.name, 'brand', b.name, 'category', c.path, 'created_in', created.name,
                'updated_in', updated.name, 'created_at', created_at.name, 'updated_at', updated_at.name,
                'price_since', price.name, 'stock_since', stock.name, 'place', p.id - first.first_created_id))
         from products as p
         left join supplier_named as supplier on supplier.id = p.supplier_id
         left join brands as b on b.id = p.brand_id
         left join categories as c on c.id = p.category_id
         left join import_publications as first on first.id = p.created_publication
         left join publication_named as created on created.id = p.created_publication
         left join publication_named as updated on updated.id = p.updated_publication
         left join publication_named as created_at on (created_at.supplier_id, created_at.at) = (p.supplier_id, p.created_at)
         left join publication_named as updated_at on (updated_at.supplier_id, updated_at.at) = (p.supplier_id, p.updated_at)
         left join publication_named as price on (price.supplier_id, price.at) = (p.supplier_id, p.price_since)
         left join publication_named as stock on (stock.supplier_id, stock.at) = (p.supplier_id, p.stock_since)",
    ),
    (
        Home::Catalog,
        "product_images",
        "select concat_ws(' ', product.name, position, url)
         from product_images left join product_named as product on product.id = product_id",
    ),
    (
        Home::Catalog,
        "product_variants",
        "select concat_ws(' ', product.name, to_jsonb(v) - '{product_id,supplier_id}'::text[])
         from product_variants as v left join product_named as product on product.id = v.product_id",
    ),
    (
        Home::Catalog,
        "price_history",
        "select concat_ws(' ', product.name, to_jsonb(h) - '{product_id,publication_id,valid_from,valid_to}'::text[]
             || jsonb_build_object('from', since.name, 'to', upto.name, 'ended_by', publication.name))
         from price_history as h
         left join product_named as product on product.id = h.product_id
         left join publication_named as publication on publication.id = h.publication_id
         left join publication_named as since on (since.supplier_id, since.at) = (product.supplier_id, h.valid_from)
         left join publication_named as upto on (upto.supplier_id, upto.at) = (product.supplier_id, h.valid_to)",
    ),
    (
        Home::Catalog,
        "stock_history",
        "select concat_ws(' ', product.name, to_jsonb(h) - '{product_id,publication_id,valid_from,valid_to}'::text[]
             || jsonb_build_object('from', since.name, 'to', upto.name, 'ended_by', publication.name))
         from stock_history as h
         left join product_named as product on product.id = h.product_id
         left join publication_named as publication on publication.id = h.publication_id
         left join publication_named as since on (since.supplier_id, since.at) = (product.supplier_id, h.valid_from)
         left join publication_named as upto on (upto.supplier_id, upto.at) = (product.supplier_id, h.valid_to)",
    ),
    (
        // Of what differs from run to run it counts that it was kept, not what it was.
        Home::Catalog,
        "product_changes",
        "select concat_ws(' ', publication.name, product.name, change, before - '{updated_at,price_since,stock_since,updated_publication,brand_id,category_id}'::text[]
             || jsonb_build_object('kept', array(select key from jsonb_object_keys(before) as key order by key),
                'brand', (select name from brands where id = (before->>'brand_id')::integer),
                'category', (select path from categories where id = (before->>'category_id')::integer)))
         from product_changes
         left join publication_named as publication on publication.id = publication_id
         left join product_named as product on product.id = product_id",
    ),
    (
        Home::Catalog,
        "import_publications",
        "select concat_ws(' ', publication.name, to_jsonb(p) - '{id,import_id,supplier_id,first_created_id,created_at}'::text[])
         from import_publications as p join publication_named as publication on publication.id = p.id",
    ),
    (
        Home::Catalog,
        "outbox",
        "select concat_ws(' ', publication.name, topic, payload - 'first_created_id', 'told',
             array(select consumer from outbox_deliveries where event_id = outbox.id and delivered_at is not null order by consumer))
         from outbox left join publication_named as publication on publication.id = publication_id",
    ),
    (Home::Catalog, "staging", "select 'a staging table is left' from pg_tables where schemaname = 'staging'"),
    (
        Home::Imports,
        "import_jobs",
        "select (to_jsonb(j) - '{id,supplier_id,bucket,file_id,attempt,epoch,lease_owner,lease_worker,lease_expires_at,
             heartbeat_at,attempt_started_at,failures,run_after,rows_read,bytes_read,report,created_at,arrived_at,etag,key,archived_at,
             superseded_by,identical_to,answered_at,schedule_id,started_at,finished_at,updated_at}'::text[]
             || jsonb_build_object('file', encode(f.sha256, 'hex'), 'is_leased', lease_owner is not null,
                'is_archived', archived_at is not null, 'is_answered', answered_at is not null,
                'is_superseded', superseded_by is not null, 'is_identical', identical_to is not null))::text
         from import_jobs as j left join import_files as f on f.id = j.file_id",
    ),
    (
        Home::Imports,
        "import_files",
        "select (to_jsonb(f) - '{id,supplier_id,archive_key,first_received_at,last_received_at,times_received}'::text[]
             || jsonb_build_object('supplier', supplier.name, 'is_archived', archive_key is not null))::text
         from import_files as f left join supplier_named as supplier on supplier.id = f.supplier_id",
    ),
    (
        Home::Imports,
        "import_errors",
        "select concat_ws(' ', j.supplier_code, j.file_name, to_jsonb(e) - 'import_id')
         from import_errors as e left join import_jobs as j on j.id = e.import_id",
    ),
    (
        Home::Imports,
        "import_mappings",
        "select concat_ws(' ', supplier.name, to_jsonb(m) - '{supplier_id,created_at}'::text[])
         from import_mappings as m left join supplier_named as supplier on supplier.id = m.supplier_id",
    ),
    (
        Home::Imports,
        "import_statistics",
        "select concat_ws(' ', supplier.name, to_jsonb(s) - '{supplier_id,day,seconds}'::text[])
         from import_statistics as s left join supplier_named as supplier on supplier.id = s.supplier_id",
    ),
    (
        Home::Media,
        "media_files",
        "select (to_jsonb(m) - '{id,first_supplier_id,first_publication_id,created_at}'::text[]
             || jsonb_build_object('supplier', supplier.name, 'publication', publication.name))::text
         from media_files as m
         left join supplier_named as supplier on supplier.id = m.first_supplier_id
         left join publication_named as publication on publication.id = m.first_publication_id",
    ),
    (
        Home::Media,
        "media_processing_jobs",
        "select concat_ws(' ', m.url, to_jsonb(j) - '{media_id,next_attempt_at,created_at,updated_at}'::text[])
         from media_processing_jobs as j left join media_files as m on m.id = j.media_id",
    ),
    (
        Home::Code2asin,
        "code2asin_jobs",
        "select (to_jsonb(j) - '{requested_by_publication_id,next_attempt_at,created_at,updated_at}'::text[]
             || jsonb_build_object('publication', publication.name))::text
         from code2asin_jobs as j
         left join publication_named as publication on publication.id = j.requested_by_publication_id",
    ),
    (
        Home::Code2asin,
        "code2asin_suppliers",
        "select concat_ws(' ', product.name, to_jsonb(l) - '{product_id,supplier_id,created_at,updated_at}'::text[]
             || jsonb_build_object('supplier', supplier.name))
         from code2asin_suppliers as l
         left join product_named as product on product.id = l.product_id
         left join supplier_named as supplier on supplier.id = l.supplier_id",
    ),
    (
        Home::Analytics,
        "import_metrics",
        "select concat_ws(' ', publication.name, to_jsonb(m) - '{import_id,supplier_id,publication_id,published_at,seconds,
             stage_seconds,memory_bytes_max}'::text[] || jsonb_build_object('supplier', supplier.name))
         from import_metrics as m
         left join publication_named as publication on publication.id = m.publication_id
         left join supplier_named as supplier on supplier.id = m.supplier_id",
    ),
    (
        Home::Analytics,
        "supplier_metrics",
        "select concat_ws(' ', supplier.name, to_jsonb(m) - '{supplier_id,day,seconds}'::text[])
         from supplier_metrics as m left join supplier_named as supplier on supplier.id = m.supplier_id",
    ),
];
