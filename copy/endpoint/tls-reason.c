/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds out why a server's certificate is not accepted: see tls-reason.h.
 *
 * No data goes through this connection: it ends once the certificate is known.
 */

#include <config.h>

#include "endpoint/tls-reason.h"

#ifdef HAVE_GNUTLS

#include <endian.h>
#include <netdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

/* For each step of connecting. */
#define PATIENCE_S 3

#define OPTION_MAGIC UINT64_C (0x49484156454f5054)
#define OPTION_STARTTLS 5
#define REPLY_ACK 1

struct __attribute__ ((packed)) greeting {
  uint64_t magic, option_magic;
  uint16_t flags;
};

struct __attribute__ ((packed)) question {
  uint32_t flags;
  uint64_t magic;
  uint32_t option, length;
};

struct __attribute__ ((packed)) answer {
  uint64_t magic;
  uint32_t option, type, length;
};

static int
connect_to (const struct sockaddr *address, socklen_t length)
{
  const struct timeval patience = { .tv_sec = PATIENCE_S };
  const int fd = socket (address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (fd == -1)
    return -1;
  if (setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0
      && setsockopt (fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience)
        == 0
      && connect (fd, address, length) == 0)
    return fd;
  close (fd);
  return -1;
}

static int
connect_to_socket (const char *path)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };

  if (strlen (path) >= sizeof address.sun_path)
    return -1;
  strcpy (address.sun_path, path);
  return connect_to ((const struct sockaddr *) &address, sizeof address);
}

static int
connect_to_host (const char *host, const char *port)
{
  const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
  struct addrinfo *all;
  int fd = -1;

  if (getaddrinfo (host, port, &hints, &all) != 0)
    return -1;
  for (const struct addrinfo *a = all; a && fd == -1; a = a->ai_next)
    fd = connect_to (a->ai_addr, a->ai_addrlen);
  freeaddrinfo (all);
  return fd;
}

/* Exchanges the messages up to the start of TLS. */
static bool
ask_for_tls (int fd)
{
  struct greeting greeting;
  struct question question = {
    .magic = htobe64 (OPTION_MAGIC),
    .option = htobe32 (OPTION_STARTTLS),
  };
  struct answer answer;

  if (recv (fd, &greeting, sizeof greeting, MSG_WAITALL) != sizeof greeting
      || greeting.option_magic != htobe64 (OPTION_MAGIC))
    return false;
  /* Both sides use those of the two flags that the server offers. */
  question.flags = htobe32 (be16toh (greeting.flags) & 3);
  return send (fd, &question, sizeof question, MSG_NOSIGNAL) == sizeof question
    && recv (fd, &answer, sizeof answer, MSG_WAITALL) == sizeof answer
    && answer.type == htobe32 (REPLY_ACK) && answer.length == 0;
}

static void
trust (gnutls_certificate_credentials_t mine, const char *folder)
{
  char *path;

  if (folder == NULL || asprintf (&path, "%s/ca-cert.pem", folder) == -1)
    return;
  gnutls_certificate_set_x509_trust_file (mine, path, GNUTLS_X509_FMT_PEM);
  free (path);
}

/* Without the authority's certificate, no reason can be found. */
static bool
describe (const struct tls_server *s, unsigned status, char *text, size_t size)
{
  const struct {
    unsigned bits;
    const char *why;
  } reasons[] = {
    { GNUTLS_CERT_EXPIRED, "it has expired" },
    { GNUTLS_CERT_NOT_ACTIVATED, "it is not valid yet" },
    { GNUTLS_CERT_UNEXPECTED_OWNER, "it is for another name than" },
    { GNUTLS_CERT_REVOKED, "it was revoked" },
    { s->folder ? GNUTLS_CERT_SIGNER_NOT_FOUND | GNUTLS_CERT_SIGNATURE_FAILURE
                : 0,
      "no authority in ca-cert.pem has signed it" },
  };
  size_t used = 0;

  text[0] = '\0';
  for (unsigned i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
    if ((status & reasons[i].bits) && used < size)
      used += snprintf (
        text + used, size - used, "%s%s%s%s", used ? ", " : "", reasons[i].why,
        reasons[i].bits == GNUTLS_CERT_UNEXPECTED_OWNER ? " " : "",
        reasons[i].bits == GNUTLS_CERT_UNEXPECTED_OWNER ? s->host : "");
  return used > 0;
}

static bool
look (const struct tls_server *s, int fd, gnutls_session_t session,
      gnutls_certificate_credentials_t mine, char *text, size_t size)
{
  unsigned status = 0;
  int r;

  trust (mine, s->folder);
  if (gnutls_set_default_priority (session) < 0
      || gnutls_credentials_set (session, GNUTLS_CRD_CERTIFICATE, mine) < 0)
    return false;
  /* A server is asked for by name, and an address is not one. */
  if (s->host && s->host[strspn (s->host, "0123456789.:")])
    gnutls_server_name_set (session, GNUTLS_NAME_DNS, s->host,
                            strlen (s->host));
  gnutls_transport_set_int (session, fd);
  gnutls_handshake_set_timeout (session, PATIENCE_S * 1000);
  do
    r = gnutls_handshake (session);
  while (r == GNUTLS_E_INTERRUPTED);
  return r == 0
    && gnutls_certificate_verify_peers3 (session, s->host, &status) == 0
    && describe (s, status, text, size);
}

bool
tls_reason (const struct tls_server *s, char *text, size_t size)
{
  gnutls_certificate_credentials_t mine;
  gnutls_session_t session;
  const int fd = s->socket ? connect_to_socket (s->socket)
    : s->host              ? connect_to_host (s->host, s->port)
                           : -1;
  bool found = false;

  if (fd == -1)
    return false;
  if (ask_for_tls (fd)
      && gnutls_certificate_allocate_credentials (&mine) == 0) {
    if (gnutls_init (&session, GNUTLS_CLIENT) == 0) {
      found = look (s, fd, session, mine, text, size);
      gnutls_deinit (session);
    }
    gnutls_certificate_free_credentials (mine);
  }
  close (fd);
  return found;
}

#else /* !HAVE_GNUTLS */

bool
tls_reason (const struct tls_server *s, char *text, size_t size)
{
  (void) s;
  (void) text;
  (void) size;
  return false;
}

#endif /* !HAVE_GNUTLS */
