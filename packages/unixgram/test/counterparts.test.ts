import { expect } from '@jest/globals'
import { describeUnixDgram as describe, itWith } from '@sock/test-support/needs'
import { until } from '@sock/test-support/wait'
import { useScratch } from './support/scratch.js'

const scratch = useScratch()

describe('Python', () => {
  itWith('python3', '50 sockets of Python get exactly their own replies', async () => {
    const { address } = await scratch.serve()
    const python = scratch.python(
      `
sockets = []
for n in range(50):
    c = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    c.bind(f'{sys.argv[2]}/{n}')
    c.settimeout(5)
    sockets.append(c)
for round in range(5):
    for n, c in enumerate(sockets): c.sendto(f'{n} {round}'.encode(), sys.argv[1])
    for n, c in enumerate(sockets):
        data, sender = c.recvfrom(100)
        assert (data.decode(), sender) == (f'{n} {round}', sys.argv[1]), (data, sender)
for n in range(50): os.unlink(f'{sys.argv[2]}/{n}')
say('all')
`,
      address.path,
      scratch.folder,
    )
    expect(await python.hear()).toBe('all')
  })

  itWith('python3', 'Python sends 2,000 messages as fast as it can, and none is lost (D4)', async () => {
    const got: string[] = []
    const { address, server } = await scratch.serve({ data: (_, data) => void got.push(String(data)) })
    const python = scratch.python(
      `
for n in range(int(sys.argv[2])): s.sendto(str(n).encode(), sys.argv[1])
say('sent')
`,
      address.path,
      String(2_000),
    )
    await python.hear()
    await until(() => got.length >= 2_000, 'everything arrives')
    expect(got).toEqual(Array.from({ length: 2_000 }, (_, n) => String(n)))
    expect(server.stats().datagramsDropped).toEqual({ queueFull: 0, unread: 0, closing: 0, kernel: 0 })
  })
})
