import { describe, expect, it } from '@jest/globals'
import { run, start, succeed } from '../src/processes.js'

const node = (code: string): [string, string[]] => [process.execPath, ['-e', code]]

describe('run', () => {
  it('run gives the exit code and what was printed, in order', async () => {
    const code = `process.stdout.write('a', () => process.stderr.write('b', () => process.exit(3)))`
    expect(await run(...node(code))).toEqual({ code: 3, output: 'ab' })
  })

  it('run says 127 and why for a program that does not exist', async () => {
    // Where PATH has a folder that the user may not enter, the system would say EACCES instead.
    const { code, output } = await run('no-such-program', [], { env: { PATH: import.meta.dirname } })
    expect(code).toBe(127)
    expect(output).toContain('ENOENT')
  })

  it('run says 128 + n for a program that signal n has ended', async () => {
    expect(await run(...node('process.kill(process.pid, "SIGTERM")'))).toMatchObject({ code: 143 })
  })

  it('run passes on no other environment than the one that it is given', async () => {
    const env = { PATH: process.env['PATH'], ONLY: 'this' }
    const { output } = await run(...node('console.log(process.env.ONLY, process.env.HOME)'), { env })
    expect(output).toBe('this undefined\n')
  })

  it('kill ends also what the program has started', async () => {
    const program = start('sh', ['-c', 'sleep 600 & echo started; wait'])
    await program.until(/started/)
    program.kill('SIGKILL')
    // The output ends only when every program that could write to it has gone.
    expect(await program.ended).toEqual({ code: 137, output: 'started\n' })
  })
})

describe('start', () => {
  it('until rejects with the output when the program ends first', async () => {
    const program = start(...node('console.log("something else")'))
    await expect(program.until(/never/)).rejects.toThrow('something else')
  })

  it('succeed rejects with the end of the output', async () => {
    await expect(succeed(...node('console.log("broken"); process.exit(1)'))).rejects.toThrow(
      /ended with 1:\nbroken/,
    )
  })
})
