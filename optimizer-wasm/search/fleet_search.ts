/** A fleet search over one engine's data: layouts opened once, any number of queries. @module */

import { WattkeeperError } from "../../service/portable.ts";
import type { EngineEstimator } from "../engine_estimator.ts";
import type { DatabaseMode, EngineCase } from "../estimate_case.ts";
import { gpusOf } from "../model/layout.ts";
import { isMoeFamily } from "../model/model_spec.ts";
import type { EstimatorOpener } from "../open_estimator.ts";
import { MOST_LAYOUTS, type SearchOption } from "../program/search_host.ts";
import type {
  FleetInfeasible,
  FleetResult,
  FleetSide,
  RefusedLayout,
} from "./answer.ts";
import { candidateOf, fleetSide } from "./candidate.ts";
import { checkFleetQuery } from "./check_query.ts";
import { KINDS } from "./fleet_kinds.ts";
import { explainInfeasible, refuseUnknownSides } from "./infeasible.ts";
import { layoutsOf } from "./layouts.ts";
import {
  AIC_CORRECTIONS,
  type FleetQuery,
  type FleetSpace,
  type WorkerSide,
} from "./question.ts";
import {
  fillRows,
  groupOf,
  type OpenedLayout,
  type RowsReport,
} from "./rows.ts";
import { rangeOf, writeSetting } from "./setting.ts";

/** Layouts wider than any fleet are not enumerated where no number of GPUs is given. */
const WIDEST_GPUS = 4096;
const DEFAULT_TOP = 5;

/** Opened layouts and the module that ranks fleets of them. */
export class FleetSearch {
  readonly space: FleetSpace;
  readonly layouts: readonly OpenedLayout[];
  readonly refused: readonly RefusedLayout[];
  readonly #bySide: Readonly<Record<WorkerSide, EngineEstimator[]>>;
  /** The query whose rows the module holds, as far as rows depend on it. */
  #rowsKey = "";
  #report: RowsReport | undefined;

