# SPDX-License-Identifier: LGPL-2.1-or-later
# The language of the sources: GNU C11 with threads.

# STRIPECOPY_LANGUAGE
# Sets LANGUAGE_CFLAGS, or ends configure if the compiler is too old.
AC_DEFUN([STRIPECOPY_LANGUAGE], [
  LANGUAGE_CFLAGS="-std=gnu11 -pthread"
  AC_MSG_CHECKING([whether $CC supports GNU C11 with atomics and threads])
  save_CFLAGS=$CFLAGS
  CFLAGS="$CFLAGS $LANGUAGE_CFLAGS"
  AC_LINK_IFELSE([AC_LANG_PROGRAM([[
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
static _Atomic uint64_t n;
static void *run (void *arg) { atomic_fetch_add (&n, 1); return arg; }
_Static_assert (sizeof (uint64_t) == 8, "C11");
]], [[
pthread_t t;
return pthread_create (&t, 0, run, 0) || pthread_join (t, 0);
]])],
    [AC_MSG_RESULT([yes])],
    [AC_MSG_RESULT([no])
     AC_MSG_ERROR([a compiler for GNU C11 is needed: gcc 5 or clang 3.6])])
  CFLAGS=$save_CFLAGS
  AC_SUBST([LANGUAGE_CFLAGS])
])
