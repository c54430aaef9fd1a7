/** Where the figures come from: data, corrections, power curve, what was left out. @module */

import type { Answer } from "./answer.ts";
import { milliseconds, NOTHING, number, percent } from "./format.ts";
import { ROOFLINE_ERROR_P90 } from "../plan/uncertainty.ts";

/** The list. */
export function Provenance(
  { answer }: { readonly answer: Answer | undefined },
) {
  const best = answer?.best;
  const result = best?.result;
  const provenance = result?.provenance;
  const builtin = provenance?.databaseMode === "ROOFLINE";
  const { curve, corrections } = provenance ?? {};
  const off = corrections?.prefillLatency === 1 &&
    corrections.ttftQueueing === 1;
  return (
    <section class="panel" aria-labelledby="provenance-heading">
      <h2 id="provenance-heading">Where the figures come from</h2>
      <dl class="facts">
        <Fact name="Latency">
          {!provenance
            ? NOTHING
            : builtin
            ? `built-in roofline from public specifications; nine of ten whole steps within ± ${
              percent(ROOFLINE_ERROR_P90, 1)
            } of measured tables`
            : `tables of ${provenance.backend} ${provenance.dataVersion} on ${provenance.system}, measured on the GPU`}
        </Fact>
        <Fact name="Corrections">
          {!corrections
            ? NOTHING
            : off
            ? "none: bare estimates"
            : `AIConfigurator's: prefill × ${corrections.prefillLatency}, TTFT × ${corrections.ttftQueueing}, decode × ${corrections.decodeLatency}, rates × ${corrections.prefillRate} and × ${corrections.decodeRate}`}
        </Fact>
        <Fact name="Caps">
          {!provenance || !curve
            ? NOTHING
            : `${provenance.capRange.minWatts} to ${provenance.capRange.maxWatts} W; curve v ≥ ${curve.vmin}, slope ${curve.slope}, ${
              number(curve.staticWatts)
            } W at rest; latency ± ${
              curve.errors.slice(0, 3).map((error) => percent(error)).join(
                " / ",
              )
            } at 0.8–1 / 0.6–0.8 / 0.45–0.6 of the own draw`}
        </Fact>
        <Fact name="Search">
          {!result
            ? NOTHING
            : `${number(result.stats.candidates)} operating points in ${
              milliseconds(result.stats.searchMs)
            }; engines opened in ${milliseconds(best?.loadMs ?? 0)}; ${
              result.provenance.refused.length === 0
                ? "no layout was refused"
                : `${result.provenance.refused.length} layouts refused`
            }`}
        </Fact>
      </dl>
    </section>
  );
}

function Fact(
  { name, children }: {
    readonly name: string;
    readonly children: preact.ComponentChildren;
  },
) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