  constructor(
    space: FleetSpace,
    layouts: readonly OpenedLayout[],
    refused: readonly RefusedLayout[],
  ) {
    this.space = space;
    this.layouts = layouts;
    this.refused = refused;
    this.#bySide = { prefill: [], decode: [], agg: [] };
    for (const { side, estimator } of layouts) {
      this.#bySide[side].push(estimator);
    }
    for (const estimators of Object.values(this.#bySide)) {
      if (estimators.length > MOST_LAYOUTS) throw tooLarge();
    }
    if (space.mode === "disagg") this.#checkPairs();
  }

  /** Any of the opened estimators: they share system, data and module. */
  get estimator(): EngineEstimator {
    const [first] = this.layouts;
    if (!first) throw new Error("A fleet search has at least one layout.");
    return first.estimator;
  }

  /**
   * The best fleet of a query.
   *
   * @throws {WattkeeperError} `invalid_value` for a query that makes no sense, `not_measured` where the tables say
   * nothing about a side
   */
  run(query: FleetQuery): FleetResult {
    checkFleetQuery(query);
    const started = performance.now();
    const { mode } = this.space;
    const search = this.estimator.program.engine.search;
    const report = this.#fill(query);
    refuseUnknownSides(mode, report);
    this.#write(query);
    const fits = search.search({
      disagg: mode === "disagg" || mode === "best",
      agg: mode === "agg" || mode === "best",
      prefill: mode === "prefill",
      decode: mode === "decode",
    }, query.top ?? DEFAULT_TOP);
    if (!fits || report.overflow) throw tooLarge();
    const ranked = search.ranked().map((fleet) =>
      candidateOf(fleet, this, query)
    );
    return {
      ranked,
      best: ranked[0],
      infeasible: ranked.length > 0
        ? undefined
        : explainInfeasible({ search, mode, query, report, ...this.#groups() }),
      stats: {
        candidates: search.candidates(),
        rows: report.rows,
        searchMs: performance.now() - started,
      },
      provenance: this.#provenance(query),
    };
  }

  /**
   * What one replica of a side can be under a query's targets and caps, by rising watts and rates: operating points that
   * no other point of its layout beats.
   *
   * @throws {WattkeeperError} as `run`
   */
  points(
    query: FleetQuery,
    side: WorkerSide,
  ): { readonly points: readonly FleetSide[] } | FleetInfeasible {
    checkFleetQuery(query);
    const search = this.estimator.program.engine.search;
    const report = this.#fill(query);
    refuseUnknownSides(side, report);
    this.#write(query);
    if (!search.expand(side)) throw tooLarge();
    const options = search.options(side);
    if (options.length === 0) {
      return explainInfeasible({
        search,
        mode: side,
        query,
        report,
        ...this.#groups(),
      });
    }
    return {
      points: options.map((option) =>
        fleetSide(this.estimatorOf(side, option.layout), option, {
          replicas: 1,
          query,
        })
      ),
    };
  }

  /** @throws when a side has no such layout */
  estimatorOf(side: WorkerSide, layout: number): EngineEstimator {
    const estimator = this.#bySide[side][layout];
    if (!estimator) throw new Error(`No ${side} layout ${layout}.`);
    return estimator;
  }

  #write(query: FleetQuery): void {
    const { program, system, engineCase } = this.estimator;
    writeSetting(program.engine.search.setting(), query, {
      system,
      backend: engineCase.backend,
      layers: this.estimator.layers,
      nextn: this.space.nextn ?? 0,
      curve: this.estimator.powerCurve,
      computeShares: this.estimator.computeShares,
    });
  }

  /** Rows depend on the request's shape and on admission, and are kept until either changes. */
  #fill(query: FleetQuery): RowsReport {
    const { isl, osl, prefix, maxThetaPrefill, maxThetaDecode } = query;
    const key = JSON.stringify([
      isl,
      osl,
      prefix ?? 0,
      maxThetaPrefill ?? null,
      maxThetaDecode ?? null,
      maxThetaPrefill === undefined
        ? null
        : [query.corrections ?? null, query.coefficients?.ttft ?? 1],
      query.corrections?.vllmDispatchMsPerLayer ?? null,
      query.operatingPoint ?? null,
    ]);
    const search = this.estimator.program.engine.search;
    if (this.#report && key === this.#rowsKey && search.owner === this) {
      return this.#report;
    }
    this.#rowsKey = "";
    this.#write(query);
    search.owner = this;
    for (const side of ["prefill", "decode"] as const) {
      search.setGroups(side, this.#groupsOf(side));
    }
    this.#report = fillRows(search, this.layouts, query);
    this.#rowsKey = key;
    return this.#report;
  }

  /** Prefill and decode of one sglang fleet exchange caches rank by rank, so their tp is the same (§11.4). */
  #groupsOf(side: "prefill" | "decode"): number[] {
    return this.#bySide[side].map((estimator) => groupOf(side, estimator));
  }

  /** @throws {WattkeeperError} `invalid_layout` when no prefill layout goes with a decode layout */
  #checkPairs(): void {
    const [prefill, decode] = [
      this.#groupsOf("prefill"),
      this.#groupsOf("decode"),
    ];
    if (prefill.some((tp) => decode.includes(tp))) return;
    throw new WattkeeperError(
      "invalid_layout",
      `Prefill and decode workers of one ${this.space.backend} fleet have the same tp; prefill layouts have ${
        [...new Set(prefill)].join(", ")
      }, decode layouts ${[...new Set(decode)].join(", ")}.`,
      { where: "pin_decode", remedy: "Pin both sides to one tp." },
    );
  }

  #groups() {
    const bySide = {
      prefill: this.#groupsOf("prefill"),
      decode: this.#groupsOf("decode"),
      agg: [],
    };
    const groups = [...bySide.prefill, ...bySide.decode];
    return {
      groups: groups.length === 0 ? [0] : [...new Set(groups)],
      groupOf: (side: WorkerSide, { layout }: SearchOption) =>
        bySide[side][layout] ?? 0,
    };
  }

  #provenance(query: FleetQuery): FleetResult["provenance"] {
    const { system, engineCase, dataVersion } = this.estimator;
    const { minWatts, maxWatts } = rangeOf(query, system);
    return {
      model: this.space.model,
      system: this.space.system,
      backend: this.space.backend,
      dataVersion,
      databaseMode: engineCase.databaseMode,
      corrections: query.corrections ?? AIC_CORRECTIONS,
      caps: query.caps.kind,
      curve: this.estimator.powerCurve,
      capRange: { minWatts, maxWatts },
      refused: this.refused,
    };
  }
}

function tooLarge(): WattkeeperError {
  return new WattkeeperError(
    "invalid_value",
    "The search has more operating points than the module has room for.",
    { remedy: "Pin the layout of a side." },
  );
}

