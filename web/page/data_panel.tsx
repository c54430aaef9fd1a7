/** Packs that this browser keeps: dropped in, checked, listed, removed. @module */

import { useId } from "preact/hooks";
import type { StoredPack, ToldError } from "../worker/protocol.ts";
import { bytes, number, percent } from "./format.ts";

/** What the panel shows. */
export interface DataPanelProps {
  readonly packs: readonly StoredPack[];
  readonly busy: string | undefined;
  readonly problem: ToldError | undefined;
  readonly add: (files: readonly File[]) => void;
  readonly remove: (pack: StoredPack) => void;
  readonly use: (pack: StoredPack) => void;
}

/** The panel. */
export function DataPanel(
  { packs, busy, problem, add, remove, use }: DataPanelProps,
) {
  const id = useId();
  return (
    <section class="panel" aria-labelledby="data-heading">
      <div class="plot-head">
        <h2 id="data-heading">Performance data</h2>
        <span class="drop drop-inline">
          <label for={id}>Add packs</label>
          <input
            id={id}
            type="file"
            multiple
            accept=".wkpack"
            onChange={(event) => {
              const { files } = event.currentTarget;
              if (files) add([...files]);
              event.currentTarget.value = "";
            }}
          />
        </span>
      </div>
      <p class="hint">
        Packs that <code>data import</code>{" "}
        wrote, dropped anywhere on this page, replace the built-in model. They
        stay in this browser's storage; this page may connect to nothing, which
        its Content-Security-Policy enforces.
      </p>
      <p class="data-status" role="status">
        {busy ?? (problem ? "" : " ")}
        {problem && (
          <span class="bad">
            {problem.message} {problem.remedy}{" "}
            {problem.number && <span class="source">{problem.number}</span>}
          </span>
        )}
      </p>
      <ul class="packs">
        <li class="pack">
          <span class="strong">Built-in roofline</span>
          <span class="hint-inline">
            public specifications, every model and GPU in the lists
          </span>
        </li>
        {packs.map((pack) => (
          <li key={pack.key} class="pack">
            <span class="strong">
              {pack.system} · {pack.backend} {pack.version}
              {limitText(pack)}
            </span>
            <span class="hint-inline">
              {number(pack.leaves)} rows,{" "}
              {percent(pack.leaves > 0 ? pack.poweredLeaves / pack.leaves : 0)}
              {" "}
              with power, {bytes(pack.bytes)}
            </span>
            <span class="row">
              <button
                type="button"
                class="quiet"
                disabled={pack.limitWatts !== undefined}
                onClick={() => use(pack)}
              >
                Use
              </button>
              <button
                type="button"
                class="quiet"
                aria-label={`Remove ${pack.system} ${pack.backend} ${pack.version}`}
                onClick={() => remove(pack)}
              >
                Remove
              </button>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Rows at one power limit stand beside those of the whole version. */
function limitText({ limitWatts }: StoredPack): string {
  return limitWatts === undefined ? "" : ` at ${limitWatts} W`;
}
