//! Migrations are embedded by `sqlx::migrate!`, which does not notice files that are added later: cargo has to.

fn main() {
    println!("cargo:rerun-if-changed=../migrations");
}
