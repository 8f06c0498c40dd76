import { describe, expect, it } from '@jest/globals'
import { MAX_POSTS, POST_WIDTH, POSTS_AT } from '../src/lib/numbers.js'
import { Posts, type Post } from '../src/lib/posts.js'

/** Posts, and what an addon that sends everything was given, in order. */
function createPosts(): { posts: Posts; sent: string[] } {
  const memory = new Int32Array(POSTS_AT + MAX_POSTS * POST_WIDTH)
  const bytes = Buffer.alloc(64 * 1024)
  const sent: string[] = []
  const addon = {
    startPosts: () => [memory.buffer, bytes.buffer],
    flushPosts() {
      for (let index = 0; index < (memory[0] as number); index++) {
        const [, from = 0, length = 0] = memory.subarray(POSTS_AT + index * POST_WIDTH)
        sent.push(bytes.toString('latin1', from, from + length))
      }
      memory[0] = 0
      return 0
    },
  }
  return { posts: new Posts(addon as never), sent }
}

function post(text: string, done: () => void = () => undefined): Post {
  const poster = { failed: () => undefined }
  return { poster, data: Buffer.from(text), to: undefined, sending: { done } }
}

describe('what is sent in a batch', () => {
  it('leaves in order, also when whoever is answered sends more', () => {
    const { posts, sent } = createPosts()
    const expected = Array.from({ length: MAX_POSTS }, (_, index) => `${index}`)
    const answered: string[] = []
    posts.begin(performance.now() + 1000)
    for (const text of expected) {
      const done = (): void => {
        answered.push(text)
        if (text === '0')
          posts.add(
            1,
            0,
            post('more', () => answered.push('more')),
          )
      }
      expect(posts.add(1, 0, post(text, done))).toBe(true)
    }
    // There is no room: its sender sends it itself, after what was added meanwhile.
    expect(posts.add(1, 0, post('next'))).toBe(false)
    posts.flush()
    posts.end()
    expect(sent).toEqual([...expected, 'more'])
    expect(answered).toEqual(sent)
  })

  it('is not kept outside of a batch', () => {
    const { posts, sent } = createPosts()
    expect(posts.add(1, 0, post('before'))).toBe(false)
    posts.begin(performance.now())
    expect(posts.add(1, 0, post('in'))).toBe(true)
    posts.end()
    expect(posts.add(1, 0, post('after'))).toBe(false)
    expect(sent).toEqual(['in'])
  })
})
