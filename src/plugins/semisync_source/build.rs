//! The library must stay mapped after UNINSTALL PLUGIN: server threads may still
//! run code of ours that ends with them (see SAFETY.md).
fn main() {
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
}
