import { readFile } from "node:fs/promises";
import { resolve } from "node:path";

import openapiTS, { COMMENT_HEADER, astToString } from "openapi-typescript";
import { expect, it } from "vitest";

const folder = resolve(import.meta.dirname, "../..");

/** That openapi.json itself is what the server serves is checked where the server is built. */
it("the types of the calls are those of openapi.json: else run `make api`", { timeout: 120_000 }, async () => {
  const fresh = astToString(await openapiTS(new URL(`file://${folder}/openapi.json`)));
  const kept = await readFile(resolve(folder, "src/api/schema.ts"), "utf8");

  expect(kept.trim() === (COMMENT_HEADER + fresh).trim()).toBe(true);
});
