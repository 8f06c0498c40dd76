// Ratios of @sock/* to raw node:net: the same traffic, both servers alive at once, rounds that alternate.
// `node ratios.mjs --help`. Throughput says what a client sees; CPU time is that of the server process alone, and does
// not depend on how fast the load generator is.
import { fork } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Command } from 'commander'
import unixDgram from 'unix-dgram'

const SUBJECTS = ['raw', 'callbacks', 'for-await']
/** Clock ticks per second of /proc/<pid>/stat: 100 on every Linux that matters (sysconf(_SC_CLK_TCK)). */
const TICKS = 100

const scenarios = {
  /** 50 connections, each sends 64 bytes and waits for them to come back. */
  async rr(address, milliseconds) {
    const message = Buffer.alloc(64, 1)
    const deadline = performance.now() + milliseconds
    const counts = await Promise.all(Array.from({ length: 50 }, () => pingPong(address, message, deadline)))
    return sum(counts)
  },

  /** 4 connections, each sends 64 KiB chunks, and then waits until all of them were read. Counts MiB. */
  async oneway(address, milliseconds) {
    const chunk = Buffer.alloc(64 * 1024, 0)
    const deadline = performance.now() + milliseconds
    const counts = await Promise.all(Array.from({ length: 4 }, () => push(address, chunk, deadline)))
    return sum(counts) / 16
  },

  /** 8 at a time: connect, send 64 bytes, get them back, close. */
  async connect(address, milliseconds) {
    const message = Buffer.alloc(64, 1)
    const deadline = performance.now() + milliseconds
    let count = 0
    const loop = async () => {
      while (performance.now() < deadline) {
        await echoOnce(address, message)
        count += 1
      }
    }
    await Promise.all(Array.from({ length: 8 }, loop))
    return count
  },
}

const datagramScenarios = {
  /** 8 clients, each sends 64 bytes and waits for them to come back. */
  rr: (address, milliseconds) => exchangeDatagrams(address, milliseconds, 8, Buffer.alloc(64, 1), 1),
  /** 2 clients, each sends some datagrams and waits until the last of them was read, so that none is lost. */
  'oneway-64': (address, milliseconds) =>
    exchangeDatagrams(address, milliseconds, 2, Buffer.alloc(64, 0), windowOf(address)),
  'oneway-1400': (address, milliseconds) =>
    exchangeDatagrams(address, milliseconds, 2, Buffer.alloc(1400, 0), windowOf(address)),
}

/** What fits the receiver's queue with two senders; that of a Unix datagram socket has 10 places (net.unix.max_dgram_qlen). */
const windowOf = ({ path }) => (path === undefined ? 16 : 4)

/** Counts datagrams sent. */
async function exchangeDatagrams(address, milliseconds, clients, message, window) {
  const deadline = performance.now() + milliseconds
  const last = Buffer.from(message)
  if (window > 1) last[last.length - 1] = 0xff
  const client = (_, index) =>
    new Promise((done, failed) => {
      let count = 0
      const answered = () => {
        if (performance.now() < deadline) send()
        else socket.close(() => done(count))
      }
      const socket =
        address.path === undefined ? udpClient(address, answered) : unixgramClient(address, index, answered)
      const send = () => {
        for (let sent = 1; sent < window; sent++) socket.send(message)
        socket.send(last)
        count += window
      }
      socket.failed(failed)
      socket.ready(send)
    })
  return sum(await Promise.all(Array.from({ length: clients }, client)))
}

function udpClient({ host, port }, answered) {
  const socket = createSocket('udp4', answered)
  return {
    send: (message) => socket.send(message),
    close: (closed) => socket.close(closed),
    failed: (failed) => socket.on('error', failed),
    ready: (send) => socket.connect(port, host, send),
  }
}

