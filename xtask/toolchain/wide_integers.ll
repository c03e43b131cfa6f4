; The 128-bit helpers under the names and the convention that LLVM's BPF backend calls them by: see wide_integers.rs.
; xtask writes this block once for each operation: multi3, udivti3, umodti3, divti3 and modti3.
declare void @plimsoll_OPERATION(ptr, i64, i64, i64, i64)
define i128 @__OPERATION(i128 %a, i128 %b) #0 {
  %out = alloca i128, align 16
  %a.low = trunc i128 %a to i64
  %a.shifted = lshr i128 %a, 64
  %a.high = trunc i128 %a.shifted to i64
  %b.low = trunc i128 %b to i64
  %b.shifted = lshr i128 %b, 64
  %b.high = trunc i128 %b.shifted to i64
  call void @plimsoll_OPERATION(ptr %out, i64 %a.low, i64 %a.high, i64 %b.low, i64 %b.high) alwaysinline
  %result = load i128, ptr %out, align 16
  ret i128 %result
}
