//! Why a plugin is not to be installed, said in the one way into the error log that is the same in
//! every MySQL series: the series is not known to fit yet.

use crate::bindings::{MY_ERROR_LEVEL, SERVICE_VERSION, my_plugin_log_service_t};
use std::{
    ffi::{CStr, c_void},
    sync::atomic::{AtomicPtr, Ordering},
};

/// Initial value of an exported service pointer.
pub const WANTED_SERVICE_VERSION: *mut c_void =
    std::ptr::without_provenance_mut(SERVICE_VERSION as usize);

/// Writes `reason` as an error.
///
/// # Safety
/// In `init` of the plugin `handle`, whose library exports `service`.
pub(in crate::compat) unsafe fn refuse_by_plugin_log(
    service: &AtomicPtr<c_void>,
    mut handle: *mut c_void,
    reason: &CStr,
) {
    let service = service.load(Ordering::Acquire);
    if service.is_null() || service == WANTED_SERVICE_VERSION {
        return; // a server without the service
    }
    let service = service.cast::<my_plugin_log_service_t>();
    // SAFETY: the server replaced the exported pointer by the address of the service when it loaded
    // the library, before `init`.
    if let Some(message) = unsafe { (*service).message } {
        // SAFETY: wants the address of a variable that holds the handle; format and argument fit.
        unsafe { message(&mut handle, MY_ERROR_LEVEL, c"%s".as_ptr(), reason.as_ptr()) };
    }
}
