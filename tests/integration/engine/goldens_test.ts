/** AIC's frozen results, answered by the product and by the reference. @module */

import assert from "node:assert/strict";
import { GOLDEN_CASES, type GoldenCase } from "../../reference/golden_cases.ts";
import { askReference } from "../../reference/reference_engine.ts";
import { askProduct } from "./ask_product.ts";
import {
  answerSurface,
  type AskCase,
  type EngineGoldens,
  engineOf,
  GOLDEN_CODES,
  type GoldenSurface,
  type SurfaceAnswer,
  SURFACES,
} from "./golden_surfaces.ts";
import { sharedAicData, TestData } from "./test_data.ts";

/** `per_op.json`, as far as it is read. */
interface OperatorGoldens {
  readonly cases: Readonly<
    Record<
      string,
      Readonly<
        Record<
          "context" | "generation",
          Readonly<Record<string, { readonly latency_ms: number }>>
        >
      >
    >
  >;
}

const data = sharedAicData();

/** The frozen figures are rounded to three decimals, so are ours; one unit of the last may differ. */
const ROUNDING = 0.0011;
const MOST_RELATIVE_ERROR = 1e-4;

/**
 * Frozen from a model without the rule that runs nvfp4 weights in bfloat16 before Blackwell (§6.2); the product always
 * follows the rule, and refuses for another reason.
 */
const BUILT_WITHOUT_RULES = [
  "minimax-m25-nvfp4-h200-vllm-019-hybrid-balanced-miss mixed",
];

function difference(
  frozen: GoldenSurface,
  answer: SurfaceAnswer,
): string | undefined {
  if ("error" in frozen) {
    const wanted = GOLDEN_CODES[frozen.error] ?? [];
    const found = "codes" in answer ? answer.codes : [];
    return found.some((code) => wanted.includes(code))
      ? undefined
      : `frozen ${frozen.error}, found ${JSON.stringify(answer)}`;
  }
  if (!("values" in answer)) {
    return `frozen figures, found ${answer.codes.join()}`;
  }
  for (const [metric, value] of Object.entries(frozen.values)) {
    const found = answer.values[metric] ?? NaN;
    if (
      !(Math.abs(found - value) <=
        Math.max(ROUNDING, MOST_RELATIVE_ERROR * Math.abs(value)))
    ) {
      return `${metric}: frozen ${value}, found ${found}`;
    }
  }
  return undefined;
}

async function compare(
  goldens: EngineGoldens,
  golden: GoldenCase,
  ask: AskCase,
): Promise<string[]> {
  const differences: string[] = [];
  for (const letter of ["S", "M", "A", "D"] as const) {
    if (!golden.surfaces.includes(letter)) continue;
    const surface = SURFACES[letter];
    const frozen = goldens.cases[golden.id]?.[surface];
    if (frozen === undefined) continue;
    const found = difference(frozen, await answerSurface(golden, surface, ask));
    if (found !== undefined) {
      differences.push(`${golden.id} ${surface}: ${found}`);
    }
  }
  return differences;
}

Deno.test({
  name: "[shared] product and reference agree with AIC's frozen results",
  ignore: data === undefined,
  async fn() {
    const folder = data ?? "";
    const goldens: EngineGoldens = JSON.parse(
      await Deno.readTextFile(`${folder}/goldens/engine_step.json`),
    );
    const identities = new Map(
      GOLDEN_CASES.map(({ system, backend, version }) => [
        `${system}/${backend}/${version}`,
        { system, backend, version },
      ]),
    );
    await using test = await TestData.import(folder, [...identities.values()]);
    const differences: string[] = [];
    for (const golden of GOLDEN_CASES) {
      const product: AskCase = (ask, engine) =>
        askProduct(test.opener, { engine, ask });
      const reference: AskCase = async (ask, engine) => {
        // The surface `mixed` is frozen from a model built without the estimate path's rules (§6.2).
        const source = {
          ...await test.reference({ engine, ask }),
          direct: ask.kind === "mixed",
        };
        return askReference(engine, ask, source);
      };
      const byProduct = (await compare(goldens, golden, product))
        .filter((it) => !BUILT_WITHOUT_RULES.includes(it.split(":")[0] ?? ""));
      differences.push(...byProduct.map((it) => `product: ${it}`));
      differences.push(
        ...(await compare(goldens, golden, reference)).map((it) =>
          `reference: ${it}`
        ),
      );
    }
    const perOperator: OperatorGoldens = JSON.parse(
      await Deno.readTextFile(`${folder}/goldens/per_op.json`),
    );
    for (const golden of GOLDEN_CASES) {
      const frozen = perOperator.cases[golden.id];
      if (frozen === undefined) continue;
      const { batch, isl, osl, prefix } = golden;
      const question = {
        engine: engineOf(golden),
        ask: { kind: "static", batch, isl, osl, prefix, stride: 1 },
      } as const;
      const found = await test.askReference(question);
      const shares = "values" in found ? found.operators ?? [] : [];
      for (
        const [name, value] of Object.entries({
          ...frozen.context,
          ...frozen.generation,
        })
      ) {
        const ms = shares.filter((it) => it.name === name).reduce(
          (sum, it) => sum + it.ms,
          0,
        );
        if (
          Math.abs(ms - value.latency_ms) >
            1e-6 * Math.max(value.latency_ms, 1e-3)
        ) {
          differences.push(
            `reference: ${golden.id} ${name}: frozen ${value.latency_ms}, found ${ms}`,
          );
        }
      }
    }
    assert.deepEqual(differences, []);
  },
});
