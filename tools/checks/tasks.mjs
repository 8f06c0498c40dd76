/**
 * What tests there are, as `{ folder, task }`: a workspace's script `test` is part of `npm test`, its scripts
 * `test:<name>` are extended tests, which have commands of their own.
 */
export const testsOf = (workspaces) => tasksOf(workspaces, (script) => script === 'test')

export const extendedTestsOf = (workspaces) => tasksOf(workspaces, (script) => script.startsWith('test:'))

function tasksOf(workspaces, isWanted) {
  return workspaces.flatMap(({ folder, manifest }) =>
    Object.keys(manifest.scripts ?? {})
      .filter(isWanted)
      .map((task) => ({ folder, task })),
  )
}