/**
 * Opens the layouts of a space. Layouts that the model, the backend or the tables refuse are left out and named.
 *
 * @throws {WattkeeperError} when no layout of a side can be opened: the first missing measurement, else the last reason
 */
export async function openFleetSearch(
  opener: EstimatorOpener,
  space: FleetSpace,
): Promise<FleetSearch> {
  const mode = space.databaseMode ?? "SILICON";
  const tried = await openLayouts(opener, space, mode);
  // A named version or mode is a wish for those tables; nothing else may stand in for them (R54).
  const builtin = space.databaseMode === undefined &&
    space.backendVersion === undefined && tried.opened.every(isAbsent);
  const { wanted, opened } = builtin
    ? await openLayouts(opener, space, "ROOFLINE")
    : tried;
  const layouts: OpenedLayout[] = [];
  const refused: (RefusedLayout & { readonly error: WattkeeperError })[] = [];
  for (const [index, one] of opened.entries()) {
    const want = wanted[index];
    if (!want) continue;
    if (!(one instanceof WattkeeperError)) {
      layouts.push({ side: want.side, estimator: one });
      continue;
    }
    refused.push({
      side: want.side,
      layout: want.engineCase.layout,
      code: one.code,
      message: one.message,
      error: one,
    });
  }
  const sides = KINDS[space.mode].fleets.find((kind) =>
    kind.every((side) => layouts.some((layout) => layout.side === side))
  );
  if (!sides) {
    const miss = refused.find(({ code }) => code === "not_measured") ??
      refused.at(-1);
    throw miss?.error ?? new WattkeeperError(
      "invalid_layout",
      `No layout fits ${space.totalGpus ?? 0} GPUs.`,
      { where: "total_gpus" },
    );
  }
  return new FleetSearch(
    space,
    layouts,
    refused.map(({ side, layout, code, message }) => ({
      side,
      layout,
      code,
      message,
    })),
  );
}

function isAbsent(opened: EngineEstimator | WattkeeperError): boolean {
  return opened instanceof WattkeeperError &&
    ["not_imported", "unknown_system"].includes(opened.code);
}

async function openLayouts(
  opener: EstimatorOpener,
  space: FleetSpace,
  databaseMode: DatabaseMode,
) {
  const wanted = await wantedLayouts(opener, space, databaseMode);
  const opened = await opener.openAll(
    wanted.map(({ engineCase }) => engineCase),
  );
  return { wanted, opened };
}

interface WantedLayout {
  readonly side: WorkerSide;
  readonly engineCase: EngineCase;
}

async function wantedLayouts(
  opener: EstimatorOpener,
  space: FleetSpace,
  databaseMode: DatabaseMode,
): Promise<WantedLayout[]> {
  const model = await opener.model(space.model);
  const totalGpus = space.totalGpus ?? WIDEST_GPUS;
  const context = {
    isMoe: isMoeFamily(model.family),
    backend: space.backend,
    system: space.system,
    totalGpus,
  };
  return KINDS[space.mode].sides.flatMap((side) => {
    const pin = space.pins?.[side];
    if (pin && gpusOf(pin) > totalGpus) {
      throw new WattkeeperError(
        "invalid_layout",
        `The pinned ${side} layout occupies ${
          gpusOf(pin)
        } GPUs, and ${totalGpus} are there.`,
        { where: `pin_${side}` },
      );
    }
    const list = pin ? [pin] : layoutsOf(side, context);
    return list.map((layout) => ({
      side,
      engineCase: {
        model: space.model,
        system: space.system,
        backend: space.backend,
        ...(space.backendVersion === undefined
          ? {}
          : { backendVersion: space.backendVersion }),
        layout,
        databaseMode,
        ...quantOf(space),
        ...(space.transferPolicy === undefined
          ? {}
          : { transferPolicy: space.transferPolicy }),
        ...(space.nextn === undefined ? {} : { nextn: space.nextn }),
      },
    }));
  });
}

/** gpt-oss experts run in eight bits on trtllm and Blackwell unless a precision is given (`aic-engine.md` §6.2). */
function quantOf({ model, backend, system, quant }: FleetSpace) {
  const moe = backend === "trtllm" &&
      /^openai\/gpt-oss-(20b|120b)$/.test(model) && /^g?b[23]00/.test(system)
    ? "w4a8_mxfp4_mxfp8"
    : undefined;
  const chosen = { ...(moe === undefined ? {} : { moe }), ...quant };
  return Object.keys(chosen).length > 0 ? { quant: chosen } : {};
}
