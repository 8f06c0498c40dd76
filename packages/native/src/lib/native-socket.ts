import type { Addon } from './addon.js'

/** Who is at the other end of a Unix connection, as it was when it was made (SO_PEERCRED, unix(7)). */
export interface PeerCredentials {
  readonly pid: number
  readonly uid: number
  readonly gid: number
}

/** What `configure(socket)` gets from this engine. */
export class NativeSocket {
  readonly #addon: Addon
  readonly #slot: () => number

  constructor(addon: Addon, slot: () => number) {
    this.#addon = addon
    this.#slot = slot
  }

  /** Of the process that connected, or for a client that listens; `undefined` if the connection is closed or not a Unix one. */
  get peerCredentials(): PeerCredentials | undefined {
    const [pid, uid, gid] = this.#addon.credentials(this.#slot()) ?? []
    // Over TCP the system answers with no process, and nobody's ids.
    if (pid === undefined || uid === undefined || gid === undefined || pid === 0) return undefined
    return { pid, uid, gid }
  }
}
