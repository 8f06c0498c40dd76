import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '../../checks/bootstrap/child.mjs'
import { Failure } from '../../checks/bootstrap/failure.mjs'
import { inRoot } from '../../checks/bootstrap/workspace.mjs'

/** Small messages are answered one at a time on each connection, large ones go one way. */
const ROWS = [
  { transport: 'tcp', bytes: 64, messages: 20_000, connections: 50 },
  { transport: 'unix', bytes: 64, messages: 20_000, connections: 50 },
  { transport: 'tcp', bytes: 65_536, messages: 5_000, connections: 1 },
  { transport: 'unix', bytes: 65_536, messages: 5_000, connections: 1 },
  { transport: 'udp', bytes: 64, messages: 20_000, connections: 50 },
  { transport: 'unixgram', bytes: 64, messages: 20_000, connections: 50 },
  { transport: 'udp', bytes: 1_400, messages: 20_000, connections: 1 },
  { transport: 'unixgram', bytes: 1_400, messages: 20_000, connections: 1 },
]
const PROGRAMS = inRoot('tools/release/binaries/programs')

/** Prints as a table of Markdown how many system calls a server makes per message, with either engine. */
export async function countSyscalls() {
  if ((await run('strace', ['--version'])).code !== 0)
    throw new Failure("Cannot count system calls: there is no strace, which Debian's package strace brings")
  console.log('| Row | Node | Native | Native: most of them |\n| --- | ---: | ---: | --- |')
  for (const row of ROWS) {
    const [node, native] = [await count(row, 'node'), await count(row, 'native')]
    const way = row.bytes > 64 ? 'one way' : `${row.connections} connections, request and answer`
    const name = `${row.transport}, ${row.bytes} bytes, ${way}`
    console.log(`| ${name} | ${node.total} | ${native.total} | ${native.calls} |`)
  }
}

async function count({ transport, bytes, messages, connections }, engine) {
  const folder = mkdtempSync(join(tmpdir(), 'sock-syscalls-'))
  const server = fork(join(PROGRAMS, 'echo-server.mjs'), [transport, engine, folder])
  try {
    const [address] = await once(server, 'message')
    const summary = join(folder, 'summary')
    const strace = spawn('strace', ['-f', '-c', '-o', summary, '-p', `${server.pid}`])
    await once(strace.stderr, 'data')
    const client = join(PROGRAMS, 'echo-client.mjs')
    const args = [client, transport, address, bytes, messages, connections].map(String)
    const { code, output } = await run(process.execPath, args)
    // Attached to the end, so that what is still on its way counts as well.
    strace.kill('SIGINT')
    await once(strace, 'close')
    if (code !== 0) throw new Failure(`Cannot load a server over ${transport}`, output)
    server.send('report')
    const [got] = await once(server, 'message')
    const units =
      bytes > 64 && transport !== 'udp' && transport !== 'unixgram' ? got.bytes / bytes : got.messages
    return perMessage(readFileSync(summary, 'utf8'), units)
  } finally {
    server.kill()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** From the table that `strace -c` writes: calls and names are the fourth column and the last. */
function perMessage(summary, messages) {
  const rows = summary
    .split('\n')
    .map((line) => line.trim().split(/ +/))
    .filter((row) => /^\d+\.\d+$/.test(row[0]))
    .map((row) => ({ name: row.at(-1), calls: Number(row[3]) / messages }))
  const all = rows.find(({ name }) => name === 'total')
  const most = rows.filter((row) => row !== all).toSorted((one, other) => other.calls - one.calls)
  return {
    total: all.calls.toFixed(2),
    calls: most
      .slice(0, 4)
      .map(({ name, calls }) => `${name} ${calls.toFixed(2)}`)
      .join(', '),
  }
}
