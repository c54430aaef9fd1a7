/** The gate's binary puts itself where a worker sees it. @module */

import assert from "node:assert/strict";
import { copySelfTo, GATE_PROGRAM } from "../../../agent/gate/mod.ts";
import { WattkeeperError } from "../../../service/mod.ts";

Deno.test("copySelfTo() leaves an executable of the name that counts as a gate, and no draft", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const program = `${folder}/program`;
    await Deno.writeTextFile(program, "binary", { mode: 0o644 });
    await Deno.mkdir(`${folder}/gate`);
    for (let i = 0; i < 2; i++) {
      const path = await copySelfTo(`${folder}/gate/`, {
        program,
        standalone: true,
      });
      assert.equal(path, `${folder}/gate/${GATE_PROGRAM}`);
      assert.equal(await Deno.readTextFile(path), "binary");
      assert.equal((await Deno.stat(path)).mode! & 0o777, 0o755);
    }
    assert.deepEqual(
      Array.from(Deno.readDirSync(`${folder}/gate`), ({ name }) => name),
      [GATE_PROGRAM],
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("copySelfTo() refuses on a runtime that reads sources, and names a folder that is not there", async () => {
  await assert.rejects(
    copySelfTo("/tmp"),
    (error) =>
      error instanceof WattkeeperError && error.code === "invalid_usage",
  );
  await assert.rejects(
    copySelfTo("/nowhere/gate", {
      program: Deno.execPath(),
      standalone: true,
    }),
    (error) =>
      error instanceof WattkeeperError && error.code === "write_failed" &&
      error.message.includes("/nowhere/gate/wattkeeper-agent"),
  );
});
