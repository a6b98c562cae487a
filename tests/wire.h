/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A server's end of an NBD connection, for servers that misbehave: the numbers
 * of the protocol, the handshake, and a buffer of bytes to send.
 */

#ifndef WIRE_H
#define WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The protocol's numbers, by their names in its specification. */
#define NBD_MAGIC UINT64_C (0x4e42444d41474943)
#define NBD_OPT_MAGIC UINT64_C (0x49484156454f5054)
#define NBD_REP_MAGIC UINT64_C (0x0003e889045565a9)
#define NBD_REQUEST_MAGIC UINT32_C (0x25609513)
#define NBD_SIMPLE_REPLY_MAGIC UINT32_C (0x67446698)
#define NBD_STRUCTURED_REPLY_MAGIC UINT32_C (0x668e33ef)

enum { NBD_FLAG_FIXED_NEWSTYLE = 1, NBD_FLAG_NO_ZEROES = 2 };

enum {
  NBD_FLAG_HAS_FLAGS = 1 << 0,
  NBD_FLAG_READ_ONLY = 1 << 1,
  NBD_FLAG_SEND_FLUSH = 1 << 2,
  NBD_FLAG_SEND_FUA = 1 << 3,
  NBD_FLAG_SEND_WRITE_ZEROES = 1 << 6,
  NBD_FLAG_CAN_MULTI_CONN = 1 << 8
};

enum {
  NBD_OPT_EXPORT_NAME = 1,
  NBD_OPT_ABORT = 2,
  NBD_OPT_LIST = 3,
  NBD_OPT_INFO = 6,
  NBD_OPT_GO = 7,
  NBD_OPT_STRUCTURED_REPLY = 8,
  NBD_OPT_SET_META_CONTEXT = 10
};

enum {
  NBD_REP_ACK = 1,
  NBD_REP_SERVER = 2,
  NBD_REP_INFO = 3,
  NBD_REP_META_CONTEXT = 4
};
#define NBD_REP_ERR_UNSUP UINT32_C (0x80000001)
#define NBD_REP_ERR_POLICY UINT32_C (0x80000002)
#define NBD_REP_ERR_INVALID UINT32_C (0x80000003)

enum { NBD_INFO_EXPORT = 0, NBD_INFO_BLOCK_SIZE = 3 };

enum {
  NBD_CMD_READ = 0,
  NBD_CMD_WRITE = 1,
  NBD_CMD_DISC = 2,
  NBD_CMD_FLUSH = 3,
  NBD_CMD_WRITE_ZEROES = 6,
  NBD_CMD_BLOCK_STATUS = 7
};

enum { NBD_CMD_FLAG_FUA = 1 << 0, NBD_CMD_FLAG_REQ_ONE = 1 << 3 };

/* Flags of a chunk: another one follows, or not. */
enum { MORE = 0, LAST = 1 }; /* NBD_REPLY_FLAG_DONE */

enum {
  NBD_CHUNK_NONE = 0,
  NBD_CHUNK_DATA = 1,
  NBD_CHUNK_HOLE = 2,
  NBD_CHUNK_STATUS = 5,
  NBD_CHUNK_ERROR = 0x8001,
  NBD_CHUNK_ERROR_OFFSET = 0x8002
};

enum { NBD_STRING_MAX = 4096 }; /* bytes of any text */

enum { NBD_EIO = 5, NBD_EINVAL = 22, NBD_ENOTSUP = 95 };

/* The numbers of base:allocation and of the context of changes in all replies;
 * CONTEXT_ID + 1 is the number of no context.
 */
enum { CONTEXT_ID = 7, CHANGES_ID = 9, UNINVITED_ID = 11 };

/* The properties that the handshake announces to the client. */
struct told {
  uint64_t size;
  uint16_t flags; /* NBD_FLAG_... of the export */
  uint32_t block_minimum, block_preferred, block_maximum;
  bool structured, context; /* offered; the context is base:allocation */
  const char *changes;      /* the name of another context; NULL: none */
  const char *uninvited;    /* of one that is told without being asked for */
  bool refused;             /* the export does not exist */
};

struct wire {
  int fd;
  bool structured, context, changes; /* as negotiated */
  uint8_t *out;                      /* owned: bytes to send */
  size_t out_used, out_size;
};

struct request {
  uint16_t flags, type;
  uint64_t cookie, offset;
  uint32_t length;
};

/* Ends the program if there is no memory. */
void *wire_allocate (size_t n);

/* Returns false if the client is gone. */
bool wire_receive (struct wire *w, void *buf, size_t n);

/* Append to the bytes to send, in network order. */
void wire_put (struct wire *w, const void *data, size_t n);
void wire_put16 (struct wire *w, uint16_t v);
void wire_put32 (struct wire *w, uint32_t v);
void wire_put64 (struct wire *w, uint64_t v);

/* Sends them.  Returns false if the client is gone. */
bool wire_send (struct wire *w);

/* Does the handshake.  Returns false if the client is not to be served. */
bool wire_handshake (struct wire *w, const struct told *told);

/* Receives the next request, without its payload.  Returns false if the client
 * is gone or sends nonsense.
 */
bool wire_receive_request (struct wire *w, struct request *q);

/* Append the header of a chunk with a payload of this length; and a whole
 * simple reply, except for its data.
 */
void wire_put_chunk (struct wire *w, const struct request *q, uint16_t flags,
                     uint16_t type, uint32_t length);
void wire_put_simple_reply (struct wire *w, const struct request *q,
                            uint32_t error);

#endif /* WIRE_H */
