/**
 * Workspaces whose tests have the same result on every version of Node, or which try several by themselves. CI tests on
 * two versions, and leaves these out on the second.
 */
export const ONCE = ['tools/api', 'tools/bench', 'tools/docs', 'tools/release']

export const dependsOnNode = ({ folder }) => !ONCE.includes(folder)
