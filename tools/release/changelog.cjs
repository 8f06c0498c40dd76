/*
 * How changesets writes a change file into the changelogs: .changeset/config.json names this module. It is CommonJS, since
 * changesets requires it.
 */
'use strict'

const COMMITS = 'https://github.com/sock-js/sock/commit/'

/** The sentence of a change file, with the commit that brought it. The text of a first release stands as it is. */
async function getReleaseLine({ id, summary, commit }) {
  if (id.startsWith('first-')) return `${summary}\n`
  const link = commit === undefined ? '' : ` ([${commit.slice(0, 7)}](${COMMITS}${commit}))`
  return `- ${summary.replaceAll('\n', '\n  ')}${link}`
}

/** What a package requires after this release. In a first release, that is nothing new. */
async function getDependencyReleaseLine(_changes, dependencies) {
  return dependencies
    .filter(({ oldVersion }) => oldVersion !== '0.0.0')
    .map(({ name, newVersion }) => `- Requires \`${name}\` ^${newVersion}`)
    .join('\n')
}

module.exports = { getReleaseLine, getDependencyReleaseLine }
