import { spawn } from 'node:child_process'

/** Runs a program to its end, in a group of its own that ends after `limit` ms. @returns exit code, or signal, and output */
export function runProgram(command, args, { limit = 2 ** 31 - 1, ...options }) {
  return new Promise((resolve, reject) => {
    let output = ''
    const child = spawn(command, args, { ...options, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    const end = () => endGroup(child)
    const timer = setTimeout(end, limit)
    process.on('exit', end)
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (output += text))
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      process.off('exit', end)
      resolve({ code: code ?? signal, output })
    })
  })
}

/** Tests may leave processes of their own. */
function endGroup({ pid }) {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if (error.code !== 'ESRCH') throw error
  }
}
