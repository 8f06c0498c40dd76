import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server as RawServer, type Socket } from 'node:net'
import {
  isSockError,
  type Address,
  type Channel,
  type Connection,
  type ConnectionEvent,
  type DatagramChannel,
  type Handler,
  type Server,
} from '@sock/core'
import { framed, frames, type Codec, type FrameOptions, type FramedChannel } from '@sock/framing'
import { isStream, type DatagramName, type StreamName } from '@sock/tools/transports'
import type { Means } from '../world/means.js'
import { rest, until } from '../world/pace.js'
import { never, NO_CONNECTION, oneOf, Oops, type Pledges } from '../world/pledges.js'
import { createCodec } from './codecs.js'
import { FramedEnd, show } from './end.js'
import { Feed } from './feed.js'
import { isConnection, LEAVE, piecesOf, readAll, sourceOf, type Reading } from './handlers.js'
import { DatagramPeer, dialRaw, StreamPeer } from './peers.js'
import { isOfServer, type Act, type FrameProgram, type Outcome, type Verb } from './program.js'
import { SharedEnd } from './shared-end.js'

type Framed = FramedChannel<unknown, never>

/** The errors of operations after a connection has ended, and of messages that a codec refuses. */
const OVER = oneOf(
  'ERR_SOCK_CLOSED',
  'ERR_SOCK_RESET',
  'ERR_SOCK_DRAINING',
  'ERR_SOCK_FRAME_MALFORMED',
  'ERR_SOCK_FRAME_TOO_LARGE',
  'ERR_SOCK_FRAME_INCOMPLETE',
  'ERR_SOCK_MESSAGE_TOO_LARGE',
  'ERR_SOCK_BACKPRESSURE',
  'ECONNREFUSED',
  'ENOENT',
  'ECONNRESET',
)

/** One server, or some clients, with framed ends; and the peers that send to them. */
export class Stage {
  readonly ends: FramedEnd[] = []
  readonly shared: SharedEnd | undefined
  readonly peers: (StreamPeer | DatagramPeer)[] = []
  readonly #program: FrameProgram
  readonly #means: Means
  readonly #pledges: Pledges
  readonly #codec: Codec<unknown, never> | undefined
  readonly #options: FrameOptions
  readonly #outcomes: Outcome[]
  readonly #byId = new Map<number, FramedEnd>()
  readonly #server: Server | undefined
  readonly #raw: RawServer | undefined
  #address: Address | undefined
  /** Peers connect one after the other, so that each end knows its peer. */
  #coming: Feed | undefined
  /** From then on, handlers do nothing with frames. */
  #isEnding = false
  isStopped = false

