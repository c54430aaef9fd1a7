/** A parallel layout as people write it: `tp=4,moe_ep=4`. @module */

import type { Layout } from "../../optimizer-wasm/portable.ts";

/** Sizes in the order of writing, by the name that `--pin-prefill` takes. */
export const LAYOUT_FIELDS = [
  ["tp", "tp"],
  ["pp", "pp"],
  ["dp", "dp"],
  ["moe_tp", "moeTp"],
  ["moe_ep", "moeEp"],
  ["cp", "cp"],
] as const satisfies readonly (readonly [string, keyof Layout])[];

/** One GPU. */
export const SINGLE: Layout = {
  tp: 1,
  pp: 1,
  dp: 1,
  moeTp: 1,
  moeEp: 1,
  cp: 1,
};

const MOST_RANKS = 9999;

/** `tp=4,moe_ep=4`; sizes of 1 are left out, but for tp. */
export function layoutAsPin(layout: Layout): string {
  return LAYOUT_FIELDS
    .filter(([name, key]) => name === "tp" || layout[key] !== 1)
    .map(([name, key]) => `${name}=${layout[key]}`).join(",");
}

/** Reads what {@linkcode layoutAsPin} writes; undefined when it is no layout. */
export function pinnedLayout(text: string): Layout | undefined {
  let layout = SINGLE;
  for (const part of text.split(",")) {
    const [, name, digits] = /^([a-z_]+)=([1-9][0-9]{0,3})$/.exec(part) ?? [];
    const field = LAYOUT_FIELDS.find(([known]) => known === name);
    if (field === undefined || Number(digits) > MOST_RANKS) return undefined;
    layout = { ...layout, [field[1]]: Number(digits) };
  }
  return layout;
}

const LABELS: Readonly<Record<typeof LAYOUT_FIELDS[number][0], string>> = {
  tp: "TP",
  pp: "PP",
  dp: "DP",
  moe_tp: "MoE-TP",
  moe_ep: "EP",
  cp: "CP",
};

/** `TP4 · EP4`: for tables on the page. */
export function layoutLabel(layout: Layout): string {
  return LAYOUT_FIELDS
    .filter(([name, key]) => name === "tp" || layout[key] !== 1)
    .map(([name, key]) => `${LABELS[name]}${layout[key]}`)
    .join(" · ");
}
