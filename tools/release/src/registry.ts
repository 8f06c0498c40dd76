import { readFileSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { once } from 'node:events'
import { runServer } from 'verdaccio'
import type { Manifest } from './repository.js'

/** What a registry says of one package. */
interface Packument {
  readonly versions: Readonly<Record<string, Manifest>>
  readonly 'dist-tags': Readonly<Record<string, string>>
}

/** A registry of the rehearsal's own, on 127.0.0.1: anybody may publish ours, all others come from the registry that this machine uses. */
export class Registry {
  readonly url: string
  readonly #server: Server
  readonly #storage: string

  private constructor(server: Server, storage: string) {
    this.#server = server
    this.#storage = storage
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  }

  static async start(folder: string, upstream: string): Promise<Registry> {
    const config = join(folder, 'verdaccio.yaml')
    const storage = join(folder, 'storage')
    // JSON is YAML.
    writeFileSync(
      config,
      JSON.stringify({
        storage,
        web: { enable: false },
        auth: { htpasswd: { file: join(folder, 'htpasswd') } },
        uplinks: { machine: { url: upstream } },
        packages: {
          '@sock/*': { access: '$all', publish: '$all' },
          '**': { access: '$all', proxy: 'machine' },
        },
        log: { type: 'stdout', format: 'json', level: 'fatal' },
      }),
    )
    const server = (await runServer(config)) as Server
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new Registry(server, storage)
  }

  /** Everything that was published here, sorted: `['@sock/core@1.0.0', …]`. */
  async contents(): Promise<string[]> {
    const database = readFileSync(join(this.#storage, '.verdaccio-db.json'), 'utf8')
    const { list } = JSON.parse(database) as { list: string[] }
    const versions = list.map(async (name) => {
      const packument = await this.packument(name)
      return Object.keys(packument?.versions ?? {}).map((version) => `${name}@${version}`)
    })
    return (await Promise.all(versions)).flat().toSorted()
  }

  async packument(name: string): Promise<Packument | undefined> {
    const response = await fetch(this.url + name.replace('/', '%2f'))
    if (response.status === 404) return undefined
    if (!response.ok) throw new Error(`The registry answers ${response.status} when asked for ${name}`)
    return (await response.json()) as Packument
  }

  async manifest(name: string, version: string): Promise<Manifest> {
    const manifest = (await this.packument(name))?.versions[version]
    if (manifest === undefined) throw new Error(`${name}@${version} is not in the registry`)
    return manifest
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}
