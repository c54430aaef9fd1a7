/**
 * The worker of the capacity planner: searches, checks packs, reads traces. It holds one question at a time.
 *
 * @module
 */

import { EstimatorOpener } from "../../optimizer-wasm/portable.ts";
import { engineBytes } from "./engine_bytes.ts";
import { keepPack } from "./packs.ts";
import type { FromWorker, ToWorker } from "./protocol.ts";
import { browserSource } from "./source.ts";
import { survey } from "./survey.ts";
import { toldError } from "./told_error.ts";
import { traceShape } from "./trace.ts";
import { Superseded, turn } from "./turns.ts";

const started = performance.now();
const module = WebAssembly.compile(engineBytes());
let opener: Promise<EstimatorOpener> | undefined;
/** The question in work; an older one stops at its next turn. */
let current = 0;
/** Work is done one after the other: engines and their rows are shared. */
let work: Promise<void> = Promise.resolve();

function tell(message: FromWorker): void {
  globalThis.postMessage(message);
}

/** Engines over what the browser keeps now. */
function openers(): Promise<EstimatorOpener> {
  opener ??= Promise.all([module, browserSource()]).then(([compiled, source]) =>
    new EstimatorOpener(compiled, source)
  );
  opener.catch(() => opener = undefined);
  return opener;
}

async function answer(
  { id, question }: Extract<ToWorker, { kind: "ask" }>,
): Promise<void> {
  if (id !== current) return;
  await survey({
    opener: await openers(),
    question,
    tell: (part) => tell({ kind: "answer", id, part }),
    async turn() {
      await turn();
      if (id !== current) throw new Superseded();
    },
  });
}

/** Tells a failure; a question that was superseded is none. */
async function guarded(id: number, doing: () => Promise<void>): Promise<void> {
  try {
    await doing();
  } catch (error) {
    if (error instanceof Superseded) return;
    tell({ kind: "failed", id, error: toldError(error) });
  }
}

function take(message: ToWorker): void {
  switch (message.kind) {
    case "ping":
      return tell({ kind: "pong", id: message.id });
    case "packs_changed":
      opener = undefined;
      return;
    case "ask":
      current = message.id;
      work = work.then(() => guarded(message.id, () => answer(message)));
      return;
    case "check_pack":
      guarded(message.id, async () => {
        const pack = await keepPack(message.file);
        opener = undefined;
        tell({ kind: "pack", id: message.id, pack });
      });
      return;
    case "read_trace":
      guarded(message.id, async () => {
        const trace = await traceShape(message.file);
        tell({ kind: "trace", id: message.id, trace });
      });
  }
}

globalThis.addEventListener(
  "message",
  (event: MessageEvent<ToWorker>) => take(event.data),
);
module.then(
  () => tell({ kind: "ready", startMs: performance.now() - started }),
  (error) => tell({ kind: "failed", id: 0, error: toldError(error) }),
);
