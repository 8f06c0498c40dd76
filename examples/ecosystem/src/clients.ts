import type { Connection, ConnectionStream } from '@sock/core'
import { AbstractConnector, Redis } from 'ioredis'
import { MqttClient } from 'mqtt'
import { Agent } from 'node:http'
import type { Socket } from 'node:net'
import { callbackify } from 'node:util'
import { createTransport } from 'nodemailer'
import pg from 'pg'
import ssh2 from 'ssh2'
import { Client } from 'undici'

/** Connects with `connectTcp()` or `connectUnix()`. */
export type Dial = () => Promise<Connection>

const streamOf = async (dial: Dial): Promise<ConnectionStream> => (await dial()).stream

export function httpAgent(dial: Dial): Agent {
  const agent = new Agent({ keepAlive: true })
  agent.createConnection = (_options, callback) => {
    callbackify(streamOf)(dial, (error, stream) => callback?.(error, stream))
    return undefined
  }
  return agent
}

export function undiciClient(dial: Dial): Client {
  return new Client('http://localhost', {
    connect(_options, callback) {
      callbackify(streamOf)(dial, callback as (error: Error | null, stream: Socket) => void)
    },
  })
}

export async function pgClient(dial: Dial, config: pg.ClientConfig): Promise<pg.Client> {
  const stream = await streamOf(dial)
  const client = new pg.Client({ ...config, stream: () => stream })
  await client.connect()
  return client
}

export function redisClient(dial: Dial): Redis {
  class Connector extends AbstractConnector {
    constructor() {
      super(2_000) // ms until disconnect() destroys the stream
    }
    override async connect(): Promise<ConnectionStream> {
      this.connecting = true
      const stream = await streamOf(dial)
      this.stream = stream
      return stream
    }
  }
  return new Redis({ Connector })
}

export async function mqttClient(dial: Dial): Promise<MqttClient> {
  const stream = await streamOf(dial)
  return new MqttClient(() => stream, { reconnectPeriod: 0 })
}

export async function sendMail(dial: Dial, mail: { from: string; to: string; text: string }): Promise<void> {
  const connection = await streamOf(dial)
  const transport = createTransport({
    // STARTTLS with a certificate that no authority has signed.
    tls: { rejectUnauthorized: false },
    getSocket(_options, callback) {
      callback(null, { connection })
    },
  })
  await transport.sendMail(mail)
}

export async function sshClient(dial: Dial, privateKey: string): Promise<ssh2.Client> {
  const client = new ssh2.Client()
  client.connect({ sock: await streamOf(dial), username: 'test', privateKey })
  return client
}
