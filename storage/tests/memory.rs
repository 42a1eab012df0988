//! Transfers of large objects in bounded memory.

#![allow(clippy::unwrap_used)]

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use storage::Bucket;
use support::{PART_BYTES, file_of, noise, settings, store_with};

/// The system's allocator, which also counts.
struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is done by the system's allocator, with the arguments as they came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.fetch_add(layout.size(), Relaxed) + layout.size();
        PEAK.fetch_max(live, Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Bytes allocated at once at most while `work` runs, above those before it.
async fn peak_of(work: impl Future<Output = ()>) -> usize {
    let before = LIVE.load(Relaxed);
    PEAK.store(before, Relaxed);
    work.await;
    PEAK.load(Relaxed) - before
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_follows_the_parts_in_flight_and_not_the_object() {
    let mut settings = settings();
    settings.parts_in_flight = 2;
    let storage = store_with(&settings).await;
    let object_bytes = 16 * PART_BYTES;
    let (_folder, path) = file_of(&noise(object_bytes));
    // Parts in flight, one being read or written, and as much again for buffers and their growth.
    let allowed = usize::try_from(6 * PART_BYTES).unwrap();

    let put = peak_of(async {
        storage.put_file(Bucket::ImportsFiles, "a", &path).await.unwrap();
    });
    let put = put.await;
    assert!(put < allowed, "put used {put} bytes");
    let get = peak_of(async {
        let facts = storage.get_to(Bucket::ImportsFiles, "a", &mut tokio::io::sink()).await.unwrap();
        assert_eq!(facts.bytes, object_bytes);
    });
    let get = get.await;
    assert!(get < allowed, "get used {get} bytes");
    eprintln!("{object_bytes} bytes: put at most {put}, get at most {get} in memory");
}
