import { nativeEngine } from '../native.js'
import { STREAM_TRANSPORTS, TRANSPORTS } from '../transports.js'
import {
  startCallbacks,
  startForAwait,
  startNativeCallbacks,
  startNativeForAwait,
  startStreams,
} from './ours.js'
import { startRawUdp, startRawUnixgram } from './raw-datagram.js'
import { startRawStream } from './raw-stream.js'
import { CONTROL, type Running, type Setup, type Subject } from './subject.js'

/** Over the engine of @sock/native. */
const native: readonly Subject[] = [
  {
    name: 'native-callbacks',
    about: '@sock/* with callbacks, over the engine of @sock/native',
    transports: TRANSPORTS.filter((transport) => transport !== 'tls'),
    isExtra: true,
    start: startNativeCallbacks,
  },
  {
    name: 'native-for-await',
    about: '@sock/* with `for await`, over the engine of @sock/native',
    transports: TRANSPORTS.filter((transport) => transport !== 'tls'),
    isExtra: true,
    start: startNativeForAwait,
  },
]

/** All there are. Another engine, or another library, is one more entry. */
export const subjects: readonly Subject[] = [
  {
    name: CONTROL,
    about: 'node:net, node:tls, node:dgram, unix-dgram',
    transports: TRANSPORTS,
    start: startRaw,
  },
  { name: 'callbacks', about: '@sock/* with callbacks', transports: TRANSPORTS, start: startCallbacks },
  { name: 'for-await', about: '@sock/* with `for await`', transports: TRANSPORTS, start: startForAwait },
  {
    name: 'stream',
    about: '@sock/* with `connection.stream`',
    transports: STREAM_TRANSPORTS,
    start: startStreams,
  },
  // Where the addon is: Linux, and a compiler to build it.
  ...(nativeEngine === undefined ? [] : native),
]

function startRaw(setup: Setup): Promise<Running> {
  if (setup.transport === 'udp') return startRawUdp(setup)
  if (setup.transport === 'unixgram') return startRawUnixgram(setup)
  return startRawStream(setup)
}
