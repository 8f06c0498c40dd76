import type { DatagramChannel } from '@sock/core'
import { decode, encode, FrameError } from './frames.js'
import type { DatagramAct, Load } from './load.js'
import { pause } from './pause.js'
import { connectDatagramTo, isOwnEcho, type DatagramName } from './transports.js'

const SIZES = [0, 1, 64, 200, 1_000, 1_400, 8_000] as const
const MAX_DATAGRAMS = 20
/** Answers in a burst: more than a Unix socket takes at once, and than the native engine gathers. */
const BURST = [12, 40] as const
const MAX_BURSTS = 3
/** How long an answer may take, in ms, before the datagram is sent again, and how often that is done. */
const PATIENCE = 1_000
const MAX_TRIES = 4

/** Asks one thing at a time, and asks again when there is no answer: datagrams get lost when a server is started again. */
export const politeDatagram: DatagramAct = async (load, name, place) => {
  let channel: DatagramChannel
  try {
    channel = await connectDatagramTo(name, place, load)
  } catch {
    load.count(`${name} refused`)
    return
  }
  if (isOwnEcho(channel)) load.count(`${name} reached itself`)
  else await converse(load, name, channel)
  await channel.close()
}

async function converse(load: Load, name: DatagramName, channel: DatagramChannel): Promise<void> {
  const { random } = load
  const session = load.nextSession()
  const tally = { sent: 0, acknowledged: 0, received: 0 }
  let isExact = true
  load.count(`${name} sessions`)
  for (let bursts = random.integer(0, MAX_BURSTS); bursts > 0 && isExact; bursts -= 1) {
    isExact = await askMany(load, channel, session, (received) => (tally.received += received))
  }
  for (let sequence = 0, count = random.integer(1, MAX_DATAGRAMS); sequence < count; sequence += 1) {
    const length = random.pick(SIZES)
    const request = encode('data', session, sequence, length, random.pick(SIZES))
    const tries = await ask(load, channel, request, sequence, (received) => (tally.received += received))
    if (tries !== 1) isExact = false
    if (tries > 0) {
      tally.sent += length
      tally.acknowledged += length
    }
    if (random.chance(0.3)) await pause(random.integer(0, 30))
  }
  // With an answer that came late or not at all, nobody can say what is still on its way.
  load.report({ transport: name, session, ...tally, polite: true, end: isExact ? 'clean' : 'early' })
}

/** Asks for many answers at once. @returns whether all came */
async function askMany(
  load: Load,
  channel: DatagramChannel,
  session: number,
  took: (received: number) => void,
): Promise<boolean> {
  const count = load.random.integer(...BURST)
  let last = -1
  try {
    await channel.write(encode('burst', session, 0, 0, count))
    for (let left = count; left > 0; left -= 1) {
      const answer = await receive(channel, performance.now() + PATIENCE)
      if (answer === undefined) return false
      const { sequence, payload } = decode(answer)
      took(payload.length)
      // UDP may change the order itself.
      if (sequence <= last && channel.transport === 'unixgram')
        load.garbled(`${channel.transport}: answer ${sequence} of session ${session} came after ${last}`)
      last = sequence
    }
    return true
  } catch (error) {
    if (error instanceof FrameError) load.garbled(`${channel.transport}: ${error.message}`)
    return false
  }
}

/** @returns how often it had to be sent; 0 if there was no answer */
async function ask(
  load: Load,
  channel: DatagramChannel,
  request: Buffer,
  sequence: number,
  took: (received: number) => void,
): Promise<number> {
  for (let tries = 1; tries <= MAX_TRIES; tries += 1) {
    try {
      await channel.write(request)
      const until = performance.now() + PATIENCE
      for (let answer; (answer = await receive(channel, until)) !== undefined;) {
        const frame = decode(answer)
        took(frame.payload.length)
        if (frame.sequence === sequence) return tries
      }
    } catch (error) {
      if (error instanceof FrameError) load.garbled(`${channel.transport}: ${error.message}`)
      // Nobody listens at the moment.
      await pause(20)
    }
  }
  return 0
}

/** The read that an earlier call has left behind. */
const waiting = new WeakMap<DatagramChannel, Promise<Buffer | null>>()

/** @returns the next datagram; `undefined` if none came in time */
async function receive(channel: DatagramChannel, until: number): Promise<Buffer | undefined> {
  const reading = waiting.get(channel) ?? channel.read()
  waiting.set(channel, reading)
  const forget = (): boolean => waiting.delete(channel)
  reading.then(forget, forget)
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), Math.max(0, until - performance.now()))
  })
  try {
    return (await Promise.race([reading, late])) ?? undefined
  } finally {
    clearTimeout(timer)
  }
}
