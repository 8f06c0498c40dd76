import { afterAll, describe, expect, it } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { headers, libuvHeaders } from '../../../../packages/native/compile.mjs'
import { inRoot } from '../../../checks/bootstrap/workspace.mjs'

const folder = mkdtempSync(join(tmpdir(), 'sock-binaries-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** As libuv declares what the addon uses of it. */
const HEADER = `
typedef struct uv_loop_s uv_loop_t;
typedef struct uv_handle_s uv_handle_t;
typedef struct uv_poll_s uv_poll_t;
typedef enum { UV_TCP = 12, UV_POLL = 8 } uv_handle_type;
enum uv_poll_event { UV_READABLE = 1, UV_WRITABLE = 2 };
size_t uv_handle_size(uv_handle_type type);
int uv_poll_init(uv_loop_t *loop, uv_poll_t *handle, int fd);
int uv_poll_start(uv_poll_t *handle, int events, void (*callback)(uv_poll_t *handle, int status, int events));
void uv_close(uv_handle_t *handle, void (*closed)(uv_handle_t *handle));
void uv_ref(uv_handle_t *handle);
void uv_unref(uv_handle_t *handle);
void uv_handle_set_data(uv_handle_t *handle, void *data);
void *uv_handle_get_data(const uv_handle_t *handle);
`

/** Compiles what uses libuv. @returns what is wrong with it */
function compile(...flags) {
  const args = ['-std=gnu11', '-Werror', '-fsyntax-only', `-I${headers()}`, ...flags]
  return spawnSync('gcc', [...args, inRoot('packages/native/c/loop.c')], { encoding: 'utf8' }).stderr
}

function withHeader(text) {
  writeFileSync(join(folder, 'uv.h'), text)
  return compile('-isystem', folder)
}

const hasCompiler = spawnSync('gcc', ['--version']).status === 0

;(hasCompiler ? describe : describe.skip)('c/libuv.h', () => {
  it('is enough where libuv has brought no header', () => expect(compile()).toBe(''))

  const itInstalled = libuvHeaders().length > 0 ? it : it.skip
  itInstalled('agrees with the header of this Node', () => expect(compile(...libuvHeaders())).toBe(''))

  it('agrees with a header that says the same', () => expect(withHeader(HEADER)).toBe(''))

  it.each([
    ['another number', 'UV_POLL = 8', 'UV_POLL = 9', 'libuv has other numbers'],
    ['another parameter', 'int fd);', 'long fd);', 'uv_poll_init() is declared otherwise by libuv'],
    ['another result', 'void uv_ref', 'int uv_ref', 'uv_ref() is declared otherwise by libuv'],
  ])('finds out that a header has %s', (_, mine, other, message) => {
    expect(withHeader(HEADER.replace(mine, other))).toContain(message)
  })
})
