import { lengthPrefixed, type Codec } from '../../src/index.js'

/** A packet of MQTT: a byte with its type and flags, then the length of the rest as a varint, and the rest. */
export interface Packet {
  readonly type: number
  readonly body: Buffer
}

const rest = lengthPrefixed({ bytes: 'varint' })

/** A codec of a program, around one of this package. */
export const mqtt: Codec<Packet> = {
  decoder() {
    const decoder = rest.decoder()
    let type: number | undefined
    return {
      get bufferedBytes() {
        return (type === undefined ? 0 : 1) + (decoder.bufferedBytes ?? 0)
      },
      push(chunk, emit, from) {
        for (let at = from; at < chunk.length;) {
          if (type === undefined) {
            type = chunk[at] as number
            at += 1
          }
          let packet: Packet | undefined
          const take = (body: Buffer): boolean => {
            packet = { type: type as number, body }
            return false
          }
          at = decoder.push(chunk, take, at) as number
          if (packet === undefined) continue
          type = undefined
          if (!emit(packet)) return at
        }
        return chunk.length
      },
      end: (emit) => decoder.end((body) => emit({ type: type as number, body })),
    }
  },
  encode: ({ type, body }) => [Buffer.from([type]), ...[rest.encode(body)].flat()],
}
