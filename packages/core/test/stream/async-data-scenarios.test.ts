import { describe, expect, it } from '@jest/globals'
import { createDeferred } from '../../src/lib/async/deferred.js'
import { openWith } from '../support/callbacks.js'
import { systemError } from '../support/fake-server.js'
import { settle } from '../support/settle.js'

describe('data that returns a promise', () => {
  /** The first call of `data` is pending until the test resolves or rejects it. */
  async function openSlow() {
    const first = createDeferred()
    let calls = 0
    const scene = await openWith({ data: () => (++calls === 1 ? first.promise : undefined) })
    scene.port.receive('a')
    return { ...scene, first }
  }

  it('data holds chunks back, pauses the port at the mark and resumes it below', async () => {
    const { port, heard, first } = await openSlow()
    port.receive('123456789')
    expect(port.count('pause')).toBe(0)
    port.receive('0')
    expect(port.count('pause')).toBe(1)
    expect(heard).toEqual(['open', 'data a'])
    first.resolve()
    await settle()
    expect(heard).toEqual(['open', 'data a', 'data 123456789', 'data 0'])
    expect(port.count('resume')).toBe(1)
  })

  it('data gets everything before end and close, though the port has closed long ago', async () => {
    const { port, connection, heard, first, server } = await openSlow()
    port.receive('b')
    void connection.closeWrite()
    port.finish()
    port.end()
    port.close()
    expect(heard).toEqual(['open', 'data a'])
    expect(server.openConnections).toBe(0)
    first.resolve()
    await settle()
    expect(heard).toEqual(['open', 'data a', 'data b', 'end', 'close'])
  })

  it('data gets no more after the port broke: close comes at once', async () => {
    const { port, heard, first } = await openSlow()
    port.receive('b')
    port.close(systemError('ECONNRESET'))
    expect(heard.at(-1)).toBe('close Connection was reset or lost')
    first.resolve()
    await settle()
    expect(heard.at(-1)).toBe('close Connection was reset or lost')
  })

  it('data gets no more after destroy(), though chunks wait and others still come', async () => {
    const { port, connection, heard, first } = await openSlow()
    port.receive('b')
    connection.destroy(new Error('enough'))
    port.receive('c')
    port.close()
    first.resolve()
    await settle()
    expect(heard).toEqual(['open', 'data a', 'close enough'])
  })

  it('data that rejects is reported once, and the connection destroyed', async () => {
    const { port, heard, first, errors, server } = await openSlow()
    port.receive('b')
    const failure = new Error('oops')
    first.reject(failure)
    await settle()
    expect(port.isDestroyed).toBe(true)
    port.close()
    expect(heard).toEqual(['open', 'data a', 'close oops'])
    expect(errors).toEqual([failure])
    expect(server.stats().handlerErrors).toBe(1)
  })

  it('data that fails after the port closed cleanly is reported once, and gets no more', async () => {
    const first = createDeferred()
    const failure = new Error('oops')
    const { port, connection, heard, errors } = await openWith({
      data(_, chunk) {
        if (String(chunk) === 'a') return first.promise
        throw failure
      },
    })
    for (const text of ['a', 'b', 'c']) port.receive(text)
    void connection.closeWrite()
    port.finish()
    port.end()
    port.close()
    first.resolve()
    await settle()
    expect(errors).toEqual([failure])
    expect(heard.slice(0, 3)).toEqual(['open', 'data a', 'data b'])
    expect(heard.at(-1)).toMatch(/^close/)
  })
})
