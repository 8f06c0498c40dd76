import net from 'node:net'
import { createTcpServer } from '@sock/tcp'
console.log(process.version)
const run = async (name, port, after) => {
  const s = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  const ev = []
  s.on('data', (d) => ev.push('data'))
    .on('end', () => ev.push('end'))
    .on('error', (e) => ev.push(e.code))
    .on('close', () => ev.push('close'))
  s.write('x')
  await new Promise((r) => setTimeout(r, 150))
  s.destroy()
  console.log(name, ev.join())
  await after?.()
}
for (const delay of [0, 30]) {
  const srv = net
    .createServer({ allowHalfOpen: true }, (c) => {
      c.on('error', (e) => console.log('srv', e.code))
      c.once('data', () => {
        c.write('half')
        delay ? setTimeout(() => c.resetAndDestroy(), delay) : c.resetAndDestroy()
      })
    })
    .listen(0)
  await new Promise((r) => srv.once('listening', r))
  await run('raw ' + delay, srv.address().port, () => srv.close())
  const t = createTcpServer(async (c) => {
    await c.read()
    await c.write('half')
    if (delay) await new Promise((r) => setTimeout(r, delay))
    throw new Error('oops')
  })
  t.on('error', () => {})
  await run('sock ' + delay, (await t.listen('127.0.0.1:0')).port, () => t.close())
}
