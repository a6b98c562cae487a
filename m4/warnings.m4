# SPDX-License-Identifier: LGPL-2.1-or-later
# Warnings: those of one list that the compiler knows.

# STRIPECOPY_WARNING(FLAG)
# Adds FLAG to WARNING_CFLAGS if the compiler accepts it.
AC_DEFUN([STRIPECOPY_WARNING], [
  AS_VAR_PUSHDEF([known], [stripecopy_cv_warning_$1])
  AC_CACHE_CHECK([whether $CC accepts $1], [known], [
    save_CFLAGS=$CFLAGS
    CFLAGS="$CFLAGS -Werror $1"
    AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])],
      [AS_VAR_SET([known], [yes])], [AS_VAR_SET([known], [no])])
    CFLAGS=$save_CFLAGS
  ])
  AS_VAR_IF([known], [yes], [AS_VAR_APPEND([WARNING_CFLAGS], [" $1"])])
  AS_VAR_POPDEF([known])
])

# STRIPECOPY_WARNINGS
# Sets WARNING_CFLAGS.  Adds --enable-werror, which makes warnings errors.
AC_DEFUN([STRIPECOPY_WARNINGS], [
  AC_ARG_ENABLE([werror],
    [AS_HELP_STRING([--enable-werror], [make every warning an error])],
    [], [enable_werror=no])
  WARNING_CFLAGS=
  m4_map_args_w([
    -Wall
    -Wextra
    -Wdate-time
    -Wduplicated-branches
    -Wduplicated-cond
    -Wformat=2
    -Wimplicit-fallthrough
    -Wlogical-op
    -Wmissing-prototypes
    -Wnested-externs
    -Wold-style-definition
    -Wpointer-arith
    -Wredundant-decls
    -Wshadow
    -Wstrict-prototypes
    -Wundef
    -Wno-unused-parameter
    -Wvla
    -Wwrite-strings
  ], [STRIPECOPY_WARNING(], [)])
  AS_IF([test "x$enable_werror" = xyes],
    [AS_VAR_APPEND([WARNING_CFLAGS], [" -Werror"])])
  AC_SUBST([WARNING_CFLAGS])
])
