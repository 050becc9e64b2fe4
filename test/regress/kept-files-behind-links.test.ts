import { mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { test } from 'tap'
import { served } from '../http/files/served.js'

const ADDRESS = 'tcp-net://127.0.0.1:0'

/** What happens to `folder/file` below the root once the file is kept in memory. */
const EVENTS: Record<string, (root: string) => void> = {
  'a link to itself': root => {
    unlinkSync(`${root}/folder/file.txt`)
    symlinkSync('file.txt', `${root}/folder/file.txt`)
  },
  'below a folder that is a link to itself': root => {
    rmSync(`${root}/folder`, { recursive: true })
    symlinkSync('folder', `${root}/folder`)
  },
  'below what is no folder any more': root => {
    rmSync(`${root}/folder`, { recursive: true })
    writeFileSync(`${root}/folder`, '')
  },
  'outside of the root, behind a link': root => {
    renameSync(`${root}/folder`, `${dirname(root)}/outside`)
    symlinkSync(`${dirname(root)}/outside`, `${root}/folder`)
  },
}

for (const [name, happen] of Object.entries(EVENTS)) {
  test(`a file that was kept and is now ${name} is not found`, async t => {
    const { root, get } = await served(t, ADDRESS, at => {
      mkdirSync(`${at}/folder`)
      writeFileSync(`${at}/folder/file.txt`, 'content')
      utimesSync(`${at}/folder/file.txt`, 1, 1)
    })
    // A file is kept once its last change is so old that the next one would have another time.
    await delay(30)
    for (const _ of [1, 2]) t.equal(String((await get('/folder/file.txt')).body), 'content')
    happen(root)
    t.match(await get('/folder/file.txt'), { status: 404 })
  })
}