  constructor(program: FrameProgram, means: Means, pledges: Pledges) {
    const { codec, transport, form, frameTimeout } = program
    this.#program = program
    this.#means = means
    this.#pledges = pledges
    this.#outcomes = [...program.outcomes]
    this.#codec = codec.kind === 'pieces' ? undefined : createCodec(codec, (fault) => pledges.fault(fault))
    this.#options = frameTimeout === undefined ? {} : { frameTimeout }
    if (!isStream(transport)) {
      this.shared = new SharedEnd(program)
      this.#server = means.datagramServer(transport, this.#handler(), () => {})
    } else if (form === 'client') this.#raw = createServer({ allowHalfOpen: true, noDelay: true })
    else
      this.#server = means.streamServer(transport, this.#handler(), { drainIdle: 0 }, (_name, done) =>
        done(null),
      )
    this.#server?.on('connection', (event) => this.#observe(event))
    this.#server?.on('error', (error, channel) => pledges.guard(() => this.#reported(error, channel)))
  }

  async listen(): Promise<void> {
    const { transport } = this.#program
    const target = this.#means.target(transport === 'tls' ? 'tcp' : transport)
    if (this.#server !== undefined) {
      this.#address = await this.#server.listen(target)
      return
    }
    const raw = this.#raw as RawServer
    const [host, port] = target.split(':')
    raw.listen(port === undefined ? { path: target } : { host, port: Number(port) })
    await once(raw, 'listening')
    const bound = raw.address()
    this.#address = (typeof bound === 'string' ? bound : `${host}:${bound?.port}`) as never
  }

  // The reading ends.

  #observe({ id, state, reason }: ConnectionEvent): void {
    if (this.shared !== undefined) return
    if (state === 'new') this.#enter(id)
    if (state === 'close') this.#pledges.guard(() => this.#byId.get(id)?.closed(reason))
  }

  #enter(id: number): FramedEnd {
    const feed = this.#coming ?? new Feed(this.#program.codec)
    this.#coming = undefined
    const end = new FramedEnd(`end ${this.ends.length}`, feed, this.#program)
    if (this.isStopped) end.hurtBy('its server is stopped')
    this.ends.push(end)
    this.#byId.set(id, end)
    return end
  }

  #reported(error: Error, channel: Channel | undefined): void {
    if (isSockError(error, 'ERR_SOCK_SHUTDOWN_TIMEOUT')) return
    if (this.shared !== undefined) this.shared.reported(error)
    else if (channel !== undefined) this.#endOf(channel).reported(error)
    else assert.ok(this.#program.transport === 'tls', `reported of nobody: ${String(error.stack)}`)
  }

  #endOf(channel: Channel): FramedEnd {
    const end = this.#byId.get(channel.id)
    assert.ok(end !== undefined, 'a callback of an unknown connection')
    return end
  }

  #handler(): Handler | object {
    const { form, hasEnd, swallows, codec } = this.#program
    if (codec.kind === 'pieces')
      return (channel: Channel) =>
        readAll(piecesOf(channel, codec, this.#program), this.#readingOf(channel), swallows)
    const known = this.#codec as Codec<unknown, never>
    if (form === 'frames')
      return (channel: Channel) => {
        // On a datagram socket, each run of the handler has a new one.
        this.shared?.dropRest()
        return this.#read(frames(channel, known, this.#options))
      }
    if (form !== 'message') return framed(known, (peer) => this.#read(peer), this.#options)
    return framed(
      known,
      {
        open: (peer) => void this.#meet(peer),
        message: (peer, frame) => this.#message(peer, frame) as void,
        ...(hasEnd && { end: (peer: Framed) => this.#ended(peer) }),
        close: (peer) => void this.#meet(peer),
      },
      this.#options,
    )
  }

  #meet(peer: Framed): FramedEnd | undefined {
    if (!isConnection(peer.channel)) return undefined
    const end = this.#endOf(peer.channel)
    end.channel = peer.channel
    end.peer = peer
    return end
  }

  #read(peer: Framed): Promise<void> {
    const end = this.#meet(peer)
    return readAll(
      sourceOf(peer, this.#program, end !== undefined),
      this.#readingOf(peer.channel, peer),
      this.#program.swallows,
    )
  }

  /** @param peer missing with `reader()` */
  #readingOf(channel: Channel, peer?: Framed): Reading {
    const { shared } = this
    const end = isConnection(channel) ? this.#endOf(channel) : undefined
    if (end !== undefined) end.channel = channel as Connection
    const judge = end ?? (shared as SharedEnd)
    const guard = (check: () => void): void => this.#pledges.guard(check)
    return {
      get mayRead() {
        return end?.stopped === undefined
      },
      frame: (frame, mayRead) => {
        guard(() => {
          if (end === undefined) shared?.given(frame, channel as DatagramChannel)
          else if (mayRead) end.read(frame)
          else end.given(frame)
        })
        return this.#act(channel, peer, frame)
      },
      end: () => guard(() => end?.ended()),
      broke: (error) => {
        let isOfFrame = false
        guard(() => (isOfFrame = judge.broke(error)))
        return isOfFrame && end?.stopped === undefined
      },
      readAgain: (result, first) =>
        guard(() => {
          if ('value' in result) assert.fail(`a read gave ${show(result.value)} after ${String(first)}`)
          assert.equal(result.error, first, 'a later read failed with another error')
        }),
      working: (isWorking) => {
        if (end !== undefined) end.isWorking = isWorking
      },
    }
  }

  #message(peer: Framed, frame: unknown): unknown {
    const end = this.#meet(peer)
    this.#pledges.guard(() => {
      if (end === undefined) this.shared?.given(frame, peer.channel as unknown as DatagramChannel)
      else {
        assert.ok(!end.isWorking, `${end.name} was given a frame while it works on one`)
        end.given(frame)
      }
    })
    const result = this.#act(peer.channel, peer, frame)
    if (end === undefined || !(result instanceof Promise)) return result === LEAVE ? undefined : result
    end.isWorking = true
    return result.finally(() => (end.isWorking = false))
  }

  #ended(peer: Framed): void {
    const end = this.#meet(peer)
    this.#pledges.guard(() => end?.ended())
    this.#keep('close()', peer.close())
  }

  // What handlers do.

  /** @returns what the handler returns; may throw */
  #act(channel: Channel, peer: Framed | undefined, frame: unknown): unknown {
    const end = this.#byId.get(channel.id)
    const owner = end ?? (this.shared as SharedEnd)
    const outcome = this.#isEnding ? 'nothing' : (this.#outcomes.shift() ?? 'nothing')
    const fail = (): Oops => {
      end?.stop('its handler failed')
      if (end === undefined) owner.hurt ??= 'its handler failed'
      this.shared?.dropRest()
      return new Oops('the handler fails')
    }
    switch (outcome) {
      case 'null':
        return null
      case 'zero':
        return 0
      case 'false':
        return false
      case 'object':
        return {}
      case 'promise':
        return Promise.resolve()
      case 'late':
        return this.#later(frame, rest('turns'))
      case 'gated':
        return this.#later(frame, new Promise<void>((resolve) => owner.go.push(resolve)))
      case 'write':
        return this.#answer(channel, peer, frame)
      case 'write on':
        void this.#answer(channel, peer, frame)
        return undefined
      case 'refused write':
        // Nobody awaits it.
        void peer?.write(5 as never)
        return undefined
      case 'throws':
        throw fail()
      case 'rejects':
        return Promise.reject(fail())
      case 'leave':
        if (this.#program.form === 'message') return undefined
        end?.stop('its handler returned')
        if (this.#program.form === 'frames') this.shared?.dropRest()
        return LEAVE
      case 'nothing':
        return undefined
      default:
        if (isOfServer(outcome)) this.#doServer(outcome)
        else if (end !== undefined) this.#doEnd(end, outcome)
        else if (outcome === 'close' && peer !== undefined) {
          this.shared?.dropRest()
          this.#keep('close()', peer.close())
        }
        return undefined
    }
  }

  /** A frame must not change while its handler waits. */
  async #later(frame: unknown, waiting: Promise<void>): Promise<void> {
    const copy = Buffer.isBuffer(frame) ? Buffer.from(frame) : undefined
    await waiting
    if (copy === undefined) return
    this.#pledges.guard(() =>
      assert.ok(copy.equals(frame as Buffer), 'a frame has changed while its handler works'),
    )
  }

  /** Answers with the frame. On datagrams, it says whose it is. */
  async #answer(channel: Channel, peer: Framed | undefined, frame: unknown): Promise<void> {
    const bytes = typeof frame === 'string' ? Buffer.from(frame, 'latin1') : Buffer.from(frame as Buffer)
    if (!isConnection(channel) && !/^p\d+\//.test(bytes.toString('latin1'))) return
    const writing = peer === undefined ? channel.write(bytes) : peer.write(bytes as never)
    this.#keep('write()', writing)
    await writing.catch(() => {})
  }

  #doEnd(end: FramedEnd, verb: Outcome | Verb): void {
    const { channel, peer } = end
    if (channel === undefined) return
    if (verb === 'close' || verb === 'channel.close') {
      end.stop(verb)
      this.#keep(verb, (verb === 'close' ? (peer ?? channel) : channel).close())
    } else if (verb === 'destroy' || verb === 'fail') {
      end.stop(verb)
      channel.destroy(verb === 'fail' ? new Oops('the model resets') : undefined)
    } else if (verb === 'closeRead') {
      end.stop(verb)
      channel.closeRead()
    } else if (verb === 'busy' || verb === 'not busy') {
      end.busy = verb === 'busy'
      channel.busy = end.busy
    } else if (verb === 'resume') this.#release(end)
  }

  #release(owner: { go: (() => void)[] }): void {
    for (const go of owner.go.splice(0)) go()
  }

  // Acts from outside.

  async perform(acts: readonly Act[]): Promise<void> {
    for (const act of acts) {
      const peer = this.peers[act.which % Math.max(1, this.peers.length)]
      const end = this.ends[act.which % Math.max(1, this.ends.length)]
      const { verb } = act
      if (isOfServer(verb)) this.#doServer(verb)
      else if (verb === 'connect') await this.connect()
      else if (verb === 'send') peer?.send(act)
      else if (verb === 'rest') peer?.sendRest()
      else if (verb === 'end' || verb === 'reset' || verb === 'drop') this.#break(peer, verb)
      else if (end !== undefined) this.#doEnd(end, verb)
      else if (this.shared !== undefined && verb === 'resume') this.#release(this.shared)
    }
  }

  #break(peer: StreamPeer | DatagramPeer | undefined, verb: 'end' | 'reset' | 'drop'): void {
    if (peer instanceof DatagramPeer) {
      if (verb !== 'drop') return
      // It may close before the system has taken its datagrams.
      if (this.shared !== undefined) this.shared.hurt ??= 'a client has left'
      peer.destroy()
    } else if (peer !== undefined) {
      if (verb === 'end') return peer.end()
      this.ends.find(({ feed }) => feed === peer.feed)?.hurtBy('its peer has gone')
      if (verb === 'reset') peer.reset(this.#program.transport === 'tcp')
      else peer.drop()
    }
  }

  async connect(): Promise<void> {
    const { transport, form, codec } = this.#program
    const address = this.#address
    if (address === undefined || this.isStopped) return
    const feed = new Feed(codec)
    if (!isStream(transport)) await this.#connectDatagrams(transport, address)
    else if (form === 'client') await this.#connectClient(transport, address, feed)
    else {
      this.#coming = feed
      const peer = await dialRaw(feed, address, transport === 'tls' ? this.#means.authorities : undefined)
      if (peer === undefined) return
      this.peers.push(peer)
      await until(
        () => this.#coming !== feed || this.isStopped || peer.isOver,
        PATIENCE,
        'a connection is not seen',
      )
    }
  }

  async #connectDatagrams(transport: DatagramName, address: Address): Promise<void> {
    const name = `p${this.peers.length}`
    const channel = await this.#means.dialDatagram(transport, address).catch((error: unknown) => {
      NO_CONNECTION(error)
      return undefined
    })
    if (channel === undefined) return
    this.peers.push(
      new DatagramPeer(name, channel, this.#program.codec, this.#pledges, (from, who, datagram) =>
        this.shared?.sent(from, who, datagram),
      ),
    )
  }

  /** Connects a client of the library to a socket of Node. */
  async #connectClient(transport: StreamName, address: Address, feed: Feed): Promise<void> {
    this.#coming = feed
    const accepted = once(this.#raw as RawServer, 'connection')
    let end: FramedEnd | undefined
    const onState = ({ id, state, reason }: ConnectionEvent): void => {
      if (state === 'new') end = this.#enter(id)
      if (state === 'close') this.#pledges.guard(() => end?.closed(reason))
    }
    const connection = await this.#means.dial(transport === 'tls' ? 'tcp' : transport, address, { onState })
    const [socket] = (await accepted) as [Socket]
    this.peers.push(new StreamPeer(feed, socket))
    const run = async (): Promise<void> => {
      try {
        await this.#read(frames(connection, this.#codec as Codec<unknown, never>, this.#options))
      } catch (error) {
        if (error instanceof Oops) connection.destroy(error)
        // If the codec has no decoder, frames() itself throws.
        else this.#pledges.guard(() => end?.broke(error))
      } finally {
        if (end?.sawEnd !== true && end?.failure === undefined) end?.stop('its program has ended')
        this.#keep('close() of a client', connection.close())
      }
    }
    this.#pledges.keep('a client', run(), () => {}, never)
  }

  // The server.

  #doServer(verb: 'shut down' | 'shut down at once' | 'close server'): void {
    const server = this.#server
    if (server === undefined || this.#isEnding) return
    const isForced = verb !== 'shut down'
    for (const end of this.ends) {
      if (isForced) end.hurtBy('its server was closed')
      else if (!this.isStopped) end.drain()
    }
    if (this.shared !== undefined) this.shared.hurt ??= 'its server was stopped'
    this.isStopped = true
    if (verb === 'close server') this.#keep('close() of the server', server.close())
    else this.#shutDown(isForced ? 0 : undefined)
  }

  #shutDown(timeout?: number): void {
    const given = timeout === undefined ? { signal: new AbortController().signal } : { timeout }
    const server = this.#server as Server
    this.#pledges.keep('shutdown()', server.shutdown(given), () => {}, oneOf('ERR_SOCK_SHUTDOWN_TIMEOUT'))
  }

  #keep(what: string, promise: Promise<unknown>): void {
    this.#pledges.keep(what, promise, () => {}, OVER)
  }

  check(): void {
    for (const end of this.ends) end.check()
  }

  // The end.

  /** Lets handlers go on, and then ends everything in order. @param waits whether incomplete frames have to fail first */
  async endGently(waits: boolean, patience: number): Promise<void> {
    this.#isEnding = true
    for (const end of this.ends) {
      if (end.busy !== undefined && end.channel !== undefined) {
        this.check()
        end.busy = undefined
        end.channel.busy = false
      }
    }
    await this.#letGo(() => true, patience, '')
    if (waits)
      await this.#letGo(() => this.ends.every((end) => !this.#mustBeLate(end)), patience, 'no frame is late')
    for (const peer of this.peers) {
      peer.sendRest()
      if (peer instanceof StreamPeer) peer.end()
    }
    const late = (): string => this.ends.flatMap(({ isOver, name }) => (isOver ? [] : name)).join(', ')
    await this.#letGo(
      () => late() === '',
      patience,
      () => `never came to an end: ${late()}`,
    )
    const { shared } = this
    if (shared !== undefined)
      await this.#letGo(() => shared.hurt !== undefined || shared.hasAll, patience, 'datagrams are missing')
  }

  #mustBeLate({ feed, hurt, failure, isOver, stopped }: FramedEnd): boolean {
    const isFree = hurt === undefined && stopped === undefined && failure === undefined && !isOver
    return isFree && feed.isPartial
  }

  async #letGo(isSo: () => boolean, patience: number, complaint: string | (() => string)): Promise<void> {
    const check = (): boolean => {
      for (const owner of [...this.ends, ...(this.shared ? [this.shared] : [])]) this.#release(owner)
      return isSo()
    }
    await until(check, patience, complaint)
  }

  async close(): Promise<void> {
    this.#isEnding = true
    for (const end of this.ends) end.hurtBy('the end')
    if (this.shared !== undefined) this.shared.hurt ??= 'the end'
    this.isStopped = true
    for (const owner of [...this.ends, ...(this.shared ? [this.shared] : [])]) this.#release(owner)
    for (const peer of this.peers) peer.destroy()
    for (const end of this.ends) if (this.#raw !== undefined) end.channel?.destroy()
    if (this.#raw?.listening === true) {
      this.#raw.close()
      await once(this.#raw, 'close')
    }
    this.#keep('close() of the server', this.#server?.close() ?? Promise.resolve())
  }
}

/** In ms: until a connection is seen. */
const PATIENCE = 15_000
