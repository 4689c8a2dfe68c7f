/** Puts a brotli file beside each text file of the build; the server sends it as it is. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants } from "node:zlib";
import type { Plugin } from "vite";

const compress = promisify(brotliCompress);
const text = /\.(?:js|css|html|svg|json|webmanifest)$/;

export function precompress(): Plugin {
  return {
    name: "kith-precompress",
    apply: "build",
    async writeBundle({ dir }) {
      if (!dir) return;
      for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
        const path = join(entry.path, entry.name);
        if (!entry.isFile() || !text.test(entry.name)) continue;
        const raw = await readFile(path);
        if (raw.length < 512) continue;
        await writeFile(`${path}.br`, await compress(raw, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: raw.length } }));
      }
    },
  };
}
