
// Appended to solana-compiler-builtins by xtask.
//
// rustc returns a 128-bit integer on BPF through memory; LLVM 23's own calls of `__multi3` and its kin expect it in
// registers. So the names LLVM calls are defined in LLVM's own language (wide_integers.ll) with LLVM's convention, and
// those call the functions below, which take halves and an address for the result: there both sides agree.

#[inline(always)]
fn wide(low: u64, high: u64) -> u128 {
    (high as u128) << 64 | low as u128
}

#[inline(always)]
fn magnitude(value: u128) -> u128 {
    if (value as i128) < 0 { value.wrapping_neg() } else { value }
}

#[inline(always)]
fn negated_if(negative: bool, value: u128) -> u128 {
    if negative { value.wrapping_neg() } else { value }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn plimsoll_multi3(out: *mut u128, al: u64, ah: u64, bl: u64, bh: u64) {
    unsafe { *out = multiply(wide(al, ah) as i128, wide(bl, bh) as i128) as u128 }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn plimsoll_udivti3(out: *mut u128, al: u64, ah: u64, bl: u64, bh: u64) {
    unsafe { *out = udivmod128(wide(al, ah), wide(bl, bh)).0 }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn plimsoll_umodti3(out: *mut u128, al: u64, ah: u64, bl: u64, bh: u64) {
    unsafe { *out = udivmod128(wide(al, ah), wide(bl, bh)).1 }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn plimsoll_divti3(out: *mut u128, al: u64, ah: u64, bl: u64, bh: u64) {
    let quotient = udivmod128(magnitude(wide(al, ah)), magnitude(wide(bl, bh))).0;
    unsafe { *out = negated_if(((ah ^ bh) as i64) < 0, quotient) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn plimsoll_modti3(out: *mut u128, al: u64, ah: u64, bl: u64, bh: u64) {
    let remainder = udivmod128(magnitude(wide(al, ah)), magnitude(wide(bl, bh))).1;
    unsafe { *out = negated_if((ah as i64) < 0, remainder) }
}
