/** A word as a POSIX shell takes it. */
export function forShell(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}

/** A word inside an address of socat, in which a backslash takes away the meaning of what follows (socat(1), "ADDRESS SPECIFICATIONS"). */
export function forSocat(word: string): string {
  return word.replaceAll(/[\\:,!"'([{]/g, String.raw`\$&`)
}
