/*
 * The part of libuv that the addon uses, which is in Node's binary: only what has not changed since 1.19. libuv's own
 * header declares it. Where that is not installed, the declarations below replace it; a build with the header
 * compares both. One binary serves every version of Node: it uses no size and no member of a handle, and asks
 * uv_handle_size() at run time.
 */
#ifndef SOCK_LIBUV_H
#define SOCK_LIBUV_H

#include <stddef.h>

#if __has_include(<uv.h>)
#include <uv.h>
#else
typedef struct uv_loop_s uv_loop_t;
typedef struct uv_handle_s uv_handle_t;
typedef struct uv_poll_s uv_poll_t;
typedef enum { UV_POLL = 8 } uv_handle_type;
enum uv_poll_event { UV_READABLE = 1 };
typedef void (*uv_close_cb)(uv_handle_t *handle);
typedef void (*uv_poll_cb)(uv_poll_t *handle, int status, int events);
size_t uv_handle_size(uv_handle_type type);
int uv_poll_init(uv_loop_t *loop, uv_poll_t *handle, int fd);
int uv_poll_start(uv_poll_t *handle, int events, uv_poll_cb callback);
void uv_close(uv_handle_t *handle, uv_close_cb closed);
void uv_ref(uv_handle_t *handle);
void uv_unref(uv_handle_t *handle);
void uv_handle_set_data(uv_handle_t *handle, void *data);
void *uv_handle_get_data(const uv_handle_t *handle);
#endif

#define IS_DECLARED(name, type) \
  _Static_assert(__builtin_types_compatible_p(__typeof__(name), type), #name "() is declared otherwise by libuv")
_Static_assert(UV_POLL == 8 && UV_READABLE == 1, "libuv has other numbers");
_Static_assert(sizeof(uv_handle_type) == sizeof(int), "libuv takes another type of handles");
IS_DECLARED(uv_handle_size, size_t(uv_handle_type));
IS_DECLARED(uv_poll_init, int(uv_loop_t *, uv_poll_t *, int));
IS_DECLARED(uv_poll_start, int(uv_poll_t *, int, void (*)(uv_poll_t *, int, int)));
IS_DECLARED(uv_close, void(uv_handle_t *, void (*)(uv_handle_t *)));
IS_DECLARED(uv_ref, void(uv_handle_t *));
IS_DECLARED(uv_unref, void(uv_handle_t *));
IS_DECLARED(uv_handle_set_data, void(uv_handle_t *, void *));
IS_DECLARED(uv_handle_get_data, void *(const uv_handle_t *));
#undef IS_DECLARED

#endif
