//! How a symbol of the running server is looked up: the only place that calls `dlsym`.
//!
//! A name that the dynamic linker had to resolve would make the whole library fail to load
//! (`dlopen` with `RTLD_NOW`, error 1126) where the name is missing. A look-up of our own lets
//! `init` refuse with a line that tells the missing name.
//!
//! `ci/abi` reads every name that this crate looks up, and checks that the real server exports
//! the name. A name that is `optional` may be missing.

use std::{
    ffi::{CStr, c_void},
    fmt,
    mem::size_of,
};

/// The name of a symbol that the running server does not export.
#[derive(Debug)]
pub struct MissingSymbol(
    /// The symbol's name, as `nm -D` prints it.
    pub &'static CStr,
);

impl fmt::Display for MissingSymbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the server does not export {}", self.0.to_string_lossy())
    }
}

/// The address of `name` in the server, as a pointer of type `T` to a function or to data.
/// Any thread.
///
/// # Safety
/// `T` must be a pointer type that fits the symbol.
pub unsafe fn look_up<T: Copy>(name: &'static CStr) -> Result<T, MissingSymbol> {
    const { assert!(size_of::<T>() == size_of::<*mut c_void>()) };
    // SAFETY: `name` is a C string; RTLD_DEFAULT searches the objects that are loaded already
    // and changes nothing.
    let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    if found.is_null() {
        return Err(MissingSymbol(name));
    }
    // SAFETY: the caller vouches for the type; the sizes are equal (checked above); `found` is
    // not null.
    Ok(unsafe { std::mem::transmute_copy::<*mut c_void, T>(&found) })
}

/// A structure of symbols, and a function `resolve` that looks all of them up.
///
/// `name [optional]: Type = ...` makes an `Option<Type>`, which is None if the server does not
/// export the symbol. `+ name: Type` is another such structure inside this one. Fields belong to
/// this crate; `with pub fields` shows them to the safe layer.
macro_rules! symbols {
    (@type $type:ty) => { $type };
    (@type optional $type:ty) => { Option<$type> };
    (@find $type:ty, $name:expr) => { $crate::symbols::look_up::<$type>($name)? };
    (@find optional $type:ty, $name:expr) => { $crate::symbols::look_up::<$type>($name).ok() };
    (
        $(#[$about:meta])* $visibility:vis struct $symbols:ident with $fields:vis fields {
            $( $(#[$doc:meta])* $field:ident $([$optional:ident])? : $type:ty = $name:expr; )*
            $( + $part:ident: $part_type:ty; )*
        }
    ) => {
        $(#[$about])*
        $visibility struct $symbols {
            $( $(#[$doc])* $fields $field: $crate::symbols::symbols!(@type $($optional)? $type), )*
            $(
                #[doc = concat!("See `", stringify!($part_type), "`.")]
                $fields $part: $part_type,
            )*
        }

        impl $symbols {
            /// Looks every symbol up. Call it in `init`, once per installation.
            $visibility fn resolve() -> Result<Self, $crate::MissingSymbol> {
                // SAFETY: the types are those of the series' headers and of the functions in its
                // source, as compat names them.
                unsafe {
                    Ok(Self {
                        $( $field: $crate::symbols::symbols!(@find $($optional)? $type, $name), )*
                        $( $part: <$part_type>::resolve()?, )*
                    })
                }
            }
        }

        // SAFETY: addresses of functions, and of data that lives as long as the server; every
        // access is up to the safe layer.
        unsafe impl Send for $symbols {}
        // SAFETY: as above.
        unsafe impl Sync for $symbols {}
    };
    ( $(#[$about:meta])* $visibility:vis struct $symbols:ident { $($fields:tt)* } ) => {
        $crate::symbols::symbols!(
            $(#[$about])* $visibility struct $symbols with pub(crate) fields { $($fields)* }
        );
    };
}
pub(crate) use symbols;
