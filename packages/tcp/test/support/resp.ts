import type { Connection } from '../../src/index.js'

const CRLF = Buffer.from('\r\n')

/** One database for all connections. */
export function createRespHandler(): {
  open(c: Connection): void
  data(c: Connection, chunk: Buffer): Promise<void>
} {
  const store = new Map<string, Buffer>()
  return {
    open(connection) {
      connection.data = Buffer.alloc(0)
    },
    // All commands of one chunk are answered in one write.
    data(connection, chunk) {
      const rest = connection.data as Buffer
      const parser = new Parser(rest.length === 0 ? chunk : Buffer.concat([rest, chunk]))
      const answers: Buffer[] = []
      for (let command = parser.next(); command !== undefined; command = parser.next()) {
        answers.push(answer(store, command))
      }
      connection.data = parser.rest
      return connection.write(Buffer.concat(answers))
    },
  }
}

function answer(store: Map<string, Buffer>, [name, key = Buffer.alloc(0), value]: Buffer[]): Buffer {
  switch (`${name}`.toUpperCase()) {
    case 'PING':
      return Buffer.from('+PONG\r\n')
    case 'SET':
      store.set(`${key}`, value ?? Buffer.alloc(0))
      return Buffer.from('+OK\r\n')
    case 'GET': {
      const found = store.get(`${key}`)
      if (found === undefined) return Buffer.from('$-1\r\n')
      return Buffer.concat([Buffer.from(`$${found.length}\r\n`), found, CRLF])
    }
    default:
      return Buffer.from(`-ERR unknown command '${name}'\r\n`)
  }
}

/** Commands of the Redis protocol: inline, or arrays of bulk strings. https://redis.io/docs/latest/develop/reference/protocol-spec/ */
class Parser {
  readonly #bytes: Buffer
  #done = 0
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  /** The bytes of an incomplete command. */
  get rest(): Buffer {
    return this.#bytes.subarray(this.#done)
  }

  next(): Buffer[] | undefined {
    this.#at = this.#done
    const line = this.#line()
    if (line === undefined) return undefined
    const command = line.startsWith('*') ? this.#array(Number(line.slice(1))) : inline(line)
    if (command !== undefined) this.#done = this.#at
    return command
  }

  #array(length: number): Buffer[] | undefined {
    const parts: Buffer[] = []
    while (parts.length < length) {
      const size = this.#line()
      if (size === undefined) return undefined
      const end = this.#at + Number(size.slice(1))
      if (this.#bytes.length < end + CRLF.length) return undefined
      parts.push(this.#bytes.subarray(this.#at, end))
      this.#at = end + CRLF.length
    }
    return parts
  }

  #line(): string | undefined {
    const end = this.#bytes.indexOf(CRLF, this.#at)
    if (end < 0) return undefined
    const line = this.#bytes.toString('latin1', this.#at, end)
    this.#at = end + CRLF.length
    return line
  }
}

function inline(line: string): Buffer[] {
  return line.split(' ').map((word) => Buffer.from(word, 'latin1'))
}
