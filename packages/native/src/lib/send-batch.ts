import type { Address } from '@sock/core'
import type { DatagramSending } from '@sock/core/datagram'
import type { Addon } from './addon.js'
import { MAX_POSTS, POST_WIDTH, POSTS_AT } from './numbers.js'

/** A datagram that a port was asked to send. */
export interface Post {
  readonly poster: Poster
  readonly data: Uint8Array
  readonly to: Address | undefined
  readonly sending: DatagramSending
}

/** The port that sent a datagram, which learns why it failed. */
interface Poster {
  failed(post: Post, errno: number): void
}

/** The largest datagram that is copied and batched. */
const MAX_POSTED = 2048
/** After this many ms in one batch of events, batched datagrams are sent without waiting for its end. */
const PATIENCE = 1
/** The clock is read once in this many datagrams, plus 1. */
const CLOCK_MASK = 7

/**
 * Datagrams that are sent during a batch of events. They are sent together at its end, or earlier if something must
 * follow them.
 */
export class Posts {
  readonly #addon: Addon
  readonly #posts: Int32Array
  readonly #bytes: Buffer
  readonly #waiting: Post[] = []
  #used = 0
  #isOpen = false
  #began = 0

  constructor(addon: Addon) {
    this.#addon = addon
    const [posts, bytes] = addon.startPosts()
    this.#posts = new Int32Array(posts)
    this.#bytes = Buffer.from(bytes)
  }

  /** Starts a batch. @param began its time in ms */
  begin(began: number): void {
    this.#isOpen = true
    this.#began = began
  }

  end(): void {
    this.#isOpen = false
    this.flush()
  }

  /**
   * Copies a small datagram, if there is a batch.
   *
   * @param token of the receiver; 0 for the peer
   * @returns whether it did; `sending` is then answered later
   */
  add(slot: number, token: number, post: Post): boolean {
    const { length } = post.data
    if (!this.#isOpen || length > MAX_POSTED) return false
    const count = this.#waiting.length
    const isLate = (count & CLOCK_MASK) === CLOCK_MASK && performance.now() - this.#began > PATIENCE
    if (count === MAX_POSTS || this.#used + length > this.#bytes.length || isLate) {
      // A sender that is answered by the flush may send more, and this datagram must stay behind it.
      this.flush()
      return false
    }
    const posts = this.#posts
    const at = POSTS_AT + count * POST_WIDTH
    this.#bytes.set(post.data, this.#used)
    posts[at] = slot
    posts[at + 1] = this.#used
    posts[at + 2] = length
    posts[at + 3] = token
    posts[0] = count + 1
    this.#used += length
    this.#waiting.push(post)
    return true
  }

  /** Sends the batched datagrams now. */
  flush(): void {
    if (this.#waiting.length === 0) return
    const hasFailures = this.#addon.flushPosts() > 0
    const posts = this.#waiting.splice(0)
    this.#used = 0
    if (!hasFailures) {
      for (const { sending } of posts) sending.done()
      return
    }
    // A sender that is answered may send again, which overwrites this memory.
    const results = posts.map((_, index) => this.#posts[POSTS_AT + index * POST_WIDTH + 3] as number)
    for (const [index, post] of posts.entries()) {
      const errno = results[index] as number
      if (errno === 0) post.sending.done()
      else post.poster.failed(post, errno)
    }
  }
}