function unixgramClient({ path }, index, answered) {
  const socket = unixDgram.createSocket('unix_dgram', answered)
  const own = `${path}.${index}`
  return {
    send: (message) => socket.send(message),
    close(closed) {
      // Not from within its own callback: the module ends the process then.
      setImmediate(() => {
        socket.close()
        rmSync(own)
        closed()
      })
    },
    failed: (failed) => socket.on('error', failed).on('congestion', () => failed(new Error('queue is full'))),
    ready(send) {
      socket.bind(own)
      socket.connect(path)
      send()
    },
  }
}

function pingPong(address, message, deadline) {
  return new Promise((done, failed) => {
    const socket = connect({ ...address, noDelay: true }, () => socket.write(message))
    let count = 0
    let missing = message.length
    socket.on('error', failed)
    socket.on('close', () => done(count))
    socket.on('data', (chunk) => {
      missing -= chunk.length
      if (missing > 0) return
      if (missing < 0) failed(new Error('more came back than was sent'))
      missing = message.length
      count += 1
      if (performance.now() < deadline) socket.write(message)
      else socket.end()
    })
  })
}

function push(address, chunk, deadline) {
  return new Promise((done, failed) => {
    const socket = connect(address)
    let count = 0
    const more = () => {
      while (performance.now() < deadline) {
        count += 1
        if (!socket.write(chunk)) return
      }
      socket.off('drain', more)
      socket.write(Buffer.from([0, 0xff]))
    }
    socket.on('connect', more)
    socket.on('drain', more)
    socket.on('error', failed)
    socket.on('data', () => socket.end())
    socket.on('close', () => done(count))
  })
}

function echoOnce(address, message) {
  return new Promise((done, failed) => {
    const socket = connect({ ...address, noDelay: true }, () => socket.write(message))
    socket.on('error', failed)
    socket.on('data', () => socket.end())
    socket.on('close', done)
  })
}

/** Bytes of RSS per idle connection. */
async function memory(server, count) {
  // Loads the code, and little more: what the warm-up leaves of free heap would hide what connections need.
  await scenarios.connect(server.address, 20)
  const before = await server.memory()
  const sockets = []
  for (let index = 0; index < count; index++) {
    sockets.push(connect(server.address))
    if (index % 100 < 99) continue
    await new Promise((ready) => sockets.at(-1).once('connect', ready))
    // A Unix socket is connected before it is accepted: give the server the time, or its queue is full.
    await delay(5)
  }
  await delay(300)
  const after = await server.memory()
  for (const socket of sockets) socket.destroy()
  return { rss: (after.rss - before.rss) / count, heap: (after.heapUsed - before.heapUsed) / count }
}

/** Each server has a path of its own: the raw module leaves its file behind. */
let started = 0

async function start(subject, transport, folder, node) {
  const path = join(folder, `${++started}.sock`)
  const file = new URL('./subjects.mjs', import.meta.url)
  const isPath = transport.startsWith('unix')
  const target = isPath ? path : '127.0.0.1:0'
  const child = fork(file, [subject, transport, target], { execPath: node, execArgv: ['--expose-gc'] })
  const next = () => new Promise((got) => child.once('message', got))
  const { address } = await next()
  return {
    address: isPath ? { path } : { host: '127.0.0.1', port: address.port },
    cpu: () => cpuSeconds(child.pid),
    memory() {
      child.send('memory')
      return next().then((message) => message.memory)
    },
    stop() {
      const exited = new Promise((gone) => child.once('exit', gone))
      child.disconnect()
      return exited
    },
  }
}

/** proc_pid_stat(5): utime and stime are fields 14 and 15, counted after the name in parentheses. */
function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS
}

