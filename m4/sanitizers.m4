# SPDX-License-Identifier: LGPL-2.1-or-later
# Sanitizers: the requested ones, if the compiler supports them.

# STRIPECOPY_SANITIZERS
# Adds --enable-sanitizers.  Sets SANITIZERS to the requested list or to "none",
# and SANITIZER_CFLAGS to match, or ends configure if the compiler does not
# support them.
AC_DEFUN([STRIPECOPY_SANITIZERS], [
  AC_ARG_ENABLE([sanitizers],
    [AS_HELP_STRING([--enable-sanitizers=LIST],
      [build with sanitizers: address, undefined or both (the default of LIST
       is address,undefined); or thread])],
    [], [enable_sanitizers=no])
  SANITIZERS=none SANITIZER_CFLAGS=
  AS_CASE([$enable_sanitizers],
    [no], [],
    [yes|address,undefined|undefined,address], [SANITIZERS=address,undefined],
    [address|undefined|thread], [SANITIZERS=$enable_sanitizers],
    [AC_MSG_ERROR(m4_normalize([
      --enable-sanitizers=$enable_sanitizers: not one of
      address, undefined, address,undefined and thread]))])

  AS_IF([test $SANITIZERS != none], [
    SANITIZER_CFLAGS="-fsanitize=$SANITIZERS -fno-sanitize-recover=all"
    SANITIZER_CFLAGS="$SANITIZER_CFLAGS -fno-omit-frame-pointer"
    AC_MSG_CHECKING([whether $CC builds with -fsanitize=$SANITIZERS])
    save_CFLAGS=$CFLAGS
    CFLAGS="$CFLAGS $SANITIZER_CFLAGS"
    AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])],
      [AC_MSG_RESULT([yes])],
      [AC_MSG_RESULT([no])
       AC_MSG_ERROR(m4_normalize([
         $CC cannot build with -fsanitize=$SANITIZERS:
         are the run-time libraries of its sanitizers installed?]))])
    CFLAGS=$save_CFLAGS
  ])
  AC_SUBST([SANITIZERS])
  AC_SUBST([SANITIZER_CFLAGS])
])
