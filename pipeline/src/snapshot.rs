//! What the catalogue holds of a supplier, and what this file has shown so far.
//!
//! Memory is the point: 11 words a known product, 5 a new one, in open-addressing tables that grow by a quarter shard
//! by shard, so that a growing table never holds twice its size. Together below 64 bytes a product.

use router::{Catalog, Db};

use crate::error::Result;

/// A value held under a key hash.
#[derive(Debug, Clone, Copy)]
struct Slot<V> {
    /// The key hash in four words, so that a slot needs no padding; all zero marks a free slot.
    key: [u32; 4],
    value: V,
}

/// One part of a table: linear probing, no removal.
#[derive(Debug, Clone)]
struct Shard<V> {
    slots: Vec<Slot<V>>,
    used: usize,
}

/// Keys spread over shards by their top byte.
#[derive(Debug)]
struct Table<V> {
    shards: Vec<Shard<V>>,
}

/// In place of the line of a product that only rejected rows have shown.
const MENTIONED: u32 = u32::MAX;

const SHARDS: usize = 256;
/// Seven eighths full is where linear probing still finds a key in a few steps.
const FULL: (usize, usize) = (7, 8);

impl<V: Copy + Default> Table<V> {
    fn new() -> Self {
        Table { shards: vec![Shard { slots: Vec::new(), used: 0 }; SHARDS] }
    }

    /// The value under a key, inserted as the default when it is new. The flag says whether it was there.
    fn entry(&mut self, key: u128) -> (bool, &mut V) {
        let words = split(key);
        let shard = &mut self.shards[(words[0] >> 24) as usize];
        if shard.used * FULL.1 >= shard.slots.len() * FULL.0 {
            shard.grow();
        }
        let place = shard.find(words);
        let slot = &mut shard.slots[place];
        let known = slot.key == words;
        if !known {
            slot.key = words;
            shard.used += 1;
        }
        (known, &mut slot.value)
    }

    fn get_mut(&mut self, key: u128) -> Option<&mut V> {
        let words = split(key);
        let shard = &mut self.shards[(words[0] >> 24) as usize];
        if shard.slots.is_empty() {
            return None;
        }
        let place = shard.find(words);
        let slot = &mut shard.slots[place];
        (slot.key == words).then_some(&mut slot.value)
    }

    fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.used).sum()
    }

    fn values(&self) -> impl Iterator<Item = &V> {
        self.shards.iter().flat_map(|shard| &shard.slots).filter(|slot| slot.key != [0; 4]).map(|slot| &slot.value)
    }
}

impl<V: Copy + Default> Shard<V> {
    /// The slot of a key, or the free slot where it belongs. There is one: the shard is never full.
    fn find(&self, key: [u32; 4]) -> usize {
        let length = self.slots.len();
        // The second word is spread evenly and independent of the shard: scale it to the shard's length.
        let mut place = ((u64::from(key[1]) * length as u64) >> 32) as usize;
        while self.slots[place].key != key && self.slots[place].key != [0; 4] {
            place += 1;
            if place == length {
                place = 0;
            }
        }
        place
    }

    fn grow(&mut self) {
        let length = (self.slots.len() + self.slots.len() / 4).max(8);
        let mut larger = Vec::new();
        larger.reserve_exact(length);
        larger.resize(length, Slot { key: [0; 4], value: V::default() });
        let smaller = std::mem::replace(&mut self.slots, larger);
        for slot in smaller.into_iter().filter(|slot| slot.key != [0; 4]) {
            let place = self.find(slot.key);
            self.slots[place] = slot;
        }
    }
}

/// A hash as four words, never all zero: zero marks a free slot (the one hash this moves meets its twin once in 2^128).
fn split(key: u128) -> [u32; 4] {
    let key = if key == 0 { 1 } else { key };
    [(key >> 96) as u32, (key >> 64) as u32, (key >> 32) as u32, key as u32]
}

#[derive(Debug, Clone, Copy, Default)]
struct Known {
    product_id: [u32; 2],
    content: [u32; 4],
    /// Line of this file that holds the product; 0 while unseen.
    line: u32,
}

/// A supplier's catalogue as hashes, with a mark on what the file has shown.
#[derive(Debug)]
pub struct Snapshot {
    known: Table<Known>,
    new: Table<u32>,
    active: u64,
}

/// What the snapshot says about one item of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// The supplier never sent this SKU before.
    New,
    /// The catalogue holds exactly this content.
    Unchanged,
    /// The catalogue holds other content, or the product is inactive.
    Changed {
        /// The product's id.
        product_id: i64,
    },
    /// The SKU stood earlier in this file.
    Duplicate {
        /// The line it first stood at.
        first_line: u64,
    },
}

impl Default for Snapshot {
    fn default() -> Self {
        Snapshot { known: Table::new(), new: Table::new(), active: 0 }
    }
}

impl Snapshot {
    /// Reads what the catalogue holds of a supplier.
    pub async fn load(catalog: &Db<Catalog>, supplier_id: i64) -> Result<Snapshot> {
        let bulk = catalog.bulk().await?;
        let mut snapshot = Snapshot::default();
        router::catalog::snapshot::load(&bulk, supplier_id, |key_hash, content_hash, product_id| {
            snapshot.add(key_hash, content_hash, product_id);
        })
        .await?;
        Ok(snapshot)
    }