async function compare(transport, scenario, { rounds, seconds, node, subjects }, folder) {
  const load = (['udp', 'unixgram'].includes(transport) ? datagramScenarios : scenarios)[scenario]
  const servers = {}
  for (const subject of subjects) servers[subject] = await start(subject, transport, folder, node)
  const rates = Object.fromEntries(subjects.map((subject) => [subject, []]))
  const costs = Object.fromEntries(subjects.map((subject) => [subject, []]))
  for (let round = -1; round < rounds; round++) {
    // Each round in another order, so that none is always the first.
    for (const subject of round % 2 === 0 ? subjects : subjects.toReversed()) {
      const { address, cpu } = servers[subject]
      const cpuBefore = cpu()
      const since = performance.now()
      const count = await load(address, seconds * 1000)
      const rate = count / ((performance.now() - since) / 1000)
      // Round -1 warms up.
      if (round < 0) continue
      rates[subject].push(rate)
      costs[subject].push((cpu() - cpuBefore) / count)
    }
  }
  await Promise.all(Object.values(servers).map((server) => server.stop()))
  for (const subject of subjects.filter((name) => name !== 'raw')) {
    const throughput = rates[subject].map((rate, round) => rate / rates.raw[round])
    const cpu = costs[subject].map((cost, round) => cost / costs.raw[round])
    report(`${transport} ${scenario}`, subject, {
      'rate × raw': spread(throughput),
      'CPU × raw': spread(cpu),
      'raw per s': median(rates.raw).toFixed(0),
    })
  }
}

async function compareMemory(transport, { node, subjects, connections }, folder) {
  const bytes = {}
  for (const subject of subjects) {
    const server = await start(subject, transport, folder, node)
    bytes[subject] = await memory(server, connections)
    await server.stop()
  }
  for (const subject of subjects.filter((name) => name !== 'raw')) {
    report(`${transport} memory`, subject, {
      'RSS × raw': (bytes[subject].rss / bytes.raw.rss).toFixed(3),
      'heap × raw': (bytes[subject].heap / bytes.raw.heap).toFixed(3),
      RSS: `${bytes[subject].rss.toFixed(0)} (raw ${bytes.raw.rss.toFixed(0)}) B`,
      heap: `${bytes[subject].heap.toFixed(0)} (raw ${bytes.raw.heap.toFixed(0)}) B`,
    })
  }
}

function report(row, subject, values) {
  const cells = Object.entries(values).map(([name, value]) => `${name} ${value}`)
  console.log(`${row.padEnd(14)} ${subject.padEnd(10)} ${cells.join('   ')}`)
}

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0)
const sorted = (numbers) => numbers.toSorted((a, b) => a - b)
const median = (numbers) => sorted(numbers)[Math.floor(numbers.length / 2)]
const spread = (numbers) =>
  `${median(numbers).toFixed(3)} [${sorted(numbers)[0].toFixed(3)}, ${sorted(numbers).at(-1).toFixed(3)}]`

const program = new Command('ratios')
  .description('Ratios of @sock/* to raw node:net, node:dgram and unix-dgram, in rounds that alternate')
  .option('--only <rows>', 'rows to measure, such as tcp/rr,unix/memory')
  .option('--rounds <count>', 'rounds per row', Number, 7)
  .option('--seconds <count>', 'length of a round per subject', Number, 1)
  .option('--connections <count>', 'idle connections for the memory row', Number, 10_000)
  .option('--subjects <names>', 'subjects beside raw', (text) => ['raw', ...text.split(',')], SUBJECTS)
  .option('--node <binary>', 'Node for the servers', process.execPath)
  .parse()
const options = program.opts()

const rows = [
  ...['tcp', 'unix'].flatMap((transport) =>
    ['rr', 'oneway', 'connect', 'memory'].map((scenario) => `${transport}/${scenario}`),
  ),
  ...['udp', 'unixgram'].flatMap((transport) =>
    Object.keys(datagramScenarios).map((scenario) => `${transport}/${scenario}`),
  ),
]
const chosen = options.only?.split(',') ?? rows
const folder = await mkdtemp(join(tmpdir(), 'sock-bench-'))
try {
  for (const row of chosen) {
    if (!rows.includes(row)) program.error(`unknown row "${row}": there are ${rows.join(', ')}`)
    const [transport, scenario] = row.split('/')
    if (scenario === 'memory') await compareMemory(transport, options, folder)
    else await compare(transport, scenario, options, folder)
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}
