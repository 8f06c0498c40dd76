/** What the harness uses of `unix-dgram`, which brings no types. */
declare module 'unix-dgram' {
  export interface Socket {
    on(event: 'error', listener: (error: Error) => void): this
    on(event: 'writable', listener: () => void): this
    bind(path: string): void
    connect(path: string): void
    /** After `connect()`. */
    send(data: Uint8Array, done: (error?: Error) => void): void
    send(data: Uint8Array, offset: number, length: number, path: string, done: (error?: Error) => void): void
    close(): void
  }
  const module: {
    createSocket(type: 'unix_dgram', received: (data: Buffer, sender: { path: string }) => void): Socket
  }
  export default module
}