    /// Adds a product of the catalogue; `content_hash` is `None` when it is inactive, so that it counts as changed when
    /// it comes back.
    pub fn add(&mut self, key_hash: u128, content_hash: Option<u128>, product_id: i64) {
        let (_, known) = self.known.entry(key_hash);
        let id = product_id as u64;
        *known =
            Known { product_id: [(id >> 32) as u32, id as u32], content: content_hash.map_or([0; 4], split), line: 0 };
        self.active += u64::from(content_hash.is_some());
    }

    /// Looks at one item of the file and remembers its line.
    pub fn see(&mut self, key_hash: u128, content_hash: u128, line: u64) -> Sight {
        // Lines past four billion all name the last one: a message, not a decision.
        let line = u32::try_from(line).unwrap_or(u32::MAX).clamp(1, MENTIONED - 1);
        if let Some(known) = self.known.get_mut(key_hash) {
            if known.line != 0 && known.line != MENTIONED {
                return Sight::Duplicate { first_line: u64::from(known.line) };
            }
            known.line = line;
            if known.content == split(content_hash) {
                return Sight::Unchanged;
            }
            return Sight::Changed { product_id: known.product_id() };
        }
        let (seen, first_line) = self.new.entry(key_hash);
        if seen {
            return Sight::Duplicate { first_line: u64::from(*first_line) };
        }
        *first_line = line;
        Sight::New
    }

    /// A rejected row shows that the supplier still has this product: it stays as it is, and the next row of its SKU counts.
    pub fn mention(&mut self, key_hash: u128) {
        if let Some(known) = self.known.get_mut(key_hash).filter(|known| known.line == 0) {
            known.line = MENTIONED;
        }
    }

    /// The content hash of a product seen before in this file, as the catalogue holds it; `None` when it is inactive.
    pub fn is_content(&mut self, key_hash: u128, content_hash: u128) -> bool {
        self.known.get_mut(key_hash).is_some_and(|known| known.content == split(content_hash))
    }

    /// Active products that the file has not shown.
    pub fn unseen(&self) -> impl Iterator<Item = i64> {
        self.known.values().filter(|known| known.line == 0 && known.content != [0; 4]).map(Known::product_id)
    }

    /// Active products in the catalogue.
    pub fn active(&self) -> u64 {
        self.active
    }

    /// Products the tables hold, known and new.
    pub fn len(&self) -> usize {
        self.known.len() + self.new.len()
    }

    /// Holds nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Known {
    fn product_id(&self) -> i64 {
        ((u64::from(self.product_id[0]) << 32) | u64::from(self.product_id[1])) as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use item::key_hash;

    fn sku(number: usize) -> u128 {
        key_hash(&format!("SKU-{number}"))
    }

    #[test]
    fn every_item_is_seen_as_what_it_is() {
        let mut snapshot = Snapshot::default();
        snapshot.add(sku(1), Some(11), 101);
        snapshot.add(sku(2), Some(22), 102);
        snapshot.add(sku(3), None, 103);
        snapshot.add(sku(4), Some(44), 104);
        assert_eq!(snapshot.see(sku(1), 11, 2), Sight::Unchanged);
        assert_eq!(snapshot.see(sku(2), 23, 3), Sight::Changed { product_id: 102 });
        assert_eq!(snapshot.see(sku(3), 33, 4), Sight::Changed { product_id: 103 });
        assert_eq!(snapshot.see(sku(5), 55, 5), Sight::New);
        assert_eq!(snapshot.see(sku(5), 55, 6), Sight::Duplicate { first_line: 5 });
        assert_eq!(snapshot.see(sku(1), 12, 7), Sight::Duplicate { first_line: 2 });
        assert_eq!(snapshot.unseen().collect::<Vec<_>>(), [104]);
        assert_eq!(snapshot.active(), 3);
    }

    #[test]
    fn a_product_that_only_a_rejected_row_shows_is_neither_unseen_nor_a_duplicate() {
        let mut snapshot = Snapshot::default();
        snapshot.add(sku(1), Some(11), 101);
        snapshot.add(sku(2), Some(22), 102);
        snapshot.mention(sku(1));
        snapshot.mention(sku(3));
        assert_eq!(snapshot.unseen().collect::<Vec<_>>(), [102]);
        assert_eq!(snapshot.see(sku(1), 11, 7), Sight::Unchanged);
        snapshot.mention(sku(1));
        assert_eq!(snapshot.see(sku(1), 11, 8), Sight::Duplicate { first_line: 7 });
        assert_eq!(snapshot.see(sku(3), 33, 9), Sight::New);
    }

    #[test]
    fn a_hundred_thousand_products_are_all_found_again_in_less_than_64_bytes_each() {
        let count = 100_000;
        let mut snapshot = Snapshot::default();
        for number in 0..count {
            snapshot.add(sku(number), Some(number as u128 + 1), number as i64);
        }
        for number in 0..count {
            assert_eq!(snapshot.see(sku(number), number as u128 + 1, 1), Sight::Unchanged, "{number}");
        }
        assert_eq!(snapshot.unseen().count(), 0);
        assert_eq!(snapshot.len(), count);
        let slots: usize = snapshot.known.shards.iter().map(|shard| shard.slots.capacity()).sum();
        let bytes = slots * size_of::<Slot<Known>>();
        assert!(bytes <= 64 * count, "{} bytes a product", bytes / count);
    }
}
