//! Chance that comes out alike on every machine and in every year.

/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014): a counter and a
/// mixing function, so that any row's numbers can be had without those before it.
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

impl Random {
    /// The numbers of one `index` (a row, a stratum) in one `stream` (a purpose), independent of all others.
    pub fn new(seed: u64, stream: u64, index: u64) -> Self {
        Random(mix(mix(mix(seed).wrapping_add(stream)).wrapping_add(index)))
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// A number in `0..bound`; 0 when the bound is 0. The bias of the multiplication is below `bound / 2^64`.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(bound)) >> 64) as u64
    }

    /// True in `percent` of 100 cases.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One element of a list that is not empty.
    pub fn choose<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len() as u64) as usize]
    }
}

fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

/// Ranks by Zipf's law with exponent 1: rank `r` is drawn in proportion to `1 / (r + 1)`.
#[derive(Debug, Clone)]
pub(super) struct Zipf {
    cumulative: Vec<f64>,
}

impl Zipf {
    /// The law over `ranks` ranks, at least one.
    pub fn new(ranks: usize) -> Self {
        let mut sum = 0.0;
        let cumulative = (1..=ranks)
            .map(|rank| {
                sum += 1.0 / rank as f64;
                sum
            })
            .collect();
        Zipf { cumulative }
    }

    /// A rank in `0..ranks`.
    pub fn draw(&self, random: &mut Random) -> usize {
        let last = self.cumulative.len() - 1;
        let unit = (random.bits() >> 11) as f64 / (1u64 << 53) as f64;
        let target = unit * self.cumulative[last];
        self.cumulative.partition_point(|sum| *sum <= target).min(last)
    }
}

/// An exact share of the rows, spread over the whole file: the rows are cut into as many strata as rows are wanted, and
/// one row of each stratum is taken at random.
#[derive(Debug, Clone)]
pub(super) struct Share {
    seed: u64,
    stream: u64,
    rows: u64,
    taken: u64,
}

impl Share {
    /// `fraction` (0 to 1) of `rows` rows, rounded.
    pub fn new(seed: u64, stream: u64, rows: u64, fraction: f64) -> Self {
        let taken = ((rows as f64 * fraction).round() as u64).min(rows);
        Share { seed, stream, rows, taken }
    }

    /// Which of the taken rows this one is, from 0, or `None` when it is not taken.
    pub fn ordinal(&self, row: u64) -> Option<u64> {
        let (rows, taken) = (u128::from(self.rows), u128::from(self.taken));
        if taken == 0 || row >= self.rows {
            return None;
        }
        // Stratum i begins at ceil(i * rows / taken), so the row's stratum is floor(row * taken / rows).
        let stratum = u128::from(row) * taken / rows;
        let start = (stratum * rows).div_ceil(taken) as u64;
        let end = ((stratum + 1) * rows).div_ceil(taken) as u64;
        let stratum = stratum as u64;
        let chosen = start + Random::new(self.seed, self.stream, stratum).below(end - start);
        (row == chosen).then_some(stratum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_takes_exactly_what_it_says_in_order() {
        for (rows, fraction, expected) in [(1_000, 0.01, 10), (999, 0.013, 13), (7, 1.0, 7), (7, 0.0, 0), (0, 0.5, 0)] {
            let share = Share::new(3, 1, rows, fraction);
            let ordinals: Vec<u64> = (0..rows).filter_map(|row| share.ordinal(row)).collect();
            assert_eq!(ordinals, (0..expected).collect::<Vec<_>>(), "{rows} rows, {fraction}");
        }
    }

    #[test]
    fn the_first_rank_is_drawn_as_often_as_zipf_says() {
        let (zipf, mut random) = (Zipf::new(3_000), Random::new(1, 0, 0));
        let firsts = (0..100_000).filter(|_| zipf.draw(&mut random) == 0).count();
        // 1 / H(3000) = 1 / 8.584 = 11.65 %
        assert!((11_000..12_300).contains(&firsts), "{firsts}");
    }

    #[test]
    fn the_sequence_is_the_published_one() {
        let mut random = Random(0);
        assert_eq!([random.bits(), random.bits()], [0xE220_A839_7B1D_CDAF, 0x6E78_9E6A_A1B9_65F4]);
    }
}
