# SPDX-License-Identifier: LGPL-2.1-or-later
# Fuzzing: the targets in tests/fuzz/ run with libFuzzer.

# STRIPECOPY_FUZZING
# Adds --enable-fuzzing.  Adds coverage for libFuzzer to SANITIZER_CFLAGS and sets
# FUZZER_LDFLAGS, or ends configure if the compiler has no libFuzzer.  Must come
# after STRIPECOPY_SANITIZERS.
AC_DEFUN([STRIPECOPY_FUZZING], [
  AC_ARG_ENABLE([fuzzing],
    [AS_HELP_STRING([--enable-fuzzing],
      [build the targets of "make fuzz" with libFuzzer: needs CC=clang, and
       finds most together with sanitizers])],
    [], [enable_fuzzing=no])
  FUZZER_LDFLAGS=
  AS_IF([test "x$enable_fuzzing" = xyes], [
    SANITIZER_CFLAGS="$SANITIZER_CFLAGS -fsanitize=fuzzer-no-link"
    FUZZER_LDFLAGS=-fsanitize=fuzzer
    AC_MSG_CHECKING([whether $CC has libFuzzer])
    save_CFLAGS=$CFLAGS save_LDFLAGS=$LDFLAGS
    CFLAGS="$CFLAGS $SANITIZER_CFLAGS" LDFLAGS="$LDFLAGS $FUZZER_LDFLAGS"
    AC_LINK_IFELSE([AC_LANG_SOURCE([[
#include <stddef.h>
#include <stdint.h>
int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) { return 0; }
]])],
      [AC_MSG_RESULT([yes])],
      [AC_MSG_RESULT([no])
       AC_MSG_ERROR(m4_normalize([
         --enable-fuzzing needs clang and the run-time libraries of its
         sanitizers: CC=clang]))])
    CFLAGS=$save_CFLAGS LDFLAGS=$save_LDFLAGS
  ])
  AM_CONDITIONAL([FUZZING], [test "x$enable_fuzzing" = xyes])
  AC_SUBST([FUZZER_LDFLAGS])
])
