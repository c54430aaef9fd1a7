/** What a process hears through its gate, and what is left of it once it is dead. @module */

import assert from "node:assert/strict";
import v8 from "node:v8";
import vm from "node:vm";
import { ProcessGate } from "../../../../proof/processes/process_gate.ts";

Deno.test("a frozen process hears its answer once it is thawed", async () => {
  const gate = new ProcessGate();
  gate.freeze();
  let heard = "";
  const answer = gate.through(Promise.resolve("answer")).then((value) => {
    heard = value;
  });
  await Promise.resolve();
  await Promise.resolve();
  assert.equal(heard, "");
  gate.thaw();
  await answer;
  assert.equal(heard, "answer");
});

Deno.test("what waits for a dead process can be collected: a hundred thousand of them fill no memory", async () => {
  v8.setFlagsFromString("--expose-gc");
  const collect: () => void = vm.runInNewContext("gc");
  const left: WeakRef<object>[] = [];
  for (let process = 0; process < 20; process++) {
    const gate = new ProcessGate();
    const memory = { bytes: new Uint8Array(1_000) };
    left.push(new WeakRef(memory));
    gate.die();
    gate.through(Promise.resolve()).then(() => memory.bytes.fill(1));
  }
  // A weak reference holds on until the turn in which it was made is over.
  for (let turn = 0; turn < 3; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 0));
    collect();
  }
  // The last one may still stand on the stack.
  assert(left.filter((one) => one.deref() !== undefined).length <= 1);
});
