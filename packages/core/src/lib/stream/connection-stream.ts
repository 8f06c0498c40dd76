import { Duplex } from 'node:stream'
import type { Connection } from '../channel/channel.js'
import { takeInput, type InputOwner } from './connection-input.js'
import { fallBehind, type OutputOwner } from './connection-output.js'
import type { Inbox } from './inbox.js'

/** What a stream needs from its connection. */
export type StreamOwner = InputOwner & OutputOwner & { readonly connection: Connection }

/**
 * Returns the connection as a Node stream, created on first use. @throws SockError `ERR_SOCK_INVALID_STATE` if input
 * goes elsewhere
 */
export function streamOf(owner: StreamOwner): Duplex {
  return owner.extras?.stream ?? makeStream(owner)
}

function makeStream(owner: StreamOwner): Duplex {
  const stream = createConnectionStream(owner, takeInput(owner, 'create a stream'))
  owner.makeExtras().stream = stream
  return stream
}

/** Creates a stream that reads the same input as `read()`, and writes with `write()`. */
function createConnectionStream(owner: StreamOwner, inbox: Inbox): Duplex {
  const { connection } = owner
  // The connection queues up to this many bytes before its `write()` waits; the rest queues in the stream.
  const { highWaterMark } = owner.host
  const onChunk = (chunk: Buffer | null): void => void stream.push(chunk)
  const onError = (error: Error): void => void stream.destroy(error)

  const stream: Duplex = new Duplex({
    // With it, Node's iterator over a stream, which pipeline() passes to a generator, would destroy the stream at the
    // end of its input, before the answer is complete. https://nodejs.org/api/stream.html#readablesymbolasynciterator
    autoDestroy: false,
    read: () => void inbox.read().then(onChunk, onError),
    write: (chunk: Buffer, _encoding, done) => settle(connection.write(chunk), done),
    final: (done) => settle(connection.closeWrite(), done),
    destroy(error, done) {
      const isOver = error === null && stream.readableEnded && stream.writableFinished
      if (isOver) void connection.close()
      else connection.destroy(error ?? undefined)
      done(error)
    },
  })
  // Node does not limit the queue of a stream; here it counts towards the connection's limit.
  const write = stream.write.bind(stream) as (...args: unknown[]) => boolean
  stream.write = (...args: unknown[]): boolean => {
    const before = stream.writableLength
    const isTaken = write(...args)
    const waiting = stream.writableLength
    if (waiting >= highWaterMark) {
      fallBehind(owner, connection.waitingBytes, waiting - before, before < highWaterMark)
    }
    return isTaken
  }
  destroyAtEnd(stream)
  return stream
}

/**
 * Replaces `autoDestroy`: destroys the stream when both sides have ended, and after an error, which needs a listener
 * for that.
 */
function destroyAtEnd(stream: Duplex): void {
  const look = (): void => {
    if (stream.readableEnded && stream.writableFinished) stream.destroy()
  }
  stream.on('end', look)
  stream.on('finish', look)
  stream.on('error', (error) => stream.destroy(error))
}

/**
 * Closes the stream after the connection. Data received before an orderly end can still be read, but nothing can be
 * written. A user that has not ended the stream yet sees a premature close.
 */
export function closeConnectionStream(stream: Duplex, error: Error | undefined): void {
  if (error !== undefined) stream.destroy(error)
  else if (stream.writableEnded) return
  else if (stream.readableEnded) breakOff(stream)
  else stream.once('end', () => breakOff(stream))
}

/**
 * Destroys the stream first and ends it afterwards. Ended first, a pipeline() through a generator would wait for
 * ever, since Node misses that it has finished; never ended, a later `end(callback)` would wait.
 */
function breakOff(stream: Duplex): void {
  stream.once('close', () => stream.end())
  stream.destroy()
}

function settle(promise: Promise<void>, done: (error?: Error) => void): void {
  promise.then(() => done(), done)
}
