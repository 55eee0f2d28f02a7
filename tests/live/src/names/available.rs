//! Which vocabularies the libraries of a run have.

use crate::dialect::Dialect;
use crate::libraries::Libraries;
use crate::names::Names;

impl Names {
    /// The vocabularies that the libraries under test have: both of ours, of stock's those of the
    /// series.
    pub fn available() -> &'static [Names] {
        match Libraries::under_test() {
            Libraries::Stock => Dialect::of_run().stock_names(),
            _ => &Names::BOTH,
        }
    }

    pub fn is_available(self) -> bool {
        Names::available().contains(&self)
    }

    /// Of those, the newest: for tests whose claim has nothing to do with names.
    pub fn newest() -> Names {
        *Names::available().last().expect("there is one")
    }

    /// Of the server's own plugins, the newest.
    pub fn of_stock() -> Names {
        *Dialect::of_run()
            .stock_names()
            .last()
            .expect("there is one")
    }
}

/// One claim, a test for each vocabulary: `claim::old_names` and `claim::new_names`. Where the
/// libraries under test lack one (stock's of most series), the test says that there is nothing to
/// try.
#[macro_export]
macro_rules! in_both_vocabularies {
    ($($(#[$doc:meta])* fn $claim:ident($names:ident) $body:block)*) => {
        $($(#[$doc])*
        mod $claim {
            #[allow(unused_imports)]
            use super::*;

            fn claim($names: $crate::Names) $body

            #[test]
            fn old_names() {
                $crate::needs!($crate::Names::Old.is_available(), "they have no old names");
                claim($crate::Names::Old);
            }

            #[test]
            fn new_names() {
                $crate::needs!($crate::Names::New.is_available(), "they have no new names");
                claim($crate::Names::New);
            }
        })*
    };
}
