/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The intrusive list: a queue, a stack, and taking from the middle. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "list.h"

#define UNUSED __attribute__ ((unused))

struct thing {
  int before; /* so that the node is not at offset 0 */
  struct list_node link;
  int number;
};

static int
number_of (struct list_node *n)
{
  return n == NULL ? -1 : list_entry (n, struct thing, link)->number;
}

/* Checks the links in both directions. */
static void
assert_list (const struct list *l, const int *numbers, size_t n)
{
  const struct list_node *at;
  struct list_node *node;
  size_t i = 0;

  for (node = list_first (l); node != NULL; node = list_next (l, node)) {
    assert_true (i < n);
    assert_int_equal (number_of (node), numbers[i]);
    i++;
  }
  assert_int_equal (i, n);
  for (at = l->head.prev; at != &l->head; at = at->prev) {
    assert_true (i > 0);
    assert_int_equal (number_of ((struct list_node *) at), numbers[--i]);
  }
  assert_int_equal (i, 0);
}

static void
new_list_is_empty (void **state UNUSED)
{
  struct list l;

  list_init (&l);
  assert_true (list_empty (&l));
  assert_null (list_first (&l));
  assert_null (list_last (&l));
  assert_null (list_take (&l));
  assert_list (&l, NULL, 0);
}

static void
append_and_take_are_a_queue (void **state UNUSED)
{
  struct thing t[3] = { { .number = 1 }, { .number = 2 }, { .number = 3 } };
  struct list l;
  size_t i;

  list_init (&l);
  for (i = 0; i < 3; ++i)
    list_append (&l, &t[i].link);
  assert_list (&l, (const int[]) { 1, 2, 3 }, 3);
  assert_int_equal (number_of (list_last (&l)), 3);
  assert_int_equal (number_of (list_take (&l)), 1);
  assert_int_equal (number_of (list_take (&l)), 2);
  assert_false (list_empty (&l));
  assert_int_equal (number_of (list_take (&l)), 3);
  assert_true (list_empty (&l));
  assert_null (list_take (&l));
}

static void
push_and_take_are_a_stack (void **state UNUSED)
{
  struct thing t[3] = { { .number = 1 }, { .number = 2 }, { .number = 3 } };
  struct list l;
  size_t i;

  list_init (&l);
  for (i = 0; i < 3; ++i)
    list_push (&l, &t[i].link);
  assert_list (&l, (const int[]) { 3, 2, 1 }, 3);
  assert_int_equal (number_of (list_take (&l)), 3);
  assert_int_equal (number_of (list_take (&l)), 2);
  assert_int_equal (number_of (list_take (&l)), 1);
  assert_true (list_empty (&l));
}

static void
any_node_can_be_removed_and_put_back (void **state UNUSED)
{
  struct thing t[4] = {
    { .number = 1 }, { .number = 2 }, { .number = 3 }, { .number = 4 }
  };
  struct list l;
  size_t i;

  list_init (&l);
  for (i = 0; i < 4; ++i)
    list_append (&l, &t[i].link);

  list_remove (&t[1].link);
  assert_null (t[1].link.next);
  assert_null (t[1].link.prev);
  assert_list (&l, (const int[]) { 1, 3, 4 }, 3);
  list_remove (&t[0].link);
  assert_list (&l, (const int[]) { 3, 4 }, 2);
  list_remove (&t[3].link);
  assert_list (&l, (const int[]) { 3 }, 1);
  list_insert_after (&t[2].link, &t[1].link);
  assert_list (&l, (const int[]) { 3, 2 }, 2);
  list_insert_after (&t[2].link, &t[0].link);
  assert_list (&l, (const int[]) { 3, 1, 2 }, 3);
}

static void
node_can_move_to_another_list (void **state UNUSED)
{
  struct thing t[2] = { { .number = 1 }, { .number = 2 } };
  struct list a, b;

  list_init (&a);
  list_init (&b);
  list_append (&a, &t[0].link);
  list_append (&a, &t[1].link);
  list_append (&b, list_take (&a));
  assert_list (&a, (const int[]) { 2 }, 1);
  assert_list (&b, (const int[]) { 1 }, 1);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (new_list_is_empty),
    cmocka_unit_test (append_and_take_are_a_queue),
    cmocka_unit_test (push_and_take_are_a_stack),
    cmocka_unit_test (any_node_can_be_removed_and_put_back),
    cmocka_unit_test (node_can_move_to_another_list),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
