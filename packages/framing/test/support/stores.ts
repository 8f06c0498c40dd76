import type { Channel } from '@sock/core'
import type { Reader } from '../../src/index.js'

/* Key-value stores, as far as the programs that test them need it. */

const LINE_END = '\r\n'

/** The protocol of Redis: arrays of strings with their lengths. */
export async function serveRedis({ readLine, readExactly }: Reader, channel: Channel): Promise<void> {
  const store = new Map<string, string>()
  for (let head = await readLine(); head !== null; head = await readLine()) {
    const words: string[] = []
    for (let count = Number(head.slice(1)); count > 0; count--) {
      const size = await readLine()
      words.push(String(await readExactly(Number(size?.slice(1)))))
      await readLine()
    }
    const [command = '', key = '', value = ''] = words
    const found = store.get(key)
    if (/^set$/i.test(command)) {
      store.set(key, value)
      await channel.write('+OK\r\n')
    } else if (!/^get$/i.test(command)) await channel.write('-ERR unknown command\r\n')
    else await channel.write(found === undefined ? '$-1\r\n' : `$${found.length}\r\n${found}\r\n`)
  }
}

const items = new Map<string, { flags: string; value: Buffer }>()

/** The text protocol of memcached: lines, and values whose length the line before says. */
export async function serveMemcached({ readLine, readExactly }: Reader, channel: Channel): Promise<void> {
  for (let line = await readLine(); line !== null && line !== 'quit'; line = await readLine()) {
    const [command, key = '', flags = '', , size] = line.split(' ')
    if (command === 'set') {
      items.set(key, { flags, value: await readExactly(Number(size)) })
      await readLine()
      await channel.write('STORED\r\n')
    } else if (command === 'get' || command === 'gets') {
      const item = items.get(key)
      const head = item && `VALUE ${key} ${item.flags} ${item.value.length}${LINE_END}`
      if (item !== undefined) await channel.write(`${head}${String(item.value)}${LINE_END}`)
      await channel.write('END\r\n')
    } else await channel.write(command === 'version' ? 'VERSION 1.6.0\r\n' : 'ERROR\r\n')
  }
}
