/**
 * Returns the known word that a misspelt one probably stands for; `undefined` if none is close. Fewer than a third of
 * the letters may differ: in a short word, one other letter is already another word (`ttl` and `tls`).
 */
export function closestWord(word: string, known: readonly string[]): string | undefined {
  const distances = known.map((other) => editDistance(word.toLowerCase(), other.toLowerCase()))
  const least = Math.min(...distances)
  const closest = known[distances.indexOf(least)]
  return closest !== undefined && least * 3 < closest.length ? closest : undefined
}

/** Returns how many letters to insert, remove or replace to turn one word into the other (Levenshtein distance). */
function editDistance(from: string, to: string): number {
  // The distances between the beginning of `from` that has been read and each beginning of `to`.
  let distances = Array.from({ length: to.length + 1 }, (_, length) => length)
  for (const letter of from) {
    const [before = 0] = distances
    const next = [before + 1]
    for (let index = 0; index < to.length; index++) {
      const replaced = (distances[index] as number) + (letter === to[index] ? 0 : 1)
      next.push(Math.min(replaced, (distances[index + 1] as number) + 1, (next[index] as number) + 1))
    }
    distances = next
  }
  return distances.at(-1) as number
}
