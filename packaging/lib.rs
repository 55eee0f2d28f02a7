//! Nothing. The manifest of this package is what counts: from it `cargo deb` reads what our Debian
//! packages say of themselves.
