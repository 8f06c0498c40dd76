import type { Duplex } from 'node:stream'
import type { ConnectionStream } from '../../channel/channel.js'
import { takeInput } from './input.js'
import { limitQueue } from './output.js'
import type { ConnectionRecord } from './record.js'
import { socketError } from './socket-error.js'
import { SocketStream } from './socket-stream.js'

/**
 * Returns the connection as a Node stream, created on first use. @throws SockError `ERR_SOCK_INVALID_STATE` if input
 * goes elsewhere
 */
export function streamOf(record: ConnectionRecord): ConnectionStream {
  return record.lazy?.stream ?? makeStream(record)
}

function makeStream(record: ConnectionRecord): SocketStream {
  const receiveBuffer = takeInput(record, 'create a stream')
  const { connection, port, host } = record
  // A stream queues chunks, and its user may keep them.
  port.keepChunks?.()
  // The connection queues up to this many bytes before its `write()` waits; the rest queues in the stream.
  const { highWaterMark } = host
  const stream = new SocketStream({
    connection,
    port,
    take: (resolve, reject) => receiveBuffer.take(resolve, reject),
    written(before, waiting) {
      if (waiting < highWaterMark) return
      limitQueue(record, connection.waitingBytes, waiting - before, before < highWaterMark)
    },
    // What was written still arrives, followed by a FIN, as from a socket.
    destroy: (error) => record.destroy(error, 'destroy'),
  })
  decideAtEnd(record, stream)
  destroyAtEnd(stream)
  record.ensureLazy().stream = stream
  // As a socket does: a stream that nobody reads must notice that its peer has gone.
  stream.read(0)
  return stream
}

/**
 * Decides what follows the end of the input, unless `allowHalfOpen` was set before: the stream ends, as a `net.Socket`
 * does. A handler that is still running, or has the callback `end`, decides itself.
 */
function decideAtEnd(record: ConnectionRecord, stream: Duplex): void {
  const sides: { allowHalfOpen: boolean | undefined } = stream
  sides.allowHalfOpen = undefined
  stream.on('end', () => {
    // Node ends the stream after this event if it is false.
    sides.allowHalfOpen ??= record.pending > 0 || record.host.callbacks?.end !== undefined
  })
}

/**
 * Replaces `autoDestroy`: destroys the stream when both sides have ended, and after an error, which needs a listener
 * for that.
 */
function destroyAtEnd(stream: Duplex): void {
  const destroyIfOver = (): void => {
    if (stream.readableEnded && stream.writableFinished) stream.destroy()
  }
  stream.on('end', destroyIfOver)
  stream.on('finish', destroyIfOver)
  stream.on('error', (error) => stream.destroy(error))
}

/**
 * Closes the stream after the connection. Data received before an orderly end can still be read, but nothing can be
 * written. A user that has not ended the stream yet sees a premature close.
 */
export function closeConnectionStream(stream: Duplex, error: Error | undefined): void {
  if (error !== undefined) stream.destroy(socketError(error))
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
