import type { Address } from '@sock/core'
import type { DatagramSending } from '@sock/core/datagram'
import type { Addon } from './addon.js'
import { MAX_POSTS, POST_WIDTH, POSTS_AT } from './numbers.js'

/** A datagram that a port was given to send. */
export interface Post {
  readonly poster: Poster
  readonly data: Uint8Array
  readonly to: Address | undefined
  readonly sending: DatagramSending
}

/** Who has sent a datagram, and hears why it failed. */
interface Poster {
  failed(post: Post, errno: number): void
}

/** Larger ones are not worth a copy. */
const MAX_POSTED = 2048
/** When a batch takes longer than this, in ms, what it has sent so far does not wait for its end. */
const PATIENCE = 1
/** The clock is looked at once in so many datagrams. */
const CLOCK_MASK = 7

/** Datagrams that are sent while a batch is being delivered, and leave when it is, or before something must follow them. */
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

  /** A batch begins, at this time. */
  begin(began: number): void {
    this.#isOpen = true
    this.#began = began
  }

  end(): void {
    this.#isOpen = false
    this.flush()
  }

  /**
   * Keeps a copy of a datagram, if there is a batch, and the datagram is small.
   *
   * @param token of the receiver; 0 for the peer
   * @returns whether it did; `post.sending` is answered later then
   */
  add(slot: number, token: number, post: Post): boolean {
    const { length } = post.data
    if (!this.#isOpen || length > MAX_POSTED) return false
    const count = this.#waiting.length
    const isLate = (count & CLOCK_MASK) === CLOCK_MASK && performance.now() - this.#began > PATIENCE
    if (count === MAX_POSTS || this.#used + length > this.#bytes.length || isLate) {
      // Whoever is answered by that may have sent more, behind which this one has to wait.
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

  /** Sends what was gathered now. */
  flush(): void {
    if (this.#waiting.length === 0) return
    const hasFailures = this.#addon.flushPosts() > 0
    const posts = this.#waiting.splice(0)
    this.#used = 0
    if (!hasFailures) {
      for (const { sending } of posts) sending.done()
      return
    }
    // Whoever is answered may send again, and use the same memory.
    const results = posts.map((_, index) => this.#posts[POSTS_AT + index * POST_WIDTH + 3] as number)
    for (const [index, post] of posts.entries()) {
      const errno = results[index] as number
      if (errno === 0) post.sending.done()
      else post.poster.failed(post, errno)
    }
  }
}
