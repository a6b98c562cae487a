# SPDX-License-Identifier: LGPL-2.1-or-later
# Libraries that the program can do without.

# STRIPECOPY_OPTIONAL_LIBRARY(NAME, PKG-CONFIG-MODULE, HELP)
# Adds --without-NAME.  Sets have_NAME to yes or no; where it is yes, also
# defines HAVE_NAME and sets NAME_CFLAGS and NAME_LIBS, in capitals.  Ends
# configure if --with-NAME was given and the library is missing.
AC_DEFUN([STRIPECOPY_OPTIONAL_LIBRARY], [
  AC_ARG_WITH([$1], [AS_HELP_STRING([--without-$1], [$3])],
    [], [with_$1=check])
  have_$1=no
  AS_IF([test "x$with_$1" != xno],
    [PKG_CHECK_MODULES(m4_toupper([$1]), [$2],
      [have_$1=yes
       AC_DEFINE(m4_toupper([HAVE_$1]), [1], [Define to 1 to use $1.])],
      [AS_IF([test "x$with_$1" = xyes],
         [AC_MSG_ERROR([$1 is missing])])])])
])
