import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ROOT } from './repository.js'

/** A Node, and what building native modules for it takes. */
export interface Node {
  readonly bin: string
  readonly env: NodeJS.ProcessEnv
}

/** The Node that runs this. */
export const HERE: Node = { bin: dirname(process.execPath), env: {} }

/** A Node that the current npm runs on: that of this process, or the newest of those that are tested. */
export async function newestNode(): Promise<Node> {
  const nodes = (await import(pathToFileURL(join(ROOT, 'tools/checks/nodes.mjs')).href)) as {
    NODES: Record<string, string>
    fetchNode(version: string): Promise<string>
  }
  const newest = Math.max(...Object.keys(nodes.NODES).map(Number))
  if (Number.parseInt(process.versions.node, 10) >= newest) return HERE
  const home = await nodes.fetchNode(nodes.NODES[newest] ?? '')
  return { bin: join(home, 'bin'), env: { npm_config_nodedir: home } }
}
