// Ends on its own, exactly when no socket is open.
import { engine } from '@sock/native'
import { connect } from 'node:net'
import { echoOn, tell } from './tools.mjs'

const steps = []
const listener = await echoOn(engine)
const timer = setTimeout(() => {
  steps.push('the listener kept it alive')
  const peer = connect(listener.address.port, '127.0.0.1')
  peer.unref()
  peer.on('connect', () => {
    void listener.close()
    const later = setTimeout(() => {
      steps.push('the connection kept it alive')
      peer.destroy()
    }, 50)
    later.unref()
  })
}, 50)
timer.unref()
process.on('exit', () => tell(steps))
