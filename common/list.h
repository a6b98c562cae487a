/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An intrusive, doubly linked list: the node is a member of the linked struct,
 * so putting something on a list never allocates.
 */

#ifndef LIST_H
#define LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list_node {
  struct list_node *next, *prev;
};

struct list {
  struct list_node head; /* circular; points to itself when empty */
};

/* Returns the struct that has this node as a member. */
#define list_entry(node, type, member)                                         \
  ((type *) ((char *) (node) -offsetof (type, member)))

static inline void
list_init (struct list *l)
{
  l->head.next = l->head.prev = &l->head;
}

static inline bool
list_empty (const struct list *l)
{
  return l->head.next == &l->head;
}

static inline void
list_insert_after (struct list_node *where, struct list_node *n)
{
  n->prev = where;
  n->next = where->next;
  where->next->prev = n;
  where->next = n;
}

static inline void
list_append (struct list *l, struct list_node *n)
{
  list_insert_after (l->head.prev, n);
}

/* list_append and list_take make a queue, list_push and list_take a stack. */
static inline void
list_push (struct list *l, struct list_node *n)
{
  list_insert_after (&l->head, n);
}

static inline void
list_remove (struct list_node *n)
{
  n->prev->next = n->next;
  n->next->prev = n->prev;
  n->next = n->prev = NULL;
}

/* Removes and returns the first node; NULL when the list is empty. */
static inline struct list_node *
list_take (struct list *l)
{
  struct list_node *n = l->head.next;

  if (list_empty (l))
    return NULL;
  list_remove (n);
  return n;
}

/* Loop over a list: for (n = list_first (l); n != NULL; n = list_next (l, n))
 */
static inline struct list_node *
list_first (const struct list *l)
{
  return list_empty (l) ? NULL : l->head.next;
}

static inline struct list_node *
list_last (const struct list *l)
{
  return list_empty (l) ? NULL : l->head.prev;
}

static inline struct list_node *
list_next (const struct list *l, const struct list_node *n)
{
  return n->next == &l->head ? NULL : n->next;
}

static inline struct list_node *
list_prev (const struct list *l, const struct list_node *n)
{
  return n->prev == &l->head ? NULL : n->prev;
}

#endif /* LIST_H */
