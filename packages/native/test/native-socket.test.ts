import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { assertNothingLeft, takeInventory, type Inventory } from '@sock/testing'
import type { NativeSocket } from '../src/index.js'
import { describeNative } from './support/needs.js'
import { createPair } from './support/pair.js'

let before: Inventory
beforeEach(() => {
  before = takeInventory(() => [])
})
afterEach(() => assertNothingLeft(before, () => []))

/** A connected socket, and a function that closes it and its peer. */
async function connectedSocket(): Promise<{ socket: NativeSocket; close: () => Promise<void> }> {
  const { ours, peer, witness } = await createPair()
  const close = async (): Promise<void> => {
    peer.destroy()
    ours.destroy()
    await witness.has('closed')
  }
  return { socket: ours.socket as NativeSocket, close }
}

describeNative('NativeSocket', () => {
  it('NativeSocket.getOption() reads what setOption() has set, and both throw an error that names the option', async () => {
    const { socket, close } = await connectedSocket()
    socket.setOption('keepAlive', 1)
    expect(socket.getOption('keepAlive')).toBe(1)
    expect(() => socket.getOption('nothing' as never)).toThrow(
      'Cannot read the socket option "nothing": protocol not available (ENOPROTOOPT)',
    )
    await close()
    expect(() => socket.setOption('noDelay', 0)).toThrow(
      'Cannot set the socket option "noDelay" to 0: bad file descriptor (EBADF)',
    )
    expect(() => socket.getOption('noDelay')).toThrow(
      'Cannot read the socket option "noDelay": bad file descriptor (EBADF)',
    )
  })

  it('NativeSocket.setKeepAlive() sets its delay in whole seconds, and leaves it as it is without one', async () => {
    const { socket, close } = await connectedSocket()
    const values = () => [socket.getOption('keepAlive'), socket.getOption('keepAliveIdle')]
    expect(socket.setKeepAlive(true, 5_999)).toBe(socket)
    expect(values()).toEqual([1, 5])
    socket.setKeepAlive(true, 999)
    expect(values()).toEqual([1, 5])
    socket.setKeepAlive(false, 7_000)
    expect(values()).toEqual([0, 5])
    await close()
  })

  it('NativeSocket.setNoDelay() turns TCP_NODELAY on by default', async () => {
    const { socket, close } = await connectedSocket()
    expect(socket.setNoDelay(false).getOption('noDelay')).toBe(0)
    expect(socket.setNoDelay().getOption('noDelay')).toBe(1)
    await close()
  })

  it('NativeSocket has the fd -1 once it is closed, where setNoDelay() and setKeepAlive() do nothing', async () => {
    const { socket, close } = await connectedSocket()
    expect(socket.fd).toBeGreaterThan(2)
    await close()
    expect(socket.fd).toBe(-1)
    expect(() => socket.setNoDelay().setKeepAlive(true, 5_000)).not.toThrow()
  })
})
