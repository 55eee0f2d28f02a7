//! Atomics: the machine's own, with a step before each touch, and stores that come late.

use crate::{late, task::step};
use std::sync::atomic as own;
pub use std::sync::atomic::Ordering;

macro_rules! atomic {
    ($name:ident, $value:ty, |$bits:ident| $from_bits:expr $(, $number:ident)*) => {
        /// As the one of `std`.
        #[derive(Debug, Default)]
        #[repr(transparent)]
        pub struct $name(own::$name);

        impl $name {
            pub const fn new(value: $value) -> Self {
                Self(own::$name::new(value))
            }

            fn address(&self) -> usize {
                (&raw const self.0).addr()
            }

            pub fn load(&self, order: Ordering) -> $value {
                step();
                match late::own(self.address()) {
                    Some($bits) => $from_bits,
                    None => self.0.load(order),
                }
            }

            pub fn store(&self, value: $value, order: Ordering) {
                step();
                if order == Ordering::SeqCst {
                    late::barrier();
                    self.0.store(value, order);
                } else {
                    let write = |address: usize, $bits: u64| {
                        let place = std::ptr::with_exposed_provenance::<own::$name>(address);
                        // SAFETY: the atomic lives, or its end would have taken this store out.
                        unsafe { (*place).store($from_bits, Ordering::Release) };
                    };
                    let address = (&raw const self.0).expose_provenance();
                    late::store(address, u64::from(value), write);
                }
            }

            pub fn swap(&self, value: $value, order: Ordering) -> $value {
                step();
                late::barrier();
                self.0.swap(value, order)
            }

            $(
                pub fn $number(&self, value: $value, order: Ordering) -> $value {
                    step();
                    late::barrier();
                    self.0.$number(value, order)
                }
            )*
        }

        impl Drop for $name {
            fn drop(&mut self) {
                late::forget(self.address());
            }
        }
    };
}

atomic!(AtomicBool, bool, |bits| bits != 0);
atomic!(
    AtomicU8,
    u8,
    |bits| u8::try_from(bits).unwrap_or(u8::MAX),
    fetch_max
);
atomic!(AtomicU64, u64, |bits| bits, fetch_add, fetch_max);
atomic!(
    AtomicU32,
    u32,
    |bits| u32::try_from(bits).unwrap_or(u32::MAX),
    fetch_add
);
