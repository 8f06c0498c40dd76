import { expect } from '@jest/globals'
import { runTool } from '@sock/test-support/programs'
import { later } from '@sock/test-support/resources'
import { until } from '@sock/test-support/wait'
import { createCertificate } from '@sock/tools/certificate'
import { createFolder } from '@sock/tools/folder'
import { Aedes } from 'aedes'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import ssh2, { type AuthContext } from 'ssh2'
import { mqttClient, sendMail, sshClient } from '../../src/clients.js'
import { mqttHandler } from '../../src/mqtt.js'
import { smtpHandler } from '../../src/smtp.js'
import { sshHandler } from '../../src/ssh.js'
import { serve, type Ground, type Options, type Running } from '../support/grounds.js'
import type { Row } from '../support/row.js'

/** A broker of MQTT, closed after the test. */
export async function serveMqtt(ground: Ground, options: Options = {}): Promise<Running & { broker: Aedes }> {
  const broker = await Aedes.createBroker()
  const running = await serve(ground, mqttHandler(broker), options)
  later(() => new Promise<void>((resolve) => broker.close(resolve)))
  return { ...running, broker }
}

/** What mosquitto_pub needs to reach a server of ours. */
function mosquittoArguments({ ground, path, port, caFile }: Running): string[] {
  if (ground.isUnix) return ['--unix', path]
  return ['-h', 'localhost', '-p', `${port}`, ...(ground.isSecure ? ['--cafile', caFile] : [])]
}

const hostKey = createKey()
const userKey = createKey()
const known = ssh2.utils.parseKey(userKey.public) as ssh2.ParsedKey

/** About one of 200 keys that ssh2 generates can be read by nobody, itself included. */
function createKey(): ReturnType<typeof ssh2.utils.generateKeyPairSync> {
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync('ed25519')
    if (!(ssh2.utils.parseKey(pair.private) instanceof Error)) return pair
  }
}

/** Whether the client has proved that it has the key of the user. */
function isUser(context: AuthContext): boolean {
  if (context.method !== 'publickey') return false
  const { key, signature, blob, hashAlgo } = context
  if (!key.data.equals(known.getPublicSSH())) return false
  // Without a signature the client only asks whether the key would do.
  return signature === undefined || (blob !== undefined && known.verify(blob, signature, hashAlgo))
}

/** A server of SSH that answers a command with itself in capitals; `cat` sends back what comes. */
export function createSsh(): ReturnType<typeof sshHandler> {
  const ssh = new ssh2.Server({ hostKeys: [hostKey.private] }, (client) => {
    client.on('authentication', (context) => {
      if (isUser(context)) context.accept()
      else context.reject(['publickey'])
    })
    client.on('session', (accept) => {
      accept().on('exec', (acceptExec, _reject, { command }) => {
        const channel = acceptExec()
        if (command === 'cat') {
          channel.pipe(channel)
          return
        }
        channel.write(`${command.toUpperCase()}\n`)
        channel.exit(0)
        channel.end()
      })
    })
    client.on('error', () => {})
  })
  return sshHandler(ssh)
}

/** A command that connects standard input and output with a server of ours. */
function relay({ ground, path, port, caFile }: Running): string {
  if (ground.isUnix) return `socat - UNIX-CONNECT:${path}`
  return ground.isSecure
    ? `socat - OPENSSL:127.0.0.1:${port},cafile=${caFile},commonname=localhost`
    : `socat - TCP:127.0.0.1:${port}`
}

