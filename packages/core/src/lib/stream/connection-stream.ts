import { Duplex } from 'node:stream'
import type { Connection } from '../channel/channel.js'
import { takeInput, type InputOwner } from './connection-input.js'
import { fallBehind, type OutputOwner } from './connection-output.js'
import type { Inbox } from './inbox.js'

/** What a stream needs of its connection. */
export type StreamOwner = InputOwner & OutputOwner & { readonly connection: Connection }

/** The connection as a Node stream, made on first use. @throws SockError `ERR_SOCK_INVALID_STATE` if input goes elsewhere */
export function streamOf(owner: StreamOwner): Duplex {
  return owner.extras?.stream ?? makeStream(owner)
}

function makeStream(owner: StreamOwner): Duplex {
  const stream = createConnectionStream(owner, takeInput(owner, 'make a stream'))
  owner.makeExtras().stream = stream
  return stream
}

/** It draws from the same input as `read()`, and writes by the same `write()`. */
function createConnectionStream(owner: StreamOwner, inbox: Inbox): Duplex {
  const { connection } = owner
  // What may wait in the connection before its own `write()` waits, and the rest queues up in the stream.
  const { highWaterMark } = owner.host
  const onChunk = (chunk: Buffer | null): void => void stream.push(chunk)
  const onError = (error: Error): void => void stream.destroy(error)

  const stream: Duplex = new Duplex({
    // Or else Node's iterator over a stream, which pipeline() gives to a generator, would destroy it at the end of its
    // input, in the middle of the answer. https://nodejs.org/api/stream.html#readablesymbolasynciterator
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
  // Node lets a stream's queue grow as long as somebody writes; this one counts with what waits in the connection.
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

/** What `autoDestroy` does: once both sides are over, and after an error, which is thus heard even if nobody listens. */
function destroyAtEnd(stream: Duplex): void {
  const look = (): void => {
    if (stream.readableEnded && stream.writableFinished) stream.destroy()
  }
  stream.on('end', look)
  stream.on('finish', look)
  stream.on('error', (error) => stream.destroy(error))
}

/**
 * The connection is closed: what came before a clean end can still be read, but nothing more be written. Who had not ended
 * yet finds the stream closed too early.
 */
export function closeConnectionStream(stream: Duplex, error: Error | undefined): void {
  if (error !== undefined) stream.destroy(error)
  else if (stream.writableEnded) return
  else if (stream.readableEnded) breakOff(stream)
  else stream.once('end', () => breakOff(stream))
}

/**
 * To end it first would leave a pipeline() that goes through a generator waiting for ever, since Node overlooks that it has
 * finished; never to end it, who calls `end(callback)` later.
 */
function breakOff(stream: Duplex): void {
  stream.once('close', () => stream.end())
  stream.destroy()
}

function settle(promise: Promise<void>, done: (error?: Error) => void): void {
  promise.then(() => done(), done)
}
