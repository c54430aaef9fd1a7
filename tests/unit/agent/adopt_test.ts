/** The reference agent's state file, read for what it says and not for more. @module */

import assert from "node:assert/strict";
import { readReferenceState } from "../../../agent/adopt.ts";

Deno.test("readReferenceState() reads version 1 and 2", () => {
  const rows: [string, string[] | undefined][] = [
    ['{"managed_uuids":["GPU-a","GPU-b"]}', ["GPU-a", "GPU-b"]],
    ['{"managed_uuids":[]}', []],
    ['{"managed_uuids":["GPU-a",7,null]}', ["GPU-a"]],
    ['{"version":2,"managed":{"GPU-a":{"controlMode":"static"}}}', ["GPU-a"]],
    ['{"version":3,"managed_uuids":["GPU-a"]}', undefined],
    ['{"version":2,"managed":[]}', undefined],
    ["{}", undefined],
    ['{"managed_uuids":"GPU-a"}', undefined],
    ["[]", undefined],
    ["null", undefined],
    ["", undefined],
    ['{"managed_uuids":["GPU-a"', undefined],
  ];
  for (const [text, uuids] of rows) {
    assert.deepEqual(readReferenceState(text), uuids, text);
  }
});
