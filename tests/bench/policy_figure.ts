/**
 * Tables and the picture of docs/policies.md, from what `simulate --output json` wrote.
 *
 *   deno run -A tests/bench/policy_figure.ts docs/policies.svg day.json mooncake.json azure.json
 *
 * @module
 */

/** What is read of a run. */
interface Run {
  readonly policy: string;
  readonly budget_watts: number;
  readonly tokens_per_second: number;
  readonly tokens_per_second_per_watt: number;
  readonly tokens_per_joule: number;
  readonly sla_attainment: number;
  readonly asked_tokens_per_second: number;
  readonly ttft_p50_ms: number | null;
  readonly ttft_p99_ms: number | null;
  readonly energy_kwh: number;
  readonly violations: number;
  readonly violation_seconds: number;
  readonly violation_watts: number;
  readonly replica_flips: number;
  readonly cap_flips: number;
}

interface Comparison {
  readonly traffic: string;
  readonly runs: readonly Run[];
}

const POLICIES = [
  "wattkeeper",
  "static-clamp",
  "greedy-decode-first",
  "uncapped",
];

const [svgPath, ...files] = Deno.args;
if (svgPath === undefined || files.length === 0) {
  console.error("Write the picture's path and the files of the comparisons.");
  Deno.exit(2);
}
const comparisons: Comparison[] = await Promise.all(
  files.map(async (file) => JSON.parse(await Deno.readTextFile(file))),
);
for (const comparison of comparisons) console.log(`${table(comparison)}\n`);
await Deno.writeTextFile(svgPath, picture(comparisons));

function table({ traffic, runs }: Comparison): string {
  return [
    `**${traffic}**`,
    "",
    "| budget | policy | tokens/s in time | of those asked for | per watt | per joule | requests in time | TTFT p50 / p99, ms | over the budget | turns |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ...runs.map((run) =>
      `| ${run.budget_watts / 1000} kW | ${run.policy} | ${
        Math.round(run.tokens_per_second).toLocaleString("en")
      } | ${
        (100 * run.tokens_per_second / run.asked_tokens_per_second).toFixed(1)
      } % | ${run.tokens_per_second_per_watt.toFixed(3)} | ${
        run.tokens_per_joule.toFixed(3)
      } | ${(100 * run.sla_attainment).toFixed(1)} % | ${
        Math.round(run.ttft_p50_ms ?? 0).toLocaleString("en")
      } / ${Math.round(run.ttft_p99_ms ?? 0).toLocaleString("en")} | ${
        run.violations === 0
          ? "–"
          : `${run.violations}×, ${
            Math.round(run.violation_seconds).toLocaleString("en")
          } s, ${run.violation_watts.toLocaleString("en")} W`
      } | ${run.replica_flips}, ${run.cap_flips} |`
    ),
  ].join("\n");
}

/** Share of the asked tokens that came in time, by budget; hatched where the budget was passed. */
function picture(all: readonly Comparison[]): string {
  const [row, bar, gap, left, width] = [150, 16, 3, 8, 720];
  const groups = all.map((comparison) => ({
    ...comparison,
    budgets: [...new Set(comparison.runs.map((run) => run.budget_watts))],
  }));
  const parts: string[] = [];
  groups.forEach(({ traffic, runs, budgets }, index) => {
    const top = 34 + index * row;
    parts.push(
      `<text x="${left}" y="${top}" class="t">${traffic.split(":")[0]}</text>`,
    );
    budgets.forEach((budget, place) => {
      const x = left + place * 240;
      parts.push(
        `<text x="${x}" y="${top + 108}" class="s">${budget / 1000} kW</text>`,
      );
      POLICIES.forEach((policy, number) => {
        const run = runs.find((one) =>
          one.policy === policy && one.budget_watts === budget
        );
        if (!run) return;
        const share = run.tokens_per_second / run.asked_tokens_per_second;
        const y = top + 10 + number * (bar + gap);
        const label = `${(100 * share).toFixed(0)} %${
          run.violations > 0 ? " over budget" : ""
        }`;
        parts.push(
          `<rect x="${x}" y="${y}" width="${
            Math.max(1, 150 * share).toFixed(1)
          }" height="${bar}" class="p${number}${
            run.violations > 0 ? " over" : ""
          }"/><text x="${(x + 154 * share + 4).toFixed(1)}" y="${
            y + 12
          }" class="s">${label}</text>`,
        );
      });
    });
  });
  const height = 34 + groups.length * row + 20;
  const legend = POLICIES.map((policy, number) =>
    `<rect x="${left + number * 180}" y="${
      height - 22
    }" width="12" height="12" class="p${number}"/><text x="${
      left + number * 180 + 17
    }" y="${height - 12}" class="s">${policy}</text>`
  ).join("");
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="Share of the tokens asked for that came within both latency targets, by traffic, budget and policy">
<style>text{font-family:system-ui,sans-serif;fill:#333}.t{font-size:13px;font-weight:600}.s{font-size:12px}.p0{fill:#1769c2}.p1{fill:#c25317}.p2{fill:#2e8540}.p3{fill:#888}.over{fill:none;stroke:#888;stroke-dasharray:3 2}@media(prefers-color-scheme:dark){text{fill:#ddd}.p0{fill:#6cb0ff}.p1{fill:#ff9a5c}.p2{fill:#7cd08c}}</style>
<text x="${left}" y="14" class="s">Output tokens within both latency targets, share of those asked for</text>
${parts.join("\n")}
${legend}
</svg>
`;
}
