/** The answer in one line and six figures; or why there is none. @module */

import type {
  FleetCandidate,
  FleetInfeasible,
} from "../../optimizer-wasm/portable.ts";
import { layoutLabel } from "../plan/layout_text.ts";
import type { PlanQuestion } from "../plan/question.ts";
import type { PlanState } from "../plan/state.ts";
import {
  type Interval,
  latencyErrorOf,
  latencyInterval,
  sidesIn,
  throughputInterval,
} from "../plan/uncertainty.ts";
import type { ToldError } from "../worker/protocol.ts";
import type { Answer } from "./answer.ts";
import {
  brief,
  milliseconds,
  NOTHING,
  number,
  percent,
  watts,
} from "./format.ts";
import { Range, Source } from "./source_chip.tsx";

/** What the summary shows. */
export interface SummaryProps {
  readonly answer: Answer | undefined;
  readonly error: ToldError | undefined;
  readonly change: (change: Partial<PlanState>) => void;
}

/** The band on top. */
export function Summary({ answer, error, change }: SummaryProps) {
  const result = answer?.best?.result;
  const best = error ? undefined : result?.best;
  return (
    <section class="summary" aria-labelledby="answer-heading">
      <div class="headline" aria-live="polite" aria-atomic="true">
        {error
          ? <Failure error={error} />
          : result?.infeasible
          ? <NoFleet infeasible={result.infeasible} change={change} />
          : best && answer
          ? (
            <Headline
              best={best}
              question={answer.question}
              idle={answer.best?.idle}
            />
          )
          : (
            <>
              <h1 id="answer-heading">Searching …</h1>
              <p>The first answer takes a moment.</p>
            </>
          )}
      </div>
      <Figures best={best} answer={answer} />
    </section>
  );
}

function Headline(
  { best, question, idle }: {
    readonly best: FleetCandidate;
    readonly question: PlanQuestion;
    readonly idle: string | undefined;
  },
) {
  const { budgetWatts } = question.query;
  const within = budgetWatts === undefined
    ? ""
    : ` inside ${watts(budgetWatts)}`;
  const parts = sidesIn(best).map((side, index) => {
    const role = best.mode === "disagg"
      ? index === 0 ? "prefill" : "decode"
      : "workers";
    return `${side.replicas} × ${layoutLabel(side.layout)} ${role}`;
  });
  return (
    <>
      <h1 id="answer-heading">
        {number(best.tokensPerSecond)} tokens/s{within}
      </h1>
      <p>
        {parts.join(" and ")} on {best.gpus} GPUs.
        {idle ? ` ${idle}` : ""}
      </p>
    </>
  );
}

const CONSTRAINTS: Readonly<Record<FleetInfeasible["constraint"], string>> = {
  ttft_ms: "TTFT",
  itl_ms: "ITL",
  memory: "GPU memory",
  watts: "power",
  gpus: "GPUs",
  admission: "admission",
};

function NoFleet(
  { infeasible, change }: {
    readonly infeasible: FleetInfeasible;
    readonly change: SummaryProps["change"];
  },
) {
  const { constraint, message, needed } = infeasible;
  const fix = fixOf(constraint, needed);
  return (
    <>
      <h1 id="answer-heading" class="bad">
        No fleet meets these limits: {CONSTRAINTS[constraint]}
      </h1>
      <p>
        {message} {fix && (
          <button
            type="button"
            class="link"
            onClick={() => change(fix.change)}
          >
            {fix.text}
          </button>
        )}
      </p>
    </>
  );
}

/** What would make a fleet possible, as one click. */
function fixOf(
  constraint: FleetInfeasible["constraint"],
  needed: number,
): { readonly text: string; readonly change: Partial<PlanState> } | undefined {
  if (!Number.isFinite(needed)) return undefined;
  switch (constraint) {
    case "ttft_ms": {
      const ttftMs = Math.ceil(needed * 1.001);
      return { text: `Set TTFT to ${number(ttftMs)} ms`, change: { ttftMs } };
    }
    case "itl_ms": {
      const itlMs = Math.ceil(needed * 10.01) / 10;
      return { text: `Set ITL to ${number(itlMs, 1)} ms`, change: { itlMs } };
    }
    case "watts": {
      const budgetWatts = Math.ceil(needed);
      return {
        text: `Set the budget to ${watts(budgetWatts)}`,
        change: { watts: "budget", budgetWatts },
      };
    }
    case "gpus": {
      const totalGpus = Math.ceil(needed);
      return { text: `Allow ${number(totalGpus)} GPUs`, change: { totalGpus } };
    }
    case "memory":
    case "admission":
      return undefined;
  }
}

