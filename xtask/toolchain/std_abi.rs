//! The host calls of `std`'s zkvm platform, answered on Solana.
//!
//! The zkvm platform is the one in `std` that is nearest to a Solana program: one thread, no files, no clock. Its layer
//! talks to the host through the functions of this file alone. On Solana only two of them mean anything: writing
//! (a log line) and stopping (the `abort` system call). The rest answer "nothing there".

#![allow(dead_code)]

use crate::fmt::{self, Write as _};

pub const DIGEST_WORDS: usize = 8;

pub mod fileno {
    pub const STDIN: u32 = 0;
    pub const STDOUT: u32 = 1;
    pub const STDERR: u32 = 2;
    pub const JOURNAL: u32 = 3;
}

unsafe extern "C" {
    fn sol_log_(message: *const u8, length: u64);
    fn abort() -> !;
    // A program's entrypoint macro may define its own; the weak one below stands in otherwise.
    #[allow(clashing_extern_declarations)]
    fn custom_panic(info: &core::panic::PanicInfo<'_>);
}

/// One log line on the stack: a panic must not allocate, the heap may be what ran out.
struct Line {
    bytes: [u8; 256],
    used: usize,
}

impl fmt::Write for Line {
    /// Keeps what fits and drops the rest: a cut message beats none.
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let taken = usize::min(text.len(), self.bytes.len() - self.used);
        self.bytes[self.used..self.used + taken].copy_from_slice(&text.as_bytes()[..taken]);
        self.used += taken;
        Ok(())
    }
}

mod fallback {
    use super::*;

    #[linkage = "weak"]
    #[unsafe(no_mangle)]
    extern "C" fn custom_panic(info: &core::panic::PanicInfo<'_>) {
        let mut line = Line { bytes: [0; 256], used: 0 };
        let _ = write!(line, "{info}");
        unsafe { sol_log_(line.bytes.as_ptr(), line.used as u64) };
    }
}

/// Reports a panic the program's way and ends the transaction.
pub fn panic_info(info: &core::panic::PanicInfo<'_>) -> ! {
    unsafe {
        custom_panic(info);
        abort()
    }
}

/// The same where only a message is at hand.
pub fn panic_str(message: &str) -> ! {
    unsafe {
        sol_log_(message.as_ptr(), message.len() as u64);
        abort()
    }
}

pub unsafe fn sys_halt() {
    unsafe { abort() }
}

/// There is no randomness on chain; every validator must compute the same.
pub unsafe fn sys_rand(words: *mut u32, count: usize) {
    for i in 0..count {
        unsafe { *words.add(i) = 0x9e37_79b9 };
    }
}

pub unsafe fn sys_log(message: *const u8, length: usize) {
    unsafe { sol_log_(message, length as u64) }
}

pub unsafe fn sys_write(_file: u32, bytes: *const u8, length: usize) {
    unsafe { sol_log_(bytes, length as u64) }
}

pub unsafe fn sys_read(_file: u32, _bytes: *mut u8, _length: usize) -> usize {
    0
}

pub unsafe fn sys_getenv(_out: *mut u32, _words: usize, _name: *const u8, _length: usize) -> usize {
    usize::MAX // the host's "not set"
}

pub unsafe fn sys_argc() -> usize {
    0
}

pub unsafe fn sys_argv(_out: *mut u32, _words: usize, _index: usize) -> usize {
    0
}

/// A program brings its own allocator; `std`'s own is never the one that is asked.
pub unsafe fn sys_alloc_words(_words: usize) -> *mut u32 {
    crate::ptr::null_mut()
}

pub unsafe fn sys_alloc_aligned(_words: usize, _align: usize) -> *mut u8 {
    crate::ptr::null_mut()
}
