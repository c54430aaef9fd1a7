/** Wheels for tests, sound and hostile. @module */

import { Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } from "@zip.js/zip.js";
import type { Files } from "./aic_source.ts";

/** A zip file of these entries. */
export async function zip(files: Files): Promise<Uint8Array> {
  const writer = new ZipWriter(new Uint8ArrayWriter(), {
    useWebWorkers: false,
    extendedTimestamp: false,
  });
  for (const [path, content] of Object.entries(files)) {
    const bytes = typeof content === "string"
      ? new TextEncoder().encode(content)
      : content;
    await writer.add(path, new Uint8ArrayReader(bytes));
  }
  return await writer.close();
}

/** The source as a wheel lays it out, beside files that are none of ours. */
export function wheel(source: Files): Promise<Uint8Array> {
  return zip({
    "aiconfigurator_core/__init__.py": "raise SystemExit\n",
    "aiconfigurator_core-0.12.0.dist-info/METADATA": "Name: x\n",
    ...Object.fromEntries(
      Object.entries(source).map(([path, content]) => [
        `aiconfigurator_core/${path}`,
        content,
      ]),
    ),
  });
}

/** Changes the size that every entry of that inflated size claims, in the central directory and before the content. */
export function claimSize(
  archive: Uint8Array,
  from: number,
  to: number,
): Uint8Array {
  const changed = archive.slice();
  const view = new DataView(changed.buffer);
  for (let at = 0; at + 4 <= changed.length; at++) {
    const signature = view.getUint32(at, true);
    const sizeAt = signature === 0x02014b50
      ? at + 24
      : signature === 0x04034b50
      ? at + 22
      : -1;
    if (sizeAt > 0 && view.getUint32(sizeAt, true) === from) {
      view.setUint32(sizeAt, to, true);
    }
  }
  return changed;
}