function Failure({ error }: { readonly error: ToldError }) {
  return (
    <>
      <h1 id="answer-heading" class="bad">
        {error.code === "internal"
          ? "The search failed"
          : "This cannot be answered"}
      </h1>
      <p>
        {error.message} {error.remedy ?? ""}
        {error.number && <span class="source">{error.number}</span>}
      </p>
    </>
  );
}

interface FigureProps {
  readonly name: string;
  readonly value: string;
  readonly unit?: string;
  readonly source: string | undefined;
  readonly interval?: Interval | undefined;
  readonly show?: (value: number) => string;
  /** Share of the limit that is used, and the limit in words. */
  readonly limit?:
    | { readonly share: number; readonly text: string }
    | undefined;
}

function Figures(
  { best, answer }: {
    readonly best: FleetCandidate | undefined;
    readonly answer: Answer | undefined;
  },
) {
  const query = answer?.question.query;
  const prefill = best?.prefill ?? best?.workers;
  const decode = best?.decode ?? best?.workers;
  const throughput = best && throughputInterval(best);
  const perWatt = best && best.watts > 0
    ? best.tokensPerSecond / best.watts
    : undefined;
  const limitOf = (
    value: number | undefined,
    most: number | undefined,
    text: string,
  ) =>
    value === undefined || most === undefined
      ? undefined
      : { share: value / most, text };
  const budget = query?.budgetWatts;
  return (
    <dl class="figures">
      <Figure
        name="Throughput"
        value={best ? number(best.tokensPerSecond) : NOTHING}
        unit="tokens/s"
        source={prefill?.latencySource}
        interval={throughput}
        show={(value) => number(value)}
      />
      <Figure
        name="TTFT"
        value={best?.ttftMs === undefined ? NOTHING : milliseconds(best.ttftMs)}
        source={prefill?.latencySource}
        interval={best?.ttftMs !== undefined && prefill
          ? latencyInterval(best.ttftMs, latencyErrorOf(prefill))
          : undefined}
        show={milliseconds}
        limit={limitOf(
          best?.ttftMs,
          query?.ttftMs,
          `of ${milliseconds(query?.ttftMs ?? 0)}`,
        )}
      />
      <Figure
        name="ITL"
        value={best?.itlMs === undefined ? NOTHING : milliseconds(best.itlMs)}
        source={decode?.latencySource}
        interval={best?.itlMs !== undefined && decode
          ? latencyInterval(best.itlMs, latencyErrorOf(decode))
          : undefined}
        show={milliseconds}
        limit={limitOf(
          best?.itlMs,
          query?.itlMs,
          `of ${milliseconds(query?.itlMs ?? 0)}`,
        )}
      />
      <Figure
        name={query?.caps.kind === "none" ? "Draw, charged" : "Caps together"}
        value={best ? watts(best.watts) : NOTHING}
        source={best
          ? query?.caps.kind === "none" ? decode?.powerSource : "chosen"
          : undefined}
        limit={budget === undefined
          ? undefined
          : limitOf(best?.watts, budget, `of ${watts(budget)}`)}
      />
      <Figure
        name="Efficiency"
        value={perWatt === undefined ? NOTHING : brief(perWatt)}
        unit="tokens/s/W"
        source={decode?.latencySource}
        interval={best && throughput && best.watts > 0
          ? {
            low: throughput.low / best.watts,
            high: throughput.high / best.watts,
          }
          : undefined}
        show={brief}
      />
      <Figure
        name="Each user"
        value={best?.itlMs === undefined
          ? NOTHING
          : number(1000 / best.itlMs, 1)}
        unit="tokens/s"
        source={decode?.latencySource}
        interval={best?.itlMs !== undefined && decode
          ? reciprocal(latencyInterval(best.itlMs, latencyErrorOf(decode)))
          : undefined}
        show={(value) => number(value, 1)}
      />
    </dl>
  );
}

function reciprocal(interval: Interval | undefined): Interval | undefined {
  return interval && { low: 1000 / interval.high, high: 1000 / interval.low };
}

function Figure(
  { name, value, unit, source, interval, show = brief, limit }: FigureProps,
) {
  return (
    <div class="figure">
      <dt>
        {name}
        {source && <Source word={source} />}
      </dt>
      <dd>
        <span class="figure-value">{value}</span>
        {unit && value !== NOTHING && <span class="figure-unit">{unit}</span>}
      </dd>
      <dd class="figure-limit">
        {limit && (
          <>
            <span class="bar" aria-hidden="true">
              <span style={{ width: `${Math.min(100, limit.share * 100)}%` }} />
            </span>
            <span>{percent(limit.share)} {limit.text}</span>
          </>
        )}
      </dd>
      <dd class="figure-source">
        <Range interval={interval} show={show} />
      </dd>
    </div>
  );
}
