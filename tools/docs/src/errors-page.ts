/** What the page of errors says about one code, or one class of errors. */
export interface ErrorEntry {
  readonly code: string
  /** Its text without the messages. */
  readonly text: string
  readonly messages: readonly string[]
}

const MESSAGES = /^```text\n([\s\S]*?)\n```$/gm

/** The sections of docs/errors.md: a heading of the third level each, with the messages in a block of text. */
export function errorEntries(page: string): ErrorEntry[] {
  return page
    .split(/^### /m)
    .slice(1)
    .map((section) => {
      const [heading = '', ...rest] = section.split(/^## /m)[0]?.split('\n') ?? []
      const text = rest.join('\n')
      return {
        code: heading.replaceAll('`', '').trim(),
        text: text.replace(MESSAGES, ''),
        messages: [...text.matchAll(MESSAGES)].flatMap(([, lines = '']) => lines.split('\n')),
      }
    })
}
