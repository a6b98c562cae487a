/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* null: accepts everything, and returns it through the ready list. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "endpoint/null.h"

#define UNUSED __attribute__ ((unused))

static struct endpoint *ep;
static struct conn *conn;

static int
open_null (void **state UNUSED)
{
  const struct endpoint_request q = {
    .side = DESTINATION,
    .name = strdup ("destination null:"),
  };
  struct error e = { 0 };

  ep = endpoint_null_kind.open (&q, &e);
  conn = ep ? ep->ops->conn (ep, 0, &e) : NULL;
  return conn && !error_is_set (&e) ? 0 : -1;
}

static int
close_null (void **state UNUSED)
{
  struct error e = { 0 };

  conn_close (conn);
  return ep->ops->close (ep, 0, -1, &e) && !error_is_set (&e) ? 0 : -1;
}

/* As in nbdcopy: as large as a disk can be. */
static void
caps_never_limit_a_copy (void **state UNUSED)
{
  assert_int_equal (ep->caps.size, INT64_MAX);
  assert_int_equal (ep->caps.block_min, 1);
  assert_int_equal (ep->caps.block_max % ep->caps.block_min, 0);
  assert_true (ep->caps.block_preferred <= ep->caps.block_max);
  assert_true (ep->caps.zero_max > 0);
  assert_int_equal (ep->caps.extents_max, 0);
  assert_true (ep->caps.can_flush && ep->caps.can_multi_conn);
  assert_false (ep->caps.read_only);
  assert_string_equal (ep->name, "destination null:");
  assert_int_equal (ep->side, DESTINATION);
}

static void
everything_is_over_at_once_and_in_order (void **state UNUSED)
{
  static const enum io_verb verbs[] = { IO_WRITE, IO_ZERO, IO_FLUSH };
  struct list_node *n;
  struct io ios[3];
  struct list ready;
  size_t i;

  list_init (&ready);
  for (i = 0; i < 3; ++i) {
    ios[i] = (struct io) {
      .ready = &ready,
      .verb = verbs[i],
      .offset = 10,
      .length = INT64_MAX - 10,
    };
    conn_start (conn, &ios[i]);
  }
  for (i = 0; i < 3; ++i) {
    n = list_take (&ready);
    assert_non_null (n);
    assert_ptr_equal (list_entry (n, struct io, link), &ios[i]);
    assert_int_equal (conn_retire (&ios[i]), 0);
  }
  assert_true (list_empty (&ready));
}

static void
nothing_can_be_read_or_asked (void **state UNUSED)
{
  struct list ready;
  struct io io = { .ready = &ready, .verb = IO_READ, .length = 1 };

  list_init (&ready);
  for (int i = 0; i < 2; ++i) {
    conn_start (conn, &io);
    assert_ptr_equal (list_take (&ready), &io.link);
    assert_int_equal (conn_retire (&io), ENOTSUP);
    io.verb = IO_EXTENTS;
  }
  assert_true (list_empty (&ready));
}

static void
there_is_never_anything_to_wait_for (void **state UNUSED)
{
  struct pollfd p = { .fd = 0, .events = POLLIN };
  struct error e = { 0 };

  assert_int_equal (conn_state (conn), CONN_READY);
  conn_submit (conn);
  conn_poll_events (conn, &p);
  assert_int_equal (p.fd, -1);
  assert_int_equal (conn_dispatch (conn, 0, &e), 0);
  assert_int_equal (conn_verify (conn, &e), 0);
  assert_true (conn_shutdown (conn));
  assert_false (error_is_set (&e));
}

/* The conns of two workers are independent. */
static void
each_conn_is_its_own (void **state UNUSED)
{
  struct error e = { 0 };
  struct conn *other = ep->ops->conn (ep, 1, &e);

  assert_non_null (other);
  assert_ptr_not_equal (other, conn);
  assert_ptr_equal (other->endpoint, ep);
  conn_close (other);
  assert_int_equal (conn_state (conn), CONN_READY);
  conn_close (NULL);
}

#define ON_NULL(f) cmocka_unit_test_setup_teardown (f, open_null, close_null)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    ON_NULL (caps_never_limit_a_copy),
    ON_NULL (everything_is_over_at_once_and_in_order),
    ON_NULL (nothing_can_be_read_or_asked),
    ON_NULL (there_is_never_anything_to_wait_for),
    ON_NULL (each_conn_is_its_own),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
