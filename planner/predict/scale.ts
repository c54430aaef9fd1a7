/** The scale on which a model works: the values themselves, or log(1 + x). @module */

/** A pair of inverse functions. */
export interface Scale {
  readonly log1p: boolean;
  forth(value: number): number;
  back(value: number): number;
}

const PLAIN: Scale = {
  log1p: false,
  forth: (value) => value,
  back: (value) => value,
};
const LOG1P: Scale = {
  log1p: true,
  forth: (value) => Math.log1p(value),
  back: (value) => Math.expm1(value),
};

/** The scale of a setting. */
export function scaleOf({ log1p }: { readonly log1p: boolean }): Scale {
  return log1p ? LOG1P : PLAIN;
}