/** The arguments of OpenSSH's client up to the command. */
export function sshArguments(running: Running): string[] {
  const folder = createFolder('ssh')
  later(() => folder.remove())
  const key = folder.next()
  const hosts = folder.next()
  writeFileSync(key, userKey.private, { mode: 0o600 })
  writeFileSync(hosts, `localhost ${hostKey.public}\n`)
  const options = {
    ProxyCommand: relay(running),
    UserKnownHostsFile: hosts,
    GlobalKnownHostsFile: '/dev/null',
    StrictHostKeyChecking: 'yes',
    IdentitiesOnly: 'yes',
    BatchMode: 'yes',
    LogLevel: 'ERROR',
  }
  const flags = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`])
  return ['-F', '/dev/null', '-i', key, ...flags, 'test@localhost']
}

async function run(client: ssh2.Client, command: string): Promise<string> {
  const channel = await new Promise<ssh2.ClientChannel>((resolve, reject) =>
    client.exec(command, (error, opened) => (error ? reject(error) : resolve(opened))),
  )
  let output = ''
  for await (const chunk of channel) output += String(chunk)
  return output
}

/** Sends a mail, and tells what came, and whether it came encrypted. */
async function mail(ground: Ground, startTls: boolean): Promise<{ text: string; secure: boolean }> {
  let got = { text: '', secure: false }
  const running = await serve(
    ground,
    smtpHandler({
      ...(await createCertificate()),
      // Encrypted by our server already.
      secure: ground.isSecure,
      secured: ground.isSecure,
      hideSTARTTLS: !startTls,
      logger: false,
      onData(stream, { secure }, callback) {
        let text = ''
        stream.on('data', (chunk: Buffer) => (text += String(chunk)))
        stream.on('end', () => {
          got = { text, secure }
          callback()
        })
      },
    }),
  )
  await sendMail(running.dial, { from: 'a@example.test', to: 'b@example.test', text: 'hello' })
  await until(() => running.server.openConnections === 0, 'the connection is closed')
  expect(running.errors).toEqual([])
  return got
}

export const sessionRows: readonly Row[] = [
  {
    name: 'aedes takes what mqtt.js publishes, and sends it to its subscriber',
    async test(ground) {
      const running = await serveMqtt(ground)
      const client = await mqttClient(running.dial)
      later(() => client.end(true))
      await once(client as never, 'connect')
      await client.subscribeAsync('news')
      const message = once(client as never, 'message')
      await client.publishAsync('news', 'hello', { qos: 1 })
      expect(String((await message)[1])).toBe('hello')
      await client.endAsync()
      await until(() => running.server.openConnections === 0, 'the connection is closed')
      expect(running.errors).toEqual([])
    },
  },
  {
    name: 'aedes takes what mosquitto_pub publishes',
    needs: ['mosquitto_pub'],
    async test(ground) {
      const running = await serveMqtt(ground)
      const seen: string[] = []
      await new Promise<void>((resolve) =>
        running.broker.subscribe(
          'news',
          ({ payload }, done) => {
            seen.push(String(payload))
            done()
          },
          resolve,
        ),
      )
      const args = [...mosquittoArguments(running), '-q', '1', '-t', 'news', '-m', 'hello']
      expect(await runTool('mosquitto_pub', args)).toEqual({ code: 0, stdout: '', stderr: '' })
      await until(() => seen.includes('hello'), 'the message has come')
      await until(() => running.server.openConnections === 0, 'the connection is closed')
      expect(running.errors).toEqual([])
    },
  },
  {
    name: 'ssh2 runs a command for its own client',
    async test(ground) {
      const running = await serve(ground, createSsh().handler)
      const client = await sshClient(running.dial, userKey.private)
      later(() => client.destroy())
      await once(client, 'ready')
      expect(await run(client, 'hello')).toBe('HELLO\n')
      client.end()
      await until(() => running.server.openConnections === 0, 'the connection is closed')
      expect(running.errors).toEqual([])
    },
  },
  {
    name: "ssh2 runs a command for OpenSSH's client",
    needs: ['ssh', 'socat'],
    async test(ground) {
      const running = await serve(ground, createSsh().handler)
      const result = await runTool('ssh', [...sshArguments(running), 'hello'])
      expect(result).toMatchObject({ code: 0, stdout: 'HELLO\n' })
      await until(() => running.server.openConnections === 0, 'the connection is closed')
      expect(running.errors).toEqual([])
    },
  },
  {
    name: 'smtp-server takes a mail of nodemailer',
    async test(ground) {
      const { text, secure } = await mail(ground, false)
      expect(text).toMatch(/^From: a@example.test\r$[^]*\r\n\r\nhello\r\n$/m)
      expect(secure).toBe(ground.isSecure)
    },
  },
  {
    name: 'smtp-server and nodemailer encrypt with STARTTLS',
    async test(ground) {
      const { text, secure } = await mail(ground, !ground.isSecure)
      expect(text).toMatch(/hello/)
      expect(secure).toBe(true)
    },
  },
]
